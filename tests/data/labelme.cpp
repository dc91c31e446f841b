#include <rd4ad/data/labelme.hpp>
//
#include <numeric>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

const std::string json_head = R"({"imageWidth": 8, "imageHeight": 6, "shapes": [)";

TEST_CASE("the shapes of a labelme file are drawn into a mask", "[data]") {
    const test::scratch_folder folder;
    test::write_text(folder / "a.json",
                     json_head + R"({"label": "pit", "points": [[1, 1], [3, 1], [3, 2], [1, 2]], "shape_type": "polygon"},
        {"label": "scratch", "points": [[5.5, 4.2], [7.9, 5.9]], "shape_type": "rectangle"}], "imageData": null})");
    const auto file = data::read_labelme(folder / "a.json");
    CHECK(file.width == 8);
    CHECK(file.height == 6);
    REQUIRE(file.shapes.size() == 2);
    CHECK(file.shapes[1].label == "scratch");
    const auto mask = data::labelme_mask(folder / "a.json");
    std::string rows;
    for (std::size_t y = 0; y < 6; ++y, rows += '/')
        for (std::size_t x = 0; x < 8; ++x) rows += *mask.at(x, y) ? '#' : '.';
    CHECK(rows == "......../.###..../.###..../......../.....###/.....###/");
    const data::item one{.image = folder / "a.jpg", .is_anomalous = true, .kind = "pit", .mask = folder / "a.json"};
    CHECK(data::load_mask(one, 8, 6) == mask);
    CHECK_THAT(message_of<data_error>([&] { (void)data::load_mask(one, 9, 6); }),
               mentions(folder / "a.json", "8 x 6", folder / "a.jpg", "9 x 6"));
}

TEST_CASE("a circle is drawn with its area", "[data]") {
    const test::scratch_folder folder;
    test::write_text(folder / "a.json", R"({"imageWidth": 100, "imageHeight": 100, "shapes": [
        {"label": "pit", "points": [[50.5, 50.5], [50.5, 80.5]], "shape_type": "circle"}]})");
    const auto mask = data::labelme_mask(folder / "a.json");
    const double area = std::accumulate(mask.pixels.begin(), mask.pixels.end(), 0.0);
    CHECK(area == Approx(3.14159 * 30 * 30).epsilon(0.05));
}

TEST_CASE("a file that isn't labelme's is refused", "[data]") {
    const test::scratch_folder folder;
    const auto refusal = [&](const std::string& content) {
        test::write_text(folder / "a.json", content);
        const auto message = message_of<format_error>([&] { (void)data::read_labelme(folder / "a.json"); });
        REQUIRE(message.rfind((folder / "a.json").string() + ": ", 0) == 0);
        return message;
    };
    CHECK_THAT(refusal("[]"), mentions("no list \"shapes\"", "labelme"));
    CHECK_THAT(refusal(R"({"shapes": [], "imageHeight": 3})"), mentions("no imageWidth", "1 to 1000000"));
    CHECK_THAT(refusal(R"({"shapes": [], "imageWidth": 3, "imageHeight": -3})"), mentions("no imageHeight", "1 to 1000000"));
    CHECK_THAT(refusal(json_head + R"({"label": "a"}]})"), mentions("shape 1", "no label or no points"));
    CHECK_THAT(refusal(json_head + R"({"label": "a", "points": [[1, 2], [3]]}]})"),
               mentions("shape 1", "point 2", "pair of numbers"));
    CHECK_THAT(refusal(json_head + R"({"label": "a", "points": [[1, 2]], "shape_type": "line"}]})"),
               mentions("shape 1", "\"line\"", "polygon, rectangle or circle"));
    CHECK_THAT(refusal(json_head + R"({"label": "a", "points": [[1, 2]], "shape_type": "circle"}]})"),
               mentions("shape 1", "circle of 1 points", "expected 2"));
    CHECK_THAT(refusal("{"), mentions("a.json: is not JSON"));
    CHECK_THAT(refusal(R"({"shapes": [], "imageWidth": 1000000, "imageHeight": 1000000})"),
               mentions("1000000 x 1000000 pixels", "the limit is 268435456"));
    CHECK_THAT(refusal(json_head + R"({"label": "a", "points": [[1, 2], [1e300, 2], [3, 4]]}]})"),
               mentions("shape 1 reaches to", "within 1000000 pixels"));
    CHECK_THAT(refusal(json_head + R"({"label": "a", "points": [[1, 2], [900000, 900000]], "shape_type": "circle"}]})"),
               mentions("shape 1 reaches to"));
}

TEST_CASE("masks drawn from shapes equal the masks that BSData publishes", "[data]") {
    const auto root = std::filesystem::path{RD4AD_SHARED_DIR} / "data";
    RD4AD_SKIP_UNLESS(std::filesystem::exists(root / "bsd_labelme"), "the shared images are missing");
    for (const auto& label : data::detail::list_folder(root / "bsd_labelme/label", [](const auto&) { return true; })) {
        const auto drawn = data::labelme_mask(label);
        const auto stored = image::read_mask(root / "bsd/ground_truth/pitting" / (label.stem().string() + "_mask.png"));
        std::size_t different = 0;
        for (std::size_t i = 0; i < drawn.pixels.size(); ++i) different += drawn.pixels[i] != stored.pixels[i];
        CAPTURE(label);
        CHECK(different <= 1);
    }
}
}  // namespace
