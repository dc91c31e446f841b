#include <rd4ad/data/detail/reading.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using data::detail::reading;
using test::mentions;
using test::message_of;

TEST_CASE("all faults of a data set are in one message", "[data]") {
    reading to{{}, {}};
    CHECK_NOTHROW(to.check());
    to.fault("a.png: is wrong");
    CHECK(message_of<data_error>([&] { to.check(); }) == "a.png: is wrong");
    to.fault("b.png: too");
    CHECK(message_of<data_error>([&] { to.check(); }) == "2 faults: (1) a.png: is wrong; (2) b.png: too");
    for (int i = 0; i < 60; ++i) to.fault("more");
    CHECK_THAT(message_of<data_error>([&] { (void)to.finish({}); }), mentions("62 faults", "(50) more; and 12 more"));
}

TEST_CASE("a data set states its files and each note once", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "b.txt"});
    reading to{folder.path(), {}};
    CHECK(to.images(folder.path(), "train", "images").size() == 1);
    to.note("so");
    to.note("so");
    const auto set = to.finish({.name = "x"});
    CHECK(set.notes == test::lines{"so"});
    CHECK(data::summary(set.files) == "2 files: 1 used (train 1), 1 left out: 1 .txt (not read)");
}
}  // namespace
