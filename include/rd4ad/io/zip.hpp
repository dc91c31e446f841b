// rd4ad/io/zip.hpp: the entries of a ZIP archive that stores them uncompressed, as torch.save's do. Twin: tests/io/zip.cpp
#pragma once
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/detail/zip.hpp>

namespace rd4ad::io {

/// A ZIP archive in memory. What its entries claim is checked before memory is taken: all that is ever read from one
/// archive is at most as long as the archive itself.
class zip_archive {
   public:
    /// bytes: must outlive this object. name: what messages start with.
    /// Throws format_error where it is no ZIP archive or names an entry twice.
    zip_archive(std::span<const std::byte> bytes, std::string name) : name_{std::move(name)}, left_{bytes.size()} {
        ::zip_error_t problem;
        ::zip_error_init(&problem);
        ::zip_source_t* source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &problem);
        if (source != nullptr) archive_.reset(::zip_open_from_source(source, ZIP_RDONLY, &problem));
        if (!archive_) {
            if (source != nullptr) ::zip_source_free(source);
            const std::string why = ::zip_error_strerror(&problem);
            ::zip_error_fini(&problem);
            throw format_error{name_ + ": can't be read as a ZIP archive (" + why +
                               "): it is cut off or damaged; fetch or save it again"};
        }
        ::zip_error_fini(&problem);
        const auto count = static_cast<::zip_uint64_t>(::zip_get_num_entries(archive_.get(), 0));
        for (::zip_uint64_t i = 0; i < count; ++i) {
            const char* entry = ::zip_get_name(archive_.get(), i, ZIP_FL_ENC_RAW);
            if (entry == nullptr) throw format_error{name_ + ": entry " + std::to_string(i) + " of the ZIP archive has no name"};
            if (!entries_.try_emplace(entry, i).second)
                throw format_error{name_ + ": ZIP entry " + detail::shown(entry) + " is there twice: the file is damaged"};
        }
    }

    /// Index in the archive by name, in the order of the names.
    [[nodiscard]] const std::map<std::string, ::zip_uint64_t>& entries() const noexcept { return entries_; }

    [[nodiscard]] bool contains(const std::string& entry) const { return entries_.contains(entry); }

    /// An entry's bytes, its checksum checked.
    /// Throws format_error where it is missing, compressed, encrypted, longer than the archive, cut off or damaged.
    [[nodiscard]] std::vector<std::byte> read(const std::string& entry) {
        const auto at = entries_.find(entry);
        if (at == entries_.end()) fail(entry, "is missing");
        ::zip_stat_t about;
        ::zip_stat_init(&about);
        if (::zip_stat_index(archive_.get(), at->second, 0, &about) != 0) fail(entry, "has no size");
        if (about.encryption_method != ZIP_EM_NONE) fail(entry, "is encrypted");
        if (about.comp_method != ZIP_CM_STORE) fail(entry, "is compressed, which torch.save never does");
        if (about.size > left_ || about.size != about.comp_size)
            fail(entry, "claims " + std::to_string(about.size) + " bytes, more than the archive can hold");
        left_ -= static_cast<std::size_t>(about.size);
        std::vector<std::byte> bytes(static_cast<std::size_t>(about.size));
        const detail::zip_entry_handle file{::zip_fopen_index(archive_.get(), at->second, 0)};
        if (!file) fail(entry, std::string{"can't be opened ("} + ::zip_strerror(archive_.get()) + ")");
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            const auto got = ::zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
            if (got <= 0) fail(entry, "is cut off or damaged");
            filled += static_cast<std::size_t>(got);
        }
        std::byte beyond;  // the checksum is compared when the end is met
        if (::zip_fread(file.get(), &beyond, 1) != 0) fail(entry, "is damaged: its checksum differs");
        return bytes;
    }

   private:
    [[noreturn]] void fail(const std::string& entry, const std::string& what) const {
        throw format_error{name_ + ": ZIP entry " + detail::shown(entry) + " " + what + "; save the file again with torch.save"};
    }

    std::string name_;
    std::size_t left_;
    detail::zip_handle archive_;
    std::map<std::string, ::zip_uint64_t> entries_;
};

}  // namespace rd4ad::io
