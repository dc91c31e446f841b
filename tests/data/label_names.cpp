#include <rd4ad/data/label_names.hpp>
//
#include <support/catch.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("names that mean good are recognised in any spelling", "[data]") {
    for (const char* name : {"good", "Good", "GOOD", "ok", "OK", "Ok", "normal", "NORMAL", " good ", "good\t", "no-defect",
                             "Defect free", "i.O.", "passed"}) {
        CAPTURE(name);
        CHECK(data::is_good_name(name));
        CHECK_FALSE(data::is_ambiguous_name(name));
        CHECK_FALSE(data::detail::is_not_good_name(name));
    }
    for (const char* name : {"bad", "not_good", "NG", "crack", "goods", "okra", "abnormal", "", "normal_map", "k.o."}) {
        CAPTURE(name);
        CHECK_FALSE(data::is_good_name(name));
        CHECK_FALSE(data::is_ambiguous_name(name));
    }
    CHECK(data::detail::is_not_good_name("Not good"));
    CHECK(data::detail::is_not_good_name("NG"));
    CHECK_FALSE(data::detail::is_not_good_name("lot_7"));
}

TEST_CASE("names that may mean good or not are recognised", "[data]") {
    for (const char* name :
         {"good_2", "good2", "OK (1)", "normal.old", "good (copy)", "0", "nan", "None", "unknown", "?", "good?"}) {
        CAPTURE(name);
        CHECK(data::is_ambiguous_name(name));
        CHECK_FALSE(data::is_good_name(name));
    }
}
}  // namespace
