// Which convolutions take Winograd's algorithm.
#include <rd4ad/nn/convolution/rule.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;
using nn::algorithm, nn::takes_winograd;

TEST_CASE("Winograd's algorithm is for 3x3 convolutions of stride 1 with enough tiles", "[nn]") {
    const nn::convolution layer{64, 64, 3, 1, false};
    CHECK(takes_winograd(layer, {1, 64, 16, 16}, algorithm::automatic));   // 16 tiles
    CHECK(takes_winograd(layer, {1, 64, 12, 16}, algorithm::automatic));   // 12
    CHECK(!takes_winograd(layer, {1, 64, 12, 12}, algorithm::automatic));  // 9
    CHECK(takes_winograd(layer, {2, 64, 9, 12}, algorithm::automatic));    // 2 x 9, the last row cut
    CHECK(takes_winograd(layer, {1, 64, 4, 4}, algorithm::winograd));
    CHECK(!takes_winograd(layer, {16, 64, 64, 64}, algorithm::direct));
}

TEST_CASE("no other convolution takes Winograd's algorithm", "[nn]") {
    for (const auto choice : {algorithm::automatic, algorithm::winograd, algorithm::direct}) {
        CHECK(!takes_winograd({3, 64, 7, 2, false}, {16, 3, 64, 64}, choice));
        CHECK(!takes_winograd({64, 64, 1, 1, false}, {16, 64, 64, 64}, choice));
        CHECK(!takes_winograd({64, 64, 3, 2, false}, {16, 64, 64, 64}, choice));
        CHECK(!takes_winograd({64, 64, 2, 2, true}, {16, 64, 64, 64}, choice));
    }
}

TEST_CASE("algorithms by name", "[nn]") {
    CHECK(nn::algorithm_from("auto") == algorithm::automatic);
    CHECK(nn::algorithm_from("direct") == algorithm::direct);
    CHECK(nn::algorithm_from("winograd") == algorithm::winograd);
    CHECK(test::message_of([] { static_cast<void>(nn::algorithm_from("fast")); }) ==
          "algorithm 'fast' is unknown: expected auto, direct or winograd");
}
