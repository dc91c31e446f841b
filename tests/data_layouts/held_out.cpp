// Items held out of training: as many as asked, by the seed alone, never fewer than two.
#include <rd4ad/data/held_out.hpp>

#include <algorithm>
#include <set>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

TEST_CASE("a share is held out, the rest is kept", "[data]") {
    for (const std::size_t items : {20u, 161u, 1000u}) {
        const auto made = data::hold_out(items, 0.1, 111);
        CHECK(made.held_out.size() == (items + 5) / 10);
        CHECK(std::is_sorted(made.held_out.begin(), made.held_out.end()));
        CHECK(std::is_sorted(made.kept.begin(), made.kept.end()));
        std::set<std::size_t> all(made.kept.begin(), made.kept.end());
        all.insert(made.held_out.begin(), made.held_out.end());
        CHECK((all.size() == items && *all.rbegin() == items - 1));
        CHECK(data::hold_out(items, 0.1, 111).held_out == made.held_out);
        CHECK(data::hold_out(items, 0.1, 112).held_out != made.held_out);
    }
}

TEST_CASE("less than two are none", "[data]") {
    CHECK(data::hold_out(14, 0.1, 1).held_out.empty());
    CHECK(data::hold_out(15, 0.1, 1).held_out.size() == 2);
    CHECK(data::hold_out(100, 0, 1).held_out.empty());
    CHECK(data::hold_out(0, 0.5, 1).kept.empty());
    CHECK(data::hold_out(14, 0.1, 1).kept.size() == 14);
    CHECK(test::message_of<option_error>([] { (void)data::hold_out(9, 0.95, 1); }) ==
          "the share held out of training is 0.950000, it must be 0 to 0.9");
}
