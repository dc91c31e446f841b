// rd4ad/score.hpp: the face of score: the detector, its calibration and regions, its evaluation, results and report.
#pragma once
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/compare.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/score/evaluate.hpp>
#include <rd4ad/score/finding.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/other_boxes.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/report.hpp>
#include <rd4ad/score/results.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/score/smoothing.hpp>
