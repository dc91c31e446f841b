// The table of parameters, PyTorch's order of their values, and the initial values.
#include <rd4ad/nn/parameter.hpp>

#include <rd4ad/nn/initialise.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <rd4ad/nn/conv_bn.hpp>

#include <support/catch.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;
using tensor_shape = std::vector<std::size_t>;

nn::parameter parameter_of(const std::string& name, const nn::convolution& layer) {
    nn::parameter_table table;
    static_cast<void>(nn::add_conv_bn(table, name, name + "_norm", layer));
    return table.values.front();
}

}  // namespace

TEST_CASE("a table states PyTorch's names and shapes, and aligned offsets", "[nn]") {
    nn::parameter_table table;
    const auto first = nn::add_conv_bn(table, "conv1", "bn1", {3, 5, 7, 2, false});
    const auto up = nn::add_conv_bn(table, "up.0", "up.1", {5, 4, 2, 2, true});
    std::vector<std::string> names;
    for (const auto* list : {&table.values, &table.statistics})
        for (const auto& p : *list) {
            names.push_back(p.name);
            CHECK(p.offset % 16 == 0);
            CHECK(p.count == std::accumulate(p.shape.begin(), p.shape.end(), std::size_t{1}, std::multiplies<>{}));
        }
    CHECK(names == std::vector<std::string>{"conv1.weight", "bn1.weight", "bn1.bias", "up.0.weight", "up.1.weight", "up.1.bias",
                                            "bn1.running_mean", "bn1.running_var", "up.1.running_mean", "up.1.running_var"});
    CHECK(table.values[0].shape == tensor_shape{5, 3, 7, 7});
    CHECK(table.values[3].shape == tensor_shape{5, 4, 2, 2});
    CHECK(table.values[1].shape == tensor_shape{5});
    CHECK(table.values[1].offset == 736);  // 735 weights
    CHECK(table.value_count == 736 + 16 + 16 + 80 + 16 + 16);
    CHECK(table.statistic_count == 4 * 16);
    CHECK((first.weight == 0 && first.norm.weight == 736 && first.norm.bias == 752 && first.norm.channels == 5));
    CHECK((up.weight == 768 && up.norm.mean == 32 && up.norm.variance == 48));
}

TEST_CASE("PyTorch's order converts to memory order and back", "[nn]") {
    for (const nn::convolution layer :
         {nn::convolution{3, 5, 3, 1, false}, nn::convolution{4, 7, 1, 2, false}, nn::convolution{5, 4, 2, 2, true},
          nn::convolution{3, 2, 7, 2, false}, nn::convolution{9, 37, 3, 1, false}}) {
        const auto p = parameter_of("layer", layer);
        std::vector<double> torch(p.count), memory(p.count), back(p.count);
        std::iota(torch.begin(), torch.end(), 1.0);
        nn::from_pytorch<double>(p, torch, memory, 2);
        const std::size_t k = layer.kernel;
        for (std::size_t i = 0; i < layer.in; ++i)
            for (std::size_t o = 0; o < layer.out; ++o)
                for (std::size_t y = 0; y < k; ++y)
                    for (std::size_t x = 0; x < k; ++x) {
                        const auto in_torch =
                            layer.transposed ? ((i * layer.out + o) * k + y) * k + x : ((o * layer.in + i) * k + y) * k + x;
                        const auto in_memory = layer.transposed ? ((i * k + y) * k + x) * layer.out + o
                                                                : ((y * k + x) * layer.in + i) * layer.out + o;
                        REQUIRE(memory[in_memory] == torch[in_torch]);
                    }
        nn::to_pytorch<double>(p, memory, back);
        CHECK(back == torch);
    }
    nn::parameter_table table;
    static_cast<void>(nn::add_conv_bn(table, "conv", "norm", {3, 5, 1, 1, false}));
    const std::vector<double> given{1, 2, 3, 4, 5};
    std::vector<double> found(5);
    nn::from_pytorch<double>(table.values[1], given, found);
    CHECK(found == given);
}

TEST_CASE("initial values depend on the seed and the name alone", "[nn]") {
    const auto values = [](const std::string& name, std::uint64_t seed, std::size_t threads = 1) {
        const auto p = parameter_of(name, {200, 100, 3, 1, false});  // three blocks of random numbers
        std::vector<double> made(p.count);
        nn::initialise<double>(p, seed, made, threads);
        return made;
    };
    const auto made = values("a", 111);
    CHECK(values("a", 111) == made);
    CHECK(values("a", 111, 2) == made);
    CHECK(values("a", 111, 5) == made);
    CHECK(values("a", 112) != made);
    CHECK(values("b", 111) != made);
    rd4ad::random source{.state = rd4ad::hash_name("a.weight") ^ (111 * rd4ad::random::increment)};
    const double deviation = std::sqrt(2.0 / (100 * 9));
    CHECK(std::all_of(made.begin(), made.end(), [&](double one) { return one == source.normal() * deviation; }));
}

TEST_CASE("initial values have the stated distributions", "[nn]") {
    const auto check = [](const nn::convolution& layer, double variance, double largest) {
        const auto p = parameter_of("layer", layer);
        std::vector<double> made(p.count);
        nn::initialise<double>(p, 111, made, 1);
        const double n = static_cast<double>(p.count), mean = std::accumulate(made.begin(), made.end(), 0.0) / n;
        double square = 0;
        for (const double v : made) square += (v - mean) * (v - mean) / n;
        CHECK(std::fabs(mean) < 4 * std::sqrt(variance / n));
        CHECK(square == Approx(variance).epsilon(0.05));
        CHECK(test::largest_magnitude(made) < largest);
    };
    check({64, 32, 3, 1, false}, 2.0 / (32 * 9), 1.0);  // Kaiming, fan out
    check({64, 128, 1, 1, false}, 2.0 / 128, 1.0);
    const double bound = 1 / std::sqrt(32.0 * 4);  // uniform; PyTorch's fan in is out x area
    check({64, 32, 2, 2, true}, bound * bound / 3, bound);

    nn::parameter_table table;
    static_cast<void>(nn::add_conv_bn(table, "conv", "norm", {3, 5, 1, 1, false}));
    const auto of = [](const nn::parameter& p) {
        std::vector<float> made(p.count, 9.0f);
        nn::initialise<float>(p, 111, made, 1);
        return made;
    };
    const std::vector<float> ones(5, 1.0f), zeros(5, 0.0f);
    CHECK(of(table.values[1]) == ones);
    CHECK(of(table.values[2]) == zeros);
    CHECK(of(table.statistics[0]) == zeros);
    CHECK(of(table.statistics[1]) == ones);
}
