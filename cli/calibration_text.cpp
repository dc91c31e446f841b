// cli/calibration_text.cpp: writes the lines about a calibration.
#include "calibration_text.hpp"

#include <string>

#include <rd4ad/core/text.hpp>
#include <rd4ad/score/supported_rate.hpp>
#include <rd4ad/score/threshold_rules.hpp>

#include "console.hpp"

namespace cli {

std::string describe(const rd4ad::calibration& by) {
    const auto percent = [](double rate) { return fixed(100 * rate, rate < 0.1 ? 2 : 1) + " %"; };
    const auto rates =
        by.rule == rd4ad::threshold_rule::best_f1 ? rd4ad::text(percent(by.expected_rate), " of these good images")
        : by.rule == rd4ad::threshold_rule::location_scale
            ? rd4ad::text("requested ", percent(by.asked_rate), ", expected ", percent(by.expected_rate),
                          " by the law, promised ", percent(rd4ad::supported_rate(by.good_scores.size() - by.set_aside)))
            : rd4ad::text("requested ", percent(by.asked_rate), ", expected ", percent(by.expected_rate));
    const auto set_aside = by.set_aside == 0 ? std::string{} : rd4ad::text(", ", by.set_aside, " of them set aside");
    const auto unsupported = by.rule == rd4ad::threshold_rule::location_scale
                                 ? rd4ad::unsupported_rate_text(by.good_scores.size() - by.set_aside, by.asked_rate)
                                 : std::string{};
    const auto of_100 = rd4ad::predicted_false_alarms(by, 100);
    return rd4ad::text("raw threshold ", fixed(by.threshold, 4), ", median of good images ", fixed(by.typical, 4),
                       "; false-alarm rate: ", rates, ", 95 % interval ", percent(by.rate_interval.low), " to ",
                       percent(by.rate_interval.high), "; predicted for 100 new good images: ", of_100.low, " to ", of_100.high,
                       " false alarms", by.f1 ? "; best F1 " + fixed(*by.f1, 4) : "", " (", to_string(by.rule), ", ",
                       by.good_scores.size(), " good images", set_aside, ")", unsupported.empty() ? "" : "\n" + unsupported);
}

void print_calibration(const std::string& name, const rd4ad::calibration& by) {
    const auto lines = describe(by);
    const auto end = lines.find('\n');
    print_line(rd4ad::text(name, ": ", lines.substr(0, end)));
    if (end != lines.npos) print_line(lines.substr(end + 1));
}

std::string describe(const rd4ad::drift_test& test, std::size_t window) {
    return rd4ad::text("the last ", window, " parts judged good have a median raw score of ", fixed(test.level, 4),
                       ", calibration's good parts ", fixed(test.calibration_level, 4), " (p ",
                       test.p_value < 0.0001 ? std::string{"below 0.0001"} : fixed(test.p_value, 4), ")");
}

}  // namespace cli
