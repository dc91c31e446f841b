// cli/compare.cpp: rd4ad compare.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/score/compare.hpp>
#include <rd4ad/score/other_boxes.hpp>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "sets.hpp"
#include "summary.hpp"
#include "verbs.hpp"
#include "view.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
namespace image = rd4ad::image;
using rd4ad::io::json;

verb description() {
    verb v{
        .name = "compare",
        .synopsis = "--data DIR --checkpoint FILE|DIR --cmp-bboxes FILE [FLAGS...]",
        .what = "Compares a trained model with another detector's boxes on the same test images.",
        .flags = set_flags(),
        .takes_operands = false,
        .more =
            R"(The other detector's file is {"name.jpg": [{"bbox": {"left", "top", "width", "height"}, "labels": {"name": confidence}}]},
boxes in 0..1 of the photograph, an image without boxes found good; or by --cmp-coco COCO results, in pixels. Names are matched
by their stem, and by their folders where several images have it. Only the test images that are in the file are compared; ours
on all of them are stated beside. A model's boxes are the connected parts of its map of at least the threshold.
The metrics: COCO's mean average precision of the boxes (IoU 0.50 to 0.95, 0.50, 0.75); F1, precision, recall and accuracy of
the images, a defect where there is a box; of the pixels F1 over all and Dice as the mean over images (1 where neither has one),
a box standing for all its pixels. The interval holds 95 of 100 differences when the images are drawn anew.
Of several classes each is compared in turn, and their mean is stated. With --out DIR: compare.json, and pictures of the images
that only one of the two judged rightly, in DIR/only_ours_right and DIR/only_theirs_right, with several classes in
DIR/<class>/...: true boxes (green), ours (blue), theirs (red), side by side.

Example: the model of a ball screw against another detector's boxes.
  rd4ad compare --data bsd --checkpoint models --cmp-bboxes other.json --pred-threshold 0.6 --out compared
)"};
    const std::vector<flag> own{{"checkpoint", "PATH", "", "what rd4ad train wrote: the file, or its folder"},
                                {"cmp-bboxes", "FILE", "", "the other detector's boxes, by the file's name"},
                                {"cmp-coco", "FILE", "", "the other detector's boxes as COCO results"},
                                {"cmp-coco-images", "FILE", "", "COCO file whose images the ids of --cmp-coco are of"},
                                {"pred-threshold", "T", "", "of our map, raw (0 to 3); by default the model's own"},
                                {"resamples", "N", "2000", "draws for the intervals"},
                                {"json", "", "", "JSON on standard output instead of the table"},
                                {"out", "DIR", "", "where compare.json and the pictures go"}};
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    for (auto& one : kept_view_flags()) v.flags.push_back(std::move(one));
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

constexpr const char* headings[]{"mAP",    "mAP at 0.50", "mAP at 0.75",     "image F1", "precision",
                                 "recall", "accuracy",    "segmentation F1", "mean Dice"};

rd4ad::other_boxes read_other(const arguments& given) {
    const fs::path labels = given.text("cmp-bboxes"), coco = given.text("cmp-coco");
    if (labels.empty() == coco.empty()) throw usage_error{"give either --cmp-bboxes or --cmp-coco, the other detector's boxes"};
    if (coco.empty() && given.given("cmp-coco-images")) throw usage_error{"--cmp-coco-images goes with --cmp-coco"};
    return labels.empty() ? rd4ad::read_coco_boxes(coco, given.text("cmp-coco-images")) : rd4ad::read_label_boxes(labels);
}

void draw(image::picture& on, const std::vector<rd4ad::metrics::box>& boxes, image::rgb colour) {
    const std::size_t thickness = 1 + std::max(on.width, on.height) / 400;
    for (const auto& b : boxes) {
        const auto whole = [](double edge) { return static_cast<std::size_t>(std::lround(std::max(edge, 0.0))); };
        image::draw_box(on, whole(b.x), whole(b.y), whole(b.width), whole(b.height), colour, thickness);
    }
}

void write_pictures(const fs::path& folder, const rd4ad::data::dataset& set, const std::vector<rd4ad::compared_image>& images,
                    const std::vector<std::size_t>& which) {
    if (which.empty()) return;
    rd4ad::io::make_folder(folder);
    for (const std::size_t i : which) {
        const auto& one = images[i];
        const auto photograph = image::to_rgb(image::read(set.test[i].image));
        std::vector<image::picture> parts(3, photograph);
        draw(parts[0], one.truth, {40, 190, 90});
        draw(parts[1], one.ours.boxes, {60, 140, 255});
        draw(parts[2], one.theirs->boxes, {240, 60, 50});
        for (auto& part : parts) part = image::no_larger_than(std::move(part), 1024);
        image::write_jpeg(folder / (set.test[i].kind + "_" + set.test[i].image.stem().string() + ".jpg"),
                          image::side_by_side(parts), 88);
    }
}

json metrics_of(const rd4ad::comparison& found) {
    json metrics = json::object();
    for (std::size_t m = 0; m < rd4ad::comparison_metrics.size(); ++m) {
        const auto& d = found.difference[m];
        metrics[rd4ad::comparison_metrics[m]] = {{"ours", rd4ad::io::number_or_null(found.ours[m])},
                                                 {"theirs", rd4ad::io::number_or_null(found.theirs[m])},
                                                 {"difference", d ? json(d->value) : json()},
                                                 {"interval", d ? json{d->low, d->high} : json()},
                                                 {"ours_on_all", rd4ad::io::number_or_null(found.ours_on_all[m])}};
    }
    return metrics;
}

/// The other detector's boxes of each test image of one class; null where it has not judged it.
using judged_images = std::span<const std::vector<rd4ad::metrics::box>* const>;

json result_of(const rd4ad::comparison& found, const rd4ad::data::dataset& set, judged_images theirs, double threshold) {
    const auto names = [&](const std::vector<std::size_t>& which) {
        auto list = json::array();
        for (const std::size_t i : which) list.push_back(set.test[i].image.string());
        return list;
    };
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < set.test.size(); ++i)
        if (theirs[i] == nullptr) missing.push_back(i);
    return {{"metrics", metrics_of(found)},
            {"threshold", threshold},
            {"images", set.test.size()},
            {"compared", found.shared},
            {"only_ours_right", names(found.only_ours_right)},
            {"only_theirs_right", names(found.only_theirs_right)},
            {"not_in_file", names(missing)}};
}

std::string signed_text(double value) { return (value < 0 ? "" : "+") + fixed(value, 4); }

/// "12 of 100 test images are not in FILE: a, b, c, ..."
std::string listed(const std::string& what, const json& names) {
    std::string text = what + ": ";
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) text += (i ? ", " : "") + names[i].get<std::string>();
    return text + (names.size() > 3 ? ", ..." : "");
}

/// "3 test images that are not in the file: a, b, c"; nothing where there are none.
void print_names(const json& names, const std::string& what) {
    if (!names.empty()) std::printf("%s\n", listed(std::to_string(names.size()) + " " + what, names).c_str());
}

void print_table(const rd4ad::comparison& found) {
    std::printf("%s\n", bold("                     ours    theirs  difference  95 % interval       ours, all images").c_str());
    const auto cell = [](double value) { return std::isfinite(value) ? fixed(value, 4) : std::string{"-"}; };
    for (std::size_t m = 0; m < rd4ad::comparison_metrics.size(); ++m) {
        const auto& d = found.difference[m];
        std::printf("%-15s  %8s  %8s  %10s  %-18s  %8s\n", headings[m], cell(found.ours[m]).c_str(),
                    cell(found.theirs[m]).c_str(), d ? signed_text(d->value).c_str() : "-",
                    d ? (signed_text(d->low) + " " + signed_text(d->high)).c_str() : "-", cell(found.ours_on_all[m]).c_str());
    }
}

void print_class(const rd4ad::comparison& found, const json& result) {
    print_table(found);
    std::printf("compared: %zu of %s test images; threshold %s\n", found.shared, result.at("images").dump().c_str(),
                fixed(result.at("threshold").get<double>(), 4).c_str());
    std::printf("right alone: ours %zu, theirs %zu\n", found.only_ours_right.size(), found.only_theirs_right.size());
    print_names(result.at("not_in_file"), "test images that are not in the file");
}

/// What is asked of every class.
struct wishes {
    bool relative;             ///< the other detector's boxes are shares of the photograph
    fs::path checkpoint, out;  ///< out: the class's own folder, empty for none
    rd4ad::metrics::bootstrap_options draws;
    rd4ad::model_options model;
};

template <rd4ad::Backend B>
std::pair<rd4ad::comparison, json> compare_one(const arguments& given, const rd4ad::data::dataset& set, judged_images judged,
                                               const wishes& wanted) {
    const auto file = find_checkpoint(wanted.checkpoint, set);
    const rd4ad::detector<B> by{file, {.size = rd4ad::map_size::network}, wanted.model};
    check_kept_view(given, by.settings().view, file);
    if (!given.given("pred-threshold") && !by.scale())
        throw usage_error{"--pred-threshold is missing: " + file.string() + " has no threshold of its own"};
    const double threshold = given.given("pred-threshold") ? given.real("pred-threshold") : by.scale()->raw(0.5);

    std::vector<rd4ad::compared_image> images(set.test.size());
    console shown;
    static_cast<void>(rd4ad::evaluate(
        by, set, 8,
        [&](std::size_t i, const image::picture& photograph, const rd4ad::finding& found, const std::optional<image::picture>&) {
            const auto& item = set.test[i];
            const std::size_t width = photograph.width, height = photograph.height;
            const auto truth = rd4ad::data::load_mask(item, width, height);
            auto& one = images[i];
            one.anomalous = item.anomalous;
            one.truth = rd4ad::boxes_of_mask(truth);
            one.ours.boxes = rd4ad::boxes_of_map(found.map, found.place, threshold);
            auto mask = image::make_image<std::uint8_t>(width, height, 1);
            const auto map = image::restore_map(found.place, found.map);
            for (std::size_t p = 0; p < mask.pixels.size(); ++p)
                mask.pixels[p] = static_cast<double>(map.pixels[p]) >= threshold ? 1 : 0;
            one.ours.overlap = rd4ad::metrics::count_masks(truth.pixels, mask.pixels);
            if (judged[i] != nullptr) {
                auto& theirs = one.theirs.emplace();
                theirs.boxes = *judged[i];
                if (wanted.relative)
                    for (auto& b : theirs.boxes)
                        b = {b.x * static_cast<double>(width), b.y * static_cast<double>(height),
                             b.width * static_cast<double>(width), b.height * static_cast<double>(height), b.score};
                theirs.overlap =
                    rd4ad::metrics::count_masks(truth.pixels, rd4ad::mask_of_boxes(theirs.boxes, width, height).pixels);
            }
            shown.bar(static_cast<double>(i + 1) / static_cast<double>(set.test.size()),
                      set.name + ": image " + std::to_string(i + 1) + "/" + std::to_string(set.test.size()));
        }));
    shown.clear();
    auto found = rd4ad::compare(images, wanted.draws);
    if (!wanted.out.empty()) {
        write_pictures(wanted.out / "only_ours_right", set, images, found.only_ours_right);
        write_pictures(wanted.out / "only_theirs_right", set, images, found.only_theirs_right);
    }
    auto result = result_of(found, set, judged, threshold);
    return {std::move(found), std::move(result)};
}

/// The classes of which the other detector has judged nothing are told before anything is computed.
void check_judged(const std::vector<rd4ad::data::dataset>& sets, const rd4ad::matched_boxes& matched) {
    std::string none;
    std::size_t first = 0;
    for (const auto& set : sets) {
        const auto judged = std::span{matched.of}.subspan(first, set.test.size());
        if (std::all_of(judged.begin(), judged.end(), [](const auto* boxes) { return boxes == nullptr; }))
            none += (none.empty() ? "" : ", ") + set.name;
        first += set.test.size();
    }
    if (!none.empty() && sets.size() > 1)
        throw rd4ad::data_error{"the other detector has judged no test image of the classes " + none +
                                "; leave them out of --class-names, or check that its names are those of the files"};
}

template <rd4ad::Backend B>
int compare_all(const arguments& given) {
    const fs::path out = given.text("out");
    const auto other = read_other(given);
    wishes wanted{
        other.relative, given.required("checkpoint"), {}, {.resamples = given.whole("resamples", 1)}, compute_options(given)};
    const auto sets = open_sets(given);
    const bool several = sets.size() > 1;
    std::vector<rd4ad::data::item> items;  // matched over all classes, as their files may have the same names
    for (const auto& set : sets) items.insert(items.end(), set.test.begin(), set.test.end());
    const auto matched = rd4ad::match_boxes(other, items);
    check_judged(sets, matched);

    class_results classes;
    std::vector<rd4ad::comparison> comparisons;
    std::size_t first = 0;
    for (const auto& set : sets) {
        if (!out.empty()) wanted.out = several ? out / set.name : out;
        auto [found, result] = compare_one<B>(given, set, std::span{matched.of}.subspan(first, set.test.size()), wanted);
        first += set.test.size();
        ++wanted.draws.seed;  // classes are drawn from independently
        comparisons.push_back(std::move(found));
        classes.emplace_back(set.name, std::move(result));
    }
    const auto mean = rd4ad::mean_comparison(comparisons, wanted.draws.confidence);
    auto result = summary_of(classes, {{"metrics", metrics_of(mean)}, {"images", items.size()}, {"compared", mean.shared}});
    result["not_in_data"] = matched.strangers;
    if (!out.empty()) {
        rd4ad::io::make_folder(out);
        rd4ad::io::write_json(out / "compare.json", result);
    }
    if (given.given("json")) {
        std::printf("%s\n", rd4ad::io::text_of(result, "comparison", 2).c_str());
        return 0;
    }
    for (std::size_t i = 0; i < classes.size(); ++i) {
        if (several) std::printf("%s\n", classes[i].first.c_str());
        print_class(comparisons[i], classes[i].second);
    }
    if (several) {
        std::printf("mean of %zu classes\n", classes.size());
        print_table(mean);
        std::printf("compared: %zu of %zu test images\n", mean.shared, items.size());
    }
    print_names(result.at("not_in_data"), "images of the file that are no test images");
    return 0;
}

}  // namespace

int compare(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_backend(given, [&]<class B>() { return compare_all<B>(given); });
    });
}

}  // namespace cli
