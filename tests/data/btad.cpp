#include <rd4ad/data/btad.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("BTAD is opened", "[data]") {
    const test::scratch_folder folder;
    const auto root = folder / "01";
    test::touch(root, {"train/ok/0.bmp", "test/ok/1.bmp", "test/ko/2.bmp", "test/ko/3.bmp", "ground_truth/ko/2.png",
                       "ground_truth/ko/3.bmp"});
    const auto set = data::open_btad(root);
    CHECK(set.name == "01");
    CHECK(test::described(set.train, root) == test::lines{"train/ok/0.bmp good -"});
    CHECK(set.notes.empty());
    CHECK(test::described(set.test, root) == test::lines{"test/ok/1.bmp good -", "test/ko/2.bmp ko! ground_truth/ko/2.png",
                                                         "test/ko/3.bmp ko! ground_truth/ko/3.bmp"});
}

TEST_CASE("a folder that isn't BTAD is refused", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_btad(folder.path()); }); };
    CHECK_THAT(message(), mentions(root + ": ", "expected train/ok with good images", "layout btad", "found nothing"));
    test::touch(folder.path(), {"train/ok/readme.txt"});
    CHECK_THAT(message(), mentions(root + "/train/ok: ", "no images", "good images to train on"));
    test::touch(folder.path(), {"train/ok/0.bmp", "test/0.bmp"});
    CHECK_THAT(message(), mentions(root + "/test: ", "holds images", "one folder per kind: good"));
}
}  // namespace
