// rd4ad/export/description.hpp: the JSON that tells a client of an exported graph how to use it. Twin:
// tests/export/description.cpp
#pragma once
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/score/calibration_json.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The key of the description in an ONNX file's metadata and in a Triton model's parameters.
inline constexpr const char* description_key = "rd4ad";

/// The value of "format" in a description; docs/export.md lists the other keys.
inline constexpr const char* description_format = "rd4ad graph 2";

/// Throws option_error if the preprocessing gives inputs of several sizes: a graph has one input size.
inline void check_one_input_size(const data::preprocessing& preprocessing) {
    if (!preprocessing.one_size() && preprocessing.patches.size == 0)
        throw option_error{text("export: the model's preprocessing ", data::to_json(preprocessing).dump(),
                                " gives inputs of several sizes, a graph has one; train with --fit squash or pad, a --crop or a "
                                "--patch-size")};
}

namespace export_detail {

[[nodiscard]] inline io::json input_json(const model_settings& settings) {
    const auto& preprocessing = settings.preprocessing;
    io::json input{{"name", scoring_graph::input},
                   {"layout", "N x 3 x height x width, float32, RGB"},
                   {"height", settings.height},
                   {"width", settings.width},
                   {"fit", preprocessing.plain() ? "squash" : "preprocessing"},
                   {"resize", "bilinear, antialiased, on 8-bit values (Pillow's BILINEAR)"},
                   {"divisor", 255},
                   {"mean", settings.normalisation.mean},
                   {"deviation", settings.normalisation.deviation}};
    if (preprocessing.white_level != 0) input["white_level"] = preprocessing.white_level;
    if (!preprocessing.plain()) input["preprocessing"] = data::to_json(preprocessing);
    return input;
}

/// The range of maps and raw scores. With positions a value below 0 is possible where a good part is never so even.
[[nodiscard]] inline io::json range_of(const map_units& units) {
    return {units.by_position() ? io::json() : io::json(0), units.largest()};
}

[[nodiscard]] inline io::json map_json(const model_settings& settings, double sigma) {
    const auto& units = settings.units;
    const std::string term = units.plain()         ? "1 - cosine"
                             : units.by_position() ? "weight x (gain (1 - cosine) + offset), gain and offset by position"
                                                   : "weight x (1 - cosine)";
    const auto definition =
        settings.preprocessing.whole()
            ? text("sum over 3 scales of ", term, ", enlarged with aligned corners, then a Gaussian")
            : text("of a patch: sum over 3 scales of ", term,
                   ", enlarged with aligned corners; the client joins the patches to the image's map, then applies a Gaussian");
    return {{"name", scoring_graph::map}, {"definition", definition}, {"kind", kind_of(units)},
            {"weights", units.weights},   {"sigma", sigma},           {"range", range_of(units)}};
}

[[nodiscard]] inline io::json raw_score_json(const model_settings& settings) {
    const char* const definition = settings.preprocessing.plain()
                                       ? "maximum of map"
                                       : "maximum of map; the image's raw score is the maximum of its whole map without borders";
    return {{"name", scoring_graph::raw_score}, {"definition", definition}, {"range", range_of(settings.units)}};
}

/// "name" is the output that the graph computes, or null.
[[nodiscard]] inline io::json calibration_json(const calibration& by, bool has_score) {
    return {{"name", has_score ? io::json(scoring_graph::score) : io::json()},
            {"definition",
             "z = (raw_score - threshold) / spread; score = 1/2 + 5 z / (2 sqrt(1 + 25 z^2)), 0..1; anomalous from 0.5 on"},
            {"typical", by.typical},
            {"threshold", by.threshold},
            {"spread", by.spread()}};
}

}  // namespace export_detail

/// Returns the description of a scoring graph: the preprocessing before it and the steps after it. arch: the network's name;
/// has_score: whether the graph computes the score. The key "calibration" is present if the model has a calibration, whether or
/// not the graph computes the score. "fit" is "squash" for plain preprocessing; otherwise it is "preprocessing", the key of the
/// settings. With patches the client joins and smooths the maps. A model with a calibration per product has that of `product`
/// under "calibration", or without a product all of them under "products". "roi" is present if the map is 0 outside a region of
/// interest: images must have its width and height. Throws option_error if the model's inputs have several sizes, and for a
/// product that the model does not know.
[[nodiscard]] inline io::json describe(const model_settings& settings, std::string_view arch, bool has_score, double sigma,
                                       bool half, const std::string& product = {}) {
    check_one_input_size(settings.preprocessing);
    io::json description{{"format", description_format},
                         {"version", version},
                         {"arch", std::string{arch}},
                         {"teacher", settings.teacher},
                         {"weights", half ? "float16" : "float32"},
                         {"input", export_detail::input_json(settings)},
                         {"map", export_detail::map_json(settings, sigma)},
                         {"raw_score", export_detail::raw_score_json(settings)}};
    if (const auto& mask = settings.roi.mask) description["roi"] = {{"width", mask->width}, {"height", mask->height}};
    const auto calibrations = calibrations_from(settings.calibration, settings.named_by("export"));
    check_product(calibrations, product, settings.named_by("export"));
    if (per_product(calibrations) && product.empty())
        for (const auto& [name, one] : calibrations) description["products"][name] = export_detail::calibration_json(one, false);
    else if (const auto* by = calibration_of(calibrations, product, settings.named_by("export")))
        description["calibration"] = export_detail::calibration_json(*by, has_score);
    return description;
}

/// The description of a model's graph. Throws as for its settings.
template <Backend B>
[[nodiscard]] io::json describe(const model<B>& m, const scoring_graph& graph, double sigma, bool half,
                                const std::string& product = {}) {
    return describe(m.settings, m.arch->name, graph.has_score, sigma, half, product);
}

}  // namespace rd4ad::inline RD4AD_ABI
