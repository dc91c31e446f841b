// sample IMAGES FILE [SETS [raw]]: writes a report of generated images, for the browser's test. With `raw` the sets have no
// calibration. sample suspects FILE, sample probe FILE: write a page of suspects, and one of a probe.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/pixel_metrics.hpp>
#include <rd4ad/metrics/roc.hpp>
#include <rd4ad/score/probe_report.hpp>
#include <rd4ad/score/report.hpp>
#include <rd4ad/score/suspects_report.hpp>

namespace {

using namespace rd4ad;

constexpr std::size_t width = 320, height = 200, map_width = 96, map_height = 96;

double between(rd4ad::random& source, double low, double high) { return low + (high - low) * source.uniform(); }

struct sample_image {
    image::image_u8 image;
    image::image_f32 map;
    image::image_u8 mask;
    double x, y, size;
};

/// Brushed metal; an anomalous image has a dark pit, where the map has a bump of height `strength`.
sample_image make_sample(rd4ad::random& source, bool is_anomalous, double strength) {
    sample_image made{image::make_image<std::uint8_t>(width, height, 3),
                      image::make_image<float>(map_width, map_height, 1),
                      image::make_image<std::uint8_t>(width, height, 1),
                      between(source, 0.15, 0.85),
                      between(source, 0.15, 0.85),
                      between(source, 0.02, 0.07)};
    const double tone = between(source, 120, 165), slope = between(source, -40, 40);
    const auto inside = [&](double x, double y) { return std::hypot((x - made.x) * 1.6, y - made.y) / made.size; };
    for (std::size_t y = 0; y < height; ++y) {
        const double brush = between(source, -14, 14);
        for (std::size_t x = 0; x < width; ++x) {
            const double u = static_cast<double>(x) / width, v = static_cast<double>(y) / height;
            double grey = tone + slope * (u - 0.5) + brush + between(source, -9, 9);
            if (is_anomalous && inside(u, v) < 1) {
                grey *= 0.35 + 0.3 * inside(u, v);
                *made.mask.at(x, y) = 1;
            }
            const double tint[3]{grey, grey * 1.01, grey * 1.05};
            for (std::size_t c = 0; c < 3; ++c)
                made.image.at(x, y)[c] = static_cast<std::uint8_t>(std::min(std::max(tint[c], 0.0), 255.0));
        }
    }
    const double bump_x = is_anomalous ? made.x : between(source, 0.1, 0.9),
                 bump_y = is_anomalous ? made.y : between(source, 0.1, 0.9);
    for (std::size_t y = 0; y < map_height; ++y)
        for (std::size_t x = 0; x < map_width; ++x) {
            const double u = static_cast<double>(x) / map_width - bump_x, v = static_cast<double>(y) / map_height - bump_y;
            *made.map.at(x, y) = static_cast<float>(0.05 + 0.01 * std::sin(0.4 * static_cast<double>(x + 2 * y)) +
                                                    strength * std::exp(-(u * u + v * v) / (2 * 0.06 * 0.06)));
        }
    return made;
}

/// A probe whose larger defects are found more often; every kind and contrast in two sizes or more.
probe_result make_probe() {
    probe_result made{.threshold = 0.31, .photographs = 40, .false_alarms = 1, .size_spread = 1, .seed = 3};
    for (const auto& defect : data::defect_grid()) {
        if (made.groups.empty() || made.groups.back().kind != defect.kind || made.groups.back().contrast != defect.contrast)
            made.groups.push_back({.kind = defect.kind, .contrast = defect.contrast});
        auto& group = made.groups.back();
        const double share = 1 / (1 + std::exp(-2.5 * std::log(defect.size * (10 + defect.contrast))));
        const auto found = static_cast<std::size_t>(40 * share + 0.5);
        group.cells.push_back({.size = defect.size, .found = found, .localised = found / 2, .tried = 40});
        group.outcomes.push_back({defect.size, found, 40});
    }
    for (auto& group : made.groups) fit_curve(group);
    return made;
}

tested_set make_set(const std::string& name, std::size_t images, std::uint64_t seed, bool is_calibrated) {
    rd4ad::random source{seed};
    tested_set set{.name = name, .summary = "resnet18 · 256 × 256"};
    std::vector<float> raw_scores;
    std::vector<std::uint8_t> labels;
    metrics::pixel_accumulator pixels;
    for (std::size_t i = 0; i < images; ++i) {
        const bool is_anomalous = i % 5 >= 3;
        const double strength = is_anomalous ? between(source, 0.18, 0.8) : between(source, 0.02, 0.3);
        const auto one = make_sample(source, is_anomalous, strength);
        const double raw_score = 0.05 + strength, score = raw_score * raw_score / (raw_score * raw_score + 0.075);
        std::string file =
            (is_anomalous ? "pitting/" : "good/") + std::to_string(100000 + i * 37) + "_side_" + std::to_string(i % 4) + ".png";
        if (i == 1)
            file = "good/</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">.png";
        tested_image tested{.file = file,
                            .kind = !is_anomalous ? "good"
                                    : i % 5 == 3  ? "pitting"
                                                  : "scratch",
                            .is_anomalous = is_anomalous,
                            .raw_score = raw_score,
                            .score = is_calibrated ? std::optional{score} : std::nullopt,
                            .ms = between(source, 11, 14),
                            .width = width,
                            .height = height,
                            .thumbnail = image::make_thumbnail(one.image, one.map, one.mask, 16'000'000 / images)};
        if (is_calibrated && is_anomalous && score >= 0.5) {
            region found{.box = {(one.x - 0.1) * width, (one.y - 0.12) * height, 0.2 * width, 0.24 * height},
                         .raw_score = static_cast<float>(raw_score),
                         .score = score};
            for (int corner = 0; corner < 24; ++corner)
                found.outline.push_back(
                    {(one.x + 0.1 * std::cos(corner * 0.2618)) * width, (one.y + 0.12 * std::sin(corner * 0.2618)) * height});
            tested.regions.push_back(std::move(found));
        }
        set.images.push_back(std::move(tested));
        raw_scores.push_back(static_cast<float>(raw_score));
        labels.push_back(is_anomalous ? 1 : 0);
        const auto mask = image::resize_nearest(one.mask, map_width, map_height);
        pixels.add(one.map.pixels, mask.pixels, map_width, map_height);
    }
    const auto found = pixels.result();
    const auto best_f1 = metrics::best_f1(raw_scores, labels);
    set.metrics = {{"image AUROC", metrics::auroc(raw_scores, labels)},
                   {"pixel AUROC", found.auroc},
                   {"AUPRO", found.aupro},
                   {"image AP", metrics::average_precision(raw_scores, labels)},
                   {"pixel AP", found.average_precision},
                   {"best F1", best_f1.f1}};
    set.is_calibrated = is_calibrated;
    set.threshold = is_calibrated ? 0.5 : best_f1.threshold;
    if (seed % 2 == 1) set.limits = make_probe();
    set.curves = metrics::pixel_curves_of(pixels.scores(), pixels.regions());
    for (std::size_t epoch = 1; epoch <= 60; ++epoch)
        set.losses.push_back((1.1 / static_cast<double>(epoch) + 0.05) * between(source, 0.85, epoch % 17 == 0 ? 1.9 : 1.15));
    set.settings = {{"architecture", "resnet18"},
                    {"teacher", "built-in (resnet18, Tiny ImageNet)"},
                    {"input", "256 × 256"},
                    {"epochs", "60"},
                    {"batch", "16"},
                    {"learning rate", "0.005"},
                    {"seed", "111"},
                    {"training images", "160"},
                    {"backend", "xtensor<float>, 2 threads"},
                    {"rd4ad", version}};
    return set;
}

/// Two suspects among 40 good images.
suspects_report make_suspects() {
    rd4ad::random source{7};
    suspects_report made{.title = "ball screws"};
    made.by = {.typical = 0.2, .threshold = 0.4, .source = score_source::out_of_fold};
    for (int i = 0; i < 38; ++i) made.by.good_scores.push_back(static_cast<float>(between(source, 0.12, 0.34)));
    for (int i = 0; i < 2; ++i) {
        const auto one = make_sample(source, true, 0.7 - 0.2 * i);
        suspect_image suspect{.name = i == 0 ? "</script><script>document.title='broken'</script>.png" : "000123.png",
                              .raw_score = 0.75 - 0.2 * i,
                              .score = 0.99,
                              .p_value = i == 0 ? 1e-9 : 0.0004,
                              .width = width,
                              .height = height,
                              .thumbnail = image::make_thumbnail(one.image, one.map, std::nullopt, 200'000)};
        region found{.box = {(one.x - 0.1) * width, (one.y - 0.12) * height, 0.2 * width, 0.24 * height}, .raw_score = 0.7f};
        for (int corner = 0; corner < 24; ++corner)
            found.outline.push_back(
                {(one.x + 0.1 * std::cos(corner * 0.2618)) * width, (one.y + 0.12 * std::sin(corner * 0.2618)) * height});
        suspect.regions.push_back(std::move(found));
        made.suspects.push_back(std::move(suspect));
    }
    return made;
}

}  // namespace

int main(int count, char** words) try {
    if (words[1] == std::string_view{"suspects"}) {
        update_suspects_report(words[2], make_suspects());
        return 0;
    }
    if (words[1] == std::string_view{"probe"}) {
        write_probe_report(words[2], {.title = "ball screws", .result = make_probe()});
        return 0;
    }
    const auto images = static_cast<std::size_t>(std::stoul(words[1]));
    report made{.title = "ball screws"};
    const std::size_t sets = count > 3 ? std::stoul(words[3]) : 1;
    const bool is_calibrated = count < 5;
    for (std::size_t i = 0; i < sets; ++i)
        made.sets.push_back(make_set(sets == 1 ? "ball screws" : "class " + std::to_string(i + 1), images, 7 + i, is_calibrated));
    made.note = "The thumbnails hold at most 16 MB in all.";
    write_report(words[2], made);
} catch (const std::exception& problem) {
    std::fprintf(stderr, "sample: %s\n", problem.what());
    return 1;
}
