// cli/bench_algorithms.cpp: times the algorithms of the 3x3 convolutions.
#include "bench_algorithms.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <rd4ad/rd4ad.hpp>

#include "computing.hpp"
#include "console.hpp"
#include "timing.hpp"

namespace cli {

namespace {

using namespace rd4ad;
using cpu = backend::xtensor<float>;
using nn::algorithm_preference, nn::conv_algorithm, nn::weight_lifetime;

/// A convolution of the model with its input's shape, and how often it occurs.
struct layer_case {
    nn::convolution layer;
    shape input;
    bool learns;  ///< also needs gradients
    std::size_t count;
};

/// The preferences that are timed; each selects im2col or one of the Winograd algorithms.
constexpr std::array preferences{algorithm_preference::im2col, algorithm_preference::winograd,
                                 algorithm_preference::winograd_2x2};

/// The columns of the table.
constexpr std::array algorithm_columns{conv_algorithm::im2col, conv_algorithm::winograd_4x4, conv_algorithm::winograd_2x2,
                                       conv_algorithm::winograd_strided};

const char* name_of(conv_algorithm algorithm) {
    switch (algorithm) {
        case conv_algorithm::winograd_4x4:
            return "F(4x4)";
        case conv_algorithm::winograd_2x2:
            return "F(2x2)";
        case conv_algorithm::winograd_strided:
            return "F(2x2) stride 2";
        default:
            return "im2col";
    }
}

/// The model's 3x3 convolutions without repetitions.
std::vector<layer_case> convolutions_of(const architecture& arch, const shape& input) {
    std::vector<layer_case> found;
    const auto add = [&](bool learns) {
        return [&found, learns](const nn::conv_bn& layer, const shape& in) {
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
    const trainable_network trainable{arch};
    teacher.for_each_layer(input, add(false));
    const shape first{input.n, 64 * arch.expansion(), input.h / 4, input.w / 4};
    trainable.student.for_each_layer(trainable.bottleneck.for_each_layer(first, add(true)), add(true));
    return found;
}

/// Times one layer and prints its rows.
class layer_benchmark {
   public:
    layer_benchmark(cpu::queue& q, const layer_case& of, std::size_t rounds)
        : q_{q},
          of_{of},
          rounds_{rounds},
          output_{of.layer.output_shape(of.input)},
          x_{make_tensor<cpu>(q, of.input)},
          y_{make_tensor<cpu>(q, output_)},
          w_{make_tensor<cpu>(q, {1, of.layer.weight_count(), 1, 1})} {
        fill<cpu>(q, x_, 0.5f);
        fill<cpu>(q, y_, 0.25f);
        fill<cpu>(q, w_, 0.1f);
    }

    void scoring() {
        std::map<algorithm_preference, nn::prepared_layer<cpu>> weights;
        for (const auto preference : preferences)
            nn::weight_preparer<cpu>{q_}.prepare(of_.layer, std::span{&of_.input, 1}, preference, w_, weights[preference]);
        print_row("scoring", weight_lifetime::persistent, [&](algorithm_preference by) {
            nn::convolve<cpu>(q_, of_.layer, of_.input, nn::no_prologue(x_), weights.at(by).forms(), {y_.data(), output_.c}, by);
        });
    }

    void training() {
        print_row("forward", weight_lifetime::transient, [&](algorithm_preference by) {
            nn::convolve<cpu>(q_, of_.layer, of_.input, nn::no_prologue(x_), {.plain = w_.data()}, {y_.data(), output_.c}, by);
        });
        print_row("input gradient", weight_lifetime::transient, [&](algorithm_preference by) {
            nn::convolve_input_gradient<cpu>(q_, of_.layer, of_.input, y_.data(), w_.data(), {x_.data(), of_.input.c}, by);
        });
        print_row("weight gradient", weight_lifetime::transient, [&](algorithm_preference by) {
            nn::convolve_weight_gradient<cpu>(q_, of_.layer, of_.input, nn::no_prologue(x_), y_.data(), w_.data(), by);
        });
    }

   private:
    /// Times run(preference) for each algorithm once.
    template <class Run>
    void print_row(const char* direction, weight_lifetime weights, const Run& run) {
        const auto selected = nn::select_algorithm(of_.layer, of_.input, algorithm_preference::automatic, weights);
        std::map<conv_algorithm, double> ms;
        for (const auto preference : preferences)
            if (const auto how = nn::select_algorithm(of_.layer, of_.input, preference, weights); !ms.contains(how))
                ms[how] = fastest(rounds_ + 1, [&] { run(preference); });
        std::string cells;
        for (const auto how : algorithm_columns) cells += (ms.contains(how) ? fixed(ms[how], 3) : std::string{}) + " | ";
        std::printf("| %zu to %zu at %zu x %zu%s, %zu | %s | %s%s | %.0f |\n", of_.layer.in, of_.layer.out, of_.input.h,
                    of_.input.w, of_.layer.stride == 2 ? ", stride 2" : "", of_.count, direction, cells.c_str(),
                    name_of(selected), 2e-6 * static_cast<double>(of_.layer.multiply_adds(of_.input)) / ms[selected]);
        flush_output();
    }

    cpu::queue& q_;
    const layer_case& of_;
    std::size_t rounds_;
    shape output_;
    tensor<cpu> x_, y_, w_;
};

}  // namespace

void bench_algorithms(const architecture& arch, const shape& input, std::size_t threads, std::size_t rounds) {
    cpu::queue q{threads};
    std::printf("%s, %zu images of %zu x %zu, %zu threads, instruction set %s, BLAS %s\n", std::string{arch.name}.c_str(),
                input.n, input.w, input.h, q.threads, std::string{instruction_set()}.c_str(), cpu::blas_description().c_str());
    std::printf(
        "| 3x3 convolution, number | direction | im2col ms | F(4x4) ms | F(2x2) ms | F(2x2) stride 2 ms | auto | GFLOP/s of auto "
        "|\n");
    std::printf("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |\n");
    for (const auto& one : convolutions_of(arch, input)) {
        layer_benchmark benchmark{q, one, rounds};
        benchmark.scoring();
        if (one.learns) benchmark.training();
    }
}

}  // namespace cli
