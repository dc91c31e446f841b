// cli/calibrate.cpp: rd4ad calibrate.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "scale.hpp"
#include "sets.hpp"
#include "verbs.hpp"
#include "view.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

verb description() {
    verb v{
        .name = "calibrate",
        .synopsis = "--checkpoint FILE [--data DIR] [FLAGS...]",
        .what = "Sets a checkpoint's threshold anew, without training, and says what false-alarm rate to expect.",
        .flags = {{"checkpoint", "PATH", "", "what rd4ad train wrote: the file, or with --data its folder"}},
        .takes_operands = false,
        .more =
            R"(Without --data the scores are used that the checkpoint keeps: of the good images held out of training, or of those it was last
calibrated by. With --data the model scores the set's good images: those of its test part, or all of a plain folder. They must
be images that training has not seen; and a model is not to be judged by the images its threshold was set by.

Example: at most 5 in 1000 good parts are to be rejected, by this week's good parts.
  rd4ad calibrate --checkpoint models/bottle.safetensors --data good_parts --false-alarm-rate 0.005
)"};
    auto sets = set_flags();
    const std::vector<flag> own{
        {"false-alarm-rate", "RATE", "0.01", "share of good images that may be called anomalous, on average"},
        {"labelled", "", "", "threshold of the best F1 on the set's test part instead, good and anomalous"},
        {"splits", "N", "",
         "change nothing: N times, set it by a random half of the good images and count the other half's alarms"},
        {"seed", "N", "111", "of the halves"},
        {"json", "", "", "JSON on standard output"}};
    v.flags.insert(v.flags.end(), sets.begin(), sets.end());
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    for (auto& one : kept_view_flags()) v.flags.push_back(std::move(one));
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

/// Scores and labels (0: good) of images.
struct scored_images {
    std::vector<float> scores;
    std::vector<std::uint8_t> labels;
};

template <rd4ad::Backend B>
scored_images score_set(const arguments& given, const rd4ad::data::dataset& set, const fs::path& checkpoint) {
    const bool defects = given.given("labelled");
    const auto& from = set.test.empty() ? set.train : set.test;
    std::vector<fs::path> files;
    scored_images made;
    for (const auto& item : from) {
        if (item.anomalous && !defects) continue;
        files.push_back(item.image);
        made.labels.push_back(item.anomalous ? 1 : 0);
    }
    const rd4ad::detector<B> by{checkpoint, {}, compute_options(given)};
    check_kept_view(given, by.settings().view, checkpoint);
    console shown;
    made.scores = by.scores(files, [&](std::size_t done) {
        shown.bar(static_cast<double>(done) / static_cast<double>(files.size()),
                  "image " + std::to_string(done) + "/" + std::to_string(files.size()));
    });
    return made;
}

std::string percent(double rate) { return fixed(100 * rate, 2) + " %"; }

/// Thresholds by halves of the scores, and the alarms that the other halves give.
void try_splits(const std::vector<float>& scores, double rate, std::size_t splits, std::uint64_t seed, bool as_json) {
    const std::size_t n = scores.size() / 2, m = scores.size() - n;
    if (n < 2)
        throw rd4ad::data_error{"--splits: " + std::to_string(scores.size()) +
                                " good images, expected at least 4; give more good images"};
    rd4ad::random source{seed};
    json rows = json::array();
    double measured = 0;
    std::size_t as_predicted = 0;
    for (std::size_t s = 0; s < splits; ++s) {
        const auto order = rd4ad::shuffled_order(scores.size(), source);
        std::vector<float> half;
        for (std::size_t i = 0; i < n; ++i) half.push_back(scores[order[i]]);
        const auto by = rd4ad::calibrate(half, rate);
        std::size_t alarms = 0;
        for (std::size_t i = n; i < order.size(); ++i)
            if (by(static_cast<double>(scores[order[i]])) >= 0.5) ++alarms;
        const auto predicted = rd4ad::predicted_alarms(by, m);
        const double share = static_cast<double>(alarms) / static_cast<double>(m);
        measured += share / static_cast<double>(splits);
        if (alarms >= predicted.low && alarms <= predicted.high) ++as_predicted;
        rows.push_back({{"threshold", by.threshold},
                        {"rule", to_string(by.rule)},
                        {"expected_rate", by.expected_rate},
                        {"rate_interval", {by.rate_interval.low, by.rate_interval.high}},
                        {"predicted_alarms", {predicted.low, predicted.high}},
                        {"alarms", alarms},
                        {"measured_rate", share}});
    }
    if (as_json) {
        const json result{{"asked_rate", rate},           {"images_for_threshold", n},
                          {"images_counted", m},          {"mean_measured_rate", measured},
                          {"as_predicted", as_predicted}, {"splits", rows}};
        std::printf("%s\n", rd4ad::io::text_of(result, "splits", 2).c_str());
        return;
    }
    std::printf(
        "%s\n",
        bold("split  threshold  expected  true rate, 95 %     alarms of " + std::to_string(m) + "  predicted  measured").c_str());
    for (std::size_t s = 0; s < rows.size(); ++s) {
        const auto& row = rows[s];
        const auto number = [&](const char* key) { return row.at(key).template get<double>(); };
        const auto ends = row.at("rate_interval").template get<std::vector<double>>();
        const auto range = row.at("predicted_alarms").template get<std::vector<std::size_t>>();
        const auto alarms = row.at("alarms").template get<std::size_t>();
        std::printf("%5zu  %9s  %8s  %-18s  %12zu  %9s  %8s\n", s + 1, fixed(number("threshold"), 4).c_str(),
                    percent(number("expected_rate")).c_str(), (percent(ends[0]) + " to " + percent(ends[1])).c_str(), alarms,
                    (std::to_string(range[0]) + " to " + std::to_string(range[1])).c_str(),
                    percent(number("measured_rate")).c_str());
    }
    std::printf("asked %s, measured %s on average; alarms as predicted in %zu of %zu (%s, %zu images)\n", percent(rate).c_str(),
                percent(measured).c_str(), as_predicted, splits, rows.front().at("rule").template get<std::string>().c_str(), n);
}

template <rd4ad::Backend B>
int calibrate_one(const arguments& given) {
    const fs::path asked = given.required("checkpoint");
    const double rate = given.real("false-alarm-rate");
    if (!(rate > 0 && rate < 1))
        throw usage_error{"--false-alarm-rate " + given.text("false-alarm-rate") + ": expected a number above 0 and below 1"};
    const bool labelled = given.given("labelled"), with_data = given.given("data");
    if (labelled && !with_data) throw usage_error{"--labelled needs --data DIR"};
    if (labelled && (given.given("false-alarm-rate") || given.given("splits")))
        throw usage_error{"--labelled and --false-alarm-rate or --splits: give one or the other"};
    fs::path checkpoint = asked;
    scored_images images;
    if (with_data) {
        const auto sets = open_sets(given);
        if (sets.size() != 1) throw usage_error{"--class-names: expected one class, as there is one checkpoint"};
        checkpoint = find_checkpoint(asked, sets.front());
        images = score_set<B>(given, sets.front(), checkpoint);
    } else {
        const auto kept = rd4ad::calibration_from(rd4ad::calibration_in(checkpoint), checkpoint.string());
        if (!kept)
            throw rd4ad::data_error{checkpoint.string() +
                                    ": keeps no scores, as no images were held out of its training; give good images by --data"};
        images.scores = kept->good_scores;
    }
    if (given.given("splits")) {
        try_splits(images.scores, rate, given.whole("splits", 1), given.whole("seed", 0), given.given("json"));
        return 0;
    }
    const auto made =
        labelled ? rd4ad::calibrate_labelled(images.scores, images.labels) : rd4ad::calibrate(std::move(images.scores), rate);
    rd4ad::replace_calibration(checkpoint, to_json(made));
    if (given.given("json"))
        std::printf("%s\n", rd4ad::io::text_of(to_json(made), "calibration", 2).c_str());
    else
        std::printf("%s: %s\n", checkpoint.c_str(), in_words(made).c_str());
    return 0;
}

}  // namespace

int calibrate(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_backend(given, [&]<class B>() { return calibrate_one<B>(given); });
    });
}

}  // namespace cli
