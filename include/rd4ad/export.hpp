// rd4ad/export.hpp: includes every header of export: the scoring network for other runtimes. It needs protozero, so rd4ad.hpp
// does not include it; link rd4ad::export.
#pragma once
#include <rd4ad/export/client.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/export/exported_data.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/export/model_name.hpp>
#include <rd4ad/export/onnx.hpp>
#include <rd4ad/export/triton.hpp>
