// rd4ad/core.hpp: the face of core: errors, shapes, random numbers, threads, pipelines, version.
#pragma once
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/shape.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/core/version.hpp>
