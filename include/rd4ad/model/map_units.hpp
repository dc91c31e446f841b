// rd4ad/model/map_units.hpp: the units in which the three scales' distances add up to the anomaly map. Twin:
// tests/model/map_units.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A gain and an offset per position of one scale's map (h x w, row by row).
struct position_units {
    std::size_t height{0}, width{0};
    std::vector<float> gain{}, offset{};

    friend bool operator==(const position_units&, const position_units&) = default;
};

/// The units of the anomaly map. A distance d = 1 - cosine (0..1) of scale k at position p counts as
/// weights[k] x (gain[p] d + offset[p]); the scales' sums are then upsampled and smoothed. The default is the paper's map:
/// weights 1, no gains. Weights sum to 3, so a map without positions lies in 0..3 whatever its weights. docs/method.md, "Map and
/// score".
struct map_units {
    std::array<double, 3> weights{1, 1, 1};     ///< of the scales at strides 4, 8 and 16
    std::array<position_units, 3> positions{};  ///< empty: gain 1 and offset 0 everywhere

    friend bool operator==(const map_units&, const map_units&) = default;

    [[nodiscard]] bool by_position() const noexcept { return !positions[0].gain.empty(); }
    /// Whether the map is the paper's plain sum.
    [[nodiscard]] bool plain() const noexcept { return !by_position() && weights == std::array<double, 3>{1, 1, 1}; }

    /// The largest value that a map can have, up to rounding.
    [[nodiscard]] double largest() const {
        double sum = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            double most = by_position() ? 0.0 : 1.0;
            for (std::size_t p = 0; p < positions[k].gain.size(); ++p)
                most = std::max(most, static_cast<double>(positions[k].gain[p]) + static_cast<double>(positions[k].offset[p]));
            sum += weights[k] * most;
        }
        return sum;
    }
};

/// "paper", "scales" or "positions": the map's kind.
[[nodiscard]] inline std::string kind_of(const map_units& units) {
    return units.by_position() ? "positions" : units.plain() ? "paper" : "scales";
}

namespace model_detail {

[[nodiscard]] inline std::string position_tensor(const char* kind, std::size_t scale) { return text("map.", kind, ".", scale); }

}  // namespace model_detail

/// Writes the units into a checkpoint: the metadata "map" (kind and weights), and per scale the tensors map.gain.K and
/// map.offset.K (h x w) if the units have positions. Plain units write nothing.
inline void write_map_units(const map_units& units, io::tensor_file& to) {
    if (units.plain()) return;
    to.metadata["map"] = io::json{{"kind", kind_of(units)}, {"weights", units.weights}}.dump();
    for (std::size_t k = 0; k < 3 && units.by_position(); ++k) {
        const auto& one = units.positions[k];
        const std::vector<std::size_t> shape{one.height, one.width};
        to.insert<float>(model_detail::position_tensor("gain", k), shape, one.gain, io::dtype::f32);
        to.insert<float>(model_detail::position_tensor("offset", k), shape, one.offset, io::dtype::f32);
    }
}

/// Reads the units that write_map_units wrote; plain units if the file has none. Throws format_error naming the file for other
/// metadata, for missing or misshapen tensors, and for values that are not finite.
template <io::NamedTensors Tensors>
[[nodiscard]] map_units map_units_of(const Tensors& file) {
    map_units units;
    const auto found = file.metadata.find("map");
    if (found == file.metadata.end()) return units;
    const std::string name = file.path.string();
    const auto refuse = [&](const std::string& problem) {
        return format_error{text(name, ": the map's units can't be read: ", problem, "; train again, or use an unharmed copy")};
    };
    std::string kind;
    try {
        const io::json json = io::parse_json(found->second, name + ": metadata 'map'");
        kind = json.at("kind").get<std::string>();
        units.weights = json.at("weights").get<std::array<double, 3>>();
    } catch (const io::json::exception& problem) {
        throw refuse(problem.what());
    }
    for (const double weight : units.weights)
        if (!(weight >= 0 && weight <= 3)) throw refuse(text("a weight of ", weight, "; 0 to 3 expected"));
    if (units.weights == std::array<double, 3>{})
        throw refuse("weights of 0 alone, by which every image is good; one above 0 expected");
    if (kind != "scales" && kind != "positions") throw refuse(text("kind '", kind, "'; scales or positions expected"));
    for (std::size_t k = 0; k < 3 && kind == "positions"; ++k) {
        auto& one = units.positions[k];
        for (const char* part : {"gain", "offset"}) {
            const auto tensor = model_detail::position_tensor(part, k);
            const auto* stored = file.find(tensor);
            if (stored == nullptr || stored->shape.size() != 2) throw refuse(text("a tensor '", tensor, "' of h x w expected"));
            one.height = stored->shape[0], one.width = stored->shape[1];
            auto values = file.read(tensor).template values<float>();
            if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
                throw refuse(text(tensor, " has a value that is not finite"));
            (std::string{part} == "gain" ? one.gain : one.offset) = std::move(values);
        }
        if (one.gain.size() != one.offset.size() || one.gain.size() != one.height * one.width)
            throw refuse(text("the gains and offsets of scale ", k, " differ in size"));
    }
    return units;
}

}  // namespace rd4ad::inline RD4AD_ABI
