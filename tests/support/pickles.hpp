// tests/support/pickles.hpp: pickles and torch.save files, well and badly made, piece by piece.
#pragma once
#include <rd4ad/io/detail/zip.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <support/files.hpp>

namespace rd4ad::test::pickles {

using namespace std::string_literals;

inline std::string unicode(const std::string& value) { return "X" + raw(static_cast<std::uint32_t>(value.size())) + value; }
inline std::string number(std::int64_t value) { return "\x8a\x08"s + raw(value); }
inline std::string name(const std::string& module, const std::string& member) { return "c" + module + "\n" + member + "\n"; }
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string sizes(const std::vector<std::int64_t>& values) {
    std::string items;
    for (const auto value : values) items += number(value);
    return tuple(items);
}
inline std::string dict(const std::string& items) { return "}(" + items + "u"; }
inline std::string storage(const std::string& type, const std::string& key, std::int64_t count) {
    return tuple(unicode("storage") + name("torch", type) + unicode(key) + unicode("cpu") + number(count)) + "Q";
}
inline std::string tensor(const std::string& stored, std::int64_t offset, const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& strides) {
    return name("torch._utils", "_rebuild_tensor_v2") +
           tuple(stored + number(offset) + sizes(shape) + sizes(strides) + "\x89" + name("collections", "OrderedDict") + ")R") +
           "R";
}
inline std::string whole(const std::string& body) { return "\x80\x02" + body + "."; }

/// A ZIP archive with these entries (name, content); `compressed` of them as deflate.
inline std::string archive_of(const std::vector<std::pair<std::string, std::string>>& entries, bool compressed = false) {
    ::zip_error_t problem;
    ::zip_error_init(&problem);
    ::zip_source_t* target = ::zip_source_buffer_create(nullptr, 0, 0, &problem);
    ::zip_t* archive = ::zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &problem);
    ::zip_source_keep(target);
    for (const auto& [entry, content] : entries) {
        ::zip_source_t* source = ::zip_source_buffer(archive, content.data(), content.size(), 0);
        const auto index = static_cast<::zip_uint64_t>(::zip_file_add(archive, entry.c_str(), source, ZIP_FL_ENC_UTF_8));
        ::zip_set_file_compression(archive, index, compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    ::zip_close(archive);
    ::zip_source_open(target);
    std::string out;
    char piece[4096];
    for (::zip_int64_t got; (got = ::zip_source_read(target, piece, sizeof piece)) > 0;)
        out.append(piece, static_cast<std::size_t>(got));
    ::zip_source_close(target);
    ::zip_source_free(target);
    ::zip_error_fini(&problem);
    return out;
}

}  // namespace rd4ad::test::pickles
