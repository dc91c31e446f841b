// rd4ad/data/labelme.hpp: reads labelme's label files and draws their shapes as masks. Twin: tests/data/labelme.cpp
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
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/polygon.hpp>
#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A labelled shape: its label and the corners of its closed outline, in pixels.
struct labelled_shape {
    std::string label{};
    std::vector<image::point> corners{};
};

/// The content of a labelme file: the size of the image and its shapes.
struct labelme_file {
    std::size_t width{0}, height{0};
    std::vector<labelled_shape> shapes{};
};

namespace detail {

/// The outline of a shape from its points. labelme's types: polygon (the corners), rectangle (two opposite corners), circle (the
/// centre and a point on the circle). Throws format_error that starts with `where` for another type or number of points.
[[nodiscard]] inline std::vector<image::point> outline_of(const std::string& type, const std::vector<image::point>& points,
                                                          const std::string& where) {
    if (type == "polygon") return points;
    if (type != "rectangle" && type != "circle")
        throw format_error{text(where, " is a \"", type, "\"; expected polygon, rectangle or circle, draw it as one of them")};
    if (points.size() != 2) throw format_error{text(where, " is a ", type, " of ", points.size(), " points; expected 2")};
    const auto [a, b] = std::pair{points[0], points[1]};
    if (type == "rectangle") return {a, {b.x, a.y}, b, {a.x, b.y}};
    std::vector<image::point> circle;
    const double radius = std::hypot(b.x - a.x, b.y - a.y);
    for (int i = 0; i < 64; ++i) {
        const double angle = 2 * std::numbers::pi * i / 64;
        circle.push_back({a.x + radius * std::cos(angle), a.y + radius * std::sin(angle)});
    }
    return circle;
}

[[nodiscard]] inline std::size_t labelme_size(const io::json& root, const char* key, const std::string& name) {
    const auto found = root.find(key);
    if (found == root.end() || !found->is_number_integer() || *found < 1 || *found > 1000000)
        throw format_error{text(name, ": has no ", key, " of 1 to 1000000; expected a labelme file")};
    return found->get<std::size_t>();
}

/// Throws format_error unless every corner lies where image::draw_polygon takes it.
inline void check_corners(const std::vector<image::point>& corners, const std::string& where) {
    for (const auto& corner : corners)
        if (!(std::abs(corner.x) <= image::max_polygon_position && std::abs(corner.y) <= image::max_polygon_position))
            throw format_error{text(where, " reaches to ", corner.x, ", ", corner.y, "; expected positions within ",
                                    static_cast<std::size_t>(image::max_polygon_position), " pixels")};
}

[[nodiscard]] inline std::vector<image::point> labelme_points(const io::json& list, const std::string& where) {
    std::vector<image::point> points;
    for (const auto& at : list) {
        if (!at.is_array() || at.size() != 2 || !at[0].is_number() || !at[1].is_number())
            throw format_error{text(where, ": point ", points.size() + 1, " is not a pair of numbers; expected [x, y]")};
        points.push_back({at[0].get<double>(), at[1].get<double>()});
    }
    return points;
}

[[nodiscard]] inline labelled_shape labelme_shape(const io::json& shape, const std::string& where) {
    if (!shape.is_object() || !shape.contains("label") || !shape["label"].is_string() || !shape.contains("points") ||
        !shape["points"].is_array())
        throw format_error{text(where, " has no label or no points; expected both, as labelme writes them")};
    const auto type = shape.find("shape_type");
    labelled_shape made{shape["label"].get<std::string>(),
                        outline_of(type != shape.end() && type->is_string() ? type->get<std::string>() : "polygon",
                                   labelme_points(shape["points"], where), where)};
    check_corners(made.corners, where);
    return made;
}

}  // namespace detail

/// Reads a labelme file. Throws io_error where it can't be read, and format_error for a file that is not labelme's, that states
/// more than image::max_image_pixels, or that holds a shape without an interior (a line or a point, for example) or far outside
/// of any image; the message names the shape.
[[nodiscard]] inline labelme_file read_labelme(const std::filesystem::path& path) {
    const std::string name = path.string();
    const io::json root = io::read_json(path);
    if (!root.is_object() || !root.contains("shapes") || !root["shapes"].is_array())
        throw format_error{text(name, ": has no list \"shapes\"; expected a labelme file")};
    labelme_file file{detail::labelme_size(root, "imageWidth", name), detail::labelme_size(root, "imageHeight", name)};
    if (file.width > image::max_image_pixels / file.height)
        throw format_error{text(name, ": states an image of ", file.width, " x ", file.height, " pixels, the limit is ",
                                image::max_image_pixels, " pixels; expected the size of its image")};
    for (const auto& shape : root["shapes"])
        file.shapes.push_back(detail::labelme_shape(shape, text(name, ": shape ", file.shapes.size() + 1)));
    return file;
}

/// Draws the shapes of a labelme file into a mask of the size that the file states, but those with a label of good_names. Throws
/// as read_labelme does.
[[nodiscard]] inline image::image_u8 labelme_mask(const std::filesystem::path& path) {
    const labelme_file file = read_labelme(path);
    auto mask = image::make_image<std::uint8_t>(file.width, file.height, 1);
    for (const auto& shape : file.shapes)
        if (!is_good_name(shape.label)) image::draw_polygon(mask, shape.corners);
    return mask;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
