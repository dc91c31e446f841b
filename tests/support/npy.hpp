// tests/support/npy.hpp: reads the reference arrays (.npy, little-endian float32 or float64, C order).
#pragma once
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace rd4ad::test {

/// An array in C order.
struct npy {
    std::vector<std::size_t> shape;
    std::vector<double> values;
};

/// Reads an array. Throws std::runtime_error if the file can't be opened.
inline npy read_npy(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error{path.string() + ": can't be opened"};
    std::stringstream all;
    all << file.rdbuf();
    const std::string bytes = all.str();
    const std::size_t length = static_cast<unsigned char>(bytes.at(8)) + 256u * static_cast<unsigned char>(bytes.at(9));
    const std::string header = bytes.substr(10, length);
    npy made;
    const auto open = header.find('(');
    std::stringstream sizes{header.substr(open + 1, header.find(')') - open - 1)};
    std::size_t count = 1;
    for (std::string size; std::getline(sizes, size, ',');)
        if (size.find_first_of("0123456789") != std::string::npos)
            made.shape.push_back(std::stoul(size)), count *= made.shape.back();
    const bool is_double = header.find("<f8") != std::string::npos;
    const char* data = bytes.data() + 10 + length;
    for (std::size_t i = 0; i < count; ++i) {
        float narrow = 0;
        double value = 0;
        if (is_double)
            std::memcpy(&value, data + i * 8, 8);
        else
            std::memcpy(&narrow, data + i * 4, 4), value = static_cast<double>(narrow);
        made.values.push_back(value);
    }
    return made;
}

}  // namespace rd4ad::test
