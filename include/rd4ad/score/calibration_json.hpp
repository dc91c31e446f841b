// rd4ad/score/calibration_json.hpp: a calibration as JSON, the form that a checkpoint stores. Twin:
// tests/score/calibration_json.cpp
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/score/calibration.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Returns the JSON that a checkpoint stores; docs/formats.md lists the keys.
[[nodiscard]] inline io::json to_json(const calibration& from) {
    return {{"typical", from.typical},
            {"threshold", from.threshold},
            {"spread", from.spread()},
            {"rule", to_string(from.rule)},
            {"asked_rate", from.asked_rate},
            {"expected_rate", from.expected_rate},
            {"rate_interval", std::array{from.rate_interval.low, from.rate_interval.high}},
            {"f1", from.f1 ? io::json(*from.f1) : io::json()},
            {"good_scores", from.good_scores},
            {"set_aside", from.set_aside},
            {"source", to_string(from.source)}};
}

namespace score_detail {

/// Throws numeric_error naming the value of a calibration that is not finite: no verdict follows from it.
inline void check_finite(const calibration& by, const std::string& where) {
    const std::pair<const char*, double> values[]{{"typical", by.typical},
                                                  {"threshold", by.threshold},
                                                  {"asked_rate", by.asked_rate},
                                                  {"expected_rate", by.expected_rate},
                                                  {"rate_interval", by.rate_interval.low},
                                                  {"rate_interval", by.rate_interval.high},
                                                  {"f1", by.f1.value_or(0)}};
    for (const auto& [name, value] : values)
        if (!std::isfinite(value))
            throw numeric_error{text(where, ": the calibration's ", name, " is ", not_finite_text(value),
                                     "; expected a finite number; calibrate again with rd4ad calibrate")};
    if (const auto at = first_not_finite(std::span<const float>{by.good_scores}))
        throw numeric_error{text(where, ": the calibration's good_scores hold ", not_finite_text(by.good_scores[*at]), " at ",
                                 *at, "; expected finite numbers; calibrate again with rd4ad calibrate --data DIR")};
}

}  // namespace score_detail

/// Reads the JSON that to_json writes; null gives an empty result. In older checkpoints the keys `set_aside` and `source` are
/// absent (0, hold-out) and the rule `exponential tail` is the former location-scale law. Throws format_error for any other JSON,
/// numeric_error for a number that is not finite; the message begins with `where`.
[[nodiscard]] inline std::optional<calibration> calibration_from(const io::json& from, const std::string& where) {
    if (from.is_null()) return std::nullopt;
    const auto refuse = [&](const std::string& found) {
        return format_error{text(where, ": the calibration can't be read: ", found,
                                 "; expected the keys that rd4ad writes; calibrate again with rd4ad calibrate")};
    };
    try {
        calibration made;
        made.typical = from.at("typical").get<double>();
        made.threshold = from.at("threshold").get<double>();
        auto rule = from.at("rule").get<std::string>();
        if (rule == "exponential tail") rule = to_string(threshold_rule::location_scale);
        for (const auto one : {threshold_rule::order_statistic, threshold_rule::location_scale, threshold_rule::best_f1})
            if (to_string(one) == rule) made.rule = one;
        if (to_string(made.rule) != rule) throw refuse(text("the rule ", io::quoted(rule), " is unknown"));
        made.asked_rate = from.at("asked_rate").get<double>();
        made.expected_rate = from.at("expected_rate").get<double>();
        const auto ends = from.at("rate_interval").get<std::array<double, 2>>();
        made.rate_interval = {ends[0], ends[1]};
        if (!from.at("f1").is_null()) made.f1 = from.at("f1").get<double>();
        made.good_scores = from.at("good_scores").get<std::vector<float>>();
        if (from.contains("set_aside")) made.set_aside = io::whole_number(from.at("set_aside"));
        if (made.set_aside > made.good_scores.size())
            throw refuse(text(made.set_aside, " of ", made.good_scores.size(), " good scores are set aside"));
        const auto source = from.value("source", to_string(score_source::hold_out));
        for (const auto one : {score_source::hold_out, score_source::out_of_fold, score_source::given})
            if (to_string(one) == source) made.source = one;
        if (to_string(made.source) != source) throw refuse(text("the source ", io::quoted(source), " is unknown"));
        score_detail::check_finite(made, where);
        return made;
    } catch (const io::json::exception& problem) {
        throw refuse(problem.what());
    }
}

/// The calibrations of a model by product: one under the name "" for images of any product, or one per product of a model that
/// was trained on several. Empty: no calibration.
using product_calibrations = std::map<std::string, calibration>;

/// Whether each product has a calibration of its own.
[[nodiscard]] inline bool per_product(const product_calibrations& of) { return !of.empty() && !of.contains(""); }

/// The names of the products, for messages: "bottle, cable".
[[nodiscard]] inline std::string product_names(const product_calibrations& of) {
    std::string names;
    for (const auto& [name, one] : of) names += (names.empty() ? "" : ", ") + name;
    return names;
}

/// Returns the JSON that a checkpoint stores: that of the one calibration, or an object "products" with one per product; null
/// without any.
[[nodiscard]] inline io::json to_json(const product_calibrations& from) {
    if (from.empty()) return {};
    if (!per_product(from)) return to_json(from.at(""));
    io::json products = io::json::object();
    for (const auto& [name, one] : from) products[name] = to_json(one);
    return {{"products", std::move(products)}};
}

/// Reads the JSON that to_json writes. Throws format_error as calibration_from does.
[[nodiscard]] inline product_calibrations calibrations_from(const io::json& from, const std::string& where) {
    product_calibrations made;
    if (!from.is_object() || !from.contains("products")) {
        if (auto one = calibration_from(from, where)) made.emplace("", std::move(*one));
        return made;
    }
    for (const auto& [name, one] : from.at("products").items())
        if (auto by = calibration_from(one, text(where, ", product ", io::quoted(name))); by && !name.empty())
            made.emplace(name, std::move(*by));
    if (made.empty()) throw format_error{text(where, ": the calibration can't be read: it names no product; calibrate again")};
    return made;
}

/// The calibration of a product; nullptr for a model without any. A model with one calibration uses it for every product. Throws
/// option_error, with the products, where each product has its own and `product` is none of them.
[[nodiscard]] inline const calibration* calibration_of(const product_calibrations& of, const std::string& product,
                                                       const std::string& where) {
    if (of.empty()) return nullptr;
    if (const auto one = of.find(""); one != of.end()) return &one->second;
    const auto found = of.find(product);
    if (found != of.end()) return &found->second;
    throw option_error{text(where, ": the model has a threshold per product, of ", product_names(of), "; found ",
                            product.empty() ? std::string{"no product"} : text("the product ", io::quoted(product)),
                            "; name the product of the image (--product)")};
}

/// Throws option_error for a product that a model does not know: it has no threshold per product, or none of this name. "" is the
/// product of every model.
inline void check_product(const product_calibrations& of, const std::string& product, const std::string& where) {
    if (product.empty()) return;
    if (!per_product(of))
        throw option_error{text(where, ": found the product ", io::quoted(product),
                                ", expected none: the model has no threshold per product; leave the product out")};
    static_cast<void>(calibration_of(of, product, where));
}

}  // namespace rd4ad::inline RD4AD_ABI
