// Which convolutions take which method.
#include <rd4ad/nn/convolution/rule.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;
using nn::algorithm, nn::method, nn::method_of, nn::weights_are;

TEST_CASE("3x3 convolutions of stride 1 take the scheme with the least work", "[nn]") {
    const nn::convolution layer{64, 64, 3, 1, false};
    const auto kept = [&](const shape& input) { return method_of(layer, input, algorithm::automatic, weights_are::kept); };
    CHECK(kept({1, 64, 64, 64}) == method::four);
    CHECK(kept({1, 64, 16, 16}) == method::four);  // 36 x (16 + 16) products; two: 16 x (64 + 16)
    CHECK(kept({1, 64, 8, 8}) == method::two);     // 36 x (4 + 16); two: 16 x (16 + 16); plain: 9 x (64 + 16)
    CHECK(kept({1, 64, 4, 4}) == method::plain);   // two: 16 x (4 + 16); plain: 9 x (16 + 16)
    CHECK(kept({8, 64, 8, 8}) == method::four);
    CHECK(kept({2, 64, 12, 12}) == method::four);  // 36 x (18 + 16); two: 16 x (72 + 16)
    CHECK(kept({2, 64, 9, 12}) == method::two);    // as many tiles of 4 x 4, the last row cut; two: 16 x (60 + 16)
    CHECK(method_of(layer, {1, 64, 16, 16}, algorithm::automatic, weights_are::made) == method::two);
    CHECK(method_of(layer, {1, 64, 8, 8}, algorithm::automatic, weights_are::made) == method::plain);
    CHECK(method_of(layer, {1, 64, 4, 4}, algorithm::winograd, weights_are::kept) == method::four);
    CHECK(method_of(layer, {16, 64, 64, 64}, algorithm::winograd_2x2, weights_are::kept) == method::two);
    CHECK(method_of(layer, {16, 64, 64, 64}, algorithm::direct, weights_are::kept) == method::plain);
}

TEST_CASE("3x3 convolutions of stride 2 are split where there are enough tiles", "[nn]") {
    const nn::convolution layer{64, 64, 3, 2, false};
    CHECK(method_of(layer, {1, 64, 16, 16}, algorithm::automatic, weights_are::kept) == method::strided);  // 16 tiles
    CHECK(method_of(layer, {1, 64, 8, 8}, algorithm::automatic, weights_are::kept) == method::plain);      // 4
    CHECK(method_of(layer, {1, 64, 8, 8}, algorithm::winograd, weights_are::kept) == method::strided);
    CHECK(method_of(layer, {1, 64, 8, 8}, algorithm::winograd_2x2, weights_are::kept) == method::strided);
    CHECK(method_of(layer, {1, 64, 64, 64}, algorithm::direct, weights_are::kept) == method::plain);
    CHECK(method_of(layer, {1, 64, 63, 64}, algorithm::winograd, weights_are::kept) == method::plain);
}

TEST_CASE("no other convolution has anything but the plain product", "[nn]") {
    for (const auto choice : {algorithm::automatic, algorithm::winograd, algorithm::winograd_2x2, algorithm::direct}) {
        CHECK(method_of({3, 64, 7, 2, false}, {16, 3, 64, 64}, choice, weights_are::kept) == method::plain);
        CHECK(method_of({64, 64, 1, 1, false}, {16, 64, 64, 64}, choice, weights_are::kept) == method::plain);
        CHECK(method_of({64, 64, 1, 2, false}, {16, 64, 64, 64}, choice, weights_are::kept) == method::plain);
        CHECK(method_of({64, 64, 2, 2, true}, {16, 64, 64, 64}, choice, weights_are::kept) == method::plain);
    }
}

TEST_CASE("algorithms by name", "[nn]") {
    CHECK(nn::algorithm_from("auto") == algorithm::automatic);
    CHECK(nn::algorithm_from("direct") == algorithm::direct);
    CHECK(nn::algorithm_from("winograd") == algorithm::winograd);
    CHECK(nn::algorithm_from("winograd-2x2") == algorithm::winograd_2x2);
    CHECK(test::message_of([] { static_cast<void>(nn::algorithm_from("fast")); }) ==
          "algorithm 'fast' is unknown: expected auto, direct, winograd or winograd-2x2");
}
