// tests/support/mentions.hpp: matches a message by its essential parts (names, numbers, remedy), so that its wording can change.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include <rd4ad/core/text.hpp>

#include <support/catch.hpp>

namespace rd4ad::test {

#if __has_include(<catch2/catch_all.hpp>)
using message_matcher = Catch::Matchers::MatcherBase<std::string>;
#else
using message_matcher = Catch::MatcherBase<std::string>;
#endif

/// Matches a text that contains every part, in any order: `CHECK_THAT(message, mentions("a.pth", "byte 7"))`. The parts are
/// texts, paths or numbers, as rd4ad::text takes them.
class mentions : public message_matcher {
   public:
    template <TextPart... Parts>
    explicit mentions(const Parts&... parts) : parts_{text(parts)...} {}

    bool match(const std::string& message) const override {
        return std::all_of(parts_.begin(), parts_.end(),
                           [&](const std::string& part) { return message.find(part) != std::string::npos; });
    }

    std::string describe() const override {
        std::string all = "mentions";
        for (const auto& part : parts_) all += text(" \"", part, '"');
        return all;
    }

   private:
    std::vector<std::string> parts_;
};

}  // namespace rd4ad::test
