// rd4ad/model/state.hpp: named tensors into a table's flat arrays and back; what is missing or does not fit is listed. Twin:
// tests/model/state.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad {

/// Lists problems by name, at most ten, then how many more there are.
[[nodiscard]] inline std::string list_of_names(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, names.size()); ++i) text += (i ? ", " : "") + names[i];
    if (names.size() > 10) text += " and " + std::to_string(names.size() - 10) + " more";
    return text;
}

/// What a file lacks of a network, has too much, or has in another shape.
struct state_mismatch {
    std::vector<std::string> missing, surplus, misshapen;

    /// format_error naming the tensors, if there is any mismatch.
    void check(const std::string& file) const {
        if (missing.empty() && surplus.empty() && misshapen.empty()) return;
        std::string text = file + ": does not hold the expected network:";
        if (!missing.empty()) text += " missing: " + list_of_names(missing) + ";";
        if (!misshapen.empty()) text += " of another shape: " + list_of_names(misshapen) + ";";
        if (!surplus.empty()) text += " unknown: " + list_of_names(surplus) + ";";
        throw format_error{text + " give the architecture these weights belong to, or other weights"};
    }
};

/// A name in a table to the name in the file.
using name_in_file = std::function<std::string(const std::string&)>;

/// Reads the parameters of a list into a flat host array; notes what is missing or misshapen. PyTorch's counters
/// (num_batches_tracked) and tensors under `name` of no parameter are the caller's business.
template <class T>
void read_parameters(const std::vector<nn::parameter>& parameters, const io::tensor_file& file, const name_in_file& name,
                     std::span<T> flat, state_mismatch& mismatch) {
    for (const auto& p : parameters) {
        const std::string wanted = name(p.name);
        const auto* found = file.find(wanted);
        if (found == nullptr)
            mismatch.missing.push_back(wanted);
        else if (found->shape != p.shape)
            mismatch.misshapen.push_back(wanted + " (" + io::to_string(found->shape) + " instead of " + io::to_string(p.shape) +
                                         ")");
        else
            nn::from_pytorch<T>(p, found->template values<T>(), flat.subspan(p.offset, p.count));
    }
}

/// Writes the parameters of a list, from a flat host array, into a file under their own names.
template <class T>
void write_parameters(const std::vector<nn::parameter>& parameters, std::span<const T> flat, io::tensor_file& file) {
    std::vector<T> values;
    for (const auto& p : parameters) {
        values.resize(p.count);
        nn::to_pytorch<T>(p, flat.subspan(p.offset, p.count), values);
        file.insert<T>(p.name, p.shape, values, sizeof(T) == sizeof(double) ? io::element::f64 : io::element::f32);
    }
}

/// The two flat arrays of a table, on the host.
template <class T>
struct host_weights {
    std::vector<T> values, statistics;

    explicit host_weights(const nn::parameter_table& table) : values(table.value_count), statistics(table.statistic_count) {}
};

/// From host to device.
template <Backend B>
[[nodiscard]] nn::weights<B> upload(typename B::queue& q, const host_weights<typename B::value_type>& from) {
    return {to_device<B>(q, {1, from.values.size(), 1, 1}, from.values),
            to_device<B>(q, {1, from.statistics.size(), 1, 1}, from.statistics)};
}

}  // namespace rd4ad
