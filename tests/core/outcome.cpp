// A failure takes the place of an item's value, and the other items keep their batches.
#include <rd4ad/core/outcome.hpp>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

/// Values for lower-case letters, failures for others.
std::vector<outcome<char>> outcomes_of(const std::string& letters) {
    std::vector<outcome<char>> made;
    for (const char letter : letters)
        if (letter >= 'a')
            made.emplace_back(letter);
        else
            made.emplace_back(failure{error_code::format, std::string(1, letter)});
    return made;
}

/// The items of chunks as text: values, failures, "|" after each chunk.
std::string text_of(const std::vector<partial_chunk<char>>& chunks) {
    std::string found;
    for (const auto& chunk : chunks) {
        for (const auto& one : chunk.outcomes(chunk.values)) found += one ? std::string(1, *one) : one.error().message;
        found += '|';
    }
    return found;
}

}  // namespace

TEST_CASE("an error becomes a failure where failures are skipped, and passes where they stop", "[core]") {
    const auto fails = []() -> int { throw format_error{"a.png: is damaged"}; };
    const outcome<int> value = attempt(on_failure::skip, "a.png", [] { return 3; }),
                       failed = attempt(on_failure::skip, "a.png", fails);
    CHECK((value && value.has_value() && *value == 3));
    CHECK(!failed);
    CHECK(failed.error() == failure{error_code::format, "a.png: is damaged"});
    CHECK(test::message_of([&] { static_cast<void>(attempt(on_failure::stop, "a.png", fails)); }) == "a.png: is damaged");
    CHECK_THROWS_AS(*failed, std::bad_variant_access);
    CHECK_THROWS_AS(value.error(), std::bad_variant_access);

    const auto exhausted = []() -> int { throw std::bad_alloc{}; };
    const auto no_memory = attempt(on_failure::skip, "a.png", exhausted);
    CHECK(no_memory.error().code == error_code::memory);
    CHECK(no_memory.error().message.starts_with("a.png: the memory"));
    CHECK_THROWS_AS(attempt(on_failure::stop, "a.png", exhausted), std::bad_alloc);
    CHECK_THROWS_AS(attempt(on_failure::skip, "a.png", []() -> int { throw std::logic_error{"a mistake"}; }), std::logic_error);
}

TEST_CASE("a value that only moves is taken out of its outcome", "[core]") {
    outcome<std::unique_ptr<int>> held{std::make_unique<int>(4)};
    CHECK(**held == 4);
    CHECK(*held->get() == 4);
    const auto taken = *std::move(held);
    CHECK(*taken == 4);
}

TEST_CASE("chunks hold as many values as without the failures between them", "[core]") {
    for (const auto& [letters, expected] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                            {"a", "a|"},
                                                                                            {"abc", "abc|"},
                                                                                            {"abcd", "abc|d|"},
                                                                                            {"aBcde", "aBcd|e|"},
                                                                                            {"ABabc", "ABabc|"},
                                                                                            {"abcDEF", "abc|DEF|"},
                                                                                            {"abcDEFg", "abc|DEFg|"},
                                                                                            {"aBCDEFGbHcde", "aBCDEFGbHc|de|"},
                                                                                            {"ABC", "ABC|"}})
        for (const std::size_t loaded : {1UL, 2UL, 3UL, 100UL}) {  // items per call
            INFO(letters << " by " << loaded);
            full_chunks<char> chunks{3, letters.size()};
            std::string found;
            std::size_t next = 0;
            for (std::size_t first = 0; first < letters.size(); first += loaded) {
                const auto made = chunks.add(outcomes_of(letters.substr(first, loaded)));
                for (const auto& chunk : made) {
                    CHECK(chunk.first == next);
                    next += chunk.size();
                }
                found += text_of(made);
            }
            CHECK(found == expected);
            CHECK(next == letters.size());
        }
}
