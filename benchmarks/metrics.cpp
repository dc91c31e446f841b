// Measures the time and memory of all pixel metrics over N generated maps of 256 x 256: metrics [N] [--json].
#include <rd4ad/metrics.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

namespace {

constexpr std::size_t side = 256;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The largest resident size of this process in MB; 0 if /proc does not state it.
double peak_megabytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
    return 0;
}

/// A smooth map like a detector's: low waves and noise. Two of three maps also have a bright disc; their mask has it shifted.
void make_map(std::size_t n, std::vector<float>& map, std::vector<std::uint8_t>& mask) {
    rd4ad::random source{n};
    const double phase = source.uniform() * 6, level = 0.1 + 0.1 * source.uniform();
    const double cx = 40 + 176 * source.uniform(), cy = 40 + 176 * source.uniform(), r = 8 + 24 * source.uniform();
    const bool defect = n % 3 != 0;
    for (std::size_t i = 0; i < side * side; ++i) {
        const auto x = static_cast<double>(i % side), y = static_cast<double>(i / side);
        const double distance = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (r * r);
        map[i] = static_cast<float>(level * (1.1 + std::sin(x * 0.05 + phase) * std::cos(y * 0.04)) + 0.02 * source.uniform() +
                                    (defect ? 0.5 * std::exp(-distance) : 0.0));
        const double shifted = ((x - cx - 4) * (x - cx - 4) + (y - cy) * (y - cy)) / (r * r);
        mask[i] = defect && shifted < 1 ? 255 : 0;
    }
}

}  // namespace

int main(int count, char** args) {
    std::size_t maps = 2000;
    bool json = false;
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(args[i], "--json") == 0)
            json = true;
        else
            maps = static_cast<std::size_t>(std::strtoul(args[i], nullptr, 10));
    }
    std::vector<float> map(side * side);
    std::vector<std::uint8_t> mask(side * side);
    rd4ad::metrics::pixel_accumulator metrics;
    double adding = 0;
    for (std::size_t n = 0; n < maps; ++n) {
        make_map(n, map, mask);
        const auto start = std::chrono::steady_clock::now();
        metrics.add(map, mask, side, side);
        adding += seconds_since(start);
    }
    const auto start = std::chrono::steady_clock::now();
    const auto found = metrics.result();
    const double summing = seconds_since(start);
    const double pixels = static_cast<double>(maps * side * side);
    std::printf(
        json ? "{\"maps\": %zu, \"seconds\": %.3f, \"seconds_add\": %.3f, \"seconds_result\": %.3f, \"peak_megabytes\": %.1f, "
               "\"state_bytes_per_pixel\": %.3f, \"auroc\": %.17g, \"average_precision\": %.17g, \"best_f1\": %.17g, "
               "\"aupro\": %.17g, \"aupro_per_image\": %.17g, \"error_bound\": %.3g}\n"
             : "%zu maps: %.2f s (add %.2f, result %.2f), peak memory %.1f MB, state %.2f bytes per pixel\nauroc %.6f  ap %.6f  "
               "best f1 %.6f  aupro %.6f  aupro per image %.6f  error bound %.2g\n",
        maps, adding + summing, adding, summing, peak_megabytes(), static_cast<double>(metrics.scores().bytes()) / pixels,
        found.auroc, found.average_precision, found.best_f1, found.aupro, found.aupro_per_image, found.error_bound);
    return 0;
}
