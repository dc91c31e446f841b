// The form for scoring: the same maps from a model, a file and memory; one copy of each weight, and little memory beside it.
#include <rd4ad/model/load_scoring_model.hpp>
#include <rd4ad/model/scoring_network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/replace_new.hpp>
#include <support/skip.hpp>
#include <support/small_model.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using scoring_backend = test::first_backend;

/// The value of a line of /proc/self/status, such as "VmHWM", in bytes; 0 if there is none.
std::size_t process_status(const std::string& key) {
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;)
        if (std::size_t kib = 0; word == key + ':' && status >> kib) return kib << 10;
    return 0;
}

/// Whether the process measures its own peak of memory: Linux resets it, no tool multiplies it, and the backend returns freed
/// blocks to the system (Thrust's on the host stay in the heap, where the next ones find them).
bool measures_peak() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(RD4AD_WITH_THRUST)
    return false;
#else
    const char* preload = std::getenv("LD_PRELOAD");
    std::ofstream reset{"/proc/self/clear_refs"};
    return (reset << "5" << std::flush) && process_status("VmHWM") != 0 &&
           !(preload != nullptr && std::string{preload}.find("vgpreload") != std::string::npos);
#endif
}

/// Bytes by which `work` raises the resident memory at its peak.
template <class Work>
std::size_t peak_growth(const Work& work) {
    std::ofstream{"/proc/self/clear_refs"} << "5" << std::flush;  // the peak is the present memory
    const std::size_t before = process_status("VmRSS");
    work();
    return process_status("VmHWM") - std::min(before, process_status("VmHWM"));
}

/// Values of a layer's weights in the form that an algorithm reads.
template <Backend B>
std::size_t form_size(const nn::convolution& layer, nn::conv_algorithm algorithm) {
    if constexpr (backend::HasPackedWeights<B>) return B::packed_size(nn::gemm_shape_of(layer, algorithm));
    return algorithm == nn::conv_algorithm::im2col ? layer.weight_count() : nn::transformed_count(layer, algorithm);
}

/// The map of two images by a model in its form for scoring.
std::vector<float> map_by(scoring_model<scoring_backend> m) {
    const auto owner = std::make_shared<scoring_model<scoring_backend>>(std::move(m));
    const scoring_network<scoring_backend> network{owner, 32, 64, 2.0};
    scoring_backend::queue q{1};
    const shape images{2, 3, 32, 64};
    return to_host<scoring_backend>(
        q, network.map(q, to_device<scoring_backend>(q, images, test::seeded_values<float>(1, images.count()))));
}

}  // namespace

TEST_CASE("the form for scoring is the same from a model, a file and memory", "[model]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.safetensors";
    auto m = test::small_model();
    save_checkpoint(path, m);
    const auto bytes = io::read_file(path);
    const auto expected = map_by(scoring_model<scoring_backend>{m, {2, 3, 32, 64}});
    const model_options options{.threads = 1};
    CHECK(map_by(load_scoring_model<scoring_backend>(path, 2, options)) == expected);
    CHECK(map_by(load_scoring_model<scoring_backend>(bytes, "the resource", 2, options)) == expected);
    auto loaded = load_scoring_model<scoring_backend>(path, 2, options);
    CHECK((loaded.settings.width == 64 && loaded.arch == m.arch && loaded.fault.empty()));
    auto whole = load_checkpoint<scoring_backend>(path, options);
    CHECK(trainable_of(whole).values == trainable_of(m).values);
}

TEST_CASE("scoring holds each weight once, and loading it a few tensors beside", "[model]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.safetensors";
    auto m = test::small_model();
    m.settings.height = m.settings.width = 256;
    m.settings.preprocessing.geometry = {.size = 256};
    save_checkpoint(path, m);

    // One form per layer for one image, of the size that its algorithm requires.
    std::size_t expected = 0, largest = 0;
    const auto add = [&](const nn::conv_bn& layer, const shape& size) {
        const auto algorithm =
            nn::select_algorithm(layer.conv, size, nn::algorithm_preference::automatic, nn::weight_lifetime::persistent);
        expected += layer.conv.out + form_size<scoring_backend>(layer.conv, algorithm);
        largest = std::max(largest, layer.conv.weight_count());
    };
    m.teacher.layers.for_each_layer({1, 3, 256, 256}, add);
    m.trainable.layers.for_each_layer(feature_shape(*m.arch, {1, 3, 256, 256}, 0), add);
    m = test::small_model();  // its memory is free for the next one
    std::size_t values = 0, block = 0;
    const auto load = [&] {
        block = test::largest_allocation([&] {
            const auto loaded = load_scoring_model<scoring_backend>(path, 1, {.threads = 1});
            values = loaded.teacher.weights.count() + loaded.trainable.weights.count();
        });
    };
    const std::size_t growth = peak_growth(load);
    CHECK(values == expected);
    CHECK(block <= largest * sizeof(float));  // neither the file nor a network's parameters in one piece
    RD4AD_SKIP_UNLESS(measures_peak(), "the process can't measure its peak of memory");
    const auto file = static_cast<std::size_t>(std::filesystem::file_size(path));
    INFO(growth << " bytes of memory, " << file << " bytes of file, " << values << " prepared values");
    CHECK(growth >= values * sizeof(float) * 9 / 10);  // else the test measures nothing
    CHECK(growth <= values * sizeof(float) + file / 4);
}
