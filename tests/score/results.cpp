#include <rd4ad/score/results.hpp>
#include <support/catch.hpp>

#include <string>
#include <vector>

using namespace rd4ad;

namespace {

tested_set small_set(const std::string& name) {
    tested_set set{.name = name};
    set.metrics = {{"image AUROC", 0.75}, {"AUPRO", std::nullopt}};
    set.images.push_back(
        {.file = "good/0.png", .kind = "good", .raw = 0.25, .score = 0.125, .ms = 12.345, .width = 200, .height = 100});
    set.images.push_back(
        {.file = "a, \"b\".png",
         .kind = "scratch",
         .anomalous = true,
         .raw = 1.5,
         .width = 200,
         .height = 100,
         .regions = {{.box = {20, 25.4, 100, 49.6}, .peak = 0.75f}, {.box = {0, 0, 200, 100}, .peak = 1, .score = 0.5}}});
    return set;
}

}  // namespace

TEST_CASE("each image is a line, and what is not known is empty", "[score]") {
    CHECK(results_csv({small_set("screw")}) ==
          "class,file,label,kind,raw_score,score,regions,ms\n"
          "screw,good/0.png,good,good,0.250000,0.125000,,12.35\n"
          "screw,\"a, \"\"b\"\".png\",defect,scratch,1.500000,,20 25 100 50 0.750000; 0 0 200 100 0.500000,\n");
}

TEST_CASE("fields with line breaks are quoted", "[score]") {
    auto set = small_set("two\nlines");
    set.images.resize(1);
    CHECK(results_csv({set}).find("\n\"two\nlines\",good/0.png,") != std::string::npos);
}

TEST_CASE("one class is one row in Markdown", "[score]") {
    CHECK(results_markdown({small_set("screw|nut")}) ==
          "| class | image AUROC | AUPRO | images |\n"
          "| --- | ---: | ---: | ---: |\n"
          "| screw\\|nut | 0.7500 | - | 2 |\n");
}

TEST_CASE("several classes have a row of means over those that have the metric", "[score]") {
    auto second = small_set("b");
    second.metrics = {{"image AUROC", 0.25}, {"AUPRO", 0.5}};
    CHECK(results_markdown({small_set("a"), second}) ==
          "| class | image AUROC | AUPRO | images |\n"
          "| --- | ---: | ---: | ---: |\n"
          "| a | 0.7500 | - | 2 |\n"
          "| b | 0.2500 | 0.5000 | 2 |\n"
          "| **mean** | 0.5000 | 0.5000 | 4 |\n");
}
