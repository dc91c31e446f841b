// tests/support/files.hpp: scratch folders, bytes of files, and the messages of errors.
#pragma once
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>

#ifndef RD4AD_TEST_FIXTURES
#define RD4AD_TEST_FIXTURES "tests/fixtures"
#endif
#ifndef RD4AD_SHARED_DIR
#define RD4AD_SHARED_DIR ""
#endif

namespace rd4ad::test {

/// A new empty folder; the destructor removes it and its content.
class scratch_folder {
   public:
    scratch_folder() {
        static std::atomic<unsigned> counter{0};
        path_ = std::filesystem::temp_directory_path() /
                ("rd4ad-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
        std::filesystem::create_directories(path_);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

   private:
    std::filesystem::path path_;
};

/// The bytes of a file.
inline std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// Writes a file, or overwrites it.
inline void write_text(const std::filesystem::path& path, std::string_view text) {
    std::ofstream{path, std::ios::binary} << text;
}

/// The text's bytes in a block of exactly their size, so that a sanitizer detects a read past the end.
inline std::shared_ptr<const std::vector<std::byte>> owned(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text.data(), text.size()});
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

/// The message of the rd4ad error that `work` throws; "nothing thrown" if it throws none.
template <class Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const error& caught) {
        return caught.what();
    }
    return "nothing thrown";
}

/// The bytes of a number, little endian.
template <class Number>
std::string raw(Number value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
}

}  // namespace rd4ad::test
