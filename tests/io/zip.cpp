#include <rd4ad/io/zip.hpp>

#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/pickles.hpp>

namespace io = rd4ad::io;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::pickles::archive_of;

namespace {

std::string reading(const std::string& content, const std::string& entry) {
    return message_of([&] {
        const auto bytes = owned(content);
        (void)io::zip_archive{*bytes, "a.pth"}.read(entry);
    });
}

}  // namespace

TEST_CASE("stored ZIP entries are read", "[io]") {
    const auto bytes = owned(archive_of({{"x/data.pkl", "abc"}, {"x/empty", ""}}));
    io::zip_archive archive{*bytes, "a.pth"};
    CHECK(archive.entries().size() == 2);
    CHECK(archive.contains("x/empty"));
    CHECK(archive.read("x/empty").empty());
    CHECK(archive.read("x/data.pkl") == *owned("abc"));
}

TEST_CASE("ZIP archives that lie or are damaged are refused", "[io]") {
    const auto whole = archive_of({{"x/data.pkl", "abcdefgh"}});
    CHECK(reading(whole.substr(0, 60), "a") ==
          "a.pth: can't be read as a ZIP archive (Not a zip archive): it is cut off or damaged; fetch or save it again");
    CHECK(reading(whole, "a") == "a.pth: ZIP entry 'a' is missing; save the file again with torch.save");
    CHECK(reading(archive_of({{"a", std::string(1000, 'x')}}, true), "a") ==
          "a.pth: ZIP entry 'a' is compressed, which torch.save never does; save the file again with torch.save");
    auto changed = whole;
    changed[whole.find("abcdefgh")] = 'A';
    CHECK(reading(changed, "x/data.pkl") ==
          "a.pth: ZIP entry 'x/data.pkl' is damaged: its checksum differs; save the file again with torch.save");
    auto twice = archive_of({{"x/one", "abc"}, {"x/two", "abc"}});
    for (auto at = twice.find("x/two"); at != std::string::npos; at = twice.find("x/two")) twice.replace(at, 5, "x/one");
    CHECK(reading(twice, "x/one") == "a.pth: ZIP entry 'x/one' is there twice: the file is damaged");
}

TEST_CASE("an entry's claimed size takes no memory the archive doesn't fill", "[io]") {
    auto lying = archive_of({{"a", "abcdefgh"}});
    const auto central = lying.find("PK\x01\x02");
    for (const std::size_t at : {central + 20, central + 24}) lying.replace(at, 4, "\xff\xff\xff\x7f");
    CHECK(reading(lying, "a") ==
          "a.pth: ZIP entry 'a' claims 2147483647 bytes, more than the archive can hold; save the file again with torch.save");
    const auto content = archive_of({{"a", std::string(500, 'x')}});
    const auto bytes = owned(content);
    io::zip_archive archive{*bytes, "a.pth"};
    (void)archive.read("a");
    CHECK(message_of([&] { (void)archive.read("a"); }) ==
          "a.pth: ZIP entry 'a' claims 500 bytes, more than the archive can hold; save the file again with torch.save");
}
