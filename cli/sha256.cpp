// cli/sha256.cpp: computes SHA-256 with OpenSSL's libcrypto; no other file includes it.
#include "sha256.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

#include <openssl/evp.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/read_file.hpp>

namespace cli {

std::string sha256_of(const std::filesystem::path& path) { return sha256_of(rd4ad::io::read_file(path)); }

std::string sha256_of(std::span<const std::byte> bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (::EVP_Digest(bytes.data(), bytes.size(), digest, &length, ::EVP_sha256(), nullptr) != 1)
        throw rd4ad::io_error{"a SHA-256 can't be computed"};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
        text += digits[digest[i] >> 4];
        text += digits[digest[i] & 15U];
    }
    return text;
}

}  // namespace cli
