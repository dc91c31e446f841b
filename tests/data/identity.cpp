#include <rd4ad/data/identity.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <support/catch.hpp>

namespace {
using namespace rd4ad;

std::uint64_t hash_of(const std::string& content) { return data::image_hash(std::as_bytes(std::span{content})); }

/// The identity of a data set of images with the numbers first, first + 1, ... in them.
data::identity identity_of(std::string name, std::size_t first, std::size_t count) {
    std::vector<std::uint64_t> hashes;
    for (std::size_t i = 0; i < count; ++i)
        hashes.push_back(hash_of("image " + std::to_string(1000 + first + i)));  // of one size
    return data::make_identity(std::move(name), std::move(hashes));
}

TEST_CASE("a data set is recognised by its images, not by their names or folder", "[data]") {
    const auto forty = identity_of("a", 0, 40);
    CHECK((forty.name == "a" && forty.images == 40 && forty.sketch.size() == 40));
    const auto is_same = [&](std::size_t first, std::size_t count) {
        return data::is_same_data(forty, identity_of("b", first, count));
    };
    CHECK(is_same(0, 40));
    CHECK(is_same(0, 50));
    CHECK(is_same(0, 200));        // 40 of 40
    CHECK(is_same(10, 40));        // 30 of 40
    CHECK_FALSE(is_same(30, 40));  // 10 of 40
    CHECK_FALSE(is_same(100, 40));
    CHECK_FALSE(is_same(0, 0));
}

TEST_CASE("an image is recognised by its size and its first 64 KiB", "[data]") {
    const std::string large(70000, 'x');
    auto other = large;
    other.back() = 'y';
    CHECK(hash_of(large) == hash_of(other));
    other.front() = 'y';
    CHECK(hash_of(large) != hash_of(other));
    CHECK(hash_of(large) != hash_of(large + 'x'));
    CHECK(data::make_identity("a", {hash_of("1"), hash_of("1"), hash_of("2")}).sketch.size() == 2);
}

TEST_CASE("the sketch of large data sets estimates what they share", "[data]") {
    const auto a = identity_of("a", 0, 600), b = identity_of("b", 300, 600);
    CHECK(a.sketch.size() == data::identity_size);
    CHECK(data::common_share(a, b) == Approx(1.0 / 3).margin(0.2));
    CHECK(data::common_share(a, a) == 1);
}

TEST_CASE("an identity survives JSON", "[data]") {
    const auto before = identity_of("a", 0, 3);
    const auto after = data::identity_from(io::json::parse(to_json(before).dump()));
    REQUIRE(after);
    CHECK((after->name == before.name && after->images == before.images && after->sketch == before.sketch));
    CHECK_FALSE(data::identity_from(io::json::parse(R"({"name": "a"})")));
    CHECK_FALSE(data::identity_from(io::json::parse(R"({"name": 1, "images": 2, "sketch": []})")));
    CHECK_FALSE(data::identity_from(io::json::parse("[1]")));
}
}  // namespace
