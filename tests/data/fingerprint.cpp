#include <rd4ad/data/fingerprint.hpp>
//
#include <rd4ad/io/read_file.hpp>

#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

std::vector<data::file_fingerprint> fingerprints_of(const std::vector<std::filesystem::path>& files) {
    std::vector<data::file_fingerprint> made;
    for (const auto& file : files) made.push_back(data::fingerprint_of(file, io::read_file(file)));
    return made;
}

TEST_CASE("the first file that differs is named", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "b.png", "c.png"});
    const std::vector<std::filesystem::path> files{folder / "a.png", folder / "b.png", folder / "c.png"};
    const auto before = fingerprints_of(files);
    const auto difference = [&](const std::vector<std::filesystem::path>& now) {
        return data::first_difference(before, fingerprints_of(now), now);
    };
    CHECK(difference(files).empty());
    test::write_text(folder / "b.png", "y");
    CHECK_THAT(difference(files), mentions(folder / "b.png", "another content of the same size"));
    test::write_text(folder / "b.png", "xx");
    CHECK_THAT(difference(files), mentions(folder / "b.png", "had 1 bytes", "now 2"));
    test::write_text(folder / "b.png", "x");
    CHECK_THAT(difference({files[0], files[2]}), mentions("image 2 was b.png", folder / "c.png"));
    CHECK_THAT(difference({files[0], files[1]}), mentions("c.png is missing", "3 images"));
    std::filesystem::rename(folder / "c.png", folder / "d.png");
    CHECK_THAT(difference({files[0], files[1], folder / "d.png"}), mentions("image 3 was c.png", folder / "d.png"));
    test::touch(folder.path(), {"c.png"});
    CHECK_THAT(difference({files[0], files[1], files[2], folder / "d.png"}),
               mentions(folder / "d.png", "not among the 3 images"));
}

TEST_CASE("fingerprints are kept as JSON, also of a name that is not UTF-8", "[data]") {
    const test::scratch_folder folder;
    const auto odd = folder /
                     "st\xFC"
                     "ck.png";
    test::write_text(odd, "x");
    const std::vector<std::filesystem::path> files{odd};
    const auto made = fingerprints_of(files);
    CHECK(made[0].name == "st\\xfcck.png");
    CHECK(data::fingerprints_from(io::parse_json(data::to_json(made).dump(), "list"), "list") == made);
    CHECK_THAT(message_of<format_error>([] {
                   (void)data::fingerprints_from(io::json{{1, 2, 3}}, "list");
               }),
               mentions("list: ", "list of images", "train from the start"));
}
}  // namespace
