// benchmarks/frames.cpp: a frame from a camera's memory to a verdict, beside the way by an owning RGB image: time, live memory
// and large allocations. benchmark_frames [SIZE [REPETITIONS]]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include <malloc.h>

#include <rd4ad/rd4ad.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both operators are replaced
#endif

namespace {

/// What operator new has returned: bytes that live, their peak, and blocks of at least `large` bytes.
std::atomic<std::size_t> live{0}, peak{0}, large{SIZE_MAX}, large_blocks{0};

void* counted(std::size_t size) noexcept {
    void* block = std::malloc(size > 0 ? size : 1);
    if (block == nullptr) return nullptr;
    const std::size_t now = live += ::malloc_usable_size(block);
    for (std::size_t known = peak; now > known && !peak.compare_exchange_weak(known, now);) {
    }
    if (size >= large) ++large_blocks;
    return block;
}

void uncounted(void* block) noexcept {
    if (block != nullptr) live -= ::malloc_usable_size(block);
    std::free(block);
}

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new(std::size_t size) {
    if (void* block = counted(size)) return block;
    throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { uncounted(block); }
void operator delete(void* block, std::size_t) noexcept { uncounted(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { uncounted(block); }

namespace {

using cpu = rd4ad::backend::xtensor<float>;
using clock_type = std::chrono::steady_clock;

/// Runs a way from frame to verdict, once to warm up and then `repetitions` times, and prints its row.
template <class Way>
void measure(const char* name, std::size_t frame_bytes, std::size_t repetitions, const Way& way) {
    float raw_score = way();
    std::vector<double> milliseconds;
    large = frame_bytes / 2, large_blocks = 0;
    const std::size_t before = live;
    peak = before;
    for (std::size_t i = 0; i < repetitions; ++i) {
        const auto begin = clock_type::now();
        raw_score = way();
        milliseconds.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - begin).count());
    }
    large = SIZE_MAX;
    const double memory = static_cast<double>(peak - before) / 1e6;
    std::sort(milliseconds.begin(), milliseconds.end());
    std::printf("%-58s %8.1f ms %8.1f MB %6.1f blocks  raw score %.6f\n", name, milliseconds[milliseconds.size() / 2], memory,
                static_cast<double>(large_blocks) / static_cast<double>(repetitions), static_cast<double>(raw_score));
}

/// A gradient with noise of `white` values per pixel and channel.
template <class P>
std::vector<P> pixels_of(std::size_t width, std::size_t height, std::size_t channels, std::uint32_t white) {
    std::vector<P> made(width * height * channels);
    rd4ad::random source{7};
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = static_cast<P>((i / channels % width) * (white / 2) / width + source.below(white / 4));
    return made;
}

}  // namespace

int main(int count, char** arguments) {
    const std::size_t side = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 256;
    const std::size_t repetitions = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 9;
    const auto detector_of = [&](rd4ad::map_size size) {
        auto model = rd4ad::make_model_without_teacher<cpu>("resnet18");
        model.settings.preprocessing.geometry.size = side;
        model.settings.width = model.settings.height = side;
        return rd4ad::detector<cpu>{std::move(model), {.size = size}};
    };
    const auto whole = detector_of(rd4ad::map_size::image), small = detector_of(rd4ad::map_size::network);
    std::printf(
        "input %zu x %zu, median of %zu; memory: peak of operator new over the frame; blocks: of half of the frame or more\n",
        side, side, repetitions);

    constexpr std::size_t width = 4000, height = 3000;
    const auto bgr = pixels_of<std::uint8_t>(width, height, 3, 255);
    const rd4ad::image::image_view frame{
        .data = bgr.data(), .width = width, .height = height, .format = rd4ad::image::pixel_format::bgr8};
    const auto by_copy = [&](const auto& by) {
        auto rgb = rd4ad::image::make_image<std::uint8_t>(width, height, 3);
        for (std::size_t i = 0; i < bgr.size(); i += 3)
            rgb.pixels[i] = bgr[i + 2], rgb.pixels[i + 1] = bgr[i + 1], rgb.pixels[i + 2] = bgr[i];
        return by.score(rgb).raw_score;
    };
    measure("4000 x 3000 BGR: view, map of the network's size", bgr.size(), repetitions,
            [&] { return small.score(frame).raw_score; });
    measure("4000 x 3000 BGR: convert, copy, score", bgr.size(), repetitions, [&] { return by_copy(small); });
    measure("4000 x 3000 BGR: view, map of the frame's size", bgr.size(), repetitions,
            [&] { return whole.score(frame).raw_score; });
    measure("4000 x 3000 BGR: convert, copy, score", bgr.size(), repetitions, [&] { return by_copy(whole); });

    constexpr std::size_t deep_width = 2448, deep_height = 2048;
    constexpr std::uint32_t white = 4095;
    const auto grey = pixels_of<std::uint16_t>(deep_width, deep_height, 1, white);
    const rd4ad::image::image_view deep{.data = grey.data(),
                                        .width = deep_width,
                                        .height = deep_height,
                                        .format = rd4ad::image::pixel_format::grey16,
                                        .white = white};
    const std::size_t deep_bytes = grey.size() * sizeof(std::uint16_t);
    measure("2448 x 2048 grey16: view, map of the network's size", deep_bytes, repetitions,
            [&] { return small.score(deep).raw_score; });
    measure("2448 x 2048 grey16: convert to 8-bit RGB, score", deep_bytes, repetitions, [&] {
        auto rgb = rd4ad::image::make_image<std::uint8_t>(deep_width, deep_height, 3);
        for (std::size_t i = 0; i < grey.size(); ++i)
            std::fill_n(rgb.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                        static_cast<std::uint8_t>((grey[i] * 255u + white / 2) / white));
        return small.score(rgb).raw_score;
    });
}
