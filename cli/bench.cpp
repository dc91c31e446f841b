// cli/bench.cpp: rd4ad bench.
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "backends.hpp"
#include "bench_algorithms.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "computing.hpp"
#include "console.hpp"
#include "profile.hpp"
#include "timing.hpp"

namespace cli {

namespace {

using namespace rd4ad;

/// The profile of the fastest of several runs.
struct fastest_profile {
    double ms{std::numeric_limits<double>::infinity()};
    std::vector<profile_line> lines{};
};

/// Runs `work` once to warm up, then `rounds` times.
template <class Work>
fastest_profile measure(profile& calls, std::size_t rounds, const Work& work) {
    work();
    fastest_profile found;
    for (std::size_t i = 0; i < rounds; ++i) {
        calls.clear();
        if (const double ms = fastest(1, work); ms < found.ms) found = {ms, calls.sorted()};
    }
    return found;
}

void print_row(const std::string& name, const std::string& calls, double ms, double all_ms, double multiply_adds, double bytes) {
    std::printf("| %s | %s | %s | %.1f %% | %s | %.1f |\n", name.c_str(), calls.c_str(), fixed(ms, 3).c_str(), 100 * ms / all_ms,
                multiply_adds > 0 ? fixed(2e-6 * multiply_adds / ms, 0).c_str() : "", 1e-6 * bytes / ms);
}

void print(const char* what, const fastest_profile& found) {
    std::printf("\n%s: %s ms\n\n| call | number | ms | share | GFLOP/s | GB/s |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
                what, fixed(found.ms, 2).c_str());
    double inside = 0, multiply_adds = 0, bytes = 0;
    for (const auto& line : found.lines) {
        print_row(line.name, rd4ad::text(line.calls), 1e3 * line.seconds, found.ms, line.multiply_adds, line.bytes);
        inside += 1e3 * line.seconds;
        multiply_adds += line.multiply_adds;
        bytes += line.bytes;
    }
    std::printf("| between calls | | %s | %.1f %% | | |\n", fixed(found.ms - inside, 3).c_str(),
                100 * (found.ms - inside) / found.ms);
    print_row("all", "", found.ms, found.ms, multiply_adds, bytes);
    flush_output();
}

std::vector<float> random_input(const shape& size) {
    std::vector<float> pixels(size.count());
    rd4ad::random source{1};
    for (float& pixel : pixels) pixel = static_cast<float>(2 * source.uniform() - 1);
    return pixels;
}

template <Backend Computes>
void print_profiles(const parsed_options& options, const architecture& arch, const shape& size) {
    using B = profiled<Computes>;
    std::printf("%s, %zu images of %zu x %zu, backend %s, instruction set %s\n", std::string{arch.name}.c_str(), size.n, size.w,
                size.h, std::string{Computes::name()}.c_str(), std::string{instruction_set()}.c_str());
    const std::size_t rounds = options.whole("rounds", 1);
    auto m = make_model_without_teacher<B>(std::string{arch.name}, compute_options(options));
    m.settings.height = size.h;
    m.settings.width = size.w;
    const auto pixels = random_input(size);
    {
        const scoring_network<B> network{m, size.n};
        print("scoring", measure(m.queue.calls, rounds, [&] {
                  static_cast<void>(to_host<B>(m.queue, network.map(m.queue, upload_images<B>(m.queue, pixels, size.h, size.w))));
              }));
    }
    if constexpr (!backend::narrow_products<B>) {
        const auto folded = fold_teacher<B>(m.queue, m, size);
        const auto features = infer<B>(m.queue, m.teacher.layers, folded, upload_images<B>(m.queue, pixels, size.h, size.w));
        auto by = make_optimizer(m);
        print("training step with cached teacher features",
              measure(m.queue.calls, rounds, [&] { static_cast<void>(value_of<B>(m.queue, train_step(m, by, features))); }));
    }
}

}  // namespace

usage bench_usage() {
    return {.synopsis = "--algorithms | --profile [FLAGS...]",
            .flags = join_flags(
                {{{"algorithms", "", "", "times each 3x3 convolution with each algorithm, and names the one that auto selects"},
                  {"profile", "", "", "profiles the calls of scoring and training: ms, GFLOP/s of the direct algorithm, GB/s"},
                  {"arch", "NAME", "resnet18", "resnet18, resnet34, resnet50 or wide_resnet50_2"},
                  {"bs", "N", "1", "batch size"},
                  {"inp", "PIXELS", "256", "width and height of the input, a multiple of 32"},
                  {"rounds", "N", "7", "number of timed runs; the fastest counts"}},
                 compute_flags()}),
            .notes =
                R"(--backend and --algorithm apply to --profile. The weights are random; times do not depend on them.
Run the benchmark on an idle machine.

Example: the profile of a training step with 16 images.
  rd4ad bench --profile --bs 16 --threads 2
)"};
}

int bench(const parsed_options& options) {
    if (options.has("algorithms") == options.has("profile")) throw usage_error{"expected either --algorithms or --profile"};
    const auto& arch = architecture_named(options.text("arch"));
    static_cast<void>(options.choice("algorithm", algorithm_names));
    const std::size_t size = options.whole("inp", 32);
    check_network_size(size, size);
    const shape input{options.whole("bs", 1, 4096), 3, size, size};
    if (options.has("profile"))
        return with_backend(options, [&]<class B>() { return print_profiles<B>(options, arch, input), 0; });
    bench_algorithms(arch, input, options.whole("threads", 0, 4096), options.whole("rounds", 1));
    return 0;
}

}  // namespace cli
