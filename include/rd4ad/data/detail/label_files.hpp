// rd4ad/data/detail/label_files.hpp: finds the files beside images that label defects in them. Twin: tests/data/label_files.cpp
#pragma once
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The statement of a label file about its image.
struct image_labels {
    std::string format{};  ///< "labelme", "YOLO", "VOC"
    std::size_t shapes{0};
    std::string first{};  ///< the name of the first shape
};

/// The labels in a labelme file; nullopt for JSON of another kind. Shapes whose label means good are none.
[[nodiscard]] inline std::optional<image_labels> labelme_labels(const std::filesystem::path& file) {
    const auto root = io::read_json(file);
    if (!root.is_object() || !root.contains("shapes") || !root["shapes"].is_array()) return std::nullopt;
    image_labels found{.format = "labelme"};
    for (const auto& shape : root["shapes"]) {
        const auto label = shape.is_object() ? shape.value("label", io::json()) : io::json();
        const auto name = label.is_string() ? label.get<std::string>() : std::string{};
        if (is_good_name(name)) continue;
        if (found.shapes++ == 0) found.first = name;
    }
    return found;
}

/// The labels in a YOLO file, whose lines are a class and at least four numbers of 0..1; nullopt for another text.
[[nodiscard]] inline std::optional<image_labels> yolo_labels(std::string_view content) {
    image_labels found{.format = "YOLO"};
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        std::string_view line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        std::size_t numbers = 0;
        std::string first;
        while (!(line = line.substr(std::min(line.find_first_not_of(" \t\r"), line.size()))).empty()) {
            const auto word = line.substr(0, line.find_first_of(" \t\r"));
            double value = 0;
            const auto [rest, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
            if (failed != std::errc{} || rest != word.data() + word.size() || (numbers > 0 && !(value >= 0 && value <= 1)))
                return std::nullopt;
            if (numbers++ == 0) first = word;
            line.remove_prefix(word.size());
        }
        if (numbers == 0) continue;
        if (numbers < 5) return std::nullopt;
        if (found.shapes++ == 0) found.first = "class " + first;
    }
    return found;
}

/// The labels in an XML file of PASCAL VOC; nullopt for other XML.
[[nodiscard]] inline std::optional<image_labels> voc_labels(std::string_view content) {
    if (content.find("<annotation") == std::string_view::npos) return std::nullopt;
    image_labels found{.format = "VOC"};
    for (auto at = content.find("<object"); at != std::string_view::npos; at = content.find("<object", at + 1)) {
        if (found.shapes++ > 0) continue;
        const auto name = content.find("<name>", at), end = content.find("</name>", at);
        if (name < end && end != std::string_view::npos) found.first = content.substr(name + 6, end - name - 6);
    }
    return found;
}

/// The labels in a file beside an image; nullopt for a file of another kind, or one that can't be read.
[[nodiscard]] inline std::optional<image_labels> labels_in(const std::filesystem::path& file) {
    const auto extension = lower(file.extension().string());
    try {
        if (extension == ".json") return labelme_labels(file);
        const auto bytes = io::read_prefix(file, std::size_t{1} << 20);
        const std::string_view content{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        return extension == ".txt" ? yolo_labels(content) : voc_labels(content);
    } catch (const error&) {
        return std::nullopt;
    }
}

/// The files in the images' folders that may label an image of their stem: .json, .txt and .xml. Per image, in the order of
/// names.
[[nodiscard]] inline std::map<std::filesystem::path, std::vector<std::filesystem::path>> label_candidates(
    const std::vector<std::filesystem::path>& images) {
    std::map<std::string, std::filesystem::path> by_stem;  // folder/stem -> image
    std::set<std::filesystem::path> folders;
    for (const auto& image : images) {
        folders.insert(image.parent_path());
        by_stem.emplace((image.parent_path() / image.stem()).string(), image);
    }
    const auto may_label = [](const std::filesystem::path& path) {
        const auto extension = lower(path.extension().string());
        return is_users(path) && (extension == ".json" || extension == ".txt" || extension == ".xml") && is_file(path);
    };
    std::map<std::filesystem::path, std::vector<std::filesystem::path>> found;
    for (const auto& folder : folders)
        for (const auto& file : list_folder(folder, may_label))
            if (const auto of = by_stem.find((file.parent_path() / file.stem()).string()); of != by_stem.end())
                found[of->second].push_back(file);
    return found;
}

/// The file names that a COCO file has annotations for; empty for other JSON.
[[nodiscard]] inline std::set<std::string> coco_annotated(const std::filesystem::path& file) {
    std::set<std::string> names;
    try {
        const auto root = io::read_json(file);
        if (!root.is_object() || !root.contains("images") || !root.contains("annotations") || !root["images"].is_array() ||
            !root["annotations"].is_array())
            return names;
        std::set<io::json> ids;
        for (const auto& one : root["annotations"])
            if (one.is_object() && one.contains("image_id")) ids.insert(one["image_id"]);
        for (const auto& one : root["images"])
            if (one.is_object() && one.contains("id") && ids.contains(one["id"]) && one.contains("file_name") &&
                one["file_name"].is_string())
                names.insert(std::filesystem::path{one["file_name"].get<std::string>()}.filename().string());
    } catch (const error&) {
        names.clear();
    }
    return names;
}

/// Faults of images that are given as good, `where` tells why: a label file beside them has shapes, or a COCO file in their
/// folder has annotations for them. Label files without shapes are used, as they say the same.
inline void check_labels_of_good(const std::vector<std::filesystem::path>& images, const std::string& where, reading& to) {
    std::set<std::filesystem::path> folders;
    for (const auto& image : images) folders.insert(image.parent_path());
    const auto remedy = "; move it to test/<defect>, or give images and labels as the folders data and label (layout bsd)";
    for (const auto& [image, files] : label_candidates(images))
        for (const auto& file : files) {
            const auto labels = labels_in(file);
            if (!labels) continue;
            to.files.use(file, role_label);
            if (labels->shapes > 0)
                to.fault(text(image, ": lies among the good images (", where, "), but ", file.filename(), " (", labels->format,
                              ") labels ", labels->shapes,
                              labels->shapes == 1 ? " defect in it: " : " defects in it, the first: ", labels->first, remedy));
        }
    for (const auto& folder : folders)
        for (const auto& file : list_folder(
                 folder, [](const auto& path) { return is_users(path) && lower(path.extension().string()) == ".json"; })) {
            const auto names = coco_annotated(file);
            if (names.empty()) continue;
            to.files.use(file, role_label);
            for (const auto& image : images)
                if (image.parent_path() == folder && names.contains(image.filename().string()))
                    to.fault(text(image, ": lies among the good images (", where, "), but ", file.filename(),
                                  " (COCO) labels defects in it", remedy));
        }
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
