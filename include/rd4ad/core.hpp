// rd4ad/core.hpp: all of core: errors, outcomes, messages, finite values, shapes, random numbers, threads, instruction sets,
// pipelines, communicators, bfloat16, version.
#pragma once
#include <rd4ad/core/bf16.hpp>
#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/deal.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/instruction_set.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/normal_float.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/partition.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/processors.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/shape.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/thread_pool.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/core/version.hpp>
