#include <rd4ad/data/identity.hpp>

#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace {
using namespace rd4ad;

/// A data set whose image i holds the number of `contents`' i-th value.
data::dataset set_of(const std::filesystem::path& folder, std::size_t first, std::size_t count) {
    std::filesystem::create_directories(folder);
    data::dataset set{.name = folder.filename().string()};
    for (std::size_t i = 0; i < count; ++i) {
        set.train.push_back({.image = folder / (std::to_string(i) + ".bmp")});
        test::write_text(set.train.back().image, "image " + std::to_string(1000 + first + i));  // all of one size
    }
    return set;
}

TEST_CASE("a data set is recognised by its images, not by their names or folder", "[data]") {
    const test::scratch_folder folder;
    const auto forty = data::identity_of(set_of(folder / "a", 0, 40));
    CHECK((forty.name == "a" && forty.images == 40 && forty.sketch.size() == 40));
    const auto is_same = [&](std::size_t first, std::size_t count) {
        return data::is_same_data(forty, data::identity_of(set_of(folder / "b", first, count)));
    };
    CHECK(is_same(0, 40));
    CHECK(is_same(0, 50));
    CHECK(is_same(0, 200));        // 40 of 40
    CHECK(is_same(10, 40));        // 30 of 40
    CHECK_FALSE(is_same(30, 40));  // 10 of 40
    CHECK_FALSE(is_same(100, 40));
    CHECK_FALSE(is_same(0, 0));
}

TEST_CASE("the sketch of large data sets estimates what they share", "[data]") {
    const test::scratch_folder folder;
    const auto a = data::identity_of(set_of(folder / "a", 0, 600)), b = data::identity_of(set_of(folder / "b", 300, 600));
    CHECK(a.sketch.size() == data::identity_size);
    CHECK(data::common_share(a, b) == Approx(1.0 / 3).margin(0.2));
    CHECK(data::common_share(a, a) == 1);
}

TEST_CASE("an identity survives JSON", "[data]") {
    const test::scratch_folder folder;
    const auto before = data::identity_of(set_of(folder / "a", 0, 3));
    const auto after = data::identity_from(io::json::parse(to_json(before).dump()));
    REQUIRE(after);
    CHECK((after->name == before.name && after->images == before.images && after->sketch == before.sketch));
    CHECK_FALSE(data::identity_from(io::json::parse(R"({"name": "a"})")));
    CHECK_FALSE(data::identity_from(io::json::parse(R"({"name": 1, "images": 2, "sketch": []})")));
    CHECK_FALSE(data::identity_from(io::json::parse("[1]")));
}
}  // namespace
