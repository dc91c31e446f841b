#include <rd4ad/io/file_kind.hpp>

#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::owned;

TEST_CASE("a file's kind is named by its first bytes", "[io]") {
    const auto kind = [](const std::string& content) { return io::likely_kind(*owned(content)); };
    CHECK(kind("") == "it is empty");
    CHECK(kind("\xFF\xD8\xFF\xE0 JFIF") == "it is a JPEG photograph");
    CHECK(kind("\x89PNG\r\n\x1a\n") == "it is a PNG image");
    CHECK(kind(std::string{"II*\0rest", 8}) == "it is a TIFF image");
    CHECK_THAT(kind("PK\x03\x04"), mentions("a ZIP archive", "PyTorch's checkpoints"));
    CHECK_THAT(kind("<html>"), mentions("a web page", "download the file again"));
    CHECK_THAT(kind("version https://git-lfs.github.com/spec/v1"), mentions("Git LFS placeholder", "git lfs pull"));
    CHECK(kind("\x1b[31m") == "it starts with '\\x1b[31m'");
}
