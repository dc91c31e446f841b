// rd4ad/export.hpp: the face of export: the scoring network for other runtimes. Needs protozero, so rd4ad.hpp leaves it out;
// link rd4ad::export.
#pragma once
#include <rd4ad/export/client.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/export/onnx.hpp>
#include <rd4ad/export/triton.hpp>
