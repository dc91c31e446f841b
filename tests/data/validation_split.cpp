#include <rd4ad/data/validation_split.hpp>
//
#include <algorithm>
#include <set>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

TEST_CASE("a share of the items is for validation, the rest for training", "[data]") {
    for (const std::size_t items : {20u, 161u, 1000u}) {
        const auto split = data::make_validation_split(items, 0.1, 111);
        CHECK(split.validation.size() == (items + 5) / 10);
        CHECK(std::is_sorted(split.validation.begin(), split.validation.end()));
        CHECK(std::is_sorted(split.training.begin(), split.training.end()));
        std::set<std::size_t> all(split.training.begin(), split.training.end());
        all.insert(split.validation.begin(), split.validation.end());
        CHECK((all.size() == items && *all.rbegin() == items - 1));
        CHECK(data::make_validation_split(items, 0.1, 111).validation == split.validation);
        CHECK(data::make_validation_split(items, 0.1, 112).validation != split.validation);
    }
    CHECK(data::make_validation_split(20, 0.1, 111).validation == std::vector<std::size_t>{17, 19});
}

TEST_CASE("a share of less than two items is for training", "[data]") {
    CHECK(data::make_validation_split(14, 0.1, 1).validation.empty());
    CHECK(data::make_validation_split(15, 0.1, 1).validation.size() == 2);
    CHECK(data::make_validation_split(100, 0, 1).validation.empty());
    CHECK(data::make_validation_split(0, 0.5, 1).training.empty());
    CHECK(data::make_validation_split(14, 0.1, 1).training.size() == 14);
    CHECK_THAT(test::message_of<option_error>([] { (void)data::make_validation_split(9, 0.95, 1); }),
               test::mentions("validation", "0.950000", "0 to 0.9"));
}
