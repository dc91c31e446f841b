// rd4ad/score/supported_rate.hpp: the false-alarm rate that a number of good images supports, and the number that a rate needs.
// Twin: tests/score/supported_rate.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The smallest false-alarm rate that n good images promise for every distribution of their raw scores: 1 / (n + 1), the expected
/// rate of a threshold at the largest of them.
[[nodiscard]] inline double supported_rate(std::size_t n) noexcept { return 1 / (static_cast<double>(n) + 1); }

/// The false-alarm rate to ask for by default: the smallest whole percentage that n good images support; 0.01 from 99 images on,
/// 0.03 for 40, 0.05 for 20, at most 0.5.
[[nodiscard]] inline double default_rate(std::size_t n) noexcept {
    return std::min(0.5, std::ceil(100 * supported_rate(n) - 1e-9) / 100);
}

/// The number of good images to give for a false-alarm rate, a multiple of 10: with it, a threshold at the largest raw score has
/// less than twice the rate in 95 % of cases, for every distribution ((1 - 2 rate)^n <= 0.05). 150 for 0.01, 30 for 0.05. It is
/// more than supports the rate.
/// Throws option_error unless 0 < false_alarm_rate < 1.
[[nodiscard]] inline std::size_t images_for_rate(double false_alarm_rate) {
    if (!(false_alarm_rate > 0 && false_alarm_rate < 1))
        throw option_error{
            text("images_for_rate: the false-alarm rate is ", false_alarm_rate, "; expected a value above 0 and below 1")};
    const double n = false_alarm_rate < 0.5 ? std::log(0.05) / std::log1p(-2 * false_alarm_rate) : 1;
    return static_cast<std::size_t>(std::ceil(std::clamp(n, 1.0, 1e15) / 10 - 1e-9)) * 10;
}

namespace score_detail {

/// "3 in 100", "5 in 1000": the shortest form of a rate, rounded up to a whole number.
[[nodiscard]] inline std::string rate_in_words(double rate) {
    double of = 100;
    while (of < 1e9 && (rate * of < 0.95 || (std::abs(rate * of - std::round(rate * of)) > 0.005 && rate * of < 2))) of *= 10;
    return text(static_cast<std::size_t>(std::ceil(rate * of - 0.005)), " in ", static_cast<std::size_t>(of));
}

}  // namespace score_detail

/// Returns a sentence if n good images don't support the false-alarm rate, else an empty text: "with 40 photographs about 3 in
/// 100 is the least false-alarm rate that can be promised; for 1 in 100 give 150". Throws option_error as images_for_rate does.
[[nodiscard]] inline std::string unsupported_rate_text(std::size_t n, double false_alarm_rate) {
    const std::size_t needed = images_for_rate(false_alarm_rate);
    if (false_alarm_rate >= supported_rate(n) - 1e-12) return {};
    const double least = n < 99 ? default_rate(n) : supported_rate(n);
    return text("with ", n, n == 1 ? " photograph" : " photographs", " about ", score_detail::rate_in_words(least),
                " is the least false-alarm rate that can be promised; for ", score_detail::rate_in_words(false_alarm_rate),
                " give ", needed);
}

}  // namespace rd4ad::inline RD4AD_ABI
