// soak IMAGES ROUNDS SIZE BACKEND: one detector scores IMAGES images of different sizes on 8 threads, then ROUNDS models are
// trained, saved, loaded and used. Each result must equal that of one thread, and the memory must stay where it is after the
// first 1,000 images (a quarter of fewer) and the first tenth of the rounds. SIZE: of the network's input. BACKEND: xtensor or
// onednn.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/rd4ad.hpp>
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif

#include <support/training_images.hpp>

namespace {

using namespace rd4ad;

constexpr std::size_t threads = 8, different_images = 32;

/// The resident memory of this process in MB.
double resident_mb() {
    std::ifstream file{"/proc/self/statm"};
    double all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

/// The memory that the process uses of what it allocated, in MB; 0 where the C library does not tell. The resident memory is
/// larger, and varies from round to round: the C library keeps freed blocks, in pieces that other sizes don't fit.
double used_mb() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
    const auto heap = ::mallinfo2();
    return static_cast<double>(heap.uordblks + heap.hblkhd) / 1e6;
#else
    return 0;
#endif
}

/// Watches the memory: it may not exceed the largest value of the first `settled` steps by more than a fiftieth and 8 MB.
class memory_watch {
   public:
    explicit memory_watch(std::size_t settled) : settled_{settled} {}

    void add(std::size_t step) {
        const double now = resident_mb();
        (step < settled_ ? before_ : after_) = std::max(step < settled_ ? before_ : after_, now);
    }

    /// Prints the figures and returns whether the memory stayed.
    [[nodiscard]] bool stayed(const char* what) const {
        const bool flat = after_ <= before_ * 1.02 + 8;
        std::printf("%s: at most %.1f MB in the first %zu, %.1f MB after them: %s\n", what, before_, settled_, after_,
                    flat ? "flat" : "GROWS");
        return flat;
    }

   private:
    std::size_t settled_;
    double before_{0}, after_{0};
};

template <Backend B>
model<B> new_model(std::size_t size) {
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 1, .threads = 1});
    m.settings.width = m.settings.height = m.settings.preprocessing.geometry.size = size;
    return m;
}

template <Backend B>
bool soak_scoring(std::size_t count, std::size_t size) {
    std::vector<image::image_u8> images;
    for (std::size_t i = 0; i < different_images; ++i) images.push_back(test::image(40 + 7 * i, 200 - 5 * i, i));
    const detector<B> by{new_model<B>(size)};
    std::vector<detection_result> expected;
    for (const auto& image : images) expected.push_back(by.score(image));

    memory_watch memory{std::min<std::size_t>(1000, count / 4)};
    std::atomic<std::size_t> next{0}, different{0};
    const auto start = std::chrono::steady_clock::now();
    {
        std::vector<std::jthread> pool;
        for (std::size_t t = 0; t < threads; ++t)
            pool.emplace_back([&, t] {
                for (std::size_t i = next++; i < count; i = next++) {
                    const auto result = by.score(images[i % different_images]);
                    const auto& wanted = expected[i % different_images];
                    if (result.raw_score != wanted.raw_score || result.map.pixels != wanted.map.pixels) ++different;
                    if (t == 0) memory.add(i);
                }
            });
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%zu images on %zu threads in %.0f s, %zu results differ from one thread's\n", count, threads, seconds,
                different.load());
    return memory.stayed("images") && different == 0;
}

template <Backend B>
bool soak_training(std::size_t rounds, std::size_t size) {
    const auto folder = std::filesystem::temp_directory_path() / text("rd4ad-soak-", getpid());
    std::filesystem::create_directories(folder);
    const auto set = test::training_set(folder, 4);
    const auto image = test::image(50, 60, 9);
    train_options options;
    options.epochs = 1, options.batch = 4, options.size = size, options.seed = 1;
    options.calibrate_by = calibration_images::none;
    options.checkpoint = folder / "model.safetensors";
    memory_watch memory{std::max<std::size_t>(2, rounds / 10)};
    std::size_t different = 0;
    float first = 0;
    double used = 0;  // after the second round
    for (std::size_t i = 0; i < rounds; ++i) {
        if (i == 2) used = used_mb();
        auto m = make_model_without_teacher<B>("resnet18", {.seed = 1, .threads = 1});
        static_cast<void>(train(m, set, options));
        const detector<B> loaded{options.checkpoint, {}, {.threads = 1}}, trained{std::move(m)};
        const float raw_score = loaded.score(image).raw_score;
        if (i == 0) first = raw_score;
        different += raw_score != first || trained.score(image).raw_score != first;
        memory.add(i);
    }
    std::filesystem::remove_all(folder);
    const bool leaks = rounds > 2 && used_mb() > used + 1;
    std::printf(
        "%zu rounds of training, saving and loading, %zu differ; %.2f MB in use after the second, %.2f MB after the last%s\n",
        rounds, different, used, used_mb(), leaks ? ": LEAKS" : "");
    return memory.stayed("rounds") && !leaks && different == 0;
}

template <Backend B>
int soak(std::size_t images, std::size_t rounds, std::size_t size) {
    const bool scored = images == 0 || soak_scoring<B>(images, size), trained = rounds == 0 || soak_training<B>(rounds, 32);
    return scored && trained ? 0 : 1;
}

}  // namespace

int main(int count, char* words[]) {
    if (count != 5) {
        std::fputs("usage: soak IMAGES ROUNDS SIZE BACKEND\n", stderr);
        return 2;
    }
    const auto number = [&](int at) { return static_cast<std::size_t>(std::atoll(words[at])); };
    const std::string_view backend = words[4];
#if defined(RD4AD_WITH_ONEDNN)
    if (backend == "onednn") return soak<rd4ad::backend::onednn<float>>(number(1), number(2), number(3));
#endif
    if (backend == "xtensor") return soak<rd4ad::backend::xtensor<float>>(number(1), number(2), number(3));
    std::fprintf(stderr, "soak: no backend %s\n", words[4]);
    return 2;
}
