#include <support/replace_new.hpp>
//
#include <vector>

#include <support/catch.hpp>

namespace {
TEST_CASE("the largest allocation is observed", "[image]") {
    std::size_t held = 0;
    const auto allocate = [&](std::size_t size) { held += std::vector<char>(size, 'x').capacity(); };
    CHECK(rd4ad::test::largest_allocation([&] {
              allocate(1000);
              allocate(100000);
              allocate(10);
          }) == 100000);
    CHECK(rd4ad::test::largest_allocation([&] { allocate(10); }) == 10);
    CHECK(held == 101020);
}
}  // namespace
