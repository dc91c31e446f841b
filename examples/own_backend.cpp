// examples/own_backend.cpp: a backend of one's own, on nothing but the standard library: std::vector, plain loops, one thread. It
// counts the multiplications of its products. What it must have is in rd4ad/backend/concept.hpp; layers, training and scoring
// follow.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/rd4ad.hpp>

namespace {

struct plain {
    static inline double products{0};  // so far

    using value_type = float;
    using buffer = std::vector<float>;

    struct queue {
        explicit queue(std::size_t = 0) {}
        std::size_t threads{1};  // of the preparation of photographs
        rd4ad::backend::pool<buffer> pool;

        [[nodiscard]] float* scratch(std::size_t slot, std::size_t count) {
            if (slot >= memory_.size()) memory_.resize(slot + 1);
            if (memory_[slot].size() < count) memory_[slot].resize(count);
            return memory_[slot].data();
        }
        void wait() {}

       private:
        std::vector<std::vector<float>> memory_;
    };

    [[nodiscard]] static std::string_view name() { return "plain"; }
    [[nodiscard]] static buffer allocate(std::size_t count) { return buffer(count); }
    static void upload(queue&, std::span<const float> from, float* to) { std::copy(from.begin(), from.end(), to); }
    static void download(queue&, const float* from, std::span<float> to) { std::copy(from, from + to.size(), to.begin()); }

    template <class Kernel>
    static void apply(queue&, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        rd4ad::backend::run_rows<float>(0, rows, channels, kernel);
    }

    static void gemm(queue&, const rd4ad::backend::gemm_call<float>& call) {
        products += static_cast<double>(call.batch * call.m * call.n * call.k);
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

/// What an untrained model finds in one small picture of noise.
template <rd4ad::Backend B>
rd4ad::finding scored(rd4ad::nn::algorithm algorithm) {
    rd4ad::random noise{.state = 1};
    auto photograph = rd4ad::image::make_image<std::uint8_t>(64, 64, 3);
    for (auto& value : photograph.pixels) value = static_cast<std::uint8_t>(noise.below(256));
    auto model = rd4ad::make_model_without_teacher<B>("resnet18", {.seed = 1, .algorithm = algorithm});
    model.settings.height = model.settings.width = model.settings.view.geometry.size = 64;
    return rd4ad::detector<B>{std::move(model), {.batch = 1}}.score(photograph);
}

}  // namespace

int main() {
    try {
        using rd4ad::nn::algorithm;
        const auto expected = scored<rd4ad::backend::xtensor<float>>(algorithm::automatic);
        float furthest = 0;
        for (const auto& [name, way] : {std::pair{"direct", algorithm::direct}, {"automatic", algorithm::automatic}}) {
            plain::products = 0;
            const auto found = scored<plain>(way);
            std::printf("%-10s score %.6f, xtensor's %.6f, %.0f million multiplications in products\n", name,
                        static_cast<double>(found.score), static_cast<double>(expected.score), plain::products / 1e6);
            for (std::size_t i = 0; i < found.map.pixels.size(); ++i)
                furthest = std::max(furthest, std::abs(found.map.pixels[i] - expected.map.pixels[i]));
        }
        std::printf("largest difference of the maps: %.1e\n", static_cast<double>(furthest));
        return furthest < 1e-3f ? 0 : 1;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "own_backend: %s\n", problem.what());
        return 1;
    }
}
