// cli/scale.cpp: what is said of a calibration.
#include "scale.hpp"

#include "console.hpp"

namespace cli {

std::string in_words(const rd4ad::calibration& by) {
    const auto percent = [](double rate) { return fixed(100 * rate, rate < 0.1 ? 2 : 1) + " %"; };
    const auto of_100 = rd4ad::predicted_alarms(by, 100);
    std::string text =
        "threshold " + fixed(by.threshold, 4) + " raw, typical good image " + fixed(by.typical, 4) + "; false alarms ";
    if (by.rule == rd4ad::threshold_rule::best_f1)
        text += percent(by.expected_rate) + " here";
    else
        text += percent(by.asked_rate) + " asked, " + percent(by.expected_rate) + " expected";
    text += "; at 95 % a true rate of " + percent(by.rate_interval.low) + " to " + percent(by.rate_interval.high) + ", and " +
            std::to_string(of_100.low) + " to " + std::to_string(of_100.high) + " alarms among 100 further good images";
    if (by.f1) text += "; best F1 " + fixed(*by.f1, 4);
    return text + " (" + to_string(by.rule) + ", " + std::to_string(by.good_scores.size()) + " good images)";
}

}  // namespace cli
