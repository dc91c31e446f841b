// examples/make_woven.cpp: writes a small data set in MVTec AD's layout: woven cloth with scratches and stains, from a seed.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/write.hpp>

namespace {

namespace fs = std::filesystem;
namespace image = rd4ad::image;
using colour = std::array<double, 3>;

/// A random number in low .. high.
double between(rd4ad::random& source, double low, double high) { return low + (high - low) * source.uniform(); }

/// A piece of cloth: two crossing sets of threads that alternate in front, under a light that falls off to one side.
struct cloth {
    std::size_t size;
    std::vector<colour> pixels;

    cloth(std::size_t side, rd4ad::random& source) : size{side}, pixels(side * side) {
        constexpr double period = 8.0;
        constexpr colour warp{168, 140, 104}, weft{122, 136, 150};
        const double turn = between(source, -0.05, 0.05), c = std::cos(turn), s = std::sin(turn);
        const double left = between(source, 0, 2 * period), top = between(source, 0, 2 * period);
        const double towards = between(source, 0, 2 * std::numbers::pi), fall = between(source, 0.05, 0.25);
        const double light = between(source, 0.92, 1.08);
        std::array<double, 1024> shade{};  // one brightness per thread
        for (auto& value : shade) value = 1.0 + 0.05 * source.normal();
        const double middle = static_cast<double>(size) / 2;
        for (std::size_t y = 0; y < size; ++y)
            for (std::size_t x = 0; x < size; ++x) {
                const double dx = static_cast<double>(x) - middle, dy = static_cast<double>(y) - middle;
                const double u = (c * dx - s * dy + left) / period + 256, v = (s * dx + c * dy + top) / period + 256;
                const auto i = static_cast<std::size_t>(u), j = static_cast<std::size_t>(v);
                const bool warp_above = (i + j) % 2 == 0;
                const double across = (warp_above ? u : v) - static_cast<double>(warp_above ? i : j) - 0.5;
                const double along = (warp_above ? v : u) - static_cast<double>(warp_above ? j : i) - 0.5;
                const double round = std::cos(across * 2.6) * (0.75 + 0.25 * std::cos(along * 2.8));
                const double lamp =
                    light * (1.0 + fall * (std::cos(towards) * dx + std::sin(towards) * dy) / static_cast<double>(size));
                const double fibre = 1.0 + 0.03 * source.normal();
                const double level = (0.35 + 0.65 * round) * lamp * fibre * shade[(warp_above ? i : j + 512) % shade.size()];
                const auto& thread = warp_above ? warp : weft;
                for (std::size_t k = 0; k < 3; ++k) pixels[y * size + x][k] = thread[k] * level;
            }
    }

    [[nodiscard]] image::image_u8 to_image() const {
        auto out = image::make_image<std::uint8_t>(size, size, 3);
        for (std::size_t i = 0; i < out.pixels.size(); ++i)
            out.pixels[i] = static_cast<std::uint8_t>(std::clamp(pixels[i / 3][i % 3] + 0.5, 0.0, 255.0));
        return out;
    }
};

/// Draws a thin bent line, lighter or darker than the cloth. Returns its mask.
image::image_u8 scratch(cloth& on, rd4ad::random& source) {
    auto mask = image::make_image<std::uint8_t>(on.size, on.size, 1);
    const double side = static_cast<double>(on.size);
    double x = between(source, 0.25, 0.75) * side, y = between(source, 0.25, 0.75) * side;
    double heading = between(source, 0, 2 * std::numbers::pi);
    const double bend = between(source, -0.02, 0.02), half = between(source, 1.5, 2.5);
    const double level = source.below(2) == 0 ? 235 : 30;
    const double length = between(source, 0.25, 0.5) * side;
    for (double done = 0; done < length; done += 0.5) {
        for (double v = std::floor(y - half); v <= y + half; ++v)
            for (double u = std::floor(x - half); u <= x + half; ++u) {
                if (u < 0 || v < 0 || u >= side || v >= side || std::hypot(u - x, v - y) > half) continue;
                const auto at = static_cast<std::size_t>(v) * on.size + static_cast<std::size_t>(u);
                if (mask.pixels[at] != 0) continue;
                mask.pixels[at] = 255;
                for (auto& value : on.pixels[at]) value = 0.3 * value + 0.7 * level;
            }
        x += 0.5 * std::cos(heading);
        y += 0.5 * std::sin(heading);
        heading += 0.5 * bend;
    }
    return mask;
}

/// Draws a blot with an uneven, soft border. Returns the mask of its clearly visible part.
image::image_u8 stain(cloth& on, rd4ad::random& source) {
    auto mask = image::make_image<std::uint8_t>(on.size, on.size, 1);
    const double side = static_cast<double>(on.size);
    const double x = between(source, 0.2, 0.8) * side, y = between(source, 0.2, 0.8) * side;
    const double radius = between(source, 0.06, 0.12) * side, strength = between(source, 0.45, 0.75);
    const colour ink{between(source, 20, 110), between(source, 20, 60), between(source, 15, 50)};
    const double first = between(source, 0, 6.28), second = between(source, 0, 6.28);
    for (std::size_t v = 0; v < on.size; ++v)
        for (std::size_t u = 0; u < on.size; ++u) {
            const double dx = static_cast<double>(u) - x, dy = static_cast<double>(v) - y, angle = std::atan2(dy, dx);
            const double border = radius * (1.0 + 0.2 * std::sin(3 * angle + first) + 0.12 * std::sin(5 * angle + second));
            const double inside = std::clamp((border - std::hypot(dx, dy)) / (0.25 * radius) + 0.5, 0.0, 1.0);
            const auto at = v * on.size + u;
            if (inside >= 0.5) mask.pixels[at] = 255;
            for (std::size_t k = 0; k < 3; ++k) on.pixels[at][k] += inside * strength * (ink[k] - on.pixels[at][k]);
        }
    return mask;
}

/// "007"
std::string number(std::size_t i) {
    const auto digits = std::to_string(i);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

/// The random numbers of the test images of one kind. They depend on the seed and the kind alone, so that the numbers of training
/// images and of other kinds don't change these images, and 5 of them are the first of 12.
rd4ad::random numbers_of(std::uint64_t seed, const std::string& kind) {
    rd4ad::random source{seed};
    return rd4ad::random{source.next() ^ rd4ad::hash_name("test/" + kind)};
}

void good_images(const fs::path& folder, std::size_t count, std::size_t side, rd4ad::random source) {
    fs::create_directories(folder);
    for (std::size_t i = 0; i < count; ++i) image::write_png(folder / (number(i) + ".png"), cloth{side, source}.to_image());
}

template <class Defect>
void defect_images(const fs::path& root, const std::string& kind, std::size_t count, std::size_t side, rd4ad::random source,
                   const Defect& defect) {
    fs::create_directories(root / "test" / kind);
    fs::create_directories(root / "ground_truth" / kind);
    for (std::size_t i = 0; i < count; ++i) {
        cloth piece{side, source};
        const auto mask = defect(piece, source);
        image::write_png(root / "test" / kind / (number(i) + ".png"), piece.to_image());
        image::write_png(root / "ground_truth" / kind / (number(i) + "_mask.png"), mask);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 6) {
        std::fputs("usage: make_woven DIR [TRAIN-IMAGES [TEST-IMAGES-PER-KIND [PIXELS [SEED]]]]\n", stderr);
        return 2;
    }
    try {
        const fs::path root = argv[1];
        const auto number_or = [&](int at, std::size_t fallback) { return argc > at ? std::stoul(argv[at]) : fallback; };
        const std::size_t train = number_or(2, 40), per_kind = number_or(3, 12), side = number_or(4, 256);
        const std::uint64_t seed = number_or(5, 20240229);
        good_images(root / "train" / "good", train, side, rd4ad::random{seed});
        good_images(root / "test" / "good", per_kind, side, numbers_of(seed, "good"));
        defect_images(root, "scratch", per_kind, side, numbers_of(seed, "scratch"), scratch);
        defect_images(root, "stain", per_kind, side, numbers_of(seed, "stain"), stain);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "make_woven: %s\n", problem.what());
        return 1;
    }
}
