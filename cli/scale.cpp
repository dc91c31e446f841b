// cli/scale.cpp: what is said of a calibration.
#include "scale.hpp"

#include "console.hpp"

namespace cli {

std::string in_words(const rd4ad::calibration& by) {
    const auto percent = [](double rate) { return fixed(100 * rate, rate < 0.1 ? 2 : 1) + " %"; };
    const auto interval = percent(by.rate_interval.low) + " to " + percent(by.rate_interval.high);
    std::string text =
        "threshold " + fixed(by.threshold, 4) + " raw, typical good image " + fixed(by.typical, 4) + "; false alarms ";
    if (by.rule == rd4ad::threshold_rule::best_f1)
        text += percent(by.expected_rate) + " here, 95 % interval " + interval + "; best F1 " + fixed(by.f1.value_or(0), 4);
    else
        text += percent(by.asked_rate) + " asked, " + percent(by.expected_rate) + " expected, 95 % interval " + interval;
    return text + " (" + to_string(by.rule) + ", " + std::to_string(by.good_scores.size()) + " good images)";
}

}  // namespace cli
