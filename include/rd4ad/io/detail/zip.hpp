// rd4ad/io/detail/zip.hpp: the only include of libzip, and owners of its handles. Twin: tests/io/zip.cpp
#pragma once
#include <zip.h>

#include <memory>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::io::detail {

struct zip_discarder {
    void operator()(::zip_t* archive) const noexcept { ::zip_discard(archive); }
};
struct zip_entry_closer {
    void operator()(::zip_file_t* entry) const noexcept { ::zip_fclose(entry); }
};

/// Owns an archive. Destruction discards changes that zip_close() has not written.
using zip_handle = std::unique_ptr<::zip_t, zip_discarder>;

/// Owns an archive's open entry.
using zip_entry_handle = std::unique_ptr<::zip_file_t, zip_entry_closer>;

}  // namespace rd4ad::inline RD4AD_ABI::io::detail
