// tests/support/small_report.hpp: a report of one uncalibrated set with two images, for the report tests.
#pragma once
#include <limits>

#include <rd4ad/score/report_json.hpp>

namespace rd4ad::test {

inline report small_report() {
    tested_set set{.name = "screw", .summary = "resnet18"};
    set.metrics = {{"image AUROC", 0.75}, {"AUPRO", std::numeric_limits<double>::quiet_NaN()}};
    set.threshold = 0.5;
    set.curves = metrics::pixel_curves{{{0, 0}, {1, 1}}, {{1, 0.5}}, {{0, 0}, {1, 1}}};
    set.losses = {1.0, 0.5};
    set.settings = {{"seed", "111"}};
    set.images.push_back({.file = "good/0.png", .kind = "good", .raw_score = 0.25, .score = 0.125, .width = 200, .height = 100});
    set.images.push_back(
        {.file = "</script><!--<b>.png", .kind = "scratch", .is_anomalous = true, .raw_score = 1.5, .score = 0.75});
    set.images.back().width = 100;
    set.images.back().height = 50;
    set.images.back().regions.push_back(
        {.box = {10, 20, 30.4, 9.6}, .area = 250, .raw_score = 0.5f, .outline = {{10, 20}, {40.4, 20}, {40.4, 29.6}}});
    return {"screws", {set}, "A note."};
}

}  // namespace rd4ad::test
