// rd4ad/metrics.hpp: all metrics. Twin: tests/metrics/pixel_metrics.cpp
#pragma once
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>
#include <rd4ad/metrics/bootstrap.hpp>
#include <rd4ad/metrics/boxes.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/confusion_matrix.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/gumbel.hpp>
#include <rd4ad/metrics/histogram.hpp>
#include <rd4ad/metrics/overlap.hpp>
#include <rd4ad/metrics/pixel_metrics.hpp>
#include <rd4ad/metrics/pro.hpp>
#include <rd4ad/metrics/roc.hpp>
#include <rd4ad/metrics/score_key.hpp>
#include <rd4ad/metrics/sparse_counter.hpp>
