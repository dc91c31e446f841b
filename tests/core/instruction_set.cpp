#include <array>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/instruction_set.hpp>
#include <string>
#include <string_view>
#include <support/catch.hpp>
#include <support/environment.hpp>

namespace {

/// The message of the refusal.
std::string refusal(std::span<const std::string_view> built, std::string_view requested) {
    try {
        static_cast<void>(rd4ad::select_instruction_set(built, requested));
    } catch (const rd4ad::option_error& problem) {
        return problem.what();
    }
    return "";
}

}  // namespace

TEST_CASE("The best instruction set that the processor has is selected", "[core]") {
    const auto& levels = rd4ad::instruction_set_levels;
    const auto best = rd4ad::select_instruction_set(levels, "");
    CHECK(rd4ad::missing_extensions(levels[best]).empty());
    for (std::size_t i = best + 1; i < levels.size(); ++i) CHECK(!rd4ad::missing_extensions(levels[i]).empty());
    CHECK(rd4ad::select_instruction_set(std::span{levels}.first(1), "") == 0);
    CHECK(rd4ad::select_instruction_set(levels, "baseline") == 0);
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
    CHECK_THAT(refusal(two, "v5"), Contains("RD4AD_ISA=v5: unknown, expected baseline, v3"));
    CHECK_THAT(refusal(two, "v4"), Contains("RD4AD_ISA=v4: this build has baseline, v3"));
    CHECK_THAT(refusal(own, "v3"), Contains("RD4AD_ISA=v3: this build has native"));
    CHECK(rd4ad::select_instruction_set(own, "native") == 0);
    CHECK(rd4ad::select_instruction_set(own, "") == 0);
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
        CHECK_THROWS_AS(rd4ad::select_instruction_set(rd4ad::instruction_set_levels), rd4ad::option_error);
    }
    const rd4ad::test::environment without{"RD4AD_ISA", ""};
    CHECK(rd4ad::select_instruction_set(rd4ad::instruction_set_levels) ==
          rd4ad::select_instruction_set(rd4ad::instruction_set_levels, ""));
}
