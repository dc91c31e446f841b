// rd4ad/image/detail/libjpeg.hpp: decodes JPEG by libjpeg-turbo, row by row into the image; the only include of libjpeg-turbo.
// Twin: tests/image/libjpeg.cpp
//
// Included where RD4AD_WITH_LIBJPEG is 1 (the target rd4ad::core sets it where CMake finds libjpeg-turbo).
#pragma once
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <jpeglib.h>

#include <jerror.h>

#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/rows.hpp>

#if !defined(LIBJPEG_TURBO_VERSION_NUMBER) || LIBJPEG_TURBO_VERSION_NUMBER < 2000000
#error \
    "rd4ad: this jpeglib.h is not that of libjpeg-turbo 2 or later; install libjpeg62-turbo-dev, or leave out RD4AD_WITH_LIBJPEG"
#endif

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// A decoder of libjpeg-turbo for a file in memory. Its errors, and its warnings of damaged pixels, become format_error.
///
/// libjpeg leaves a failed call by longjmp. So each call runs in `run`, in a lambda without objects that need a destructor.
class jpeg_session {
   public:
    /// Keeps a reference to `file`.
    explicit jpeg_session(const decoding& file) : file_{file} {
        info_.err = ::jpeg_std_error(&errors_);
        info_.client_data = this;
        errors_.error_exit = [](j_common_ptr info) { session(info).fail(); };
        errors_.emit_message = [](j_common_ptr info, int level) { session(info).note(level); };
        errors_.output_message = [](j_common_ptr) {};
        source_.init_source = [](j_decompress_ptr) {};
        source_.fill_input_buffer = [](j_decompress_ptr info) { return session(info).end_of_file(); };
        source_.skip_input_data = [](j_decompress_ptr info, long count) { session(info).skip(count); };
        source_.resync_to_restart = ::jpeg_resync_to_restart;
        source_.term_source = [](j_decompress_ptr) {};
        source_.next_input_byte = reinterpret_cast<const JOCTET*>(file.bytes.data());
        source_.bytes_in_buffer = file.bytes.size();
        progress_.progress_monitor = [](j_common_ptr info) { session(info).count_scans(); };
        run([this] { jpeg_create_decompress(&info_); });
        info_.src = &source_;
        info_.progress = &progress_;
    }
    jpeg_session(const jpeg_session&) = delete;
    jpeg_session& operator=(const jpeg_session&) = delete;
    ~jpeg_session() { ::jpeg_destroy_decompress(&info_); }

    [[nodiscard]] jpeg_decompress_struct& info() noexcept { return info_; }

    /// Whether the file ended before its end marker.
    [[nodiscard]] bool ended_early() const noexcept { return ended_early_; }

    /// Calls libjpeg. Throws format_error where it reports an error or damaged pixels.
    template <class Call>
    void run(const Call& call) {
        if (setjmp(escape_) == 0) {
            call();
            return;
        }
        if (ended_early_) throw truncated(file_);
        throw damaged(file_, message_);
    }

   private:
    template <class Info>
    [[nodiscard]] static jpeg_session& session(Info* info) {
        return *static_cast<jpeg_session*>(info->client_data);
    }

    /// Ends the current call of `run` with libjpeg's current message.
    [[noreturn]] void fail() {
        errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), message_);
        std::longjmp(escape_, 1);
    }

    /// A message of libjpeg; those with a negative level are warnings. Unusual headers and zeros before a marker, which some
    /// cameras write, change no pixel; every other warning means that pixels are wrong.
    void note(int level) {
        if (level >= 0) return;
        switch (errors_.msg_code) {
            case JWRN_JFIF_MAJOR:
            case JWRN_ADOBE_XFORM:
            case JWRN_NOT_SEQUENTIAL:
                return;
            case JWRN_EXTRANEOUS_DATA:
                if (skipped_padding()) return;
                break;
            default:
                break;
        }
        fail();
    }

    /// Whether the bytes that libjpeg skipped before the current marker, or before the end of the file, are zeros.
    [[nodiscard]] bool skipped_padding() const {
        const auto* begin = reinterpret_cast<const JOCTET*>(file_.bytes.data());
        const auto* marker = ended_early_ ? begin + file_.bytes.size() : source_.next_input_byte;
        auto left = static_cast<std::ptrdiff_t>(errors_.msg_parm.i[0]);
        if (left > marker - begin) return false;
        while (left > 0 && marker[-left] == 0) --left;
        return left == 0;
    }

    /// Supplies the end marker that the file lacks.
    boolean end_of_file() {
        static constexpr JOCTET end[] = {0xFF, JPEG_EOI};
        ended_early_ = true;
        source_.next_input_byte = end;
        source_.bytes_in_buffer = sizeof end;
        return TRUE;
    }

    void skip(long count) {
        if (count <= 0) return;
        if (static_cast<std::size_t>(count) > source_.bytes_in_buffer) {
            end_of_file();
            return;
        }
        source_.next_input_byte += count;
        source_.bytes_in_buffer -= static_cast<std::size_t>(count);
    }

    /// Rejects a progressive file whose scans would take hours to decode. Other programs write 10 of them.
    void count_scans() {
        constexpr int most = 500;
        if (info_.input_scan_number <= most) return;
        std::strcpy(message_, "it has more than 500 scans");
        std::longjmp(escape_, 1);
    }

    const decoding& file_;
    jpeg_decompress_struct info_{};
    jpeg_error_mgr errors_{};
    jpeg_source_mgr source_{};
    jpeg_progress_mgr progress_{};
    std::jmp_buf escape_{};
    char message_[JMSG_LENGTH_MAX] = "";
    bool ended_early_{false};
};

/// Whether a file without an end marker holds all values of the image; to be called at the last row. A progressive file and one
/// with a scan per component may end between two scans, which libjpeg takes for its end. libjpeg doesn't notice the end of
/// arithmetic codes.
[[nodiscard]] inline bool has_all_scans(jpeg_decompress_struct& info, const decoding& file) {
    if (info.arith_code) return false;
    if (!::jpeg_has_multiple_scans(&info)) return true;
    if (info.coef_bits != nullptr) {
        for (int component = 0; component < info.num_components; ++component)
            for (int k = 0; k < DCTSIZE2; ++k)
                if (info.coef_bits[component][k] != 0) return false;
        return true;
    }
    int components = 0;
    jpeg_segments(file.bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        if (marker == 0xDA && !body.empty()) components += static_cast<int>(byte_at(body, 0));
        return true;
    });
    return components >= info.num_components;
}

/// Adobe's CMYK, inverted (0 is full ink), to RGB: the product of an ink and black, in 255ths, rounded as Pillow rounds it.
inline void inverted_cmyk_to_rgb(const JSAMPLE* cmyk, std::size_t width, std::uint8_t* rgb) {
    for (std::size_t x = 0; x < width; ++x, cmyk += 4, rgb += 3)
        for (std::size_t i = 0; i < 3; ++i) {
            const std::uint32_t product = (255u - cmyk[i]) * cmyk[3] + 128;
            rgb[i] = static_cast<std::uint8_t>(cmyk[3] - (((product >> 8) + product) >> 8));
        }
}

/// Decodes a JPEG as Pillow does (accurate integer DCT, smooth upsampling of colours; CMYK is taken as inverted). The standard's
/// Huffman tables stand in for absent ones. Throws format_error for a file whose pixels are damaged or truncated; the end marker
/// may be absent.
inline void decode_jpeg_by_libjpeg(const decoding& file, upright_rows& rows) {
    jpeg_session session{file};
    auto& info = session.info();
    session.run([&] { ::jpeg_read_header(&info, TRUE); });
    const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    info.do_fancy_upsampling = TRUE;
    session.run([&] { ::jpeg_start_decompress(&info); });
    if (info.output_width != file.width || info.output_height != file.height) throw damaged(file, "it states two sizes");
    std::vector<JSAMPLE> inks(cmyk ? 4 * file.width : 0);
    for (std::size_t y = 0; y < file.height; ++y) {
        JSAMPROW row = cmyk ? inks.data() : rows.next();
        session.run([&] { ::jpeg_read_scanlines(&info, &row, 1); });
        if (cmyk) inverted_cmyk_to_rgb(inks.data(), file.width, rows.next());
        rows.done();
    }
    const bool complete = has_all_scans(info, file);
    session.run([&] { ::jpeg_finish_decompress(&info); });
    if (session.ended_early() && !complete) throw truncated(file);
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
