// cli/compare_output.cpp: the table, the JSON and the images of a comparison.
#include "compare_output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>

#include <rd4ad/core/text.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>

#include "console.hpp"
#include "image_output.hpp"
#include "options.hpp"
#include "outputs.hpp"

namespace cli {

namespace image = rd4ad::image;
using rd4ad::io::json;

namespace {

/// Row headings, in the order of rd4ad::comparison_metrics.
constexpr const char* headings[]{"AP",       "AP50", "AP75", "image F1", "precision", "recall", "accuracy", "segmentation F1",
                                 "mean Dice"};
static_assert(std::size(headings) == rd4ad::comparison_metrics.size());

void draw(image::image_u8& on, const std::vector<rd4ad::metrics::box>& boxes, image::rgb colour) {
    const std::size_t thickness = 1 + std::max(on.width, on.height) / 400;
    for (const auto& b : boxes) {
        const auto whole = [](double edge) { return static_cast<std::size_t>(std::lround(std::max(edge, 0.0))); };
        image::draw_box(on, whole(b.x), whole(b.y), whole(b.width), whole(b.height), colour, thickness);
    }
}

std::string signed_text(double value) { return (value < 0 ? "" : "+") + fixed(value, 4); }

}  // namespace

json metrics_of(const rd4ad::comparison& found) {
    json metrics = json::object();
    for (std::size_t m = 0; m < rd4ad::comparison_metrics.size(); ++m) {
        const auto& d = found.difference[m];
        metrics[rd4ad::comparison_metrics[m]] = {{"rd4ad", rd4ad::io::number_or_null(found.rd4ad[m])},
                                                 {"external", rd4ad::io::number_or_null(found.external[m])},
                                                 {"difference", d ? json(d->value) : json()},
                                                 {"interval", d ? json{d->low, d->high} : json()},
                                                 {"rd4ad_on_all", rd4ad::io::number_or_null(found.rd4ad_on_all[m])}};
    }
    return metrics;
}

json result_of(const rd4ad::comparison& found, const rd4ad::data::dataset& set, external_boxes external,
               std::optional<double> raw_threshold) {
    const auto names = [&](const std::vector<std::size_t>& which) {
        auto list = json::array();
        for (const std::size_t i : which) list.push_back(set.test[i].image.string());
        return list;
    };
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < set.test.size(); ++i)
        if (external[i] == nullptr) missing.push_back(i);
    return {{"metrics", metrics_of(found)},
            {"raw_threshold", rd4ad::io::number_or_null(raw_threshold)},
            {"images", set.test.size()},
            {"compared", found.shared},
            {"only_rd4ad_correct", names(found.only_rd4ad_correct)},
            {"only_external_correct", names(found.only_external_correct)},
            {"not_in_file", names(missing)}};
}

void print_table(const rd4ad::comparison& found) {
    std::printf("%s\n", bold("                    rd4ad  external  difference  95 % interval      rd4ad, all images").c_str());
    const auto cell = [](double value) { return std::isfinite(value) ? fixed(value, 4) : std::string{"-"}; };
    for (std::size_t m = 0; m < rd4ad::comparison_metrics.size(); ++m) {
        const auto& d = found.difference[m];
        std::printf("%-15s  %8s  %8s  %10s  %-18s  %16s\n", headings[m], cell(found.rd4ad[m]).c_str(),
                    cell(found.external[m]).c_str(), d ? signed_text(d->value).c_str() : "-",
                    d ? rd4ad::text(signed_text(d->low), ' ', signed_text(d->high)).c_str() : "-",
                    cell(found.rd4ad_on_all[m]).c_str());
    }
}

void print_class(const rd4ad::comparison& found, const json& result) {
    print_table(found);
    std::printf("compared: %zu of %s test images; raw threshold %s\n", found.shared, result.at("images").dump().c_str(),
                result.at("raw_threshold").is_null() ? "by product" : fixed(result.at("raw_threshold").get<double>(), 4).c_str());
    std::printf("classified correctly by one program only: %zu by rd4ad, %zu by the external program\n",
                found.only_rd4ad_correct.size(), found.only_external_correct.size());
    print_names("test images that are not in the file", result.at("not_in_file"));
}

void print_names(const std::string& what, const json& names) {
    if (names.empty()) return;
    std::vector<std::string> first;
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) first.push_back(rd4ad::io::row_text(names[i].get<std::string>()));
    if (names.size() > first.size()) first.emplace_back("...");
    std::printf("%s (%zu): %s\n", what.c_str(), names.size(), join_names(first).c_str());
}

std::vector<std::filesystem::path> box_image_files(const std::filesystem::path& folder, const rd4ad::data::dataset& set) {
    result_names names;
    std::vector<std::filesystem::path> files;
    for (const auto& item : set.test)
        files.emplace_back(names(folder, rd4ad::text(item.kind, '_', item.image.stem())).string() + ".jpg");
    return files;
}

void write_box_images(rd4ad::io::output_folder& out, const std::filesystem::path& folder, const rd4ad::data::dataset& set,
                      const std::vector<rd4ad::compared_image>& images, const std::vector<std::size_t>& which,
                      std::uint32_t white_level) {
    const auto files = box_image_files(folder, set);
    for (const std::size_t i : which) {
        const auto& one = images[i];
        std::vector<image::image_u8> columns(3, image::to_rgb(image::read(set.test[i].image, white_level)));
        draw(columns[0], one.truth, {40, 190, 90});
        draw(columns[1], one.rd4ad.boxes, {60, 140, 255});
        draw(columns[2], one.external->boxes, {240, 60, 50});
        for (auto& column : columns) column = image::no_larger_than(std::move(column), max_image_side);
        out.write(files[i], image::encode_jpeg(image::side_by_side(columns), image_jpeg_quality), rd4ad::io::durability::later);
    }
}

}  // namespace cli
