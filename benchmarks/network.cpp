// The network alone, for benchmarks/compare.py: scores or trains with given weights and images, and times each round.
//
//   benchmark_network score|train WEIGHTS.safetensors IMAGES.raw BATCH ROUNDS [OUTPUT.raw] [--size=256] [--threads=2]
//   [--algorithm=auto] [--backend=xtensor|onednn|onednn-bf16|thrust]
//
// IMAGES.raw: float32, batch x size x size x 3, normalised. Prints JSON: milliseconds per round, losses (train), peak memory
// in MiB and the libraries that multiply. OUTPUT.raw: the six feature maps, channels last (score).
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <rd4ad/backend/xtensor.hpp>
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif
#if defined(RD4AD_WITH_THRUST)
#include <rd4ad/backend/thrust.hpp>
#endif
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model.hpp>
#include <rd4ad/train/step.hpp>

namespace {

using namespace rd4ad;

/// The value of "--name=value", or the default.
std::string option(int argc, char** argv, const std::string& name, const std::string& default_value) {
    for (int i = 1; i < argc; ++i)
        if (const std::string text = argv[i]; text.starts_with("--" + name + "=")) return text.substr(name.size() + 3);
    return default_value;
}

/// Peak memory in MiB: of the process, or of a GPU, whose memory the queue does not free.
std::size_t peak_mib() {
#if defined(__CUDACC__)
    std::size_t available = 0, total = 0;
    backend::device::check(cudaMemGetInfo(&available, &total), "reading the free memory");
    return (total - available) >> 20;
#else
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) / 1024;
#endif
}

template <Backend B>
void run(int argc, char** argv) {
    const bool training = std::string{argv[1]} == "train";
    const std::size_t batch = std::stoul(argv[4]), rounds = std::stoul(argv[5]);
    const std::size_t size = std::stoul(option(argc, argv, "size", "256"));
    const auto began = std::chrono::steady_clock::now();
    auto m = [&] {
        const auto weights = load_weights(argv[2]);
        model<B> made{recognise(weights, "teacher."),
                      {.threads = std::stoul(option(argc, argv, "threads", "2")),
                       .algorithm = nn::algorithm_preference_from(option(argc, argv, "algorithm", "auto"))}};
        load_teacher(made, weights);
        load_trainable(made, weights);
        return made;
    }();
    m.settings.height = m.settings.width = size;
    auto& q = m.queue;
    std::vector<float> pixels(batch * size * size * 3);
    std::ifstream{argv[3], std::ios::binary}.read(reinterpret_cast<char*>(pixels.data()),
                                                  static_cast<std::streamsize>(pixels.size() * sizeof(float)));
    const auto images = to_device<B>(q, {batch, 3, size, size}, pixels);

    io::json milliseconds = io::json::array(), losses = io::json::array();
    const auto timed = [&](const auto& work) {
        const auto start = std::chrono::steady_clock::now();
        work();
        milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    };
    double ready = 0;
    const auto set_ready = [&] {
        ready = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    };
    const auto train = [&] {
        if constexpr (backend::narrow_products<B>) {
            throw option_error{"onednn-bf16 scores only; train with another backend"};
        } else {
            const auto teacher = infer<B>(q, m.teacher.layers, fold_teacher<B>(q, m, images.shape), images);
            release_idle<B>(q);
            auto by = make_optimizer(m);
            set_ready();
            for (std::size_t i = 0; i < rounds; ++i) timed([&] { losses.push_back(value_of<B>(q, train_step(m, by, teacher))); });
        }
    };
    const auto score = [&] {
        const scoring_network<B> network{m, batch};
        set_ready();
        for (std::size_t i = 0; i < rounds; ++i) timed([&] { static_cast<void>(network.compare(q, images)), q.wait(); });
        if (argc > 6 && std::strncmp(argv[6], "--", 2) != 0) {
            std::ofstream out{argv[6], std::ios::binary};
            const auto [teacher, student] = network.compare(q, images);
            for (const auto* side : {&teacher, &student})
                for (const auto& feature : *side) {
                    const auto values = to_host<B>(q, feature);
                    out.write(reinterpret_cast<const char*>(values.data()),
                              static_cast<std::streamsize>(values.size() * sizeof(float)));
                }
        }
    };
    training ? train() : score();
    const io::json result{{"ms", milliseconds},
                          {"losses", losses},
                          {"ready_ms", ready},
                          {"peak_mib", peak_mib()},
                          {"kernels", B::blas_description()},
                          {"version", version}};
    std::printf("%s\n", result.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(
            stderr,
            "usage: benchmark_network score|train WEIGHTS IMAGES BATCH ROUNDS [OUTPUT] [--size=] [--threads=] [--algorithm=]\n");
        return 2;
    }
    try {
        const auto name = option(argc, argv, "backend", "xtensor");
#if !defined(__CUDACC__)  // nvcc does not compile the CPU's packs
        if (name == "xtensor") return run<backend::xtensor<float>>(argc, argv), 0;
#endif
#if defined(RD4AD_WITH_ONEDNN)
        if (name == "onednn") return run<backend::onednn<float>>(argc, argv), 0;
        if (name == "onednn-bf16") return run<backend::onednn<float, backend::bf16>>(argc, argv), 0;
#endif
#if defined(RD4AD_WITH_THRUST)
        if (name == "thrust") return run<backend::thrust<float>>(argc, argv), 0;
#endif
        throw option_error{text("backend '", name, "' is not in this build")};
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "benchmark_network: %s\n", failure.what());
        return 1;
    }
}
