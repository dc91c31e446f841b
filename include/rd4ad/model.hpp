// rd4ad/model.hpp: the face of model: architectures, weights, the model, its checkpoint, its input, and its form for scoring.
#pragma once
#include <rd4ad/model/arch.hpp>
#include <rd4ad/model/bottleneck.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/data_folders.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/model/state.hpp>
#include <rd4ad/model/student.hpp>
#include <rd4ad/model/teacher.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/model/unused_parameters.hpp>
#include <rd4ad/model/weight_cache.hpp>
