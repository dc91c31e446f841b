// cli/bench_algorithms.cpp: each 3x3 convolution by each algorithm, on a processor.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <rd4ad/rd4ad.hpp>

#include "bench_algorithms.hpp"
#include "console.hpp"
#include "fastest.hpp"

namespace cli {

namespace {

using namespace rd4ad;
using cpu = backend::xtensor<float>;

struct case_at {
    nn::convolution layer;
    shape input;
    bool learns;
    std::size_t count;
};

/// The model's 3x3 convolutions, each size once.
std::vector<case_at> convolutions_of(const architecture& arch, const shape& image) {
    std::vector<case_at> found;
    const auto add = [&](bool learns) {
        return [&found, learns](const nn::conv_norm& layer, const shape& in) {
            if (layer.conv.kernel != 3) return;
            for (auto& one : found)
                if (one.layer == layer.conv && one.input == in) {
                    ++one.count;
                    one.learns = one.learns || learns;
                    return;
                }
            found.push_back({layer.conv, in, learns, 1});
        };
    };
    const teacher_network teacher{arch};
    const trained_network trained{arch};
    teacher.for_each_layer(image, add(false));
    const shape first{image.n, 64 * arch.expansion(), image.h / 4, image.w / 4};
    trained.student.for_each_layer(trained.bottleneck.for_each_layer(first, add(true)), add(true));
    return found;
}

const char* name_of(nn::method how) {
    switch (how) {
        case nn::method::four:
            return "F(4x4)";
        case nn::method::two:
            return "F(2x2)";
        case nn::method::strided:
            return "split";
        default:
            return "plain";
    }
}

}  // namespace

void bench_algorithms(const architecture& arch, const shape& image, std::size_t threads, std::size_t rounds) {
    cpu::queue q{threads};
    std::printf("%s, %zu images of %zu x %zu, %zu threads, OpenBLAS kernels %s\n", std::string{arch.name}.c_str(), image.n,
                image.w, image.h, q.threads, cpu::kernels().c_str());
    std::printf(
        "| 3x3 convolution, times | direction | plain ms | F(4x4) ms | F(2x2) ms | split ms | rule | its speed, GFLOP/s |\n");
    std::printf("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |\n");
    for (const auto& one : convolutions_of(arch, image)) {
        const nn::convolution& layer = one.layer;
        const shape& in = one.input;
        const shape out = layer.result_of(in);
        const auto x = make_tensor<cpu>(q, in), y = make_tensor<cpu>(q, out),
                   w = make_tensor<cpu>(q, {1, layer.weight_count(), 1, 1});
        fill_with<cpu>(q, x, 0.5f);
        fill_with<cpu>(q, y, 0.25f);
        fill_with<cpu>(q, w, 0.1f);
        const nn::conv_norm alone{layer, 0, {}};
        using nn::algorithm, nn::weights_are;
        const auto line = [&](const char* direction, weights_are weights, const auto& run) {
            std::string cells;
            double ruled = 0;
            const auto rule = nn::method_of(layer, in, algorithm::automatic, weights);
            std::map<nn::method, double> times;
            for (const auto choice : {algorithm::direct, algorithm::winograd, algorithm::winograd_2x2})
                if (const auto how = nn::method_of(layer, in, choice, weights); !times.contains(how)) {
                    times[how] = fastest(rounds + 1, [&] { run(choice); });
                    if (how == rule) ruled = times[how];
                }
            for (const auto how : {nn::method::plain, nn::method::four, nn::method::two, nn::method::strided})
                cells += (times.contains(how) ? fixed(times[how], 3) : std::string{}) + " | ";
            std::printf("| %zu to %zu at %zu x %zu%s, %zu | %s | %s%s | %.0f |\n", layer.in, layer.out, in.h, in.w,
                        layer.stride == 2 ? ", stride 2" : "", one.count, direction, cells.c_str(), name_of(rule),
                        2e-6 * static_cast<double>(layer.multiply_adds(in)) / ruled);
            std::fflush(stdout);
        };
        std::map<algorithm, nn::folded_weights<cpu>> kept;
        for (const auto choice : {algorithm::direct, algorithm::winograd, algorithm::winograd_2x2})
            nn::prepare<cpu>(q, alone, in, kept.emplace(choice, nn::folded_weights<cpu>{w, {}, choice}).first->second);
        line("scoring", weights_are::kept, [&](algorithm choice) {
            nn::convolve<cpu>(q, layer, in, nn::as_input(x), kept.at(choice).of(alone), {y.data(), out.c}, choice);
        });
        if (!one.learns) continue;
        line("forward", weights_are::made, [&](algorithm choice) {
            nn::convolve<cpu>(q, layer, in, nn::as_input(x), {.plain = w.data()}, {y.data(), out.c}, choice);
        });
        line("input gradient", weights_are::made, [&](algorithm choice) {
            nn::convolve_input_gradient<cpu>(q, layer, in, y.data(), w.data(), {x.data(), in.c}, choice);
        });
        line("weight gradient", weights_are::made, [&](algorithm choice) {
            nn::convolve_weight_gradient<cpu>(q, layer, in, nn::as_input(x), y.data(), w.data(), choice);
        });
    }
}

}  // namespace cli
