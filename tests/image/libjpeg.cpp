// rd4ad/image/detail/libjpeg.hpp, where CMake finds libjpeg-turbo.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/write.hpp>
#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

bool has_libjpeg() { return image::jpeg_library() == "libjpeg-turbo"; }

std::vector<std::uint8_t> jpeg_file(const std::string& name) { return test::bytes_of_file(test::image_data("formats/" + name)); }

image::image_u8 decoded_jpeg(const std::vector<std::uint8_t>& bytes) {
    return image::decode(std::as_bytes(std::span{bytes}), "a.jpg");
}

std::string jpeg_refusal(const std::vector<std::uint8_t>& bytes) {
    return message_of<format_error>([&] { (void)decoded_jpeg(bytes); });
}

/// Where the values of the first scan begin.
std::size_t scan_of(const std::vector<std::uint8_t>& jpeg) {
    const std::uint8_t marker[] = {0xFF, 0xDA};
    const auto found = std::search(jpeg.begin(), jpeg.end(), std::begin(marker), std::end(marker));
    REQUIRE(found != jpeg.end());
    return static_cast<std::size_t>(found - jpeg.begin()) + 2 + std::size_t{found[2]} * 256 + found[3];
}

TEST_CASE("JPEG has the pixels that Pillow decodes", "[image]") {
    RD4AD_SKIP_UNLESS(has_libjpeg(), "built without libjpeg-turbo");
    for (const std::string name : {"exact_444.jpg", "exact_422.jpg", "exact_420.jpg", "exact_progressive.jpg", "exact_coarse.jpg",
                                   "exact_grey.jpg", "exact_cmyk.jpg", "exact_no_tables.jpg"}) {
        CAPTURE(name);
        const auto image = decoded_jpeg(jpeg_file(name));
        const auto expected = jpeg_file(name + ".rgb");
        CHECK(image::size_text(image) == "61x43x3");
        CHECK(std::equal(image.pixels.begin(), image.pixels.end(), expected.begin() + 8, expected.end()));
    }
}

TEST_CASE("a JPEG without its end marker is read; one without its last values is not", "[image]") {
    RD4AD_SKIP_UNLESS(has_libjpeg(), "built without libjpeg-turbo");
    for (const std::string name : {"exact_420.jpg", "exact_progressive.jpg", "exact_grey.jpg", "exact_no_tables.jpg"}) {
        const auto whole = jpeg_file(name);
        const auto expected = decoded_jpeg(whole);
        for (std::size_t missing = 1; missing < whole.size(); ++missing) {
            CAPTURE(name, missing);
            const std::vector<std::uint8_t> cut(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing));
            if (missing <= 2)
                CHECK(decoded_jpeg(cut) == expected);
            else
                CHECK(jpeg_refusal(cut) != "nothing thrown");
        }
        const std::vector<std::uint8_t> half(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * 9 / 10));
        CHECK_THAT(jpeg_refusal(half), mentions("a.jpg: is truncated", "61 x 43 pixels", "copy the file again"));
    }
}

TEST_CASE("damaged values of a JPEG are told; padding is not", "[image]") {
    RD4AD_SKIP_UNLESS(has_libjpeg(), "built without libjpeg-turbo");
    const auto whole = jpeg_file("exact_420.jpg");
    const auto begin = scan_of(whole);
    auto zeros = whole;
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(begin + 300), zeros.begin() + static_cast<std::ptrdiff_t>(begin + 500),
              std::uint8_t{0});
    CHECK_THAT(jpeg_refusal(zeros), mentions("a.jpg: is damaged", "copy the file again"));
    auto removed = whole;
    removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(begin + 300),
                  removed.begin() + static_cast<std::ptrdiff_t>(begin + 400));
    CHECK_THAT(jpeg_refusal(removed), mentions("a.jpg: is damaged"));
    auto repeated = whole;
    repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(begin + 400),
                    whole.begin() + static_cast<std::ptrdiff_t>(begin + 200),
                    whole.begin() + static_cast<std::ptrdiff_t>(begin + 400));
    CHECK_THAT(jpeg_refusal(repeated), mentions("a.jpg: is damaged", "extraneous bytes"));
    auto padded = whole;
    padded.insert(padded.end() - 2, 40, 0);
    CHECK(decoded_jpeg(padded) == decoded_jpeg(whole));
    padded.insert(padded.end(), 1000, 'x');  // what follows the end marker
    CHECK(decoded_jpeg(padded) == decoded_jpeg(whole));
    auto deep = whole;
    const std::uint8_t frame[] = {0xFF, 0xC0};
    *(std::search(deep.begin(), deep.end(), std::begin(frame), std::end(frame)) + 4) = 12;
    CHECK_THAT(jpeg_refusal(deep), mentions("a.jpg: is not an image", "a JPEG with 12 bits per sample", "convert it to PNG"));
    auto lossless = whole;
    *(std::search(lossless.begin(), lossless.end(), std::begin(frame), std::end(frame)) + 1) = 0xC3;
    CHECK_THAT(jpeg_refusal(lossless), mentions("a.jpg: is not an image", "a lossless JPEG"));
}

#if defined(RD4AD_WITH_LIBJPEG)
/// A JPEG of 61 x 43 smooth CMYK or grey pixels, written by libjpeg-turbo after configure(compressor).
template <class Configure>
std::vector<std::uint8_t> compressed(int channels, const Configure& configure) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* written = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &written, &size);
    info.image_width = 61, info.image_height = 43, info.input_components = channels;
    info.in_color_space = channels == 4 ? JCS_CMYK : channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    configure(info);
    jpeg_start_compress(&info, TRUE);
    std::vector<JSAMPLE> row(61 * static_cast<std::size_t>(channels));
    for (std::size_t y = 0; y < 43; ++y) {
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = static_cast<JSAMPLE>(40 + i % static_cast<std::size_t>(channels) * 20 +
                                          i / static_cast<std::size_t>(channels) + y);
        JSAMPROW pointer = row.data();
        jpeg_write_scanlines(&info, &pointer, 1);
    }
    jpeg_finish_compress(&info);
    const std::vector<std::uint8_t> file(written, written + size);
    jpeg_destroy_compress(&info);
    std::free(written);
    return file;
}

TEST_CASE("YCCK has the colours of CMYK", "[image]") {
    const auto inks = decoded_jpeg(compressed(4, [](jpeg_compress_struct&) {}));
    const auto ycck = decoded_jpeg(compressed(4, [](jpeg_compress_struct& info) { jpeg_set_colorspace(&info, JCS_YCCK); }));
    int largest = 0;
    for (std::size_t i = 0; i < inks.pixels.size(); ++i)
        largest = std::max(largest, std::abs(int{inks.pixels[i]} - int{ycck.pixels[i]}));
    CHECK(largest <= 4);
    CHECK(int{inks.at(0, 0)[0]} == Approx(40 * 100 / 255).margin(2));  // inverted: the product of cyan's and black's complements
}

TEST_CASE("truncation is noticed in every process of JPEG", "[image]") {
    const std::pair<const char*, std::vector<std::uint8_t>> files[] = {
        {"restarts", compressed(3, [](jpeg_compress_struct& info) { info.restart_interval = 3; })},
        {"a scan per component",
         compressed(
             3,
             [](jpeg_compress_struct& info) {
                 static const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
                 info.scan_info = scans, info.num_scans = 3;
             })},
        {"progressive", compressed(3, [](jpeg_compress_struct& info) { jpeg_simple_progression(&info); })},
        {"arithmetic", compressed(3, [](jpeg_compress_struct& info) { info.arith_code = TRUE; })},
    };
    for (const auto& [name, whole] : files) {
        const auto expected = decoded_jpeg(whole);
        for (std::size_t missing = 3; missing < whole.size(); ++missing) {
            CAPTURE(name, missing);
            CHECK_THAT(jpeg_refusal({whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing)}), mentions("a.jpg: "));
        }
        const std::vector<std::uint8_t> endless(whole.begin(), whole.end() - 2);
        CAPTURE(name);
        if (std::string{name} == "arithmetic")
            CHECK_THAT(jpeg_refusal(endless), mentions("is truncated"));
        else
            CHECK(decoded_jpeg(endless) == expected);
    }
}

TEST_CASE("a JPEG with hours of scans is refused", "[image]") {
    // A scan with all bits of its values may come again; one that refines them may not.
    const auto whole = compressed(1, [](jpeg_compress_struct& info) {
        static const jpeg_scan_info scans[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
        info.scan_info = scans, info.num_scans = 2;
    });
    const std::uint8_t marker[] = {0xFF, 0xDA};
    const std::vector<std::uint8_t> scan(std::find_end(whole.begin(), whole.end(), std::begin(marker), std::end(marker)),
                                         whole.end() - 2);
    const auto with_scans = [&](int more) {
        auto file = whole;
        for (int i = 0; i < more; ++i) file.insert(file.end() - 2, scan.begin(), scan.end());
        return file;
    };
    CHECK(decoded_jpeg(with_scans(400)) == decoded_jpeg(whole));
    CHECK_THAT(jpeg_refusal(with_scans(600)), mentions("a.jpg: is damaged", "more than 500 scans"));
}
#endif

TEST_CASE("masks are read from JPEG", "[image]") {
    const test::scratch_folder folder;
    auto mask = image::make_image<std::uint8_t>(32, 16, 3);
    for (std::size_t y = 0; y < 16; ++y) std::fill(mask.at(16, y), mask.at(31, y) + 3, std::uint8_t{255});
    image::write_jpeg(folder / "mask.jpg", mask, 95);
    const auto read = image::read_mask(folder / "mask.jpg");
    REQUIRE(image::size_text(read) == "32x16x1");
    for (std::size_t y = 0; y < 16; ++y)
        for (std::size_t x = 0; x < 32; ++x) CHECK(*read.at(x, y) == (x >= 16 ? 1 : 0));
}

TEST_CASE("a JPEG is decoded straight into its image", "[image]") {
    RD4AD_SKIP_UNLESS(has_libjpeg(), "built without libjpeg-turbo");
    const auto jpeg = image::encode_jpeg(image::make_image<std::uint8_t>(1200, 800, 3, 90));
    image::image_u8 decoded;
    const auto largest = test::largest_allocation([&] { decoded = image::decode(jpeg, "a.jpg"); });
    CHECK(decoded.width == 1200);
    CHECK(largest == 1200 * 800 * 3);
}
}  // namespace
