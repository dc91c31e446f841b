// cli/compare.cpp: rd4ad compare.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/score/boxes.hpp>
#include <rd4ad/score/compare.hpp>
#include <rd4ad/score/external_detections.hpp>

#include "commands.hpp"
#include "compare_output.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "failures.hpp"
#include "outputs.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "summary.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
namespace image = rd4ad::image;
using rd4ad::io::json;

constexpr const char *comparison_file = "compare.json", *rd4ad_folder = "only_rd4ad_correct",
                     *external_folder = "only_external_correct";

rd4ad::external_detections read_external(const parsed_options& options) {
    const fs::path labels = options.text("cmp-bboxes"), coco = options.text("cmp-coco");
    if (labels.empty() == coco.empty()) throw usage_error{"give either --cmp-bboxes or --cmp-coco, the other program's boxes"};
    if (coco.empty() && options.has("cmp-coco-images")) throw usage_error{"--cmp-coco-images needs --cmp-coco FILE"};
    return labels.empty() ? rd4ad::read_coco_boxes(coco, options.text("cmp-coco-images")) : rd4ad::read_label_boxes(labels);
}

/// The settings for every class.
struct compare_request {
    bool relative;  ///< the external boxes are in 0..1 of the image
    fs::path checkpoint;
    fs::path image_folder{};  ///< of the current class, relative to --out
    rd4ad::metrics::bootstrap_options bootstrap;
    detector_loader load;
};

/// The pixels of an image whose raw score reaches the threshold.
image::image_u8 mask_of(const rd4ad::detection_result& result, double raw_threshold) {
    const auto map = image::restore_map(result.transform, result.map);
    auto mask = image::make_image<std::uint8_t>(map.width, map.height, 1);
    for (std::size_t p = 0; p < mask.pixels.size(); ++p)
        mask.pixels[p] = static_cast<double>(map.pixels[p]) >= raw_threshold ? 1 : 0;
    return mask;
}

/// Boxes of 0..1 in pixels of an image.
std::vector<rd4ad::metrics::box> in_pixels(std::vector<rd4ad::metrics::box> boxes, std::size_t width, std::size_t height) {
    const auto w = static_cast<double>(width), h = static_cast<double>(height);
    for (auto& b : boxes) b = {b.x * w, b.y * h, b.width * w, b.height * h, b.score};
    return boxes;
}

/// One image with the boxes of both programs. external: null for an image without an entry in the file.
rd4ad::compared_image compared(const rd4ad::data::item& item, const rd4ad::detection_result& result, std::size_t width,
                               std::size_t height, double raw_threshold, const std::vector<rd4ad::metrics::box>* external,
                               bool relative) {
    const auto truth = rd4ad::data::load_mask(item, width, height);
    rd4ad::compared_image one;
    one.is_anomalous = item.is_anomalous;
    one.truth = rd4ad::boxes_of_mask(truth);
    one.rd4ad.boxes = rd4ad::boxes_of_map(result.map, result.transform, raw_threshold);
    one.rd4ad.overlap = rd4ad::metrics::count_masks(truth.pixels, mask_of(result, raw_threshold).pixels);
    if (external == nullptr) return one;
    auto& other = one.external.emplace();
    other.boxes = relative ? in_pixels(*external, width, height) : *external;
    other.overlap = rd4ad::metrics::count_masks(truth.pixels, rd4ad::mask_of_boxes(other.boxes, width, height).pixels);
    return one;
}

/// The raw threshold of --pred-threshold, or else the checkpoint's own for the image's product.
double raw_threshold_of(const parsed_options& options, const detector& by, const std::string& product,
                        const fs::path& checkpoint) {
    if (options.has("pred-threshold")) return options.real("pred-threshold", 0, 1e6);
    const auto* own = rd4ad::calibration_of(by.calibrations(), product, checkpoint.string());
    if (own == nullptr) throw usage_error{rd4ad::text("--pred-threshold is missing: ", checkpoint, " has no threshold")};
    return own->raw_score(0.5);
}

/// Compares the images of one class that can be used, and adds the others to `failures`.
std::pair<rd4ad::comparison, json> compare_class(const parsed_options& options, const rd4ad::data::dataset& set,
                                                 external_boxes external, const compare_request& request,
                                                 rd4ad::io::output_folder* out, deferred_failure& files, failure_list& failures) {
    const auto file = find_checkpoint(request.checkpoint, set);
    const auto by = request.load(file, {.size = rd4ad::map_size::network});
    check_preprocessing_flags(options, by->settings().preprocessing, file);
    warn_of_white_level(set, by->settings().preprocessing);
    std::vector<double> raw_thresholds;
    for (const auto& one : set.test)
        raw_thresholds.push_back(raw_threshold_of(options, *by, one.product.empty() ? set.name : one.product, file));
    const auto roi = roi_of(options, rd4ad::data::files_of(set.test));
    std::vector<rd4ad::compared_image> images;
    std::vector<const std::vector<rd4ad::metrics::box>*> external_of;  // of these images
    console progress;
    const auto use = [&](std::size_t i, const image::image_u8& original, const rd4ad::detection_result& result,
                         const std::optional<image::image_u8>&) {
        images.push_back(
            compared(set.test[i], result, original.width, original.height, raw_thresholds[i], external[i], request.relative));
        external_of.push_back(external[i]);
        progress.images(i + 1, set.test.size(), set.name);
    };
    const auto evaluated = by->evaluate(set, 8, use, roi, reaction_of(options));
    progress.clear();
    failure_list failed;
    for (const auto& [index, reason] : evaluated.failures) {
        failed.add(set.test[index].image, reason);
        failures.add(set.test[index].image, reason);
    }
    if (images.empty()) static_cast<void>(failed.finish(0, "compared"));
    const auto used = rd4ad::evaluated_set(set, evaluated);
    auto found = rd4ad::compare(images, request.bootstrap);
    if (out != nullptr)
        files.attempt([&] {
            const auto white_level = by->settings().preprocessing.white_level;
            write_box_images(*out, request.image_folder / rd4ad_folder, used, images, found.only_rd4ad_correct, white_level);
            write_box_images(*out, request.image_folder / external_folder, used, images, found.only_external_correct,
                             white_level);
        });
    const bool one_threshold =
        std::adjacent_find(raw_thresholds.begin(), raw_thresholds.end(), std::not_equal_to<>{}) == raw_thresholds.end();
    auto result = result_of(found, used, external_of, one_threshold ? std::optional{raw_thresholds.front()} : std::nullopt);
    result["files"] = files_json(set);
    result["failed"] = failed.to_json();
    return {std::move(found), std::move(result)};
}

/// Throws data_error with the classes that have no test image in the file, before anything is computed.
void check_every_class(const std::vector<rd4ad::data::dataset>& sets, const rd4ad::matched_detections& matched) {
    std::vector<std::string> without;
    std::size_t first = 0;
    for (const auto& set : sets) {
        const auto boxes = std::span{matched.of}.subspan(first, set.test.size());
        if (std::all_of(boxes.begin(), boxes.end(), [](const auto* one) { return one == nullptr; })) without.push_back(set.name);
        first += set.test.size();
    }
    if (!without.empty() && sets.size() > 1)
        throw rd4ad::data_error{rd4ad::text("the other program's file has no test image of the classes ", join_names(without),
                                            "; leave them out of --class-names, or check the names in the file")};
}

/// Opens --out, and announces every file that the comparison may write there; null without --out.
std::unique_ptr<rd4ad::io::output_folder> open_outputs(const parsed_options& options, const fs::path& checkpoint,
                                                       const std::vector<rd4ad::data::dataset>& sets) {
    auto inputs = inputs_of(options, sets);
    for (const auto& set : sets) inputs.add(find_checkpoint(checkpoint, set));
    auto out = open_output(options, "compare", inputs);
    if (!out) return out;
    out->announce(comparison_file);
    for (const auto& set : sets)
        for (const auto* folder : {rd4ad_folder, external_folder})
            for (const auto& file : box_image_files(image_folder_of(set, sets.size()) / folder, set)) out->announce(file);
    return out;
}

/// The comparisons of all classes, and their mean.
struct compared_classes {
    std::vector<rd4ad::comparison> comparisons{};
    class_results results{};
    std::size_t images{0};
    std::vector<std::string> unmatched{};
    failure_list failures{};
    std::unique_ptr<rd4ad::io::output_folder> out{};  ///< null without --out
    deferred_failure files{};
};

compared_classes compare_classes(const parsed_options& options, const rd4ad::external_detections& external,
                                 compare_request request) {
    const auto sets = open_datasets(options, reaction_of(options));
    std::vector<rd4ad::data::item> items;  // matched over all classes, as their files may have the same names
    for (const auto& set : sets) items.insert(items.end(), set.test.begin(), set.test.end());
    const auto matched = rd4ad::match_detections(external, items);
    check_every_class(sets, matched);
    compared_classes all{.unmatched = matched.unmatched};
    all.out = open_outputs(options, request.checkpoint, sets);
    std::size_t first = 0;
    for (const auto& set : sets) {
        request.image_folder = image_folder_of(set, sets.size());
        auto [found, result] = compare_class(options, set, std::span{matched.of}.subspan(first, set.test.size()), request,
                                             all.out.get(), all.files, all.failures);
        first += set.test.size();
        ++request.bootstrap.seed;  // independent resamples per class
        all.images += result.at("images").get<std::size_t>();
        all.comparisons.push_back(std::move(found));
        all.results.emplace_back(set.name, std::move(result));
    }
    return all;
}

void print(const compared_classes& all, const rd4ad::comparison& mean) {
    const bool several = all.results.size() > 1;
    for (std::size_t i = 0; i < all.results.size(); ++i) {
        if (several) print_line(all.results[i].first);
        print_class(all.comparisons[i], all.results[i].second);
    }
    if (several) {
        std::printf("mean of %zu classes\n", all.results.size());
        print_table(mean);
        std::printf("compared: %zu of %zu test images\n", mean.shared, all.images);
    }
    print_names("names in the file that match no test image", all.unmatched);
    all.failures.print_rows();
}

}  // namespace

usage compare_usage() {
    return {.synopsis = "--data DIR --checkpoint FILE|DIR --cmp-bboxes FILE [FLAGS...]",
            .flags = join_flags({dataset_flags(),
                                 {{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote, or its folder"},
                                  {"cmp-bboxes", "FILE", "", "the other program's boxes, by file name"},
                                  {"cmp-coco", "FILE", "", "the other program's boxes as COCO results"},
                                  {"cmp-coco-images", "FILE", "", "the COCO file with the image ids of --cmp-coco"},
                                  {"pred-threshold", "T", "", "raw threshold of rd4ad, 0 to 3; by default the checkpoint's"},
                                  roi_flag(),
                                  {"resamples", "N", "2000", "bootstrap resamples for the intervals"},
                                  {"json", "", "", "print JSON instead of the table"},
                                  {"out", "DIR", "", "folder for compare.json and the images"}},
                                 strict_flags(),
                                 overwrite_flags(),
                                 checkpoint_preprocessing_flags(),
                                 {no_verify_flag()},
                                 compute_flags()}),
            .notes =
                std::string{
                    R"(The other program's file lists the boxes of each image, in 0..1 of the image. An image with an empty
list is good:
  {"name.jpg": [{"bbox": {"left", "top", "width", "height"}, "labels": {"name": confidence}}]}
--cmp-coco reads COCO results in pixels instead. A name matches a test image by its stem, and by its
folders if several images have that stem. The comparison uses the test images in the file; the last
column has rd4ad's values on all test images. rd4ad's boxes surround the connected regions of its
map where the raw score reaches the threshold.

Metrics: COCO average precision of the boxes (AP is the mean over IoU 0.50 to 0.95; AP50, AP75); F1,
precision, recall and accuracy of the images, where an image with a box is anomalous; F1 over all
pixels and the mean Dice over the images (1 if both masks are empty), where a box covers all its
pixels. The interval is the 95 % bootstrap interval of the difference over images.

Compares several classes one by one and prints their mean. --out DIR receives compare.json and the
images that only one program classified correctly, in DIR/only_rd4ad_correct and
DIR/only_external_correct, or DIR/<class>/... for several classes: true boxes (green), rd4ad's
(blue) and the other program's (red) side by side.
)"} + failures_help +
                R"(
Example: the model of a ball screw and another program's boxes.
  rd4ad compare --data bsd --checkpoint models --cmp-bboxes other.json --pred-threshold 0.6 --out compared
)"};
}

int compare(const parsed_options& options) {
    const auto external = read_external(options);
    const compare_request request{external.relative,
                                  options.required("checkpoint"),
                                  {},
                                  {.resamples = options.whole("resamples", 1, 1'000'000)},
                                  detector_loader{options}};
    auto all = compare_classes(options, external, request);
    const auto mean = rd4ad::mean_comparison(all.comparisons, request.bootstrap.confidence);
    auto result = summary_of(all.results, {{"metrics", metrics_of(mean)}, {"images", all.images}, {"compared", mean.shared}});
    result["unmatched"] = all.unmatched;
    if (all.out)
        all.files.attempt([&] {
            all.out->write(comparison_file, std::string_view{rd4ad::io::dump_json(result, 2) + "\n"});
            finish_output(*all.out);
        });
    if (options.has("json"))
        std::printf("%s\n", rd4ad::io::dump_json(result, 2).c_str());
    else
        print(all, mean);
    all.files.rethrow();
    return all.failures.finish(all.images, "compared");
}

}  // namespace cli
