#include <rd4ad/data/labelme.hpp>
//
#include <numeric>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

const std::string head = R"({"imageWidth": 8, "imageHeight": 6, "shapes": [)";

TEST_CASE("labelme's shapes are drawn into a mask", "[data]") {
    const test::scratch_folder folder;
    test::write_text(folder / "a.json",
                     head + R"({"label": "pit", "points": [[1, 1], [3, 1], [3, 2], [1, 2]], "shape_type": "polygon"},
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
    const data::item one{.image = folder / "a.jpg", .anomalous = true, .kind = "pit", .mask = folder / "a.json"};
    CHECK(data::load_mask(one, 8, 6) == mask);
    CHECK(message_of<data_error>([&] { (void)data::load_mask(one, 9, 6); }) ==
          (folder / "a.json").string() + ": the mask is 8 x 6 pixels, its image " + (folder / "a.jpg").string() +
              " is 9 x 6; they must be equal, draw the mask at the image's size");
}

TEST_CASE("a circle is round", "[data]") {
    const test::scratch_folder folder;
    test::write_text(folder / "a.json", R"({"imageWidth": 100, "imageHeight": 100, "shapes": [
        {"label": "pit", "points": [[50.5, 50.5], [50.5, 80.5]], "shape_type": "circle"}]})");
    const auto mask = data::labelme_mask(folder / "a.json");
    const double area = std::accumulate(mask.pixels.begin(), mask.pixels.end(), 0.0);
    CHECK(area == Approx(3.14159 * 30 * 30).epsilon(0.05));
}

TEST_CASE("what isn't labelme's says so", "[data]") {
    const test::scratch_folder folder;
    const auto refused = [&](const std::string& text) {
        test::write_text(folder / "a.json", text);
        const auto message = message_of<format_error>([&] { (void)data::read_labelme(folder / "a.json"); });
        REQUIRE(message.rfind((folder / "a.json").string() + ": ", 0) == 0);
        return message.substr((folder / "a.json").string().size() + 2);
    };
    CHECK(refused("[]") == "has no list \"shapes\"; expected a file of labelme");
    CHECK(refused(R"({"shapes": [], "imageHeight": 3})") == "has no imageWidth of 1 to 1000000; expected a file of labelme");
    CHECK(refused(R"({"shapes": [], "imageWidth": 3, "imageHeight": -3})") ==
          "has no imageHeight of 1 to 1000000; expected a file of labelme");
    CHECK(refused(head + R"({"label": "a"}]})") == "shape 1 has no label or no points; expected both, as labelme writes them");
    CHECK(refused(head + R"({"label": "a", "points": [[1, 2], [3]]}]})") == "shape 1: point 2 is no pair of numbers");
    CHECK(refused(head + R"({"label": "a", "points": [[1, 2]], "shape_type": "line"}]})") ==
          "shape 1 is a \"line\"; expected polygon, rectangle or circle, draw it as one of them");
    CHECK(refused(head + R"({"label": "a", "points": [[1, 2]], "shape_type": "circle"}]})") ==
          "shape 1 is a circle of 1 points; expected 2");
    CHECK(refused("{").rfind("is not JSON", 0) == 0);
}

TEST_CASE("masks from the shapes are those drawn from the same source", "[data]") {
    const std::filesystem::path root = std::filesystem::path{RD4AD_SHARED_DIR} / "data";
    if (std::string{RD4AD_SHARED_DIR}.empty() || !std::filesystem::exists(root)) {
        WARN("skipped: the shared photographs aren't here");
        return;
    }
    for (const auto& label : data::detail::listed(root / "bsd_labelme/label", [](const auto&) { return true; })) {
        const auto drawn = data::labelme_mask(label);
        const auto stored = image::read_mask(root / "bsd/ground_truth/pitting" / (label.stem().string() + "_mask.png"));
        std::size_t different = 0;
        for (std::size_t i = 0; i < drawn.pixels.size(); ++i) different += drawn.pixels[i] != stored.pixels[i];
        CAPTURE(label);
        CHECK(different <= 1);
    }
}
}  // namespace
