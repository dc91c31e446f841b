// cli/roi_flags.cpp: reads --roi and --product.
#include "roi_flags.hpp"

#include <algorithm>
#include <cstdint>

#include <rd4ad/core/text.hpp>
#include <rd4ad/data/open_roi.hpp>

#include "console.hpp"

namespace cli {

flag roi_flag() {
    return {"roi", "PATH", "",
            "mask of the region that counts, white inside, at the image's size: one for all images, or a folder with one per "
            "image; by default the checkpoint's"};
}

flag product_flag() {
    return {"product", "NAME", "", "the product that the images show, for a model with a threshold per product"};
}

rd4ad::data::region_of_interest roi_of(const parsed_options& options, std::span<const std::filesystem::path> images) {
    if (!options.has("roi")) return {};
    return rd4ad::data::open_roi(options.required("roi"), images);
}

std::string product_for(const parsed_options& options, const rd4ad::product_calibrations& of, const std::string& set_name) {
    const auto given = options.text("product");
    return given.empty() && per_product(of) && of.contains(set_name) ? set_name : given;
}

std::string describe(const rd4ad::data::region_of_interest& roi) {
    if (roi.kind == rd4ad::data::roi_kind::whole) return "";
    if (roi.kind == rd4ad::data::roi_kind::per_image) return "one mask per image";
    const auto& pixels = roi.mask->pixels;
    const auto outside = std::count(pixels.begin(), pixels.end(), std::uint8_t{0});
    return rd4ad::text(fixed(100 - 100 * static_cast<double>(outside) / static_cast<double>(pixels.size()), 1),
                       " % of an image of ", roi.mask->width, " x ", roi.mask->height);
}

}  // namespace cli
