// rd4ad/data/labelme.hpp: labels drawn with labelme, their shapes as masks. Twin: tests/data_layouts/labelme.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/polygon.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::data {

/// One labelled region: its name and its closed outline in pixels.
struct labelled_shape {
    std::string label{};
    std::vector<image::point> corners{};
};

/// What a labelme file says: the image's size and its shapes.
struct labelme_file {
    std::size_t width{0}, height{0};
    std::vector<labelled_shape> shapes{};
};

namespace detail {

/// The corners of a shape of labelme's types polygon, rectangle (two corners) and circle (centre, a point on it).
[[nodiscard]] inline std::vector<image::point> outline_of(const std::string& type, const std::vector<image::point>& given,
                                                          const std::string& where) {
    if (type == "polygon") return given;
    if (type != "rectangle" && type != "circle")
        throw format_error{where + " is a \"" + type + "\"; expected polygon, rectangle or circle, draw it as one of them"};
    if (given.size() != 2)
        throw format_error{where + " is a " + type + " of " + std::to_string(given.size()) + " points; expected 2"};
    const auto [a, b] = std::pair{given[0], given[1]};
    if (type == "rectangle") return {a, {b.x, a.y}, b, {a.x, b.y}};
    std::vector<image::point> round;
    const double radius = std::hypot(b.x - a.x, b.y - a.y);
    for (int i = 0; i < 64; ++i) {
        const double angle = 2 * std::numbers::pi * i / 64;
        round.push_back({a.x + radius * std::cos(angle), a.y + radius * std::sin(angle)});
    }
    return round;
}

[[nodiscard]] inline std::size_t labelme_size(const io::json& root, const char* key, const std::string& name) {
    const auto found = root.find(key);
    if (found == root.end() || !found->is_number_integer() || *found < 1 || *found > 1000000)
        throw format_error{name + ": has no " + key + " of 1 to 1000000; expected a file of labelme"};
    return found->get<std::size_t>();
}

}  // namespace detail

/// Reads a labelme file. Throws io_error, and format_error naming the shape where it isn't labelme's form, or a shape is
/// none that encloses something (polygon, rectangle, circle).
[[nodiscard]] inline labelme_file read_labelme(const std::filesystem::path& path) {
    const std::string name = path.string();
    const io::json root = io::read_json(path);
    if (!root.is_object() || !root.contains("shapes") || !root["shapes"].is_array())
        throw format_error{name + ": has no list \"shapes\"; expected a file of labelme"};
    labelme_file file{detail::labelme_size(root, "imageWidth", name), detail::labelme_size(root, "imageHeight", name)};
    for (const auto& shape : root["shapes"]) {
        const std::string where = name + ": shape " + std::to_string(file.shapes.size() + 1);
        if (!shape.is_object() || !shape.contains("label") || !shape["label"].is_string() || !shape.contains("points") ||
            !shape["points"].is_array())
            throw format_error{where + " has no label or no points; expected both, as labelme writes them"};
        std::vector<image::point> points;
        for (const auto& at : shape["points"]) {
            if (!at.is_array() || at.size() != 2 || !at[0].is_number() || !at[1].is_number())
                throw format_error{where + ": point " + std::to_string(points.size() + 1) + " is no pair of numbers"};
            points.push_back({at[0].get<double>(), at[1].get<double>()});
        }
        const auto type = shape.find("shape_type");
        file.shapes.push_back(
            {shape["label"].get<std::string>(),
             detail::outline_of(type != shape.end() && type->is_string() ? type->get<std::string>() : "polygon", points, where)});
    }
    return file;
}

/// The shapes of a labelme file drawn into a mask of the size it states. Throws as read_labelme does.
[[nodiscard]] inline image::picture labelme_mask(const std::filesystem::path& path) {
    const labelme_file file = read_labelme(path);
    auto mask = image::make_image<std::uint8_t>(file.width, file.height, 1);
    for (const auto& shape : file.shapes) image::draw_polygon(mask, shape.corners);
    return mask;
}

}  // namespace rd4ad::data
