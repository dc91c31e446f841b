// A program on rd4ad::compiled, whose own files are compiled for this machine: the library's variant trains and scores, its
// errors arrive as their types, and its log events in the program's log. Argument: the expected instruction set.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/compiled.hpp>

namespace {

using cpu = rd4ad::backend::xtensor<float>;

bool holds(bool value, const char* what) {
    if (!value) std::printf("failed: %s\n", what);
    return value;
}

/// Whether `call` throws an Error whose message has the text.
template <class Error, class Call>
bool throws(const Call& call, const std::string& text) {
    try {
        call();
    } catch (const Error& problem) {
        return std::string{problem.what()}.find(text) != std::string::npos;
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string expected = argc > 1 ? argv[1] : "";
    ::setenv("RD4AD_ISA", "v9", 1);
    bool good = holds(throws<rd4ad::option_error>([] { static_cast<void>(rd4ad::instruction_set()); }, "RD4AD_ISA=v9"),
                      "an unknown instruction set is refused");
    ::setenv("RD4AD_ISA", expected.c_str(), 1);
    if (throws<rd4ad::option_error>([] { static_cast<void>(rd4ad::instruction_set()); }, "this processor lacks")) {
        std::printf("SKIPPED: this processor lacks %s\n", expected.c_str());
        return good ? 77 : 1;
    }
    good &= holds(rd4ad::instruction_set() == expected, "the forced instruction set is in use");

    std::vector<std::string> events;
    rd4ad::set_log([&](const rd4ad::log_event& event) { events.emplace_back(event.text); });
    good &= holds(
        throws<rd4ad::option_error>([] { static_cast<void>(rd4ad::make_model_without_teacher<cpu>("resnet9")); }, "resnet9"),
        "an error of the variant has its type");
    good &= holds(
        throws<rd4ad::error>([] { rd4ad::detector<cpu>{std::filesystem::path{"missing.safetensors"}}; }, "missing.safetensors"),
        "an error of the variant has its base type");

    const auto folder = std::filesystem::current_path() / ("good-" + expected);
    std::filesystem::create_directory(folder);
    rd4ad::random noise{.state = 1};
    auto image = rd4ad::image::make_image<std::uint8_t>(64, 64, 3);
    for (int i = 0; i < 2; ++i) {
        for (auto& value : image.pixels) value = static_cast<std::uint8_t>(100 + noise.below(50));
        rd4ad::image::write_png(folder / (std::to_string(i) + ".png"), image);
    }
    auto model = rd4ad::make_model_without_teacher<cpu>("resnet18");
    const auto log = rd4ad::train(model, rd4ad::data::open(folder), {.epochs = 1, .batch = 2, .size = 32});
    const rd4ad::detector<cpu> detector{std::move(model)};
    const auto result = detector.score(image);
    good &= holds(!events.empty(), "the events of the variant are in the program's log");
    good &= holds(result.map.width == 64 && result.raw_score > 0.0f && result.raw_score < 3.0f, "a raw score");
    std::printf("%s: loss %.4f, raw score %.4f, %zu events\n", expected.c_str(), log.losses.front(),
                static_cast<double>(result.raw_score), events.size());
    return good ? 0 : 1;
}
