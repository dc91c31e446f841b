// The Gaussian over a whole map against the matrices of nn::gaussian_blur.
#include <rd4ad/score/smoothing.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

TEST_CASE("smoothing a map equals multiplication by the Gaussian's matrices on either side", "[score]") {
    rd4ad::random source{2};
    for (const auto& [width, height] : {std::pair{70u, 9u}, {3u, 200u}, {1u, 1u}, {130u, 40u}})
        for (const double sigma : {0.0, 1.3, 4.0}) {
            auto map = image::make_image<float>(width, height, 1);
            for (auto& value : map.pixels) value = static_cast<float>(3 * source.uniform());
            const auto rows = nn::gaussian_blur(height, sigma), columns = nn::gaussian_blur(width, sigma);
            nn::matrix values{height, width, {map.pixels.begin(), map.pixels.end()}}, transposed{width, width, columns.values};
            for (std::size_t r = 0; r < width; ++r)
                for (std::size_t c = 0; c < width; ++c) transposed.at(r, c) = columns.at(c, r);
            const auto expected = nn::product(nn::product(rows, values), transposed);
            auto one_thread = map;
            smooth(map, sigma, 2);
            smooth(one_thread, sigma, 1);
            CHECK(map == one_thread);
            double largest = 0;
            for (std::size_t i = 0; i < map.pixels.size(); ++i)
                largest = std::max(largest, std::abs(static_cast<double>(map.pixels[i]) - expected.values[i]));
            CAPTURE(width, height, sigma);
            CHECK(largest < 2e-6);
        }
}
