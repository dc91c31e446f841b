// rd4ad/nn.hpp: the face of nn: the layers, forward and backward, over any backend.
#pragma once
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/anomaly_map.hpp>
#include <rd4ad/nn/batch_norm.hpp>
#include <rd4ad/nn/conv_bn.hpp>
#include <rd4ad/nn/convolution.hpp>
#include <rd4ad/nn/cosine_loss.hpp>
#include <rd4ad/nn/cosine_map.hpp>
#include <rd4ad/nn/folded_weights.hpp>
#include <rd4ad/nn/gradient_sink.hpp>
#include <rd4ad/nn/initialise.hpp>
#include <rd4ad/nn/parameter.hpp>
#include <rd4ad/nn/pooling.hpp>
#include <rd4ad/nn/prologue.hpp>
#include <rd4ad/nn/residual_block.hpp>
#include <rd4ad/nn/weights.hpp>
