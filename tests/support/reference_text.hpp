// Reference values stored as text: lines "case NAME", each followed by lines "KEY COUNT VALUE...".
#pragma once
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace rd4ad::test {

struct reference_case {
    std::string name;
    std::map<std::string, std::vector<double>> values;

    const std::vector<double>& all(const std::string& key) const { return values.at(key); }
    double one(const std::string& key) const { return values.at(key).at(0); }
    std::vector<float> floats(const std::string& key) const {
        std::vector<float> converted;
        for (const double value : all(key)) converted.push_back(static_cast<float>(value));
        return converted;
    }
    std::vector<std::uint8_t> bytes(const std::string& key) const {
        std::vector<std::uint8_t> converted;
        for (const double value : all(key)) converted.push_back(static_cast<std::uint8_t>(value));
        return converted;
    }
};

/// All cases of a file below tests/fixtures.
inline std::vector<reference_case> reference_cases(const std::string& file) {
    const std::string path = std::string{RD4AD_TEST_FIXTURES} + "/" + file;
    std::ifstream in{path};
    if (!in) throw std::runtime_error{path + ": cannot be opened"};
    std::vector<reference_case> cases;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words{line};
        std::string key, word;
        words >> key >> word;
        if (key == "case") {
            cases.push_back({word, {}});
            continue;
        }
        auto& values = cases.at(cases.size() - 1).values[key];
        while (words >> word) values.push_back(std::strtod(word.c_str(), nullptr));
        if (values.size() != std::stoul(line.substr(key.size() + 1)))
            throw std::runtime_error{path + ": case " + cases.back().name + ", " + key +
                                     " has another count than its line states"};
    }
    return cases;
}

}  // namespace rd4ad::test
