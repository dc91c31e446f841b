#include <rd4ad/io/zip.hpp>

#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/pickles.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::pickles::archive_of;

namespace {

std::string entry_of(const std::string& content, const std::string& entry) {
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

TEST_CASE("damaged ZIP archives are refused", "[io]") {
    const auto whole = archive_of({{"x/data.pkl", "abcdefgh"}});
    CHECK_THAT(entry_of(whole.substr(0, 60), "a"), mentions("a.pth", "ZIP archive", "truncated or damaged"));
    CHECK_THAT(entry_of(whole, "a"), mentions("a.pth", "ZIP entry 'a' is missing", "torch.save"));
    CHECK_THAT(entry_of(archive_of({{"a", std::string(1000, 'x')}}, true), "a"),
               mentions("a.pth", "ZIP entry 'a' is compressed", "torch.save"));
    auto changed = whole;
    changed[whole.find("abcdefgh")] = 'A';
    CHECK_THAT(entry_of(changed, "x/data.pkl"), mentions("a.pth", "ZIP entry 'x/data.pkl' is damaged", "checksum"));
    auto twice = archive_of({{"x/one", "abc"}, {"x/two", "abc"}});
    for (auto at = twice.find("x/two"); at != std::string::npos; at = twice.find("x/two")) twice.replace(at, 5, "x/one");
    CHECK_THAT(entry_of(twice, "x/one"), mentions("a.pth", "ZIP entry 'x/one' exists twice"));
}

TEST_CASE("an entry that claims more bytes than the archive has is refused", "[io]") {
    auto lying = archive_of({{"a", "abcdefgh"}});
    const auto central = lying.find("PK\x01\x02");
    for (const std::size_t at : {central + 20, central + 24}) lying.replace(at, 4, "\xff\xff\xff\x7f");
    CHECK_THAT(entry_of(lying, "a"), mentions("a.pth", "ZIP entry 'a' claims 2147483647 bytes"));
    const auto content = archive_of({{"a", std::string(500, 'x')}});
    const auto bytes = owned(content);
    io::zip_archive archive{*bytes, "a.pth"};
    (void)archive.read("a");
    CHECK_THAT(message_of([&] { (void)archive.read("a"); }), mentions("a.pth", "ZIP entry 'a' claims 500 bytes"));
}
