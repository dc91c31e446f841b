#include <rd4ad/image/content.hpp>
//
#include <string>
#include <utility>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using namespace std::string_literals;

std::optional<image::content_kind> kind_of(const std::string& content) {
    return image::recognise_content(std::as_bytes(std::span{content}));
}

TEST_CASE("the kind of a file is named by its content", "[image]") {
    const std::string dicom(128, '\1'), tar(257, 'a');
    const std::pair<std::string, const char*> files[] = {
        {"II*\0\x10\0\0\0"s, "a TIFF image"},
        {"MM\0*\0\0\0\x08"s, "a TIFF image"},
        {"II*\0\x10\0\0\0CR\2\0"s, "a camera's raw image (CR2)"},
        {"MM\0+\0\x08\0\0"s, "a BigTIFF image"},
        {"RIFF\x24\0\0\0WEBPVP8 "s, "a WebP image"},
        {"RIFF\x24\0\0\0AVI LIST"s, "an AVI video"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0"s,
         "an HEIC image"},
        {"\0\0\0\x18"
         "ftypmif1\0\0\0\0"s,
         "an HEIF image"},
        {"\0\0\0\x1C"
         "ftypavif\0\0\0\0"s,
         "an AVIF image"},
        {"\0\0\0\x18"
         "ftypcrx \0\0\0\0"s,
         "a camera's raw image (CR3)"},
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0"s,
         "an MP4 or QuickTime video"},
        {"\0\0\0\x0CjP  \r\n\x87\n"s, "a JPEG 2000 image"},
        {"\xFF\x4F\xFF\x51\0\x2F"s, "a JPEG 2000 image"},
        {"\0\0\0\x0CJXL \r\n\x87\n"s, "a JPEG XL image"},
        {"\xFF\x0A\xFA\x7F"s, "a JPEG XL image"},
        {"GIF89a\1\0"s, "a GIF image"},
        {"8BPS\0\1"s, "a Photoshop file"},
        {"\x76\x2F\x31\x01\2\0"s, "an OpenEXR image"},
        {"qoif\0\0"s, "a QOI image"},
        {"\0\0\1\0\1\0"s, "a Windows icon"},
        {"P2\n2 1\n255\n0 1\n"s, "a PGM image in text form"},
        {"P7\nWIDTH 2\n"s, "a PAM image"},
        {dicom + "DICM", "a DICOM image"},
        {"\x93NUMPY\1\0"s, "a NumPy array"},
        {"%PDF-1.7\n%\xE2\xE3"s, "a PDF document"},
        {"PK\3\4\x14\0"s, "a ZIP archive"},
        {"\x1F\x8B\x08\0"s, "a gzip archive"},
        {tar + "ustar", "a tar archive"},
        {"\0\5\x16\7\0\2"s, "macOS's metadata of a file (AppleDouble)"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"s, "a pointer of Git LFS, not the file itself"},
        {"<!DOCTYPE html><html>404</html>"s, "a web page (HTML), as a failed download leaves it"},
        {"\xEF\xBB\xBF\n <HTML><head>"s, "a web page (HTML), as a failed download leaves it"},
        {"<?xml version=\"1.0\"?><svg width=\"1\"/>"s, "an SVG drawing"},
        {"<?xml version=\"1.0\"?><annotation/>"s, "an XML text"},
        {"{\"shapes\": []}"s, "a JSON text"},
        {"just a text with an umlaut \xC3\xA4\n"s, "a text"},
        {"\xFF\xFEt\0e\0"s, "a text in UTF-16"},
        {std::string(100000, '\0'), "a file of zeros, as an interrupted copy leaves it"},
        {""s, "an empty file"},
    };
    for (const auto& [content, name] : files) {
        CAPTURE(name);
        const auto kind = kind_of(content);
        REQUIRE(kind);
        CHECK(kind->name == name);
        CHECK_FALSE(kind->remedy.empty());
    }
    CHECK_FALSE(kind_of("\x13\x37\xC0\xDE\x01\x02\x03"s));
    CHECK_FALSE(kind_of(std::string(99999, '\0') + '\1'));
}

TEST_CASE("the formats that are read are no other kind", "[image]") {
    for (const auto& entry : std::filesystem::directory_iterator{test::image_data("formats")}) {
        if (entry.path().extension() == ".rgb") continue;
        CAPTURE(entry.path());
        const auto kind = kind_of(test::text_of_file(entry.path()));
        const auto extension = entry.path().extension();
        if (extension == ".tif" || extension == ".webp")  // named where the program lacks their library
            CHECK((kind && kind->remedy.starts_with("build rd4ad with lib")));
        else
            CHECK_FALSE(kind);
    }
}
}  // namespace
