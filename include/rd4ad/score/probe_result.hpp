// rd4ad/score/probe_result.hpp: the shares of synthetic defects that a model finds, by kind, contrast and size, as values,
// sentences and JSON. Twin: tests/score/probe_result.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/synthetic_defects.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>
#include <rd4ad/metrics/detection_probability.hpp>
#include <rd4ad/score/detail/format.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The synthetic defects of about one size.
struct probe_cell {
    double size{0};            ///< a share of the photograph's short side; the middle, if the sizes are spread
    std::size_t found{0};      ///< the photograph's raw score reaches the threshold
    std::size_t localised{0};  ///< found, and the map's maximum lies on the defect
    std::size_t tried{0};
};

/// The synthetic defects of one kind and contrast.
struct probe_group {
    data::defect_kind kind{data::defect_kind::scratch};
    double contrast{0};                               ///< grey levels of 255; 0 for a kind without contrast
    std::vector<probe_cell> cells{};                  ///< by size
    std::vector<metrics::size_outcome> outcomes{};    ///< found and tried by exact size: what the curve is fitted to
    std::optional<metrics::detection_curve> curve{};  ///< empty if fewer than two sizes were tried
    std::vector<std::pair<double, double>>
        lower_curve{};  ///< (size, share): with 95 % confidence, this share of this size is found
};

/// One synthetic defect, for the eye.
struct probe_example {
    std::size_t group{0}, cell{0};  ///< its place in probe_result::groups and probe_group::cells
    std::string file;               ///< of the photograph
    double size{0};                 ///< a share of the photograph's short side
    double raw_score{0};            ///< of the photograph with the defect
    bool found{false}, localised{false};
    image::thumbnail picture{};  ///< the defect's surroundings, and its mask; no map
};

/// Which synthetic defects a model finds.
struct probe_result {
    double threshold{0};          ///< the least raw score of a defect
    std::size_t photographs{0};   ///< of good parts, into which defects were painted
    std::size_t false_alarms{0};  ///< photographs whose raw score reaches the threshold without a defect
    double size_spread{1};        ///< the sizes of a cell lie within this factor; see probe_options
    std::uint64_t seed{0};
    std::vector<probe_group> groups{};
    std::vector<probe_example> examples{};  ///< the first defect of each cell
};

/// Fits the curve and the lower curve of a group to its outcomes. Leaves them empty if fewer than two sizes were tried.
inline void fit_curve(probe_group& group) {
    std::vector<double> sizes;
    for (const auto& one : group.outcomes)
        if (one.tried > 0) sizes.push_back(one.size);
    if (sizes.empty() || *std::max_element(sizes.begin(), sizes.end()) == *std::min_element(sizes.begin(), sizes.end())) return;
    group.curve = metrics::fit_detection_curve(group.outcomes);
    constexpr std::array shares{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
    const auto limits = metrics::find_detection_limits(group.outcomes, shares);
    group.lower_curve.clear();
    for (std::size_t i = 0; i < shares.size(); ++i)
        if (limits[i].bound) group.lower_curve.emplace_back(*limits[i].bound, shares[i]);
}

/// "a scratch", "a stain", "a dent", "a pasted patch" or "a missing part".
[[nodiscard]] inline std::string noun_of(data::defect_kind kind) {
    switch (kind) {
        case data::defect_kind::cut_paste:
            return "a pasted patch";
        case data::defect_kind::missing_part:
            return "a missing part";
        default:
            return "a " + to_string(kind);
    }
}

namespace score_detail {

/// A share as per cent with two significant digits: "6.2 %".
[[nodiscard]] inline std::string percent(double share) { return decimal_text(100 * share, share < 0.0995 ? 1 : 0) + " %"; }

[[nodiscard]] inline std::string with_contrast(const probe_group& group) {
    return data::has_contrast(group.kind) ? " at contrast " + decimal_text(group.contrast, 0) : "";
}

}  // namespace score_detail

/// One sentence for people: the size that is found in nine of ten photographs, and its confidence bound.
[[nodiscard]] inline std::string sentence_of(const probe_group& group) {
    using score_detail::percent;
    const auto noun = noun_of(group.kind), contrast = score_detail::with_contrast(group);
    if (!group.curve)
        return text("Too few sizes of ", noun, contrast, " were tried to state one that is found in 9 of 10 photographs.");
    const auto& curve = *group.curve;
    const auto is_smallest = [&](double size) { return size <= curve.smallest * 1.0001; };
    if (!curve.a90) {
        const auto& last = group.cells.back();
        if (10 * last.found >= 9 * last.tried)
            return text("Too few defects were tried to state the size of ", noun, contrast,
                        " that is found in 9 of 10 photographs.");
        return text("Not found in 9 of 10 photographs: ", noun, " of up to ", percent(curve.largest), " of the short side",
                    contrast, "; of the largest, ", last.found, " of ", last.tried, " were found.");
    }
    auto sentence = text("A", noun.substr(1), " of ", is_smallest(*curve.a90) ? "at most " : "", percent(*curve.a90),
                         " of the short side", contrast, " is found in 9 of 10 photographs; ");
    if (!curve.a90_95) return sentence + "too few were tried to state a size with 95 % confidence.";
    return sentence +
           text("with 95 % confidence, one of ", is_smallest(*curve.a90_95) ? "at most " : "", percent(*curve.a90_95), " is.");
}

/// Every group's sentence, then one that states the false alarms.
[[nodiscard]] inline std::vector<std::string> sentences_of(const probe_result& result) {
    std::vector<std::string> sentences;
    for (const auto& group : result.groups) sentences.push_back(sentence_of(group));
    sentences.push_back(text("Without a defect, ", result.false_alarms, " of ", result.photographs,
                             " photographs reach the threshold (false alarms)."));
    return sentences;
}

namespace score_detail {

[[nodiscard]] inline io::json cell_json(const probe_cell& from) {
    const auto interval = from.tried > 0 ? metrics::clopper_pearson(from.found, from.tried) : metrics::rate_interval{};
    return {{"size", from.size},   {"found", from.found},       {"localised", from.localised},
            {"tried", from.tried}, {"found_low", interval.low}, {"found_high", interval.high}};
}

[[nodiscard]] inline io::json group_json(const probe_group& from) {
    auto cells = io::json::array(), lower = io::json::array();
    for (const auto& one : from.cells) cells.push_back(cell_json(one));
    for (const auto& [size, share] : from.lower_curve) lower.push_back({size, share});
    io::json curve;
    if (from.curve)
        curve = {{"intercept", from.curve->intercept}, {"slope", from.curve->slope},     {"covariance", from.curve->covariance},
                 {"smallest", from.curve->smallest},   {"largest", from.curve->largest}, {"lower", std::move(lower)}};
    const auto limit = [&](auto member) { return from.curve ? io::number_or_null((*from.curve).*member) : io::json(); };
    return {{"kind", to_string(from.kind)},
            {"contrast", data::has_contrast(from.kind) ? io::json(from.contrast) : io::json()},
            {"cells", std::move(cells)},
            {"curve", std::move(curve)},
            {"a50", limit(&metrics::detection_curve::a50)},
            {"a90", limit(&metrics::detection_curve::a90)},
            {"a90_95", limit(&metrics::detection_curve::a90_95)},
            {"sentence", sentence_of(from)}};
}

}  // namespace score_detail

/// The result as JSON, without its examples: {"threshold", "photographs", "false_alarms", "size_spread", "seed", "groups"}. A
/// group has "kind", "contrast" (null for a kind without), "cells" ("size", "found", "localised", "tried", and the 95 % interval
/// of the share found, "found_low" and "found_high"), "curve" (or null), "a50", "a90", "a90_95" (null where they are not reached
/// or not supported) and "sentence". Sizes are shares of the photograph's short side.
[[nodiscard]] inline io::json to_json(const probe_result& from) {
    auto groups = io::json::array();
    for (const auto& one : from.groups) groups.push_back(score_detail::group_json(one));
    return {{"threshold", from.threshold},
            {"photographs", from.photographs},
            {"false_alarms", from.false_alarms},
            {"size_spread", from.size_spread},
            {"seed", from.seed},
            {"groups", std::move(groups)}};
}

namespace score_detail {

[[nodiscard]] inline probe_group probe_group_from(const io::json& from) {
    const auto optional = [](const io::json& value) {
        return value.is_null() ? std::nullopt : std::optional{value.get<double>()};
    };
    probe_group group{.kind = data::defect_kind_of(from.at("kind").get<std::string>()),
                      .contrast = optional(from.at("contrast")).value_or(0)};
    for (const auto& one : from.at("cells")) {
        const auto count = [&](const char* key) { return std::size_t{io::whole_number(one.at(key))}; };
        group.cells.push_back({one.at("size").get<double>(), count("found"), count("localised"), count("tried")});
        const auto& cell = group.cells.back();
        if (!(cell.size > 0) || cell.localised > cell.found || cell.found > cell.tried)
            throw data_error{text(cell.found, " of ", cell.tried, " found, ", cell.localised, " localised")};
    }
    const auto& curve = from.at("curve");
    if (group.cells.empty() || curve.is_null()) return group;
    const auto number = [&](const char* key) { return curve.at(key).get<double>(); };
    group.curve = {.intercept = number("intercept"),
                   .slope = number("slope"),
                   .covariance = curve.at("covariance").get<std::array<double, 3>>(),
                   .smallest = number("smallest"),
                   .largest = number("largest"),
                   .a50 = optional(from.at("a50")),
                   .a90 = optional(from.at("a90")),
                   .a90_95 = optional(from.at("a90_95"))};
    if (!(group.curve->smallest > 0)) throw data_error{text("a smallest size of ", group.curve->smallest)};
    group.lower_curve = curve.at("lower").get<std::vector<std::pair<double, double>>>();
    return group;
}

}  // namespace score_detail

/// Reads the JSON that to_json writes; the groups have no outcomes. Throws format_error for other JSON; the message begins with
/// `where`.
[[nodiscard]] inline probe_result probe_result_from(const io::json& from, const std::string& where) {
    const auto refuse = [&](const std::string& found) {
        return format_error{text(where, ": is no result of a probe: ", found, "; give the probe.json that rd4ad probe writes")};
    };
    try {
        probe_result made{.threshold = from.at("threshold").get<double>(),
                          .photographs = io::whole_number(from.at("photographs")),
                          .false_alarms = io::whole_number(from.at("false_alarms")),
                          .size_spread = from.at("size_spread").get<double>(),
                          .seed = io::whole_number(from.at("seed"))};
        for (const auto& one : from.at("groups")) made.groups.push_back(score_detail::probe_group_from(one));
        if (made.groups.empty() || made.groups.front().cells.empty()) throw refuse("it has no defects");
        return made;
    } catch (const io::json::exception& problem) {
        throw refuse(problem.what());
    } catch (const option_error& problem) {
        throw refuse(problem.what());
    } catch (const data_error& problem) {
        throw refuse(problem.what());
    }
}

}  // namespace rd4ad::inline RD4AD_ABI
