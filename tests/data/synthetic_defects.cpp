// Synthetic defects: where they lie, how much they change, and that a seed determines them.
#include <rd4ad/data/synthetic_defects.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

namespace {

using data::defect_kind;

/// A surface of two tones with stripes and a little noise, 200 x 150.
image::image_u8 striped_surface(std::uint64_t seed = 3) {
    auto made = image::make_image<std::uint8_t>(200, 150, 3);
    rd4ad::random source{seed};
    for (std::size_t y = 0; y < made.height; ++y)
        for (std::size_t x = 0; x < made.width; ++x) {
            const std::size_t grey = (x < 90 ? 110u : 150u) + (y / 12 % 2 == 0 ? 0u : 20u) + source.below(5);
            std::fill_n(made.at(x, y), 3, static_cast<std::uint8_t>(grey));
        }
    return made;
}

/// The largest change of a value, and the box of the pixels that a defect changes.
struct changed_pixels {
    int largest{0};
    std::size_t left{10000}, top{10000}, right{0}, bottom{0};
};

changed_pixels difference(const image::image_u8& a, const image::image_u8& b) {
    changed_pixels found;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) {
        const int change = std::abs(a.pixels[i] - b.pixels[i]);
        if (change == 0) continue;
        const std::size_t x = i / 3 % a.width, y = i / 3 / a.width;
        found.largest = std::max(found.largest, change);
        found.left = std::min(found.left, x), found.right = std::max(found.right, x + 1);
        found.top = std::min(found.top, y), found.bottom = std::max(found.bottom, y + 1);
    }
    return found;
}

std::size_t set_pixels(const image::image_u8& mask) {
    return static_cast<std::size_t>(std::count(mask.pixels.begin(), mask.pixels.end(), 1));
}

}  // namespace

TEST_CASE("a defect has the size and contrast of its description", "[data]") {
    const auto surface = striped_surface();
    for (const auto kind : data::all_defect_kinds)
        for (const double size : {0.1, 0.3})
            for (std::uint64_t seed = 0; seed < 6; ++seed) {
                CAPTURE(to_string(kind), size, seed);
                const auto made = data::paint_defect(surface, {.kind = kind, .size = size, .contrast = 40, .seed = seed});
                const auto found = difference(surface, made.image);
                const double extent =
                    std::hypot(static_cast<double>(found.right - found.left), static_cast<double>(found.bottom - found.top));
                CHECK(extent > 0.6 * size * 150);
                CHECK(extent < 1.5 * size * 150 + 4);
                if (has_contrast(kind)) {
                    CHECK(found.largest <= 40);
                    CHECK(found.largest >= 24);
                }
                CHECK(made.change >= 4);
                CHECK(std::abs(made.centre.x - static_cast<double>(found.left + found.right) / 2) < 0.4 * size * 150 + 2);
                CHECK(std::all_of(made.mask.pixels.begin(), made.mask.pixels.end(), [](std::uint8_t p) { return p <= 1; }));
                CHECK(set_pixels(made.mask) > (kind == defect_kind::scratch ? 5u : 40u));
                std::size_t outside = 0;
                for (std::size_t i = 0; i < made.mask.pixels.size(); ++i) {
                    const std::size_t x = i % 200, y = i / 200;
                    const bool within = x + 1 >= found.left && x <= found.right && y + 1 >= found.top && y <= found.bottom;
                    if (made.mask.pixels[i] != 0 && !within) ++outside;
                }
                CHECK(outside == 0);
            }
}

TEST_CASE("edges of a defect are soft", "[data]") {
    const auto plain = image::make_image<std::uint8_t>(300, 300, 3, 128);
    for (const auto kind : {defect_kind::scratch, defect_kind::stain, defect_kind::dent}) {
        CAPTURE(to_string(kind));
        const auto made = data::paint_defect(plain, {.kind = kind, .size = 0.3, .contrast = 60});
        int steepest = 0, largest = 0;
        for (std::size_t y = 0; y < 300; ++y)
            for (std::size_t x = 1; x < 300; ++x) {
                steepest = std::max(steepest, std::abs(*made.image.at(x, y) - *made.image.at(x - 1, y)));
                largest = std::max(largest, std::abs(*made.image.at(x, y) - 128));
            }
        CHECK(largest > 40);
        CHECK(steepest < (kind == defect_kind::scratch ? 50 : 20));
    }
}

TEST_CASE("a seed determines a defect, on every machine", "[data]") {
    const auto surface = striped_surface();
    for (const auto kind : data::all_defect_kinds) {
        CAPTURE(to_string(kind));
        const data::defect_description defect{.kind = kind, .size = 0.2, .contrast = 50, .seed = 11};
        auto other = defect;
        other.seed = 12;
        const auto first = data::paint_defect(surface, defect), again = data::paint_defect(surface, defect);
        CHECK(first.image == again.image);
        CHECK(first.mask == again.mask);
        CHECK(data::paint_defect(surface, other).image != first.image);
        // Sums rather than a hash: a compiler may round single pixels to the neighbouring grey level.
        const long sum = std::accumulate(first.image.pixels.begin(), first.image.pixels.end(), 0L) -
                         std::accumulate(surface.pixels.begin(), surface.pixels.end(), 0L);
        const long expected[]{3819, 38163, -126, -62586, -9060};
        CAPTURE(sum);
        CHECK(std::abs(sum - expected[static_cast<std::size_t>(kind)]) <= 4);
    }
}

TEST_CASE("a defect of a colour photograph can have a tint, that of a grey one has none", "[data]") {
    const auto is_grey = [](const image::image_u8& one) {
        for (std::size_t i = 0; i < one.pixels.size(); i += 3)
            if (one.pixels[i] != one.pixels[i + 1] || one.pixels[i] != one.pixels[i + 2]) return false;
        return true;
    };
    const auto grey = striped_surface();
    auto coloured = grey;
    *coloured.at(0, 0) = 255;
    for (const auto kind : data::all_defect_kinds)
        CHECK(is_grey(data::paint_defect(grey, {.kind = kind, .size = 0.2, .seed = 5}).image));
    auto stained = data::paint_defect(coloured, {.kind = defect_kind::stain, .size = 0.2, .seed = 5}).image;
    *stained.at(0, 0) = *grey.at(0, 0);
    CHECK_FALSE(is_grey(stained));
}

TEST_CASE("a defect lies inside its region and near a given position", "[data]") {
    const auto surface = striped_surface();
    auto region = image::make_image<std::uint8_t>(200, 150, 1);
    for (std::size_t y = 20; y < 80; ++y) std::fill_n(region.at(120, y), 60, std::uint8_t{1});
    for (const auto kind : data::all_defect_kinds)
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            const auto found =
                difference(surface, data::paint_defect(surface, {.kind = kind, .size = 0.15, .seed = seed}, region).image);
            CAPTURE(to_string(kind), seed);
            CHECK((found.left >= 120 && found.right <= 180 && found.top >= 20 && found.bottom <= 80));
            const auto placed =
                data::paint_defect(surface, {.kind = kind, .size = 0.15, .seed = seed, .position = image::point{40.0, 100.0}});
            CHECK(placed.centre == image::point{40.0, 100.0});
            const auto moved = difference(surface, placed.image);
            if (moved.largest > 0) CHECK((moved.left >= 27 && moved.right <= 53 && moved.top >= 87 && moved.bottom <= 113));
        }
}

TEST_CASE("a defect without contrast avoids places where it would not show", "[data]") {
    auto surface = image::make_image<std::uint8_t>(200, 200, 3, 100);  // plain but for one edge
    for (std::size_t y = 0; y < 200; ++y) std::fill_n(surface.at(0, y), 3 * 50, std::uint8_t{180});
    int visible = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (const auto kind : {defect_kind::cut_paste, defect_kind::missing_part})
            visible += data::paint_defect(surface, {.kind = kind, .size = 0.1, .seed = seed}).change >= 4 ? 1 : 0;
    CHECK(visible >= 34);
    const auto plain = image::make_image<std::uint8_t>(64, 64, 3, 100);
    const auto hidden = data::paint_defect(plain, {.kind = defect_kind::cut_paste, .size = 0.1});
    CHECK(hidden.change == 0);
    CHECK(set_pixels(hidden.mask) > 0);
}

TEST_CASE("the sign of a contrast leaves room below white and above black", "[data]") {
    for (const int tone : {0, 5, 250, 255}) {
        const auto plain = image::make_image<std::uint8_t>(100, 100, 3, static_cast<std::uint8_t>(tone));
        for (const auto kind : {defect_kind::scratch, defect_kind::stain})
            for (std::uint64_t seed = 0; seed < 6; ++seed)
                CHECK(difference(plain, data::paint_defect(plain, {.kind = kind, .size = 0.2, .seed = seed}).image).largest >=
                      18);
    }
}

TEST_CASE("the smallest defect of the smallest photograph changes a pixel", "[data]") {
    const auto tiny = image::make_image<std::uint8_t>(16, 16, 3, 90);
    for (const auto kind : data::all_defect_kinds)
        for (const double size : {0.002, 0.5}) {
            const auto made = data::paint_defect(tiny, {.kind = kind, .size = size, .contrast = 255});
            CHECK(set_pixels(made.mask) > 0);
            if (kind == defect_kind::scratch || kind == defect_kind::stain) CHECK(made.change > 0);
        }
}

TEST_CASE("a grid has every size and contrast of every kind", "[data]") {
    const auto grid = data::defect_grid();
    CHECK(grid.size() == 55);
    for (const auto kind : data::all_defect_kinds)
        CHECK(std::count_if(grid.begin(), grid.end(), [&](const auto& one) { return one.kind == kind; }) ==
              (has_contrast(kind) ? 15 : 5));
    const auto small = data::defect_grid({.kinds = {defect_kind::dent}, .sizes = {0.1, 0.2}, .contrasts = {9}});
    REQUIRE(small.size() == 2);
    CHECK((small[1].kind == defect_kind::dent && small[1].size == 0.2 && small[1].contrast == 9));
    CHECK(data::defect_kind_of("missing-part") == defect_kind::missing_part);
}

TEST_CASE("impossible defects are refused", "[data]") {
    const auto surface = striped_surface();
    const auto message = [&](const data::defect_description& defect) {
        return test::message_of<option_error>([&] { (void)data::paint_defect(surface, defect); });
    };
    CHECK_THAT(message({.size = 0.6}), test::mentions("size of a scratch", "0.6", "0.002 to 0.5"));
    CHECK_THAT(message({.kind = defect_kind::dent, .contrast = 0}), test::mentions("contrast of a dent", "255"));
    CHECK(message({.kind = defect_kind::cut_paste, .contrast = 0}) == "nothing thrown");
    CHECK_THAT(message({.position = image::point{10.0, 151.0}}), test::mentions("position 10", "200 x 150"));
    CHECK_THAT(test::message_of<option_error>([] { (void)data::defect_kind_of("rust"); }), test::mentions("rust", "cut-paste"));
    CHECK_THAT(test::message_of<option_error>([] { (void)data::defect_grid({.sizes = {}}); }), test::mentions("0 sizes"));
    CHECK_THAT(test::message_of<option_error>([] { (void)data::defect_grid({.sizes = {0.9}}); }), test::mentions("0.9"));
    const auto none = image::make_image<std::uint8_t>(200, 150, 1), small = image::make_image<std::uint8_t>(20, 150, 1, 1);
    CHECK_THAT(test::message_of<data_error>([&] { (void)data::paint_defect(surface, {}, none); }), test::mentions("region is 0"));
    CHECK_THAT(test::message_of<shape_error>([&] { (void)data::paint_defect(surface, {}, small); }),
               test::mentions("20x150x1", "200x150x3"));
    CHECK_THAT(test::message_of<shape_error>([&] { (void)data::paint_defect(small, {}); }), test::mentions("3 channels"));
    const auto narrow = image::make_image<std::uint8_t>(15, 150, 3);
    CHECK_THAT(test::message_of<shape_error>([&] { (void)data::paint_defect(narrow, {}); }), test::mentions("15x150x3", "16"));
}
