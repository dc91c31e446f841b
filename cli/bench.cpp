// cli/bench.cpp: rd4ad bench.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "profile.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

using namespace rd4ad;

verb description() {
    return {
        .name = "bench",
        .synopsis = "--algorithms | --profile [FLAGS...]",
        .what = "Measures this machine: the algorithms of the 3x3 convolutions, or where the time of scoring and training goes.",
        .flags = {{"algorithms", "", "", "each 3x3 convolution by each algorithm: ms, and which one the rule takes"},
                  {"profile", "", "", "each kind of call: ms, GFLOP/s counted as the plain algorithm's, GB/s"},
                  {"arch", "NAME", "resnet18", "resnet18, resnet34, resnet50 or wide_resnet50_2"},
                  {"bs", "N", "1", "images at once"},
                  {"inp", "PIXELS", "256", "width and height of the network's images, a multiple of 32"},
                  {"rounds", "N", "7", "the fastest of so many counts"},
                  {"threads", "N", "0", "processor threads; 0: all there are"},
                  {"backend", "NAME", "xtensor", "for --profile: xtensor, thrust, onednn, or onednn-bf16 for scoring"},
                  {"algorithm", "NAME", "auto", "for --profile: auto, direct, winograd or winograd-2x2"}},
        .takes_operands = false,
        .more = R"(The weights are random: times don't depend on them. Run it on a quiet machine.

Example: where a training step of 16 images goes.
  rd4ad bench --profile --bs 16 --threads 2
)"};
}

using cpu = backend::xtensor<float>;

/// Milliseconds of the fastest of `rounds` calls.
template <class Call>
double fastest(std::size_t rounds, const Call& call) {
    double best = 1e300;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto began = std::chrono::steady_clock::now();
        call();
        best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
    }
    return best;
}

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

void algorithms(const arguments& given, const architecture& arch, const shape& image, cpu::queue& q) {
    const std::size_t rounds = given.whole("rounds", 1);
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

/// Prints the profile of the fastest of several runs of `work`, which is called once before.
template <class Work>
void print_profile(const char* what, profile& calls, std::size_t rounds, const Work& work) {
    work();
    double best = 1e300;
    std::vector<profile_line> lines;
    for (std::size_t i = 0; i < rounds; ++i) {
        calls.clear();
        const double ms = fastest(1, work);
        if (ms >= best) continue;
        best = ms;
        lines = calls.sorted();
    }
    double inside = 0, work_done = 0, bytes = 0;
    std::printf("\n%s: %s ms\n\n| call | times | ms | share | GFLOP/s | GB/s |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
                what, fixed(best, 2).c_str());
    const auto row = [&](const std::string& name, const std::string& times, double ms, double multiply_adds, double moved) {
        std::printf("| %s | %s | %s | %.1f %% | %s | %.1f |\n", name.c_str(), times.c_str(), fixed(ms, 3).c_str(),
                    100 * ms / best, multiply_adds > 0 ? fixed(2e-6 * multiply_adds / ms, 0).c_str() : "", 1e-6 * moved / ms);
    };
    for (const auto& line : lines) {
        row(line.what, std::to_string(line.calls), 1e3 * line.seconds, line.multiply_adds, line.bytes);
        inside += 1e3 * line.seconds;
        work_done += line.multiply_adds;
        bytes += line.bytes;
    }
    std::printf("| between the calls | | %s | %.1f %% | | |\n", fixed(best - inside, 3).c_str(), 100 * (best - inside) / best);
    row("all", "", best, work_done, bytes);
    std::fflush(stdout);
}

template <Backend Computes>
void profiles(const arguments& given, const architecture& arch, const shape& image) {
    using B = profiled<Computes>;
    std::printf("%s, %zu images of %zu x %zu, backend %s\n", std::string{arch.name}.c_str(), image.n, image.w, image.h,
                std::string{Computes::name()}.c_str());
    const std::size_t rounds = given.whole("rounds", 1);
    model_options options{.threads = given.whole("threads", 0), .algorithm = nn::algorithm_from(given.text("algorithm"))};
    auto m = make_model_without_teacher<B>(std::string{arch.name}, options);
    m.settings.height = image.h;
    m.settings.width = image.w;
    std::vector<float> pixels(image.count());
    rd4ad::random source{1};
    for (float& pixel : pixels) pixel = static_cast<float>(2 * source.uniform() - 1);
    {
        const scoring_network<B> network{m, image.n};
        print_profile("scoring", m.queue.calls, rounds, [&] {
            static_cast<void>(to_host<B>(m.queue, network.map(m.queue, upload_images<B>(m.queue, pixels, image.h, image.w))));
        });
    }
    if constexpr (!backend::narrow_products<B>) {
        const auto folded = fold_teacher<B>(m.queue, m, image);
        const auto seen = infer<B>(m.queue, m.teacher_net, folded, upload_images<B>(m.queue, pixels, image.h, image.w));
        auto by = make_optimizer(m);
        print_profile("training step, the teacher's features cached", m.queue.calls, rounds,
                      [&] { static_cast<void>(value_of<B>(m.queue, train_step(m, by, seen))); });
    }
}

}  // namespace

int bench(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        if (given.given("algorithms") == given.given("profile")) throw usage_error{"expected one of --algorithms and --profile"};
        const auto& arch = architecture_named(given.text("arch"));
        static_cast<void>(given.choice("algorithm", {"auto", "direct", "winograd", "winograd-2x2"}));
        const std::size_t size = given.whole("inp", 32);
        check_network_size(size, size);
        const shape image{given.whole("bs", 1), 3, size, size};
        if (given.given("profile"))
            return with_backend(given, [&]<class B>() {
                profiles<B>(given, arch, image);
                return 0;
            });
        cpu::queue q{given.whole("threads", 0)};
        std::printf("%s, %zu images of %zu x %zu, %zu threads, OpenBLAS kernels %s\n", std::string{arch.name}.c_str(), image.n,
                    size, size, q.threads, cpu::kernels().c_str());
        algorithms(given, arch, image, q);
        return 0;
    });
}

}  // namespace cli
