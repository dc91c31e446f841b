// The selected algorithm by layer, input shape, preference and lifetime of the weights.
#include <rd4ad/nn/convolution/select_algorithm.hpp>

#include <algorithm>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;
using nn::algorithm_preference, nn::conv_algorithm, nn::select_algorithm, nn::weight_lifetime;

TEST_CASE("3x3 convolutions of stride 1 use the algorithm with the least cost", "[nn]") {
    const nn::convolution layer{64, 64, 3, 1, false};
    const auto selected = [&](const shape& input, algorithm_preference preference = algorithm_preference::automatic,
                              weight_lifetime lifetime = weight_lifetime::persistent) {
        return select_algorithm(layer, input, preference, lifetime);
    };
    CHECK(selected({1, 64, 64, 64}) == conv_algorithm::winograd_4x4);
    CHECK(selected({1, 64, 16, 16}) == conv_algorithm::winograd_4x4);  // 36 x (16 + 16) rows; 2x2: 16 x (64 + 16)
    CHECK(selected({1, 64, 8, 8}) == conv_algorithm::winograd_2x2);  // 36 x (4 + 16); 2x2: 16 x (16 + 16); im2col: 9 x (64 + 16)
    CHECK(selected({1, 64, 4, 4}) == conv_algorithm::im2col);        // 2x2: 16 x (4 + 16); im2col: 9 x (16 + 16)
    CHECK(selected({8, 64, 8, 8}) == conv_algorithm::winograd_4x4);
    CHECK(selected({2, 64, 12, 12}) == conv_algorithm::winograd_4x4);  // 36 x (18 + 16); 2x2: 16 x (72 + 16)
    CHECK(selected({2, 64, 9, 12}) == conv_algorithm::winograd_2x2);   // as many 4x4 tiles, the last row cut; 2x2: 16 x (60 + 16)
    CHECK(selected({1, 64, 16, 16}, algorithm_preference::automatic, weight_lifetime::transient) == conv_algorithm::winograd_2x2);
    CHECK(selected({1, 64, 8, 8}, algorithm_preference::automatic, weight_lifetime::transient) == conv_algorithm::im2col);
    CHECK(selected({1, 64, 4, 4}, algorithm_preference::winograd) == conv_algorithm::winograd_4x4);
    CHECK(selected({16, 64, 64, 64}, algorithm_preference::winograd_2x2) == conv_algorithm::winograd_2x2);
    CHECK(selected({16, 64, 64, 64}, algorithm_preference::im2col) == conv_algorithm::im2col);
}

TEST_CASE("3x3 convolutions of stride 2 use Winograd if there are enough tiles and the sizes are even", "[nn]") {
    const auto selected = [](const shape& input, algorithm_preference preference) {
        return select_algorithm({64, 64, 3, 2, false}, input, preference, weight_lifetime::persistent);
    };
    CHECK(selected({1, 64, 16, 16}, algorithm_preference::automatic) == conv_algorithm::winograd_strided);  // 16 tiles
    CHECK(selected({1, 64, 8, 8}, algorithm_preference::automatic) == conv_algorithm::im2col);              // 4 tiles
    CHECK(selected({1, 64, 8, 8}, algorithm_preference::winograd) == conv_algorithm::winograd_strided);
    CHECK(selected({1, 64, 8, 8}, algorithm_preference::winograd_2x2) == conv_algorithm::winograd_strided);
    CHECK(selected({1, 64, 64, 64}, algorithm_preference::im2col) == conv_algorithm::im2col);
    CHECK(selected({1, 64, 63, 64}, algorithm_preference::winograd) == conv_algorithm::im2col);
}

TEST_CASE("every other convolution uses im2col", "[nn]") {
    for (const auto preference : {algorithm_preference::automatic, algorithm_preference::winograd,
                                  algorithm_preference::winograd_2x2, algorithm_preference::im2col}) {
        const auto selected = [&](const nn::convolution& layer) {
            return select_algorithm(layer, {16, layer.in, 64, 64}, preference, weight_lifetime::persistent);
        };
        CHECK(selected({3, 64, 7, 2, false}) == conv_algorithm::im2col);
        CHECK(selected({64, 64, 1, 1, false}) == conv_algorithm::im2col);
        CHECK(selected({64, 64, 1, 2, false}) == conv_algorithm::im2col);
        CHECK(selected({64, 64, 2, 2, true}) == conv_algorithm::im2col);
    }
}

TEST_CASE("among some of the algorithms the one with the least cost is used", "[nn]") {
    const nn::convolution layer{64, 64, 3, 1, false};
    const auto selected = [&](const shape& input, std::vector<conv_algorithm> usable,
                              algorithm_preference preference = algorithm_preference::automatic) {
        return select_algorithm(layer, input, preference, weight_lifetime::persistent,
                                [&](conv_algorithm one) { return std::find(usable.begin(), usable.end(), one) != usable.end(); });
    };
    const auto im2col = conv_algorithm::im2col, by_2x2 = conv_algorithm::winograd_2x2, by_4x4 = conv_algorithm::winograd_4x4;
    CHECK(selected({1, 64, 8, 8}, {im2col, by_4x4}) == im2col);  // 9 x (64 + 16) and 36 x (4 + 16): equal costs
    CHECK(selected({1, 64, 12, 12}, {im2col, by_4x4}) == by_4x4);
    CHECK(selected({8, 64, 64, 64}, {im2col, by_2x2}) == by_2x2);
    CHECK(selected({8, 64, 64, 64}, {by_2x2}) == by_2x2);
    CHECK(selected({1, 64, 4, 4}, {by_4x4}) == by_4x4);
    CHECK(selected({8, 64, 64, 64}, {im2col, by_2x2}, algorithm_preference::im2col) == im2col);
    CHECK(selected({1, 64, 4, 4}, {im2col, by_4x4}, algorithm_preference::winograd) == by_4x4);
}

TEST_CASE("a preference has a name", "[nn]") {
    CHECK(nn::algorithm_preference_from("auto") == algorithm_preference::automatic);
    CHECK(nn::algorithm_preference_from("im2col") == algorithm_preference::im2col);
    CHECK(nn::algorithm_preference_from("winograd") == algorithm_preference::winograd);
    CHECK(nn::algorithm_preference_from("winograd-2x2") == algorithm_preference::winograd_2x2);
    CHECK_THAT(test::message_of([] { static_cast<void>(nn::algorithm_preference_from("fast")); }),
               test::mentions("algorithm 'fast'", "auto, im2col, winograd or winograd-2x2"));
}
