// tests/fuzz/fuzz.hpp: what the fuzzers share: a reader gives a result or an rd4ad::error, and readers of files get one.
#pragma once
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>

namespace fuzz {

/// Calls `read`. Every other exception than rd4ad::error is a find, and so are sanitizers' reports.
template <class Read>
int run(const Read& read) {
    try {
        read();
    } catch (const rd4ad::error&) {
    }
    return 0;
}

[[nodiscard]] inline std::span<const std::byte> bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span{data, size});
}

[[nodiscard]] inline std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A folder of this process for readers that take a path; removed at the end.
class folder {
   public:
    folder() : path_{std::filesystem::temp_directory_path() / ("rd4ad-fuzz-" + std::to_string(getpid()))} {
        std::filesystem::create_directories(path_);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// Writes a file and returns its path.
    [[nodiscard]] std::filesystem::path write(const char* name, std::string_view content) const {
        auto path = path_ / name;
        std::ofstream{path, std::ios::binary}.write(content.data(), static_cast<std::streamsize>(content.size()));
        return path;
    }

   private:
    std::filesystem::path path_;
};

}  // namespace fuzz
