// rd4ad/io/detail/zip.hpp: the only include of libzip, and owners for its handles. Twin: tests/io/zip.cpp
#pragma once
#include <zip.h>

#include <memory>

namespace rd4ad::io::detail {

struct zip_discarder {
    void operator()(::zip_t* archive) const noexcept { ::zip_discard(archive); }
};
struct zip_entry_closer {
    void operator()(::zip_file_t* entry) const noexcept { ::zip_fclose(entry); }
};

/// An archive that is only read: closing it writes nothing.
using zip_handle = std::unique_ptr<::zip_t, zip_discarder>;
using zip_entry_handle = std::unique_ptr<::zip_file_t, zip_entry_closer>;

}  // namespace rd4ad::io::detail
