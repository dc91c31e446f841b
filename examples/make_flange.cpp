// examples/make_flange.cpp: writes a data set in MVTec AD's layout, from a seed: a turned flange with holes, screws, an engraved
// number and a label, under a fixed camera and lamp. Every good part looks alike at each position, within natural variation.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <rd4ad/core/random.hpp>
#include <rd4ad/image/write.hpp>

#include "flange/defects.hpp"
#include "flange/part.hpp"
#include "flange/photograph.hpp"

namespace {

namespace fs = std::filesystem;
namespace image = rd4ad::image;

/// "007"
std::string number(std::size_t i) {
    const auto digits = std::to_string(i);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

/// The random numbers of one image. They depend on the seed and the image's name alone, so 40 training images are the first 40 of
/// 200, and the test images are the same.
rd4ad::random numbers_of(std::uint64_t seed, const std::string& name) {
    rd4ad::random source{seed};
    return rd4ad::random{source.next() ^ rd4ad::hash_name(name)};
}

void good_images(const fs::path& root, const std::string& split, std::size_t count, std::size_t side, std::uint64_t seed) {
    fs::create_directories(root / split / "good");
    for (std::size_t i = 0; i < count; ++i) {
        auto source = numbers_of(seed, split + "/good/" + number(i));
        const flange::part made{source};
        image::write_png(root / split / "good" / (number(i) + ".png"), flange::photograph_of(made, side, source).picture);
    }
}

template <class Defect>
void defect_images(const fs::path& root, const std::string& kind, std::size_t count, std::size_t side, std::uint64_t seed,
                   const Defect& add) {
    fs::create_directories(root / "test" / kind);
    fs::create_directories(root / "ground_truth" / kind);
    for (std::size_t i = 0; i < count; ++i) {
        auto source = numbers_of(seed, "test/" + kind + "/" + number(i));
        flange::part made{source};
        add(made, count > 1 ? 1 - static_cast<double>(i) / static_cast<double>(count - 1) : 1.0, i, source);
        const auto taken = flange::photograph_of(made, side, source);
        image::write_png(root / "test" / kind / (number(i) + ".png"), taken.picture);
        image::write_png(root / "ground_truth" / kind / (number(i) + "_mask.png"), taken.mask);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 7) {
        std::fputs("usage: make_flange DIR [TRAIN-IMAGES [GOOD-TEST-IMAGES [TEST-IMAGES-PER-DEFECT [PIXELS [SEED]]]]]\n", stderr);
        return 2;
    }
    try {
        const fs::path root = argv[1];
        const auto number_or = [&](int at, std::size_t fallback) { return argc > at ? std::stoul(argv[at]) : fallback; };
        const std::size_t train = number_or(2, 40), good = number_or(3, 40), per_kind = number_or(4, 8), side = number_or(5, 256);
        const std::uint64_t seed = number_or(6, 1);
        good_images(root, "train", train, side, seed);
        good_images(root, "test", good, side, seed);
        defect_images(root, "scratch", per_kind, side, seed, flange::add_scratch);
        defect_images(root, "dent", per_kind, side, seed, flange::add_dent);
        defect_images(root, "missing_hole", per_kind, side, seed, flange::add_missing_hole);
        defect_images(root, "misprint", per_kind, side, seed, flange::add_misprint);
        defect_images(root, "stain", per_kind, side, seed, flange::add_stain);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "make_flange: %s\n", problem.what());
        return 1;
    }
}
