// rd4ad/score/suspects.hpp: finds the images among good ones whose raw scores don't belong. Twin: tests/score/suspects.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/gumbel.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// An image whose raw score is larger than those of the other good images let expect.
struct suspect {
    std::size_t image{0};  ///< position among the raw scores
    double raw_score{0};
    double p_value{0};  ///< probability that a good image has at least this raw score, by the law of the other images
    friend bool operator==(const suspect&, const suspect&) = default;
};

/// Settings of find_suspects.
struct suspect_options {
    double false_discovery_rate{0.1};  ///< expected share of good images among the suspects, above 0 and below 1
    double largest_share{0.2};         ///< at most this share of the images become suspects, above 0 and at most 0.5
    std::size_t min_images{8};         ///< fewer images have no suspects
};

/// Returns the images whose raw scores don't belong to the law of the others, the largest raw score first. raw_scores: of images
/// that are meant to be good, each scored by a model that did not train on it.
///
/// The law is Gumbel's, fitted to the raw scores without the largest `largest_share`, so that defects among them neither widen
/// it nor mask each other. Each image gets the probability that a good image scores as high (metrics::gumbel_prediction, which
/// counts the error of the fit), and Benjamini and Hochberg's rule (J. R. Stat. Soc. B 57, 1995) selects. The fit is repeated
/// without the selected images only, until no image drops out: a law with a heavy tail keeps its tail. If none is selected, it
/// is repeated without half as many images: more values make a fit more certain. The scale is at least a fiftieth of the
/// median, so that rounding of equal raw scores makes no suspects.
///
/// Simulated (tests/score/suspects.cpp): among 40 images, 1 to 3 defects that score at least twice the good images' 99 % quantile
/// are all named in at least 98 % of draws, from every law tried, with at most one good image in 90 to 100 %. At 1.5 times that
/// quantile the share is 80 % or more but for laws that end abruptly (Weibull, uniform). Without a defect, one of 10 to 40 good
/// images is named in at most 2 % of draws from laws with a light tail, 8 % from Gumbel's and those like it, 24 % from heavier
/// ones (log-normal with deviation 0.5, exponential); with 150 images in 2, 16 and 35 %. A second cluster that holds less than
/// `largest_share` of the images is named: raw scores alone don't distinguish it from defects.
/// Throws numeric_error if a raw score is not finite, option_error for options outside their ranges.
[[nodiscard]] inline std::vector<suspect> find_suspects(std::span<const float> raw_scores, const suspect_options& options,
                                                        metrics::gumbel_predictions& predictions) {
    if (!(options.false_discovery_rate > 0 && options.false_discovery_rate < 1))
        throw option_error{text("find_suspects: the false-discovery rate is ", options.false_discovery_rate,
                                "; expected a value above 0 and below 1")};
    if (!(options.largest_share > 0 && options.largest_share <= 0.5))
        throw option_error{text("find_suspects: the largest share of suspects is ", options.largest_share,
                                "; expected a value above 0 and at most 0.5")};
    for (std::size_t i = 0; i < raw_scores.size(); ++i)
        if (!std::isfinite(raw_scores[i]))
            throw numeric_error{
                text("find_suspects: raw score ", i, " is ", raw_scores[i], ", which is not finite; score the image again")};
    const std::size_t n = raw_scores.size();
    if (n < std::max<std::size_t>(options.min_images, 4)) return {};
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return raw_scores[a] < raw_scores[b]; });
    std::vector<double> ascending(n);
    for (std::size_t i = 0; i < n; ++i) ascending[i] = static_cast<double>(raw_scores[order[i]]);
    const double min_scale = 0.02 * std::abs(0.5 * (ascending[(n - 1) / 2] + ascending[n / 2]));

    std::vector<suspect> found;
    auto excluded = static_cast<std::size_t>(options.largest_share * static_cast<double>(n) + 1e-9);
    while (excluded > 0) {
        const metrics::rank_range used{0, n - excluded};
        const auto law = metrics::fit_gumbel(ascending, used);
        const double scale = std::max(law.scale, min_scale);
        if (!(scale > 0)) return {};
        const auto& prediction = predictions.of(n, used);
        found.clear();
        std::size_t selected = 0;
        for (std::size_t j = 1; j <= excluded; ++j) {
            const std::size_t rank = n - j;
            const double p = prediction.exceedance((ascending[rank] - law.location) / scale);
            const double limit = options.false_discovery_rate / static_cast<double>(n);
            if (p > limit * static_cast<double>(excluded)) break;  // nor is any smaller raw score's below its limit
            found.push_back({order[rank], ascending[rank], p});
            if (p <= limit * static_cast<double>(j)) selected = j;
        }
        found.resize(selected);
        if (selected == excluded) break;
        excluded = selected > 0 ? selected : excluded / 2;
    }
    return found;
}

/// The same for a single set of raw scores.
[[nodiscard]] inline std::vector<suspect> find_suspects(std::span<const float> raw_scores, const suspect_options& options = {}) {
    metrics::gumbel_predictions predictions;
    return find_suspects(raw_scores, options, predictions);
}

}  // namespace rd4ad::inline RD4AD_ABI
