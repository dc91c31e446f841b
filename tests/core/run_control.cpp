#include <rd4ad/core/run_control.hpp>
//
#include <cstddef>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("a run goes on without a token, and until its token's source requests a stop", "[core]") {
    const run_control none;
    none.check("score_files", {0, 5});
    none.report({1, 5});

    std::stop_source source;
    std::vector<std::size_t> seen;
    const run_control control{.stop = source.get_token(), .progress = [&](const run_progress& at) { seen.push_back(at.done); }};
    control.check("score_files", {2, 5});
    control.report({2, 5});
    source.request_stop();
    CHECK(seen == std::vector<std::size_t>{2});
    CHECK_THAT(test::message_of([&] { control.check("score_files", {4, 5}); }), test::mentions("score_files: stopped", "4 of 5"));
    try {
        control.check("evaluate", {4, 5});
        FAIL("nothing thrown");
    } catch (const stopped_error& problem) {
        CHECK(problem.code() == error_code::stopped);
    }
}
}  // namespace
