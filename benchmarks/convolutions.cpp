// Every convolution of a model, in all three directions, against the machine's own matrix product in the same run.
//
//   benchmark_convolutions [--arch=resnet18] [--batch=1] [--size=256] [--threads=2] [--algorithm=auto] [Google Benchmark's flags]
//
// Counters: GFLOP/s counted as the plain algorithm's work, whatever the algorithm; share: of sgemm's rate, so that Winograd's
// can pass 1.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <benchmark/benchmark.h>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/model.hpp>

namespace {

using namespace rd4ad;
using cpu = backend::xtensor<float>;

/// GFLOP/s of the backend's product of two 1536 x 1536 matrices: the best of seven.
double sgemm_rate(cpu::queue& q) {
    constexpr std::size_t n = 1536;
    const auto a = nn::make_flat<cpu>(q, n * n), b = nn::make_flat<cpu>(q, n * n), c = nn::make_flat<cpu>(q, n * n);
    backend::gemm_call<float> call{.m = n, .n = n, .k = n};
    call.a = a.data(), call.b = b.data(), call.c = c.data();
    call.lda = call.ldb = call.ldc = n;
    double best = 1e9;
    for (int i = 0; i < 7; ++i) {
        const auto start = std::chrono::steady_clock::now();
        cpu::gemm(q, call);
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return 2.0 * n * n * n / best / 1e9;
}

std::string name_of(const nn::convolution& layer, const shape& in) {
    const std::string kind =
        layer.transposed ? "2x2 transposed" : std::to_string(layer.kernel) + 'x' + std::to_string(layer.kernel);
    return kind + (layer.stride == 2 && !layer.transposed ? " stride 2" : "") + ", " + std::to_string(layer.in) + " to " +
           std::to_string(layer.out) + " at " + std::to_string(in.h);
}

void run(benchmark::State& state, cpu::queue& q, const nn::convolution& layer, const shape& in, int direction, bool kept,
         nn::algorithm choice, double peak) {
    const shape out = layer.result_of(in);
    const auto x = make_tensor<cpu>(q, in), y = make_tensor<cpu>(q, out),
               w = make_tensor<cpu>(q, {1, layer.weight_count(), 1, 1});
    fill_with<cpu>(q, x, 0.5f);
    fill_with<cpu>(q, y, 0.25f);
    fill_with<cpu>(q, w, 0.1f);
    const nn::conv_norm alone{layer, 0, {}};
    nn::folded_weights<cpu> folded{w, {}, choice};
    if (kept) nn::prepare<cpu>(q, alone, in, folded);
    const auto weights = folded.of(alone);
    for (auto _ : state) {
        if (direction == 0)
            nn::convolve<cpu>(q, layer, in, nn::as_input(x), weights, {y.data(), out.c}, choice);
        else if (direction == 1)
            nn::convolve_input_gradient<cpu>(q, layer, in, y.data(), w.data(), {x.data(), in.c}, choice);
        else
            nn::convolve_weight_gradient<cpu>(q, layer, in, nn::as_input(x), y.data(), w.data(), choice);
    }
    const double work = 2.0 * static_cast<double>(layer.multiply_adds(in)) * 1e-9;
    state.counters["GFLOP/s"] = benchmark::Counter(work, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["share"] = benchmark::Counter(work / peak, benchmark::Counter::kIsIterationInvariantRate);
}

std::string option(int argc, char** argv, const std::string& name, const std::string& otherwise) {
    for (int i = 1; i < argc; ++i)
        if (const std::string text = argv[i]; text.starts_with("--" + name + "=")) return text.substr(name.size() + 3);
    return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    const auto& arch = architecture_named(option(argc, argv, "arch", "resnet18"));
    const auto number = [&](const std::string& name, const char* otherwise) {
        return static_cast<std::size_t>(std::stoul(option(argc, argv, name, otherwise)));
    };
    const std::size_t batch = number("batch", "1"), size = number("size", "256");
    const auto choice = nn::algorithm_from(option(argc, argv, "algorithm", "auto"));
    cpu::queue q{number("threads", "0")};
    const double peak = sgemm_rate(q);
    std::printf("%s, batch %zu, size %zu, %zu threads, OpenBLAS kernels %s, sgemm %.0f GFLOP/s\n", std::string{arch.name}.c_str(),
                batch, size, q.threads, cpu::kernels().c_str(), peak);

    const teacher_network teacher{arch};
    const trained_network trained{arch};
    std::map<std::string, std::tuple<nn::convolution, shape, bool, int>> layers;  // by name: layer, input, trained, how often
    const auto add = [&](bool is_trained) {
        return [&, is_trained](const nn::conv_norm& layer, const shape& in) {
            auto& [known, where, learns, count] = layers[name_of(layer.conv, in)];
            known = layer.conv, where = in, learns = learns || is_trained, ++count;
        };
    };
    teacher.for_each_layer({batch, 3, size, size}, add(false));
    const auto embedding = trained.bottleneck.for_each_layer({batch, 64 * arch.expansion(), size / 4, size / 4}, add(true));
    trained.student.for_each_layer(embedding, add(true));
    for (const auto& [name, entry] : layers) {
        const auto& [layer, in, learns, count] = entry;
        const char* const directions[]{"forward", "input gradient", "weight gradient"};
        for (int d = 0; d < (learns ? 3 : 1); ++d)
            benchmark::RegisterBenchmark((name + ", " + std::to_string(count) + " times: " + directions[d]).c_str(), run,
                                         std::ref(q), layer, in, d, d == 0, choice, peak)
                ->MeasureProcessCPUTime()
                ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
