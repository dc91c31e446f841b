// What one step asks of a device, counted without computing: kernels, products, operations, bytes and memory. docs/gpu.md's
// table. Usage: benchmark_step_budget [ARCHITECTURE [BATCH [SIZE]]]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad/backend/pool.hpp>
#include <rd4ad/model/scoring.hpp>
#include <rd4ad/nn/traffic.hpp>
#include <rd4ad/train/step.hpp>

namespace budget {

using namespace rd4ad;

/// What was counted so far. Bytes are those of the kernels' operands, each moved once, where a cache holds what neighbours
/// share.
struct totals {
    double kernels{0}, products{0}, operations{0}, kernel_values{0}, product_values{0};
    std::size_t live{0}, peak{0};

    void allocate(std::size_t count) { peak = std::max(peak, live += count); }
};

/// A backend of addresses without memory behind them.
struct counting {
    using value_type = float;

    class buffer {
       public:
        buffer() = default;
        explicit buffer(std::size_t count) : count_{count} { counted.allocate(count); }

        [[nodiscard]] std::size_t size() const { return count_; }
        [[nodiscard]] float* data() const { return reinterpret_cast<float*>(std::uintptr_t{1} << 40); }

       private:
        std::size_t count_{0};
    };

    struct queue {
        explicit queue(std::size_t) {}
        backend::pool<buffer> pool;
        std::size_t scratch_sizes[8]{};

        [[nodiscard]] float* scratch(std::size_t slot, std::size_t count) {
            if (scratch_sizes[slot] < count) {
                counted.live -= scratch_sizes[slot];
                counted.allocate(count);
                scratch_sizes[slot] = count;
            }
            return reinterpret_cast<float*>(std::uintptr_t{1} << 40);
        }
        void wait() {}
    };

    static std::string_view name() { return "counting"; }
    static buffer allocate(std::size_t count) { return buffer{count}; }
    static void upload(queue&, std::span<const float>, float*) {}
    static void download(queue&, const float*, std::span<float>) {}

    template <class Kernel>
    static void apply(queue&, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        if (rows * channels == 0) return;
        const std::size_t visits = backend::takes_whole_rows<Kernel> ? rows : rows * channels;
        counted.kernels += 1;
        counted.kernel_values += nn::moved<Kernel>::values(kernel, static_cast<double>(visits));
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

/// Prints what was counted since `before`, and the time that an H100's published peaks leave for it.
void print(const char* what, const totals& before) {
    const totals& now = counting::counted;
    const double operations = now.operations - before.operations, kernel_bytes = 4 * (now.kernel_values - before.kernel_values),
                 product_bytes = 4 * (now.product_values - before.product_values);
    constexpr double peak_operations = 67e12, peak_bytes = 3.35e12;
    std::printf("%-30s %5.0f kernels %6.1f GB  %4.0f products %6.2f TFLOP %6.1f GB  least time %5.1f + %5.1f ms\n", what,
                now.kernels - before.kernels, kernel_bytes / 1e9, now.products - before.products, operations / 1e12,
                product_bytes / 1e9, kernel_bytes / peak_bytes * 1e3,
                std::max(operations / peak_operations, product_bytes / peak_bytes) * 1e3);
}

void print_memory(const counting::queue& q) {
    std::size_t scratch = 0;
    for (const std::size_t size : q.scratch_sizes) scratch += size;
    std::printf("%-30s %5.2f GB, scratch %.2f of them\n", "  memory", static_cast<double>(counting::counted.peak) * 4 / 1e9,
                static_cast<double>(scratch) * 4 / 1e9);
}

/// A model whose weights have addresses.
model<counting> make(const std::string& arch, std::size_t size, nn::algorithm algorithm) {
    using B = counting;
    B::counted = {};
    model<B> m{architecture_named(arch), {.algorithm = algorithm}};
    const auto flat = [&](const nn::parameter_table& table) {
        return nn::weights<B>{nn::make_flat<B>(m.queue, table.value_count), nn::make_flat<B>(m.queue, table.statistic_count)};
    };
    m.teacher = flat(m.teacher_net.table);
    m.trained = flat(m.trained_net.table);
    m.settings.height = m.settings.width = size;
    return m;
}

void train(const std::string& arch, std::size_t batch, std::size_t size, nn::algorithm algorithm) {
    using B = counting;
    auto m = make(arch, size, algorithm);
    auto& q = m.queue;
    const auto photographs = make_tensor<B>(q, {batch, 3, size, size});
    const auto folded = fold_teacher<B>(q, m, photographs.shape);
    auto by = make_optimizer(m);
    auto before = B::counted;
    const auto teacher = infer<B>(q, m.teacher_net, folded, photographs);
    print("teacher", before);
    before = B::counted;
    static_cast<void>(train_step(m, by, teacher));
    print("forward, loss, backward, Adam", before);
    print_memory(q);
}

void score(const std::string& arch, std::size_t batch, std::size_t size, nn::algorithm algorithm) {
    using B = counting;
    auto m = make(arch, size, algorithm);
    const scoring_network<B> network{m, batch};
    const auto photographs = make_tensor<B>(m.queue, {batch, 3, size, size});
    const auto before = B::counted;
    static_cast<void>(network.map(m.queue, photographs));
    print("scoring", before);
    print_memory(m.queue);
}

}  // namespace budget

int main(int count, char* words[]) {
    const std::string arch = count > 1 ? words[1] : "wide_resnet50_2";
    const std::size_t batch = count > 2 ? std::stoul(words[2]) : 16, size = count > 3 ? std::stoul(words[3]) : 256;
    for (const auto& [name, algorithm] :
         {std::pair{"by the rule", rd4ad::nn::algorithm::automatic}, std::pair{"direct", rd4ad::nn::algorithm::direct}}) {
        std::printf("%s, %zu images of %zu x %zu, %s\n", arch.c_str(), batch, size, size, name);
        budget::train(arch, batch, size, algorithm);
        budget::score(arch, batch, size, algorithm);
    }
}
