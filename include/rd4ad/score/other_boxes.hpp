// rd4ad/score/other_boxes.hpp: boxes that another detector found, from its JSON, and the photographs they belong to. Twin:
// tests/score/other_boxes.cpp
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
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/metrics/boxes.hpp>

namespace rd4ad {

/// Another detector's boxes, by the file's name as it was given. An image that is there without boxes was found good.
struct other_boxes {
    std::map<std::string, std::vector<metrics::box>> images;
    bool relative{true};  ///< boxes are shares of the photograph, 0..1; else pixels
};

namespace detail {

[[nodiscard]] inline double box_number(const io::json& from, const char* key, const std::string& where) {
    if (!from.is_object() || !from.contains(key) || !from.at(key).is_number())
        throw format_error{where + ": no number '" + key + "'"};
    return from.at(key).get<double>();
}

[[nodiscard]] inline metrics::box checked_box(metrics::box one, const std::string& where) {
    if (!std::isfinite(one.x + one.y + one.width + one.height + one.score) || one.width < 0 || one.height < 0)
        throw format_error{where + ": the box " + std::to_string(one.x) + ", " + std::to_string(one.y) + ", " +
                           std::to_string(one.width) + ", " + std::to_string(one.height) +
                           " has a negative size or a number that is not finite"};
    return one;
}

}  // namespace detail

/// From {"name.jpg": [{"bbox": {"left", "top", "width", "height"}, "labels": {"name": confidence}}]}, boxes in 0..1. A box's
/// score is the largest of its confidences. Throws io_error, and format_error naming file, image and box.
[[nodiscard]] inline other_boxes read_label_boxes(const std::filesystem::path& path) {
    const auto all = io::read_json(path);
    if (!all.is_object())
        throw format_error{path.string() +
                           R"(: expected {"name.jpg": [{"bbox": {...}, "labels": {...}}]}, found no JSON object)"};
    other_boxes made;
    for (const auto& [name, list] : all.items()) {
        const auto image = path.string() + ": image '" + name + "'";
        if (!list.is_array()) throw format_error{image + ": expected a list of boxes"};
        auto& boxes = made.images[name];
        for (std::size_t i = 0; i < list.size(); ++i) {
            const auto where = image + ", box " + std::to_string(i);
            if (!list[i].is_object() || !list[i].contains("bbox")) throw format_error{where + ": no 'bbox'"};
            if (!list[i].contains("labels") || !list[i].at("labels").is_object() || list[i].at("labels").empty())
                throw format_error{where + ": no 'labels' with a confidence"};
            const auto& box = list[i].at("bbox");
            metrics::box one{detail::box_number(box, "left", where), detail::box_number(box, "top", where),
                             detail::box_number(box, "width", where), detail::box_number(box, "height", where), 0};
            bool first = true;
            for (const auto& [label, confidence] : list[i].at("labels").items()) {
                const double score = detail::box_number(list[i].at("labels"), label.c_str(), where);
                one.score = first ? score : std::max(one.score, score);
                first = false;
            }
            boxes.push_back(detail::checked_box(one, where));
        }
    }
    return made;
}

/// From COCO results, a list of {"image_id", "bbox": [x, y, width, height], "score"} in pixels. An image_id that is a text is
/// the file's name; "file_name" in an entry goes before it; a number is looked up in `images`, a COCO file whose "images" have
/// "id" and "file_name" (also those without boxes then count as judged). Throws io_error, and format_error naming file and entry.
[[nodiscard]] inline other_boxes read_coco_boxes(const std::filesystem::path& path, const std::filesystem::path& images = {}) {
    std::map<io::json, std::string> names;
    other_boxes made{.images = {}, .relative = false};
    if (!images.empty()) {
        const auto about = io::read_json(images);
        if (!about.is_object() || !about.contains("images") || !about.at("images").is_array())
            throw format_error{images.string() + ": expected a COCO file with a list \"images\""};
        for (const auto& one : about.at("images")) {
            if (!one.is_object() || !one.contains("id") || !one.contains("file_name") || !one.at("file_name").is_string())
                throw format_error{images.string() + ": an image has no \"id\" and \"file_name\""};
            const auto name = one.at("file_name").get<std::string>();
            names[one.at("id")] = name;
            made.images[name];
        }
    }
    const auto all = io::read_json(path);
    if (!all.is_array())
        throw format_error{path.string() +
                           R"(: expected COCO results, a list of {"image_id", "bbox", "score"}, found no JSON array)"};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto where = path.string() + ": entry " + std::to_string(i);
        const auto& one = all[i];
        if (!one.is_object() || !one.contains("image_id")) throw format_error{where + ": no 'image_id'"};
        const auto known = names.find(one.at("image_id"));
        std::string name;
        if (one.contains("file_name") && one.at("file_name").is_string())
            name = one.at("file_name").get<std::string>();
        else if (known != names.end())
            name = known->second;
        else if (one.at("image_id").is_string())
            name = one.at("image_id").get<std::string>();
        else
            throw format_error{where + ": image_id " + one.at("image_id").dump() + " has no file name" +
                               (images.empty() ? "; give the COCO file with the images" : " in " + images.string())};
        const auto box = one.contains("bbox") ? one.at("bbox") : io::json{};
        if (!box.is_array() || box.size() != 4 ||
            !std::all_of(box.begin(), box.end(), [](const io::json& n) { return n.is_number(); }))
            throw format_error{where + ": 'bbox' is not four numbers"};
        made.images[name].push_back(detail::checked_box({box[0].get<double>(), box[1].get<double>(), box[2].get<double>(),
                                                         box[3].get<double>(), detail::box_number(one, "score", where)},
                                                        where));
    }
    return made;
}

/// Names matched with a data set's test images.
struct matched_boxes {
    std::vector<const std::vector<metrics::box>*> of;  ///< one a test image; null where the other detector has none
    std::vector<std::string> strangers;                ///< names that are no test image
};

/// Matches by the file's stem; where several test images have it, by the folders in the name. Throws data_error where that
/// leaves more than one, or where two names mean the same image.
[[nodiscard]] inline matched_boxes match_boxes(const other_boxes& from, const std::vector<data::item>& items) {
    std::multimap<std::string, std::size_t> stems;
    for (std::size_t i = 0; i < items.size(); ++i) stems.emplace(items[i].image.stem().string(), i);
    // how many of the name's parts, from its end on, the path shares
    const auto shared = [](std::filesystem::path name, std::filesystem::path path) {
        std::size_t parts = 0;
        for (; name.has_filename() && path.has_filename() && name.stem() == path.stem(); ++parts) {
            name = name.parent_path();
            path = path.parent_path();
        }
        return parts;
    };
    matched_boxes made{std::vector<const std::vector<metrics::box>*>(items.size(), nullptr), {}};
    std::map<std::size_t, std::string> taken;
    for (const auto& [name, boxes] : from.images) {
        const auto [begin, end] = stems.equal_range(std::filesystem::path{name}.stem().string());
        if (begin == end) {
            made.strangers.push_back(name);
            continue;
        }
        std::size_t best = 0, most = 0, equal = 0;
        for (auto at = begin; at != end; ++at) {
            const std::size_t parts = shared(name, items[at->second].image);
            equal = parts == most ? equal + 1 : parts > most ? 1 : equal;
            if (parts > most) {
                most = parts;
                best = at->second;
            }
        }
        if (equal > 1)
            throw data_error{"'" + name + "' could be " + std::to_string(equal) + " test images, " + items[best].image.string() +
                             " among them; give its folder in the name"};
        if (const auto [other, is_new] = taken.emplace(best, name); !is_new)
            throw data_error{"'" + name + "' and '" + other->second + "' are both the test image " + items[best].image.string()};
        made.of[best] = &boxes;
    }
    return made;
}

}  // namespace rd4ad
