// Ranks that share the files of a test or of score: the results of one process, bit for bit, also with files that can't be read.
#include <rd4ad/score/deal_chunks.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/score/evaluate.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/layouts.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/thread_ranks.hpp>
#include <support/training_images.hpp>

namespace {

using namespace rd4ad;
using dealing_backend = test::first_backend;

const detector<dealing_backend>& dealing_detector() {
    static const detector<dealing_backend> made{test::small_model(), {.batch = 2, .size = map_size::network}};
    return made;
}

/// Seven test images with masks for the broken ones. bad: the images that can't be read, of 0 to 6.
data::dataset dealt_set(const std::filesystem::path& root, const std::vector<std::size_t>& bad) {
    const auto write = [](const std::filesystem::path& path, std::uint64_t seed) {
        std::filesystem::create_directories(path.parent_path());
        image::write_png(path, test::image(40 + seed, 48, seed));
    };
    write(root / "train" / "good" / "0.png", 1);
    for (std::uint64_t i = 0; i < 7; ++i) {
        const std::string kind = i < 4 ? "broken" : "good", name = std::to_string(i);
        write(root / "test" / kind / (name + ".png"), i);
        if (i < 4) test::write_mask(root / "ground_truth" / "broken" / (name + "_mask.png"), 40 + i, 48, 10, 10 + i);
    }
    auto set = data::open_mvtec(root);
    for (const std::size_t one : bad) test::write_text(set.test[one].image, "no image");
    return set;
}

/// What a caller of evaluate and of score_files receives.
struct dealt_results {
    evaluation found{};
    std::vector<std::pair<std::size_t, detection_result>> evaluated{};
    std::vector<image::image_u8> images{};
    std::vector<std::size_t> chunk_sizes{};
    std::vector<outcome<detection_result>> scored{};
};

dealt_results score_set(const data::dataset& set, communicator* ranks) {
    const auto& by = dealing_detector();
    dealt_results made;
    made.found = evaluate(
        by, set, 2,
        [&](std::size_t index, const image::image_u8& image, const detection_result& result,
            const std::optional<image::image_u8>&) {
            made.evaluated.emplace_back(index, result);
            made.images.push_back(image);
        },
        {}, on_failure::skip, {}, ranks);
    std::vector<std::filesystem::path> files;
    for (const auto& one : set.test) files.push_back(one.image);
    by.score_files(
        files,
        [&](std::size_t first, std::span<const outcome<detection_result>> results, double) {
            CHECK(first == made.scored.size());
            made.chunk_sizes.push_back(results.size());
            made.scored.insert(made.scored.end(), results.begin(), results.end());
        },
        {}, on_failure::skip, {}, ranks);
    return made;
}

void check_same_result(const detection_result& a, const detection_result& b) {
    CHECK((a.raw_score == b.raw_score && a.score == b.score && a.map == b.map && a.transform == b.transform));
    CHECK(a.regions.size() == b.regions.size());
}

}  // namespace

TEST_CASE("ranks that share a test's files give the results of one process, bit for bit", "[score]") {
    for (const auto& bad : std::vector<std::vector<std::size_t>>{{}, {3}, {0, 5}, {6}}) {
        INFO(bad.size() << " bad files, the first " << (bad.empty() ? 0 : bad[0]));
        const test::scratch_folder folder;
        const auto set = dealt_set(folder / "bolts", bad);
        const auto alone = score_set(set, nullptr);
        REQUIRE(alone.found.failures.size() == bad.size());
        for (const std::size_t size : {std::size_t{2}, std::size_t{3}}) {
            std::vector<dealt_results> found(size);
            test::on_ranks(size, [&](communicator& ranks) { found[ranks.rank()] = score_set(set, &ranks); });
            const auto& first = found[0];
            CHECK(found[1].evaluated.empty());
            CHECK(found[1].scored.empty());
            CHECK(first.found.raw_scores == alone.found.raw_scores);
            REQUIRE(first.found.failures.size() == alone.found.failures.size());
            for (std::size_t i = 0; i < bad.size(); ++i) CHECK(first.found.failures[i].index == alone.found.failures[i].index);
            CHECK(first.found.image_auroc == alone.found.image_auroc);
            REQUIRE((first.found.pixels && alone.found.pixels));
            CHECK(first.found.pixels->auroc == alone.found.pixels->auroc);
            CHECK(first.found.pixels->aupro == alone.found.pixels->aupro);
            CHECK(first.found.ms.size() == alone.found.ms.size());
            CHECK(first.images == alone.images);
            REQUIRE(first.evaluated.size() == alone.evaluated.size());
            for (std::size_t i = 0; i < first.evaluated.size(); ++i) {
                CHECK(first.evaluated[i].first == alone.evaluated[i].first);
                check_same_result(first.evaluated[i].second, alone.evaluated[i].second);
            }
            CHECK(first.chunk_sizes == alone.chunk_sizes);
            REQUIRE(first.scored.size() == alone.scored.size());
            for (std::size_t i = 0; i < first.scored.size(); ++i) {
                REQUIRE(first.scored[i].has_value() == alone.scored[i].has_value());
                if (first.scored[i])
                    check_same_result(*first.scored[i], *alone.scored[i]);
                else
                    CHECK(first.scored[i].error().message == alone.scored[i].error().message);
            }
        }
    }
}

TEST_CASE("the first file that can't be read ends the work of all ranks, after the chunks before it", "[score]") {
    const test::scratch_folder folder;
    const auto set = dealt_set(folder / "bolts", {4, 6});
    std::vector<std::filesystem::path> files;
    for (const auto& one : set.test) files.push_back(one.image);
    std::vector<std::string> messages(3);
    std::size_t scored = 0;
    test::on_ranks(3, [&](communicator& ranks) {
        messages[ranks.rank()] = test::message_of([&] {
            dealing_detector().score_files(
                files, [&](std::size_t, std::span<const outcome<detection_result>> results, double) { scored += results.size(); },
                {}, on_failure::stop, {}, &ranks);
        });
    });
    for (const auto& message : messages) CHECK_THAT(message, test::mentions(files[4].filename().string()));
    CHECK(scored == 4);
}

TEST_CASE("a result is the same after a message, and a message that ends early is refused", "[score]") {
    detection_result one{.raw_score = 1.5F, .score = 0.75, .map = image::make_image(3, 2, 1, 0.5F)};
    one.transform.source_width = 7;
    one.regions.push_back({.box = {1, 2, 3, 4}, .relative = {}, .area = 12, .raw_score = 1, .score = 0.5, .outline = {{1, 2}}});
    score_detail::byte_writer to;
    to.add(one);
    score_detail::byte_reader from{to.bytes()};
    const auto found = from.get<detection_result>();
    check_same_result(found, one);
    REQUIRE(found.regions.size() == 1);
    CHECK((found.regions[0].box == one.regions[0].box && found.regions[0].outline == one.regions[0].outline));
    CHECK(!from.has_more());
    for (std::size_t length = 0; length < to.bytes().size(); ++length) {
        score_detail::byte_reader cut{std::string_view{to.bytes()}.substr(0, length)};
        CHECK_THROWS_AS(cut.get<detection_result>(), format_error);
    }
}
