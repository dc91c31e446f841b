// rd4ad/score/external_detections.hpp: reads the detections of another program and matches them with test images. Twin:
// tests/score/external_detections.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/metrics/boxes.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The boxes of another program, by file name. A name without boxes is an image that the program called good.
struct external_detections {
    std::map<std::string, std::vector<metrics::box>> images;
    bool relative{true};  ///< boxes are shares of the image's sides, 0..1; otherwise pixels
};

namespace score_detail {

[[nodiscard]] inline double number_at(const io::json& from, const char* key, const std::string& where) {
    if (!from.is_object() || !from.contains(key) || !from.at(key).is_number())
        throw format_error{text(where, ": expected a number ", io::quoted(key), ", found none")};
    return from.at(key).get<double>();
}

[[nodiscard]] inline metrics::box checked_box(const metrics::box& one, const std::string& where) {
    if (!std::isfinite(one.x + one.y + one.width + one.height + one.score) || one.width < 0 || one.height < 0)
        throw format_error{text(where, ": found the box ", one.x, ", ", one.y, ", ", one.width, ", ", one.height, " with score ",
                                one.score, "; expected finite numbers and sizes of at least 0")};
    return one;
}

/// One box of read_label_boxes's format.
[[nodiscard]] inline metrics::box label_box(const io::json& from, const std::string& where) {
    if (!from.is_object() || !from.contains("bbox")) throw format_error{text(where, ": expected a 'bbox', found none")};
    if (!from.contains("labels") || !from.at("labels").is_object() || from.at("labels").empty())
        throw format_error{text(where, ": expected 'labels' with a confidence, found none")};
    const auto& box = from.at("bbox");
    metrics::box made{number_at(box, "left", where), number_at(box, "top", where), number_at(box, "width", where),
                      number_at(box, "height", where), 0};
    bool is_first = true;
    for (const auto& [label, confidence] : from.at("labels").items()) {
        const double score = number_at(from.at("labels"), label.c_str(), where);
        made.score = is_first ? score : std::max(made.score, score);
        is_first = false;
    }
    return checked_box(made, where);
}

/// Returns the file names of a COCO file's images by id, and adds each name to `to` without boxes.
[[nodiscard]] inline std::map<io::json, std::string> read_coco_images(const std::filesystem::path& path,
                                                                      external_detections& to) {
    std::map<io::json, std::string> names;
    const auto coco = io::read_json(path);
    if (!coco.is_object() || !coco.contains("images") || !coco.at("images").is_array())
        throw format_error{text(path, ": expected a COCO file with a list \"images\", found none")};
    for (const auto& one : coco.at("images")) {
        if (!one.is_object() || !one.contains("id") || !one.contains("file_name") || !one.at("file_name").is_string())
            throw format_error{text(path, ": expected an \"id\" and a \"file_name\" in each image, found one without")};
        const auto name = one.at("file_name").get<std::string>();
        names[one.at("id")] = name;
        to.images[name];
    }
    return names;
}

}  // namespace score_detail

/// Reads {"name.jpg": [{"bbox": {"left", "top", "width", "height"}, "labels": {"name": confidence}}]}; boxes are shares of the
/// image, 0..1. A box's score is its largest confidence. Throws io_error, and format_error that names file, image and box.
[[nodiscard]] inline external_detections read_label_boxes(const std::filesystem::path& path) {
    const auto all = io::read_json(path);
    if (!all.is_object())
        throw format_error{text(path, R"(: expected {"name.jpg": [{"bbox": {...}, "labels": {...}}]}, found no JSON object)")};
    external_detections made;
    for (const auto& [name, list] : all.items()) {
        const auto image = text(path, ": image ", io::quoted(name));
        if (!list.is_array()) throw format_error{text(image, ": expected a list of boxes, found none")};
        auto& boxes = made.images[name];
        for (std::size_t i = 0; i < list.size(); ++i) boxes.push_back(score_detail::label_box(list[i], text(image, ", box ", i)));
    }
    return made;
}

/// Reads COCO results: a list of {"image_id", "bbox": [x, y, width, height], "score"} in pixels. The file name of an entry is its
/// "file_name"; otherwise the name that `images`, a COCO file, gives its image_id; otherwise its image_id, if that is a string.
/// Images of `images` without boxes count as called good. Throws io_error, and format_error that names file and entry.
[[nodiscard]] inline external_detections read_coco_boxes(const std::filesystem::path& path,
                                                         const std::filesystem::path& images = {}) {
    external_detections made{.images = {}, .relative = false};
    std::map<io::json, std::string> names;
    if (!images.empty()) names = score_detail::read_coco_images(images, made);
    const auto all = io::read_json(path);
    if (!all.is_array())
        throw format_error{
            text(path, R"(: expected COCO results, a list of {"image_id", "bbox", "score"}, found no JSON array)")};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto where = text(path, ": entry ", i);
        const auto& one = all[i];
        if (!one.is_object() || !one.contains("image_id"))
            throw format_error{text(where, ": expected an 'image_id', found none")};
        const auto& id = one.at("image_id");
        const auto known = names.find(id);
        std::string name;
        if (one.contains("file_name") && one.at("file_name").is_string())
            name = one.at("file_name").get<std::string>();
        else if (known != names.end())
            name = known->second;
        else if (id.is_string())
            name = id.get<std::string>();
        else
            throw format_error{
                text(where, ": found no file name for image_id ", io::quoted(id.dump()), "; ",
                     images.empty() ? "add the COCO file that lists the images" : text("add the image to ", images))};
        const auto box = one.contains("bbox") ? one.at("bbox") : io::json{};
        if (!box.is_array() || box.size() != 4 ||
            !std::all_of(box.begin(), box.end(), [](const io::json& n) { return n.is_number(); }))
            throw format_error{text(where, ": expected four numbers in 'bbox', found none")};
        made.images[name].push_back(
            score_detail::checked_box({box[0].get<double>(), box[1].get<double>(), box[2].get<double>(), box[3].get<double>(),
                                       score_detail::number_at(one, "score", where)},
                                      where));
    }
    return made;
}

/// External detections assigned to a data set's test images.
struct matched_detections {
    std::vector<const std::vector<metrics::box>*> of;  ///< one per test image; null if the other program did not judge it
    std::vector<std::string> unmatched;                ///< names without a test image
};

namespace score_detail {

/// Returns the number of trailing components, compared by stem, that the name and the path share.
[[nodiscard]] inline std::size_t shared_components(std::filesystem::path name, std::filesystem::path path) {
    std::size_t count = 0;
    for (; name.has_filename() && path.has_filename() && name.stem() == path.stem(); ++count) {
        name = name.parent_path();
        path = path.parent_path();
    }
    return count;
}

}  // namespace score_detail

/// Assigns names to test images by the file's stem; among several images of that stem, by the folders in the name. A path that is
/// not UTF-8 has the name that io::utf8_text gives it. The pointers refer to `from`. Throws data_error if a name fits several
/// images equally well, or if two names fit the same image.
[[nodiscard]] inline matched_detections match_detections(const external_detections& from, const std::vector<data::item>& items) {
    std::multimap<std::string, std::size_t> by_stem;
    std::vector<std::filesystem::path> paths;  // as names in JSON
    paths.reserve(items.size());
    for (const auto& one : items) paths.emplace_back(io::utf8_text(one.image.string()));
    for (std::size_t i = 0; i < items.size(); ++i) by_stem.emplace(paths[i].stem().string(), i);
    matched_detections made{std::vector<const std::vector<metrics::box>*>(items.size(), nullptr), {}};
    std::map<std::size_t, std::string> taken;
    for (const auto& [name, boxes] : from.images) {
        const auto [begin, end] = by_stem.equal_range(std::filesystem::path{name}.stem().string());
        if (begin == end) {
            made.unmatched.push_back(name);
            continue;
        }
        std::size_t best = 0, most_shared = 0, ties = 0;
        for (auto at = begin; at != end; ++at) {
            const std::size_t shared = score_detail::shared_components(name, paths[at->second]);
            ties = shared == most_shared ? ties + 1 : shared > most_shared ? 1 : ties;
            if (shared > most_shared) {
                most_shared = shared;
                best = at->second;
            }
        }
        if (ties > 1)
            throw data_error{text(io::quoted(name), " fits ", ties, " test images, for example ", items[best].image,
                                  "; add the image's folder to the name")};
        if (const auto [other, is_new] = taken.emplace(best, name); !is_new)
            throw data_error{text(io::quoted(name), " and ", io::quoted(other->second), " both fit the test image ",
                                  items[best].image, "; keep one of them")};
        made.of[best] = &boxes;
    }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
