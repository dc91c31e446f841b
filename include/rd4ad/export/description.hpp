// rd4ad/export/description.hpp: what a client of an exported graph has to know, as JSON. Twin: tests/export/description.cpp
#pragma once
#include <string>

#include <rd4ad/core/version.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/score/calibration.hpp>

namespace rd4ad {

/// The key of the description: among an ONNX file's metadata, and among a Triton model's parameters.
inline constexpr const char* description_key = "rd4ad";

/// Value of "format" in a description; docs/export.md lists the other keys.
inline constexpr const char* description_format = "rd4ad graph 1";

/// A graph has one size of images. option_error where a view gives several.
inline void check_one_graph(const data::view& view) {
    if (!view.one_size() && view.patches.size == 0)
        throw option_error{"export: the model takes photographs by " + data::to_json(view).dump() +
                           ", which come to many sizes, and a graph has one: train one with --fit squash or pad, a --crop, or a "
                           "--patch-size"};
}

/// What a client does before and after the graph of a model. The calibration is there where the model has one, whether or not
/// the graph computes it. A plain view is told by "fit", any other by "view"; with patches the client joins and smooths.
template <Backend B>
[[nodiscard]] io::json describe(const model<B>& m, const scoring_graph& graph, double sigma, bool half) {
    const auto& view = m.settings.view;
    check_one_graph(view);
    const auto& by = m.settings.normalisation;
    const auto scale = calibration_from(m.settings.calibration, "export");
    io::json about{
        {"format", description_format},
        {"version", version},
        {"arch", std::string{m.arch->name}},
        {"teacher", m.settings.teacher},
        {"weights", half ? "float16" : "float32"},
        {"input",
         {{"name", scoring_graph::input},
          {"layout", "N x 3 x height x width, float32, RGB"},
          {"height", m.settings.height},
          {"width", m.settings.width},
          {"fit", view.plain() ? "squash" : "view"},
          {"resize", "bilinear, antialiased, on 8-bit values (Pillow's BILINEAR)"},
          {"divisor", 255},
          {"mean", by.mean},
          {"deviation", by.deviation}}},
        {"map",
         {{"name", scoring_graph::map},
          {"definition", view.whole() ? "sum over 3 scales of 1 - cosine, enlarged with aligned corners, then a Gaussian"
                                      : "of a patch: sum over 3 scales of 1 - cosine, enlarged with aligned corners; the client "
                                        "joins them to the photograph's map, then a Gaussian"},
          {"sigma", sigma},
          {"range", {0, 3}}}},
        {"score",
         {{"name", scoring_graph::score},
          {"definition",
           view.plain() ? "maximum of map" : "maximum of map; the photograph's is that of its whole map, borders left out"},
          {"range", {0, 3}}}}};
    if (!view.plain()) about["input"]["view"] = data::to_json(view);
    if (scale)
        about["calibration"] = {
            {"name", graph.has_calibrated ? io::json(scoring_graph::calibrated) : io::json()},
            {"definition", "z = (score - threshold) / spread; 1/2 + 5 z / (2 sqrt(1 + 25 z^2)); 0.5 and more is anomalous"},
            {"typical", scale->typical},
            {"threshold", scale->threshold},
            {"spread", scale->spread()}};
    return about;
}

}  // namespace rd4ad
