#include <rd4ad/metrics/boxes.hpp>

#include <limits>
#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("average precision of boxes equals pycocotools'", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/boxes.txt")) {
        INFO(reference.name);
        std::vector<image_boxes> images(static_cast<std::size_t>(reference.one("images")));
        const auto& truth = reference.all("truth");
        for (std::size_t i = 0; i < truth.size(); i += 5)
            images[static_cast<std::size_t>(truth[i])].truth.push_back(
                {truth[i + 1], truth[i + 2], truth[i + 3], truth[i + 4], 0});
        const auto& detections = reference.all("detections");
        for (std::size_t i = 0; i < detections.size(); i += 6)
            images[static_cast<std::size_t>(detections[i])].detections.push_back(
                {detections[i + 1], detections[i + 2], detections[i + 3], detections[i + 4], detections[i + 5]});
        const auto result = coco_box_metrics(images);
        CHECK(result.ap == Approx(reference.one("ap")).epsilon(1e-12));
        CHECK(result.ap50 == Approx(reference.one("ap50")).epsilon(1e-12));
        CHECK(result.ap75 == Approx(reference.one("ap75")).epsilon(1e-12));
    }
}

TEST_CASE("box_iou is the intersection over the union", "[metrics]") {
    CHECK(box_iou({0, 0, 2, 2, 0}, {1, 1, 2, 2, 0}) == Approx(1.0 / 7.0));
    CHECK(box_iou({0, 0, 2, 2, 0}, {2, 0, 2, 2, 0}) == 0.0);
    CHECK(box_iou({0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}) == 0.0);
}

TEST_CASE("boxes without an average precision are refused", "[metrics]") {
    std::vector<image_boxes> images(2);
    images[1].detections.push_back({0, 0, 1, 1, 0.5});
    CHECK_THROWS_WITH(coco_box_metrics(images), mentions("box metrics: ", "none of the 2 images has a true box"));
    images[0].truth.push_back({0, 0, 1, 1, 0});
    images[1].detections.push_back({0, 0, -1, 1, 0.5});
    CHECK_THROWS_WITH(coco_box_metrics(images), mentions("box metrics: ", "image 1, detection 1", "negative size"));
    images[0].truth.push_back({0, std::numeric_limits<double>::quiet_NaN(), 1, 1, 0});
    CHECK_THROWS_WITH(coco_box_metrics(images), mentions("box metrics: ", "image 0, true box 1", "not finite"));
    CHECK_THROWS_AS(coco_box_metrics(images), rd4ad::numeric_error);
}
