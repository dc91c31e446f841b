// cli/bench.cpp: rd4ad bench.
#include <cstdio>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "bench_algorithms.hpp"
#include "console.hpp"
#include "fastest.hpp"
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
                  {"backend", "NAME", default_backend, "for --profile: xtensor, thrust, onednn, or onednn-bf16 for scoring"},
                  {"algorithm", "NAME", "auto", "for --profile: auto, direct, winograd or winograd-2x2"}},
        .takes_operands = false,
        .more = R"(The weights are random: times don't depend on them. Run it on a quiet machine.

Example: where a training step of 16 images goes.
  rd4ad bench --profile --bs 16 --threads 2
)"};
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
        bench_algorithms(arch, image, given.whole("threads", 0), given.whole("rounds", 1));
        return 0;
    });
}

}  // namespace cli
