// Photographs to the network's input: one, several, batch by batch.
#include <rd4ad/train/images.hpp>

#include <string>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/photographs.hpp>

using namespace rd4ad;

namespace {

std::vector<std::filesystem::path> files_of(const data::dataset& set) {
    std::vector<std::filesystem::path> files;
    for (const auto& item : set.train) files.push_back(item.image);
    return files;
}

model_settings small_settings() {
    model_settings settings;
    settings.height = 32, settings.width = 64;
    return settings;
}

}  // namespace

TEST_CASE("the network sees a photograph resized and normalised", "[train]") {
    const auto settings = small_settings();
    const auto photograph = test::photograph(50, 40, 1);
    std::vector<float> found(32 * 64 * 3), wanted(32 * 64 * 3);
    network_input(photograph, settings, found);
    image::normalise(image::resize(photograph, 64, 32), wanted);
    CHECK(found == wanted);
}

TEST_CASE("files become inputs in their order, by any number of threads", "[train]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    const std::size_t each = 32 * 64 * 3;
    const auto one = network_inputs(files, settings, 1);
    REQUIRE(one.size() == 5 * each);
    CHECK(network_inputs(files, settings, 2) == one);
    std::vector<float> third(each);
    network_input(image::read(files[3]), settings, third);
    CHECK(std::vector<float>(one.begin() + 3 * each, one.begin() + 4 * each) == third);
}

TEST_CASE("batches come in order, the last one with what is left", "[train]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    const auto all = network_inputs(files, settings, 1);
    std::vector<float> joined;
    std::vector<std::pair<std::size_t, std::size_t>> parts;
    for_each_batch(files, 2, settings, 1, [&](std::size_t first, const std::vector<float>& inputs) {
        parts.emplace_back(first, inputs.size() / (32 * 64 * 3));
        joined.insert(joined.end(), inputs.begin(), inputs.end());
    });
    CHECK(parts == std::vector<std::pair<std::size_t, std::size_t>>{{0, 2}, {2, 2}, {4, 1}});
    CHECK(joined == all);
    for_each_batch({}, 2, settings, 1, [](std::size_t, const std::vector<float>&) { FAIL("there is no batch"); });
}

TEST_CASE("a file that can't be read ends the batches with its message", "[train]") {
    const test::scratch_folder folder;
    auto files = files_of(test::training_set(folder.path(), 3));
    files[2] = folder / "missing.png";
    std::size_t used = 0;
    const auto message = test::message_of(
        [&] { for_each_batch(files, 1, small_settings(), 1, [&](std::size_t, const std::vector<float>&) { ++used; }); });
    CHECK(used == 2);
    CHECK(message.starts_with(files[2].string() + ": "));
}

TEMPLATE_LIST_TEST_CASE("inputs go to a device in the backend's type", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{1};
    const auto settings = small_settings();
    std::vector<float> inputs(2 * 32 * 64 * 3);
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>(i % 97) / 7.0f;
    const auto there = upload_images<B>(q, inputs, settings);
    CHECK(there.shape == shape{2, 3, 32, 64});
    CHECK(to_host<B>(q, there) == std::vector<T>(inputs.begin(), inputs.end()));
}
