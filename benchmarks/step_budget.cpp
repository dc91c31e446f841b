// The kernels, products, operations, bytes and memory of one step on a device, counted without computing: the table of
// docs/gpu.md. Usage: benchmark_step_budget [ARCHITECTURE [BATCH [SIZE]]]
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad/backend/pool.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/train/step.hpp>

namespace budget {

using namespace rd4ad;

/// Totals since the start. Values moved are those of the kernels' and products' operands, each moved once: a cache holds the
/// values that neighbours share.
struct totals {
    double kernels{0}, products{0}, operations{0}, kernel_values{0}, product_values{0};
    std::size_t live{0}, peak{0};  ///< values of memory

    void allocate(std::size_t count) { peak = std::max(peak, live += count); }
};

/// A backend whose addresses have no memory.
struct counting {
    using value_type = float;

    class buffer {
       public:
        buffer() = default;
        explicit buffer(std::size_t count) : count_{count} { counted.allocate(count); }

        [[nodiscard]] std::size_t size() const { return count_; }
        [[nodiscard]] float* data() { return no_memory(); }
        [[nodiscard]] const float* data() const { return no_memory(); }

       private:
        std::size_t count_{0};
    };

    struct queue {
        explicit queue(std::size_t) {}
        std::size_t threads{1};
        backend::pool<buffer> pool;
        std::array<std::size_t, static_cast<std::size_t>(backend::scratch_slot::count)> scratch_sizes{};

        [[nodiscard]] float* scratch(backend::scratch_slot slot, std::size_t count) {
            auto& size = scratch_sizes[static_cast<std::size_t>(slot)];
            if (size < count) {
                counted.live -= size;
                counted.allocate(count);
                size = count;
            }
            return no_memory();
        }
        void wait() {}
    };

    static float* no_memory() { return reinterpret_cast<float*>(std::uintptr_t{1} << 40); }

    static std::string_view name() { return "counting"; }
    static std::string blas_description() { return "none"; }
    static buffer allocate(std::size_t count) { return buffer{count}; }
    static void upload(queue&, std::span<const float>, float*) {}
    static void download(queue&, const float*, std::span<float>) {}

    template <class Kernel>
    static void apply(queue&, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        if (rows * channels == 0) return;
        const std::size_t visits = backend::takes_whole_rows<Kernel> ? rows : rows * channels;
        counted.kernels += 1;
        counted.kernel_values += kernel.values_moved(static_cast<double>(visits));
    }

    static void gemm(queue&, const backend::gemm_call<float>& call) {
        const auto batch = static_cast<double>(call.batch), m = static_cast<double>(call.m), n = static_cast<double>(call.n),
                   k = static_cast<double>(call.k);
        counted.products += 1;
        counted.operations += 2 * batch * m * n * k;
        counted.product_values += batch * (m * k + k * n + (call.beta == 0 ? 1 : 2) * m * n);
    }

    static inline totals counted;
};

static_assert(Backend<counting>);

/// Prints the difference to `before`, and the least time by the published peaks of an H100.
void print(const char* name, const totals& before) {
    const totals& now = counting::counted;
    const double operations = now.operations - before.operations, kernel_bytes = 4 * (now.kernel_values - before.kernel_values),
                 product_bytes = 4 * (now.product_values - before.product_values);
    constexpr double peak_operations = 67e12, peak_bytes = 3.35e12;
    std::printf("%-30s %5.0f kernels %6.1f GB  %4.0f products %6.2f TFLOP %6.1f GB  least time %5.1f + %5.1f ms\n", name,
                now.kernels - before.kernels, kernel_bytes / 1e9, now.products - before.products, operations / 1e12,
                product_bytes / 1e9, kernel_bytes / peak_bytes * 1e3,
                std::max(operations / peak_operations, product_bytes / peak_bytes) * 1e3);
}

void print_memory(const counting::queue& q) {
    std::size_t scratch = 0;
    for (const std::size_t size : q.scratch_sizes) scratch += size;
    std::printf("%-30s %5.2f GB, %.2f of it scratch\n", "  memory", static_cast<double>(counting::counted.peak) * 4 / 1e9,
                static_cast<double>(scratch) * 4 / 1e9);
}

/// A model whose weights have no memory.
model<counting> make(const std::string& arch, std::size_t size, nn::algorithm_preference algorithm) {
    using B = counting;
    B::counted = {};
    model<B> m{architecture_named(arch), {.algorithm = algorithm}};
    const auto flat = [&](const nn::parameter_table& table) {
        return nn::weights<B>{nn::make_flat<B>(m.queue, table.value_count), nn::make_flat<B>(m.queue, table.statistic_count)};
    };
    m.teacher.weights = flat(m.teacher.layers.table);
    m.trainable.weights = flat(m.trainable.layers.table);
    m.settings.height = m.settings.width = size;
    return m;
}

void train(const std::string& arch, std::size_t batch, std::size_t size, nn::algorithm_preference algorithm) {
    using B = counting;
    auto m = make(arch, size, algorithm);
    auto& q = m.queue;
    const auto images = make_tensor<B>(q, {batch, 3, size, size});
    const auto folded = fold_teacher<B>(q, m, images.shape);
    auto by = make_optimizer(m);
    auto before = B::counted;
    const auto teacher = infer<B>(q, m.teacher.layers, folded, images);
    print("teacher", before);
    before = B::counted;
    static_cast<void>(train_step(m, by, teacher));
    print("forward, loss, backward, Adam", before);
    print_memory(q);
}

void score(const std::string& arch, std::size_t batch, std::size_t size, nn::algorithm_preference algorithm) {
    using B = counting;
    auto m = make(arch, size, algorithm);
    const scoring_network<B> network{m, batch};
    const auto images = make_tensor<B>(m.queue, {batch, 3, size, size});
    const auto before = B::counted;
    static_cast<void>(network.map(m.queue, images));
    print("scoring", before);
    print_memory(m.queue);
}

}  // namespace budget

int main(int argc, char* argv[]) {
    const std::string arch = argc > 1 ? argv[1] : "wide_resnet50_2";
    const std::size_t batch = argc > 2 ? std::stoul(argv[2]) : 16, size = argc > 3 ? std::stoul(argv[3]) : 256;
    for (const auto& [name, algorithm] : {std::pair{"automatic", rd4ad::nn::algorithm_preference::automatic},
                                          std::pair{"im2col", rd4ad::nn::algorithm_preference::im2col}}) {
        std::printf("%s, %zu images of %zu x %zu, %s\n", arch.c_str(), batch, size, size, name);
        budget::train(arch, batch, size, algorithm);
        budget::score(arch, batch, size, algorithm);
    }
}
