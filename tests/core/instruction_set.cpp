#include <array>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/instruction_set.hpp>
#include <string>
#include <string_view>
#include <support/catch.hpp>
#include <support/environment.hpp>

namespace {

std::size_t select(std::span<const std::string_view> built, std::string_view requested) {
    return rd4ad::select_instruction_set(built, requested, "instruction set " + std::string{requested});
}

/// The message of the refusal.
std::string refusal(std::span<const std::string_view> built, std::string_view requested) {
    try {
        static_cast<void>(select(built, requested));
    } catch (const rd4ad::option_error& problem) {
        return problem.what();
    }
    return "";
}

}  // namespace

TEST_CASE("The best instruction set that the processor has is selected", "[core]") {
    const auto& levels = rd4ad::instruction_set_levels;
    const auto best = select(levels, "");
    CHECK(rd4ad::missing_extensions(levels[best]).empty());
    for (std::size_t i = best + 1; i < levels.size(); ++i) CHECK(!rd4ad::missing_extensions(levels[i]).empty());
    CHECK(select(std::span{levels}.first(1), "") == 0);
    CHECK(select(levels, "baseline") == 0);
    CHECK(rd4ad::missing_extensions("baseline").empty());
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512CD__)
    CHECK(best == 2);  // this test itself needs it
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
    CHECK(best >= 1);
#endif
}

TEST_CASE("An instruction set that the build or the processor lacks is refused by name", "[core]") {
    constexpr std::array<std::string_view, 2> two{"baseline", "v3"};
    constexpr std::array<std::string_view, 1> own{"native"};
    using Catch::Matchers::Contains;
    CHECK_THAT(refusal(two, "v5"), Contains("instruction set v5: unknown, expected baseline, v3"));
    CHECK_THAT(refusal(two, "v4"), Contains("instruction set v4: this build has baseline, v3"));
    CHECK_THAT(refusal(own, "v3"), Contains("instruction set v3: this build has native"));
    CHECK(select(own, "native") == 0);
    CHECK(select(own, "") == 0);
    for (const auto level : rd4ad::instruction_set_levels)
        if (const auto missing = rd4ad::missing_extensions(level); !missing.empty()) {
            const std::array built{level};
            CHECK_THAT(refusal(built, level), Contains("this processor lacks " + missing));
            CHECK_THAT(refusal(built, ""), Contains("RD4AD_INSTRUCTION_SETS=baseline"));
        }
}

TEST_CASE("RD4AD_ISA requests an instruction set", "[core]") {
    {
        const rd4ad::test::environment set{"RD4AD_ISA", "baseline"};
        CHECK(rd4ad::select_instruction_set(rd4ad::instruction_set_levels) == 0);
    }
    {
        const rd4ad::test::environment set{"RD4AD_ISA", "fast"};
        CHECK_THROWS_WITH(rd4ad::select_instruction_set(rd4ad::instruction_set_levels),
                          Catch::Matchers::Contains("RD4AD_ISA=fast: unknown, expected baseline, v3, v4"));
    }
    const rd4ad::test::environment without{"RD4AD_ISA", ""};
    CHECK(rd4ad::select_instruction_set(rd4ad::instruction_set_levels) == select(rd4ad::instruction_set_levels, ""));
}
