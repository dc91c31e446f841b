// rd4ad/io/zip.hpp: reads ZIP archives with uncompressed entries, as torch.save writes them. Twin: tests/io/zip.cpp
#pragma once
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/detail/zip.hpp>
#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// A ZIP archive in memory. Checks an entry's stated size before allocating memory: all reads from one archive together return at
/// most as many bytes as the archive has.
class zip_archive {
   public:
    /// bytes: must outlive this object. name: starts every message.
    /// Throws format_error if the bytes are not a ZIP archive or the archive repeats an entry's name.
    zip_archive(std::span<const std::byte> bytes, std::string name) : name_{std::move(name)}, left_{bytes.size()} {
        ::zip_error_t problem;
        ::zip_error_init(&problem);
        ::zip_source_t* source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &problem);
        if (source != nullptr) archive_.reset(::zip_open_from_source(source, ZIP_RDONLY, &problem));
        if (!archive_) {
            if (source != nullptr) ::zip_source_free(source);
            const std::string reason = ::zip_error_strerror(&problem);
            ::zip_error_fini(&problem);
            throw format_error{text(name_, ": can't be read as a ZIP archive (", reason,
                                    "): it is truncated or damaged; download or save it again")};
        }
        ::zip_error_fini(&problem);
        const auto count = static_cast<::zip_uint64_t>(::zip_get_num_entries(archive_.get(), 0));
        for (::zip_uint64_t i = 0; i < count; ++i) {
            const char* entry = ::zip_get_name(archive_.get(), i, ZIP_FL_ENC_RAW);
            if (entry == nullptr) throw format_error{text(name_, ": entry ", i, " of the ZIP archive has no name")};
            if (!entries_.try_emplace(entry, i).second)
                throw format_error{text(name_, ": ZIP entry ", io::quoted(entry), " exists twice: the file is damaged")};
        }
    }

    /// Each entry's index in the archive, sorted by name.
    [[nodiscard]] const std::map<std::string, ::zip_uint64_t>& entries() const noexcept { return entries_; }

    [[nodiscard]] bool contains(const std::string& entry) const { return entries_.contains(entry); }

    /// Reads an entry and verifies its checksum.
    /// Throws format_error if the entry is missing, compressed, encrypted, longer than the archive, truncated or damaged.
    [[nodiscard]] std::vector<std::byte> read(const std::string& entry) {
        const auto at = entries_.find(entry);
        if (at == entries_.end()) fail(entry, "is missing");
        ::zip_stat_t status;
        ::zip_stat_init(&status);
        if (::zip_stat_index(archive_.get(), at->second, 0, &status) != 0) fail(entry, "has no size");
        if (status.encryption_method != ZIP_EM_NONE) fail(entry, "is encrypted");
        if (status.comp_method != ZIP_CM_STORE) fail(entry, "is compressed, which torch.save never does");
        if (status.size > left_ || status.size != status.comp_size)
            fail(entry, text("claims ", status.size, " bytes, more than the archive has left"));
        left_ -= static_cast<std::size_t>(status.size);
        std::vector<std::byte> bytes(static_cast<std::size_t>(status.size));
        const detail::zip_entry_handle file{::zip_fopen_index(archive_.get(), at->second, 0)};
        if (!file) fail(entry, text("can't be opened (", ::zip_strerror(archive_.get()), ')'));
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            const auto got = ::zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
            if (got <= 0) fail(entry, "is truncated or damaged");
            filled += static_cast<std::size_t>(got);
        }
        std::byte end;  // libzip verifies the checksum when a read meets the end
        if (::zip_fread(file.get(), &end, 1) != 0) fail(entry, "is damaged: its checksum is wrong");
        return bytes;
    }

   private:
    /// Throws a format_error about an entry.
    [[noreturn]] void fail(const std::string& entry, const std::string& problem) const {
        throw format_error{text(name_, ": ZIP entry ", io::quoted(entry), ' ', problem, "; save the file again with torch.save")};
    }

    std::string name_;
    std::size_t left_;  // bytes that may still be read
    detail::zip_handle archive_;
    std::map<std::string, ::zip_uint64_t> entries_;
};

}  // namespace rd4ad::inline RD4AD_ABI::io
