// Results as CSV and Markdown: every value in its column, unknown values empty.
#include <rd4ad/score/results.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>

using namespace rd4ad;

namespace {

tested_set tested(const std::string& name) {
    tested_set set{.name = name};
    set.metrics = {{"image AUROC", 0.75}, {"AUPRO", std::nullopt}};
    set.images.push_back(
        {.file = "good/0.png", .kind = "good", .raw_score = 0.25, .score = 0.125, .ms = 12.345, .width = 200, .height = 100});
    set.images.push_back({.file = "a, \"b\".png",
                          .kind = "scratch",
                          .is_anomalous = true,
                          .raw_score = 1.5,
                          .width = 200,
                          .height = 100,
                          .regions = {{.box = {20, 25.4, 100, 49.6}, .raw_score = 0.75f},
                                      {.box = {0, 0, 200, 100}, .raw_score = 1, .score = 0.5}}});
    return set;
}

}  // namespace

TEST_CASE("each image is a line of CSV, and unknown values are empty", "[score]") {
    CHECK(results_csv({tested("screw")}) ==
          "class,file,label,kind,raw_score,score,regions,ms,error\n"
          "screw,good/0.png,good,good,0.250000,0.125000,,12.35,\n"
          "screw,\"a, \"\"b\"\".png\",defect,scratch,1.500000,,20 25 100 50 0.750000 ; 0 0 200 100 1.000000 0.500000,,\n");
}

TEST_CASE("a raw score never takes a score's place in CSV", "[score]") {
    auto set = tested("screw");
    set.images[1].regions.pop_back();
    set.images[1].file = "b.png";
    const auto csv = results_csv({set});
    CHECK(csv.ends_with("\nscrew,b.png,defect,scratch,1.500000,,20 25 100 50 0.750000 ,,\n"));
    set.images[1].score = 0.875;
    set.images[1].regions[0].score = 0.625;
    CHECK(results_csv({set}).ends_with("\nscrew,b.png,defect,scratch,1.500000,0.875000,20 25 100 50 0.750000 0.625000,,\n"));
}

TEST_CASE("an image without a result is a line with its reason", "[score]") {
    auto set = tested("screw");
    set.images.resize(1);
    set.failures.push_back(
        {.file = "bent/1.png", .kind = "bent", .is_anomalous = true, .reason = "bent/1.png: is truncated, copy it"});
    CHECK(results_csv({set, set}) ==
          "class,file,label,kind,raw_score,score,regions,ms,error\n"
          "screw,good/0.png,good,good,0.250000,0.125000,,12.35,\n"
          "screw,bent/1.png,defect,bent,,,,,\"bent/1.png: is truncated, copy it\"\n"
          "screw,good/0.png,good,good,0.250000,0.125000,,12.35,\n"
          "screw,bent/1.png,defect,bent,,,,,\"bent/1.png: is truncated, copy it\"\n");
}

TEST_CASE("a name forges no line and no formula", "[score]") {
    auto set = tested("two\nlines");
    set.images.resize(1);
    const auto line = [&](const std::string& file, const std::string& kind = "good") {
        set.images[0].file = file, set.images[0].kind = kind;
        const auto csv = results_csv({set});
        return csv.substr(csv.find('\n') + 1);
    };
    CHECK(line("a.png") == "two\\nlines,a.png,good,good,0.250000,0.125000,,12.35,\n");
    CHECK(line("a\nscrew,b.png,good,good,0,0,,,\n").starts_with("two\\nlines,\"a\\nscrew,b.png,good,good,0,0,,,\\n\",good,"));
    CHECK(line("=1+1", "@SUM(A1)") == "two\\nlines,'=1+1,good,'@SUM(A1),0.250000,0.125000,,12.35,\n");
    CHECK(line("-cmd|' /C calc'!A0").starts_with("two\\nlines,'-cmd|' /C calc'!A0,good,"));
    CHECK(line("+a,b").starts_with("two\\nlines,\"'+a,b\",good,"));
    CHECK(line("a;=1+1").starts_with("two\\nlines,\"a;=1+1\",good,"));
    CHECK(line("\t=1").starts_with("two\\nlines,\\t=1,good,"));
    CHECK(line("caf\xe9\r").starts_with("two\\nlines,caf\\xe9\\r,good,"));
    CHECK(results_markdown({set}).find("| two\\nlines |") != std::string::npos);
}

TEST_CASE("one class is one row in Markdown", "[score]") {
    CHECK(results_markdown({tested("screw|nut")}) ==
          "| class | image AUROC | AUPRO | images |\n"
          "| --- | ---: | ---: | ---: |\n"
          "| screw\\|nut | 0.7500 | - | 2 |\n");
}

TEST_CASE("several classes have a row of means over the classes that have the metric", "[score]") {
    auto second = tested("b");
    second.metrics = {{"image AUROC", 0.25}, {"AUPRO", 0.5}};
    CHECK(results_markdown({tested("a"), second}) ==
          "| class | image AUROC | AUPRO | images |\n"
          "| --- | ---: | ---: | ---: |\n"
          "| a | 0.7500 | - | 2 |\n"
          "| b | 0.2500 | 0.5000 | 2 |\n"
          "| **mean** | 0.5000 | 0.5000 | 4 |\n");
}
