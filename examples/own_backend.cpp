// examples/own_backend.cpp: a user's backend on the standard library alone: std::vector, plain loops, one thread. It has the
// required part of rd4ad/backend/concept.hpp and no optional one; layers, training and scoring work on it unchanged. It counts
// the multiplications of its products.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/rd4ad.hpp>

namespace {

struct plain {
    static inline double multiplications{0};

    // HasValues
    using value_type = float;
    [[nodiscard]] static std::string_view name() { return "plain"; }
    [[nodiscard]] static std::string blas_description() { return "plain loops"; }

    // HasStorage
    using buffer = std::vector<float>;
    [[nodiscard]] static buffer allocate(std::size_t count) { return buffer(count); }

    // HasQueue
    struct queue {
        explicit queue(std::size_t = 0) {}
        std::size_t threads{1};  // also the threads that read and preprocess images
        rd4ad::backend::pool<buffer> pool;

        [[nodiscard]] float* scratch(rd4ad::backend::scratch_slot slot, std::size_t count) {
            auto& memory = scratch_[static_cast<std::size_t>(slot)];
            if (memory.size() < count) memory.resize(count);
            return memory.data();
        }
        void wait() {}

       private:
        std::array<buffer, static_cast<std::size_t>(rd4ad::backend::scratch_slot::count)> scratch_;
    };

    // HasCopies
    static void upload(queue&, std::span<const float> from, float* to) { std::copy(from.begin(), from.end(), to); }
    static void download(queue&, const float* from, std::span<float> to) { std::copy(from, from + to.size(), to.begin()); }

    // HasApply
    template <class Kernel>
    static void apply(queue&, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        rd4ad::backend::run_rows<float>(0, rows, channels, kernel);
    }

    // HasGemm
    static void gemm(queue&, const rd4ad::backend::gemm_call<float>& call) {
        multiplications += static_cast<double>(call.batch * call.m * call.n * call.k);
        for (std::size_t matrix = 0; matrix < call.batch; ++matrix) {
            const float* a = call.a + matrix * call.stride_a;
            const float* b = call.b + matrix * call.stride_b;
            for (std::size_t i = 0; i < call.m; ++i) {
                float* c = call.c + matrix * call.stride_c + i * call.ldc;
                for (std::size_t j = 0; j < call.n; ++j) c[j] = call.beta == 0 ? 0 : call.beta * c[j];
                for (std::size_t k = 0; k < call.k; ++k) {
                    const float left = call.transpose_a ? a[k * call.lda + i] : a[i * call.lda + k];
                    for (std::size_t j = 0; j < call.n; ++j)
                        c[j] += left * (call.transpose_b ? b[j * call.ldb + k] : b[k * call.ldb + j]);
                }
            }
        }
    }
};
static_assert(rd4ad::Backend<plain>);
static_assert(!rd4ad::backend::HasFusedGemm<plain> && !rd4ad::backend::WorksOnHost<plain>);

/// Scores a small image of noise with an untrained model.
template <rd4ad::Backend B>
rd4ad::detection_result score_noise(rd4ad::nn::algorithm_preference algorithm) {
    rd4ad::random noise{.state = 1};
    auto image = rd4ad::image::make_image<std::uint8_t>(64, 64, 3);
    for (auto& value : image.pixels) value = static_cast<std::uint8_t>(noise.below(256));
    auto model = rd4ad::make_model_without_teacher<B>("resnet18", {.seed = 1, .algorithm = algorithm});
    model.settings.height = model.settings.width = model.settings.preprocessing.geometry.size = 64;
    return rd4ad::detector<B>{std::move(model), {.batch = 1}}.score(image);
}

}  // namespace

int main() {
    try {
        using rd4ad::nn::algorithm_preference;
        const auto expected = score_noise<rd4ad::backend::xtensor<float>>(algorithm_preference::automatic);
        float largest_difference = 0;
        for (const auto& [name, algorithm] :
             {std::pair{"im2col", algorithm_preference::im2col}, {"automatic", algorithm_preference::automatic}}) {
            plain::multiplications = 0;
            const auto found = score_noise<plain>(algorithm);
            std::printf("%-10s raw score %.6f, xtensor's %.6f, %.0f million multiplications in products\n", name,
                        static_cast<double>(found.raw_score), static_cast<double>(expected.raw_score),
                        plain::multiplications / 1e6);
            for (std::size_t i = 0; i < found.map.pixels.size(); ++i)
                largest_difference = std::max(largest_difference, std::abs(found.map.pixels[i] - expected.map.pixels[i]));
        }
        std::printf("largest difference of the maps: %.1e\n", static_cast<double>(largest_difference));
        return largest_difference < 1e-3f ? 0 : 1;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "own_backend: %s\n", problem.what());
        return 1;
    }
}
