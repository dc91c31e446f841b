// Every convolution of a model: forward, input gradient and weight gradient, relative to sgemm in the same run.
//
//   benchmark_convolutions [--arch=resnet18] [--batch=1] [--size=256] [--threads=2] [--algorithm=auto] [Google Benchmark's flags]
//
// Counters: GFLOP/s, counted as the operations of the direct algorithm for every algorithm; share, the quotient of GFLOP/s and
// sgemm's rate. Winograd's share can exceed 1.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/model.hpp>

namespace {

using namespace rd4ad;
using cpu = backend::xtensor<float>;

/// GFLOP/s of the product of two 1536 x 1536 matrices, the best of seven.
double sgemm_rate(cpu::queue& q) {
    constexpr std::size_t n = 1536;
    const auto a = nn::make_flat<cpu>(q, n * n), b = nn::make_flat<cpu>(q, n * n);
    auto c = nn::make_flat<cpu>(q, n * n);
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

/// "3x3 stride 2, 64 to 128 at 64".
std::string name_of(const nn::convolution& layer, const shape& input) {
    const std::string kind = layer.transposed ? "2x2 transposed" : text(layer.kernel, 'x', layer.kernel);
    return text(kind, layer.stride == 2 && !layer.transposed ? " stride 2" : "", ", ", layer.in, " to ", layer.out, " at ",
                input.h);
}

/// The passes of a convolution.
enum class pass { forward, input_gradient, weight_gradient };
constexpr const char* pass_names[]{"forward", "input gradient", "weight gradient"};

void run(benchmark::State& state, cpu::queue& q, const nn::convolution& layer, const shape& input, pass direction,
         nn::algorithm_preference preference, double peak) {
    const shape output = layer.output_shape(input);
    auto x = make_tensor<cpu>(q, input), y = make_tensor<cpu>(q, output),
         w = make_tensor<cpu>(q, {1, layer.weight_count(), 1, 1});
    fill<cpu>(q, x, 0.5f);
    fill<cpu>(q, y, 0.25f);
    fill<cpu>(q, w, 0.1f);
    nn::prepared_layer<cpu> prepared;
    if (direction == pass::forward) nn::weight_preparer<cpu>{q}.prepare(layer, std::span{&input, 1}, preference, w, prepared);
    const auto weights = prepared.forms();
    for (auto _ : state) {
        if (direction == pass::forward)
            nn::convolve<cpu>(q, layer, input, nn::no_prologue(x), weights, {.y = y.data(), .stride = output.c}, preference);
        else if (direction == pass::input_gradient)
            nn::convolve_input_gradient<cpu>(q, layer, input, y.data(), w.data(), {.y = x.data(), .stride = input.c}, preference);
        else
            nn::convolve_weight_gradient<cpu>(q, layer, input, nn::no_prologue(x), y.data(), w.data(), preference);
    }
    const double work = 2.0 * static_cast<double>(layer.multiply_adds(input)) * 1e-9;
    state.counters["GFLOP/s"] = benchmark::Counter(work, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["share"] = benchmark::Counter(work / peak, benchmark::Counter::kIsIterationInvariantRate);
}

/// The value of "--name=value", or the default.
std::string option(int argc, char** argv, const std::string& name, const std::string& default_value) {
    for (int i = 1; i < argc; ++i)
        if (const std::string text = argv[i]; text.starts_with("--" + name + "=")) return text.substr(name.size() + 3);
    return default_value;
}

}  // namespace

int main(int argc, char** argv) {
    const auto& arch = architecture_named(option(argc, argv, "arch", "resnet18"));
    const auto number = [&](const std::string& name, const char* default_value) {
        return static_cast<std::size_t>(std::stoul(option(argc, argv, name, default_value)));
    };
    const std::size_t batch = number("batch", "1"), size = number("size", "256");
    const auto preference = nn::algorithm_preference_from(option(argc, argv, "algorithm", "auto"));
    cpu::queue q{number("threads", "0")};
    const double peak = sgemm_rate(q);
    std::printf("%s, batch %zu, size %zu, %zu threads, OpenBLAS kernels %s, sgemm %.0f GFLOP/s\n", std::string{arch.name}.c_str(),
                batch, size, q.threads, cpu::blas_description().c_str(), peak);

    struct entry {
        nn::convolution layer;
        shape input;
        bool trainable{false};
        int count{0};
    };
    std::map<std::string, entry> layers;  // by name
    const auto add = [&](bool trainable) {
        return [&, trainable](const nn::conv_bn& unit, const shape& input) {
            auto& known = layers[name_of(unit.conv, input)];
            known.layer = unit.conv, known.input = input;
            known.trainable = known.trainable || trainable;
            ++known.count;
        };
    };
    const shape images{batch, 3, size, size};
    teacher_network{arch}.for_each_layer(images, add(false));
    trainable_network{arch}.for_each_layer(feature_shape(arch, images, 0), add(true));
    for (const auto& [name, of] : layers)
        for (const auto direction : {pass::forward, pass::input_gradient, pass::weight_gradient}) {
            if (direction != pass::forward && !of.trainable) continue;
            benchmark::RegisterBenchmark(
                text(name, ", ", of.count, " times: ", pass_names[static_cast<std::size_t>(direction)]).c_str(), run, std::ref(q),
                of.layer, of.input, direction, preference, peak)
                ->MeasureProcessCPUTime()
                ->Unit(benchmark::kMillisecond);
        }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
