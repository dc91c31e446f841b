// rd4ad/serve.hpp: includes every header of serve: models of a folder, queues of requests, metrics; the part of a scoring service
// that knows no HTTP.
#pragma once
#include <rd4ad/serve/batch_queue.hpp>
#include <rd4ad/serve/infer.hpp>
#include <rd4ad/serve/metrics.hpp>
#include <rd4ad/serve/model_repository.hpp>
#include <rd4ad/serve/served_model.hpp>
