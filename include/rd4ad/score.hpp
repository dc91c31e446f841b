// rd4ad/score.hpp: the face of score: the detector and its evaluation.
#pragma once
#include <rd4ad/score/detector.hpp>
#include <rd4ad/score/evaluate.hpp>
