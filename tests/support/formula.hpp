// tests/support/formula.hpp: weights and images by formula, bit for bit those of the PyTorch reference.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::test {

/// n values in [0, 1), from the name.
inline std::vector<double> uniform(const std::string& name, std::size_t n) {
    random source{hash_name(name)};
    std::vector<double> values(n);
    for (double& value : values) value = source.uniform();
    return values;
}

/// Inserts the tensors of a table into a file; the values follow from the names.
inline void insert_by_formula(const nn::parameter_table& table, io::tensor_file& file) {
    for (const auto* list : {&table.values, &table.statistics})
        for (const auto& p : *list) {
            std::vector<float> values;
            for (const double u : uniform(p.name, p.count)) {
                double v = 0;
                switch (p.kind) {
                    case nn::parameter_kind::convolution: {
                        const std::size_t fan_in = p.shape[2] == 2 ? p.shape[0] : p.shape[1] * p.shape[2] * p.shape[3];
                        v = (2 * u - 1) * std::sqrt(6.0 / static_cast<double>(fan_in));
                        break;
                    }
                    case nn::parameter_kind::norm_bias:
                    case nn::parameter_kind::running_mean:
                        v = 0.2 * (2 * u - 1);
                        break;
                    case nn::parameter_kind::running_variance:
                        v = 0.5 + u;
                        break;
                    case nn::parameter_kind::norm_weight:
                        v = 0.25 + 0.5 * u;
                        break;
                }
                values.push_back(static_cast<float>(v));
            }
            file.insert<float>(p.name, p.shape, values, io::dtype::f32);
        }
}

/// Smooth random images, already normalised, n x size x size x 3 (channels last). They equal PyTorch's interpolation within a
/// few units in the last place.
inline std::vector<float> image_by_formula(const std::string& name, std::size_t n, std::size_t size) {
    const auto coarse = uniform(name, n * 3 * 64), fine = uniform(name + ".fine", n * 3 * size * size);
    std::vector<float> image(n * size * size * 3);
    for (std::size_t i = 0; i < n * 3; ++i)
        for (std::size_t y = 0; y < size; ++y)
            for (std::size_t x = 0; x < size; ++x) {
                const double scale = 7.0 / static_cast<double>(size - 1), v = scale * static_cast<double>(y),
                             h = scale * static_cast<double>(x);
                const auto top = static_cast<std::size_t>(v), left = static_cast<std::size_t>(h);
                const std::size_t below = std::min<std::size_t>(top + 1, 7), right = std::min<std::size_t>(left + 1, 7);
                const double down = v - static_cast<double>(top), across = h - static_cast<double>(left);
                const auto at = [&](std::size_t row, std::size_t column) { return 4 * coarse[i * 64 + row * 8 + column] - 2; };
                const double smooth = (1 - down) * ((1 - across) * at(top, left) + across * at(top, right)) +
                                      down * ((1 - across) * at(below, left) + across * at(below, right));
                image[((i / 3 * size + y) * size + x) * 3 + i % 3] =
                    static_cast<float>(smooth + 0.5 * (fine[(i * size + y) * size + x] - 0.5));
            }
    return image;
}

}  // namespace rd4ad::test
