// cli/token_file.cpp: reads the token of --token-file.
#include "token_file.hpp"

#include <algorithm>

#include <sys/stat.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/read_file.hpp>

#include "console.hpp"

namespace cli {

std::string token_of(const std::filesystem::path& file) {
    const auto bytes = rd4ad::io::read_file(file, 1 << 16);
    std::string token{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    token.resize(std::min(token.find_first_of("\r\n"), token.size()));
    constexpr std::size_t least = 16;
    if (token.size() < least ||
        std::any_of(token.begin(), token.end(), [](char letter) { return letter <= ' ' || letter > '~'; }))
        throw rd4ad::data_error{rd4ad::text(file, ": the first line is no token; expected at least ", least,
                                            " characters without blanks, for example of: openssl rand -hex 32")};
    struct ::stat found {};
    if (::stat(file.c_str(), &found) == 0 && (found.st_mode & 077U) != 0)
        print_warning(rd4ad::text(file, ": others can read the token; chmod 600 prevents it"));
    return token;
}

}  // namespace cli
