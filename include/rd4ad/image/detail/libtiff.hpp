// rd4ad/image/detail/libtiff.hpp: decodes TIFF by libtiff; the only include of libtiff. Twin: tests/image/tiff.cpp
//
// Included where RD4AD_WITH_TIFF is 1 (the target rd4ad::core sets it where CMake finds libtiff).
#pragma once
#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tiffio.h>

#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/optional_decoder.hpp>

#if TIFFLIB_VERSION < 20221213
#error "rd4ad: this tiffio.h is older than libtiff 4.5; install a later libtiff-dev, or leave out RD4AD_WITH_TIFF"
#endif

namespace rd4ad::inline RD4AD_ABI::image::detail {

inline constexpr std::string_view tiff_remedy = "store it as grey or RGB with 8 or 16 bits per sample, or as PNG";

/// An open TIFF in memory. libtiff's messages stay in it: nothing is printed.
class tiff_session {
   public:
    explicit tiff_session(std::span<const std::byte> bytes) : bytes_{bytes} {
        constexpr tmsize_t most_memory = tmsize_t{1} << 30;  // of one of libtiff's own blocks
        auto* options = ::TIFFOpenOptionsAlloc();
        ::TIFFOpenOptionsSetMaxSingleMemAlloc(options, most_memory);
        ::TIFFOpenOptionsSetErrorHandlerExtR(options, &note_error, this);
        ::TIFFOpenOptionsSetWarningHandlerExtR(options, &note_warning, this);
        tiff_ = ::TIFFClientOpenExt("image", "rm", this, &read, &write, &seek, &close, &size, nullptr, nullptr, options);
        ::TIFFOpenOptionsFree(options);
    }
    tiff_session(const tiff_session&) = delete;
    tiff_session& operator=(const tiff_session&) = delete;
    ~tiff_session() {
        if (tiff_ != nullptr) ::TIFFClose(tiff_);
    }

    [[nodiscard]] TIFF* get() const noexcept { return tiff_; }

    /// libtiff's first error, or its first warning since the pixels are read: they are damaged then. "" without one.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    void reads_pixels() noexcept { reads_pixels_ = true; }

    template <class T>
    [[nodiscard]] T field(std::uint32_t tag, T otherwise) const {
        T value{};
        return ::TIFFGetFieldDefaulted(tiff_, tag, &value) == 1 ? value : otherwise;
    }

   private:
    static tiff_session& self(thandle_t handle) { return *static_cast<tiff_session*>(handle); }
    static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
        auto& of = self(handle);
        const auto left = of.at_ < of.bytes_.size() ? of.bytes_.size() - static_cast<std::size_t>(of.at_) : 0;
        const auto taken = std::min(left, static_cast<std::size_t>(std::max<tmsize_t>(count, 0)));
        if (taken > 0) std::memcpy(to, of.bytes_.data() + of.at_, taken);
        of.at_ += taken;
        return static_cast<tmsize_t>(taken);
    }
    static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
    static toff_t seek(thandle_t handle, toff_t to, int whence) {
        auto& of = self(handle);
        of.at_ = whence == SEEK_CUR ? of.at_ + to : whence == SEEK_END ? of.bytes_.size() + to : to;
        return of.at_;
    }
    static int close(thandle_t) { return 0; }
    static toff_t size(thandle_t handle) { return self(handle).bytes_.size(); }
    static int note_error(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
        static_cast<tiff_session*>(user)->note(format, arguments);
        return 1;
    }
    static int note_warning(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
        auto& of = *static_cast<tiff_session*>(user);
        if (of.reads_pixels_) of.note(format, arguments);
        return 1;
    }
    void note(const char* format, std::va_list arguments) {
        if (!fault_.empty()) return;
        std::array<char, 256> room{};
        std::vsnprintf(room.data(), room.size(), format, arguments);
        fault_ = room.data();
    }

    std::span<const std::byte> bytes_;
    std::uint64_t at_{0};
    TIFF* tiff_{nullptr};
    std::string fault_{};
    bool reads_pixels_{false};
};

/// How a TIFF stores its pixels.
struct tiff_layout {
    std::uint32_t width{0}, height{0};
    std::uint16_t bits{1}, format{SAMPLEFORMAT_UINT}, samples{1}, photometric{0}, compression{1};
    bool separate{false};    ///< each sample in a plane of its own
    std::uint16_t extra{0};  ///< samples beside the colours
    std::uint16_t alpha{0};  ///< EXTRASAMPLE_ASSOCALPHA, EXTRASAMPLE_UNASSALPHA, or 0: the first of them is no alpha

    [[nodiscard]] std::size_t colours() const noexcept { return samples - extra; }
    [[nodiscard]] bool is_float() const noexcept { return format == SAMPLEFORMAT_IEEEFP; }
};

[[nodiscard]] inline tiff_layout tiff_layout_of(const tiff_session& of) {
    tiff_layout made{.width = of.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0),
                     .height = of.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0),
                     .bits = of.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1),
                     .format = of.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT),
                     .samples = of.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1),
                     .photometric = of.field<std::uint16_t>(TIFFTAG_PHOTOMETRIC, 0xFFFF),
                     .compression = of.field<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE)};
    made.separate =
        made.samples > 1 && of.field<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    if (made.format == SAMPLEFORMAT_VOID) made.format = SAMPLEFORMAT_UINT;
    std::uint16_t count = 0;
    const std::uint16_t* kinds = nullptr;
    if (::TIFFGetField(of.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds) == 1 && count > 0 && count < made.samples) {
        made.extra = count;
        if (kinds[0] == EXTRASAMPLE_ASSOCALPHA || kinds[0] == EXTRASAMPLE_UNASSALPHA) made.alpha = kinds[0];
    }
    return made;
}

/// Throws format_error for a file of several pages. Reduced copies and masks of the first page are no pages.
inline void check_tiff_pages(const tiff_session& of, const decoding& file) {
    constexpr std::uint32_t reduced_or_mask = FILETYPE_REDUCEDIMAGE | FILETYPE_MASK;
    constexpr std::size_t most = 64;
    const auto is_page = [&] { return (of.field<std::uint32_t>(TIFFTAG_SUBFILETYPE, 0) & reduced_or_mask) == 0; };
    if (!is_page())
        throw unsupported(file, "a TIFF whose first page is a reduced copy, as in a camera's raw file", "develop it to PNG");
    for (std::size_t read = 1; ::TIFFReadDirectory(of.get()) == 1; ++read)
        if (is_page() || read == most) throw unsupported(file, "a TIFF of several pages", "save each page as a file of its own");
    ::TIFFSetDirectory(of.get(), 0);
}

/// Throws format_error naming what this library does not decode.
inline void check_tiff_layout(const tiff_layout& of, const decoding& file) {
    const auto refuse = [&](const std::string& form) { throw unsupported(file, "a TIFF with " + form, tiff_remedy); };
    const bool palette = of.photometric == PHOTOMETRIC_PALETTE;
    const bool whole_bits = of.bits == 8 || (of.bits == 16 && !palette) || (of.bits == 1 && of.samples == 1 && !palette);
    const bool known_bits = of.is_float() ? of.bits == 32 && !palette : of.format == SAMPLEFORMAT_UINT && whole_bits;
    if (!known_bits)
        refuse(text(std::size_t{of.bits}, " bits per sample",
                    of.is_float()                    ? " as floating-point numbers"
                    : of.format == SAMPLEFORMAT_UINT ? palette ? " and a palette" : ""
                    : of.format == SAMPLEFORMAT_INT  ? " as signed numbers"
                                                     : " as complex numbers"));
    const bool grey = of.photometric == PHOTOMETRIC_MINISBLACK || of.photometric == PHOTOMETRIC_MINISWHITE || palette;
    const bool jpeg_colours = of.photometric == PHOTOMETRIC_YCBCR && of.compression == COMPRESSION_JPEG;
    if (!grey && of.photometric != PHOTOMETRIC_RGB && !jpeg_colours)
        refuse(text("colours of the kind ", std::size_t{of.photometric}, " (5: CMYK, 6: YCbCr, 8: Lab)"));
    if (of.colours() != (grey ? 1u : 3u) || of.extra > 1)
        refuse(text(std::size_t{of.samples}, " samples per pixel, ", std::size_t{of.extra}, " of them beside the colours"));
    if (::TIFFIsCODECConfigured(of.compression) != 1)
        refuse(text("compression ", std::size_t{of.compression}, ", which this libtiff does not decode"));
}

/// Reads bands of rows: the rows of a strip or of a row of tiles.
template <class P>
class tiff_bands {
   public:
    tiff_bands(tiff_session& session, const tiff_layout& layout, const decoding& file)
        : session_{session}, layout_{layout}, file_{file}, planes_{layout.separate ? layout.samples : 1u} {
        values_ = layout.width * (layout.separate ? std::size_t{1} : layout.samples);
        tiled_ = ::TIFFIsTiled(session.get()) == 1;
        std::uint32_t rows = 0;
        if (tiled_) {
            tile_width_ = session.field<std::uint32_t>(TIFFTAG_TILEWIDTH, 0);
            rows = session.field<std::uint32_t>(TIFFTAG_TILELENGTH, 0);
            const auto bytes = ::TIFFTileSize64(session.get());
            const auto image = std::uint64_t{layout.width} * layout.height * layout.samples * sizeof(P);
            if (tile_width_ == 0 || rows == 0 || bytes == 0 || bytes > image + (std::uint64_t{1} << 26))
                throw damaged(file, text("its tiles have ", tile_width_, " x ", std::size_t{rows}, " pixels"));
            tile_.resize(static_cast<std::size_t>(bytes));
        } else {
            rows = session.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, layout.height);
            if (rows == 0) throw damaged(file, "its strips have no rows");
        }
        band_rows_ = std::min<std::size_t>(rows, layout.height);
        band_.resize(planes_ * band_rows_ * values_);
        if (!tiled_ && ::TIFFStripSize64(session.get()) != band_rows_ * values_ * sizeof(P))
            throw damaged(file, "its strips have another size than its pixels");
    }

    /// Calls use(row) for each row with its samples interleaved.
    template <class Use>
    void for_each_row(const Use& use) {
        std::vector<P> row(std::size_t{layout_.width} * layout_.samples);
        for (std::size_t first = 0; first < layout_.height; first += band_rows_) {
            const std::size_t rows = std::min<std::size_t>(band_rows_, layout_.height - first);
            for (std::size_t plane = 0; plane < planes_; ++plane)
                tiled_ ? read_tiles(first, rows, plane) : read_strip(first, rows, plane);
            for (std::size_t y = 0; y < rows; ++y) {
                for (std::size_t plane = 0; plane < planes_; ++plane) {
                    const P* from = band_.data() + (plane * band_rows_ + y) * values_;
                    if (planes_ == 1) std::copy_n(from, values_, row.data());
                    for (std::size_t x = 0; planes_ > 1 && x < values_; ++x) row[x * planes_ + plane] = from[x];
                }
                use(row.data());
            }
        }
    }

   private:
    void check(bool read) const {
        if (read && session_.fault().empty()) return;
        throw damaged(file_, session_.fault().empty() ? "its pixels end early" : session_.fault());
    }

    void read_strip(std::size_t first, std::size_t rows, std::size_t plane) {
        const auto strip =
            ::TIFFComputeStrip(session_.get(), static_cast<std::uint32_t>(first), static_cast<std::uint16_t>(plane));
        const auto bytes = static_cast<tmsize_t>(rows * values_ * sizeof(P));
        check(::TIFFReadEncodedStrip(session_.get(), strip, band_.data() + plane * band_rows_ * values_, bytes) == bytes);
    }

    void read_tiles(std::size_t first, std::size_t rows, std::size_t plane) {
        const std::size_t samples = values_ / layout_.width;
        for (std::size_t x = 0; x < layout_.width; x += tile_width_) {
            const auto tile = ::TIFFComputeTile(session_.get(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(first),
                                                0, static_cast<std::uint16_t>(plane));
            const auto bytes = static_cast<tmsize_t>(tile_.size());
            check(::TIFFReadEncodedTile(session_.get(), tile, tile_.data(), bytes) == bytes);
            const std::size_t width = std::min<std::size_t>(tile_width_, layout_.width - x);
            for (std::size_t y = 0; y < rows; ++y)
                std::memcpy(band_.data() + (plane * band_rows_ + y) * values_ + x * samples,
                            tile_.data() + y * tile_width_ * samples * sizeof(P), width * samples * sizeof(P));
        }
    }

    tiff_session& session_;
    const tiff_layout& layout_;
    const decoding& file_;
    std::size_t planes_, values_{0}, band_rows_{0}, tile_width_{0};
    bool tiled_{false};
    std::vector<std::byte> tile_{};
    std::vector<P> band_{};
};

/// Hands the rows of whole numbers on: white-is-zero inverted, extra samples that are no alpha left out, colours divided by an
/// associated alpha.
template <class P, class Use>
void for_each_tiff_row(tiff_bands<P>& bands, const tiff_layout& of, const Use& use) {
    constexpr std::uint32_t white = std::numeric_limits<P>::max();
    const std::size_t colours = of.colours(), channels = colours + (of.alpha != 0 ? 1 : 0);
    std::vector<P> out(of.width * channels);
    bands.for_each_row([&](const P* row) {
        P* to = out.data();
        for (std::size_t x = 0; x < of.width; ++x, row += of.samples, to += channels) {
            std::copy_n(row, channels, to);
            for (std::size_t c = 0; of.photometric == PHOTOMETRIC_MINISWHITE && c < colours; ++c)
                to[c] = static_cast<P>(white - to[c]);
            if (of.alpha != EXTRASAMPLE_ASSOCALPHA) continue;
            const std::uint32_t alpha = to[colours];
            for (std::size_t c = 0; alpha != 0 && c < colours; ++c)
                to[c] = static_cast<P>(std::min<std::uint64_t>(white, (std::uint64_t{to[c]} * white + alpha / 2) / alpha));
        }
        use(out.data(), channels);
    });
}

/// Hands the rows of a palette's colours on, as 8-bit RGB.
inline void decode_tiff_palette(tiff_session& session, const tiff_layout& of, const decoding& file, const row_receiver& to) {
    std::array<std::uint16_t*, 3> colours{};
    if (::TIFFGetField(session.get(), TIFFTAG_COLORMAP, &colours[0], &colours[1], &colours[2]) != 1)
        throw damaged(file, "its palette is missing");
    constexpr std::size_t entries = 256;
    const bool is_8_bit = std::all_of(colours.begin(), colours.end(), [](const std::uint16_t* one) {
        return std::all_of(one, one + entries, [](std::uint16_t value) { return value < 256; });  // as some programs write it
    });
    std::vector<std::uint8_t> out(of.width * std::size_t{3});
    tiff_bands<std::uint8_t> bands{session, of, file};
    bands.for_each_row([&](const std::uint8_t* row) {
        for (std::size_t x = 0; x < of.width; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                const std::uint16_t value = colours[c][row[x * of.samples]];
                out[3 * x + c] = static_cast<std::uint8_t>(is_8_bit ? value : value >> 8);
            }
        to.bytes(out.data(), 3);
    });
}

/// Hands the rows of a black-and-white image, a bit per pixel, on: 0 or 255. Throws format_error for one in tiles.
inline void decode_tiff_bits(tiff_session& session, const tiff_layout& of, const decoding& file, const row_receiver& to) {
    if (::TIFFIsTiled(session.get()) == 1) throw unsupported(file, "a TIFF with 1 bit per sample in tiles", tiff_remedy);
    std::vector<std::uint8_t> bits((std::size_t{of.width} + 7) / 8), out(of.width);
    if (::TIFFScanlineSize64(session.get()) != bits.size()) throw damaged(file, "its rows have another size than its pixels");
    const unsigned white = of.photometric == PHOTOMETRIC_MINISWHITE ? 0 : 1;
    for (std::uint32_t y = 0; y < of.height; ++y) {
        if (::TIFFReadScanline(session.get(), bits.data(), y, 0) != 1 || !session.fault().empty())
            throw damaged(file, session.fault().empty() ? "its pixels end early" : session.fault());
        for (std::size_t x = 0; x < of.width; ++x) out[x] = (bits[x / 8] >> (7 - x % 8) & 1U) == white ? 255 : 0;
        to.bytes(out.data(), 1);
    }
}

/// Hands the rows of 32-bit floating-point numbers on: 0..1 becomes 0..65535, rounded. Throws format_error for other values.
inline void decode_tiff_floats(tiff_session& session, const tiff_layout& of, const decoding& file, const row_receiver& to) {
    const std::size_t colours = of.colours();
    std::vector<std::uint16_t> out(of.width * colours);
    tiff_bands<float> bands{session, of, file};
    bands.for_each_row([&](const float* row) {
        for (std::size_t x = 0; x < of.width; ++x)
            for (std::size_t c = 0; c < colours; ++c) {
                const float value = row[x * of.samples + c];
                if (!(value >= 0 && value <= 1))
                    throw unsupported(file,
                                      text("a TIFF of floating-point numbers with the value ",
                                           std::isnan(value) ? std::string{"NaN"} : text(static_cast<double>(value))),
                                      "scale its values to 0..1, of which 1 is white");
                const float light = of.photometric == PHOTOMETRIC_MINISWHITE ? 1 - value : value;
                out[x * colours + c] = static_cast<std::uint16_t>(light * 65535.0f + 0.5f);
            }
        to.deep(out.data(), colours);
    });
}

[[nodiscard]] inline std::optional<stored_form> tiff_form(std::span<const std::byte> bytes) {
    const tiff_session session{bytes};
    if (session.get() == nullptr) return std::nullopt;
    const auto layout = tiff_layout_of(session);
    if (layout.width > INT_MAX || layout.height > INT_MAX) return std::nullopt;
    const auto orientation = session.field<std::uint16_t>(TIFFTAG_ORIENTATION, 1);
    return stored_form{.width = static_cast<int>(layout.width),
                       .height = static_cast<int>(layout.height),
                       .orientation = orientation >= 1 && orientation <= 8 ? orientation : 1,
                       .is_deep = layout.bits > 8,
                       .takes_white = layout.bits == 16 && !layout.is_float(),
                       .is_lossy = layout.compression == COMPRESSION_JPEG || layout.compression == COMPRESSION_OJPEG};
}

/// Decodes a TIFF. Throws format_error for several pages, for a form that is not decoded, and for damage.
inline void decode_tiff(const decoding& file, const row_receiver& to) {
    tiff_session session{file.bytes};
    if (session.get() == nullptr) throw damaged(file, session.fault());
    check_tiff_pages(session, file);
    const auto layout = tiff_layout_of(session);
    check_tiff_layout(layout, file);
    if (layout.photometric == PHOTOMETRIC_YCBCR) ::TIFFSetField(session.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    if (!session.fault().empty()) throw damaged(file, session.fault());
    session.reads_pixels();
    if (layout.is_float()) return decode_tiff_floats(session, layout, file, to);
    if (layout.photometric == PHOTOMETRIC_PALETTE) return decode_tiff_palette(session, layout, file, to);
    if (layout.bits == 1) return decode_tiff_bits(session, layout, file, to);
    if (layout.bits == 8) {
        tiff_bands<std::uint8_t> bands{session, layout, file};
        for_each_tiff_row(bands, layout, to.bytes);
    } else {
        tiff_bands<std::uint16_t> bands{session, layout, file};
        for_each_tiff_row(bands, layout, to.deep);
    }
}

inline constexpr optional_decoder libtiff_decoder{"libtiff", &tiff_form, &decode_tiff};
inline const bool libtiff_is_current = (tiff_decoder.store(&libtiff_decoder), true);

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
