// rd4ad/model/state.hpp: named tensors to and from a table's flat arrays; lists missing and misfitting tensors. Twin:
// tests/model/state.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/nn/parameter.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// At most ten names, then the number of the others.
[[nodiscard]] inline std::string list_of_names(const std::vector<std::string>& names) {
    constexpr std::size_t max_names = 10;
    std::string list;
    for (std::size_t i = 0; i < std::min(max_names, names.size()); ++i) list += (i ? ", " : "") + names[i];
    if (names.size() > max_names) list += text(" and ", names.size() - max_names, " more");
    return list;
}

/// The tensors of a file that differ from a network's: missing, surplus, or of another shape; and those with values that no
/// network can compute with: NaN, infinite, or a negative variance.
struct state_mismatch {
    std::vector<std::string> missing{}, surplus{}, misshapen{}, unusable{};

    /// Throws format_error naming the tensors that differ, or else numeric_error naming those with unusable values.
    void check(const std::string& file) const {
        if (missing.empty() && surplus.empty() && misshapen.empty()) {
            if (unusable.empty()) return;
            throw numeric_error{text(file, ": finite weights and variances of at least 0 expected, found ",
                                     list_of_names(unusable),
                                     "; the file is damaged or its training diverged: use another copy, or train again")};
        }
        std::string message = file + ": the tensors differ from the expected network's:";
        if (!missing.empty()) message += " missing: " + list_of_names(missing) + ";";
        if (!misshapen.empty()) message += " of another shape: " + list_of_names(misshapen) + ";";
        if (!surplus.empty()) message += " unknown: " + list_of_names(surplus) + ";";
        throw format_error{message + " choose the architecture of these weights, or other weights"};
    }
};

/// Maps a name in a table to the name in the file.
using name_in_file = std::function<std::string(const std::string&)>;

/// The first value of a parameter with which no network can compute, as text: "NaN at value 17"; empty if there is none.
template <class T>
[[nodiscard]] std::string unusable_value(const nn::parameter& p, std::span<const T> values) {
    if (const auto at = first_not_finite<T>(values)) return text(not_finite_text(values[*at]), " at value ", *at);
    if (p.kind != nn::parameter_kind::running_variance) return "";
    const auto negative = std::find_if(values.begin(), values.end(), [](T value) { return value < 0; });
    return negative == values.end() ? "" : text("a variance of ", *negative, " at value ", negative - values.begin());
}

/// Whether a file has a parameter, under the name `wanted`, in its shape; else records it as missing or misshapen.
template <io::NamedTensors Tensors>
bool has_parameter(const nn::parameter& p, const Tensors& file, const std::string& wanted, state_mismatch& mismatch) {
    const auto* found = file.find(wanted);
    if (found == nullptr)
        mismatch.missing.push_back(wanted);
    else if (found->shape != p.shape)
        mismatch.misshapen.push_back(
            text(wanted, " (expected ", io::to_string(p.shape), ", found ", io::to_string(found->shape), ")"));
    return found != nullptr && found->shape == p.shape;
}

/// Reads one parameter that the file has, in memory order; records it if it has unusable values. to: p.count values.
template <class T, io::NamedTensors Tensors>
void read_parameter(const nn::parameter& p, const Tensors& file, const std::string& wanted, std::span<T> to, std::size_t threads,
                    state_mismatch& mismatch) {
    std::vector<T> converted;
    const io::named_tensor& stored = file.read(wanted);
    const auto values = stored.template values_in<T>(converted);
    if (const auto problem = unusable_value<T>(p, values); !problem.empty())
        mismatch.unusable.push_back(text(wanted, " (", problem, ')'));
    nn::from_pytorch<T>(p, values, to, threads);
}

/// Reads the listed parameters into a flat host array; records missing and misshapen tensors, and those with unusable values.
/// Ignores surplus tensors, PyTorch's batch counters among them: the caller checks for them.
template <class T, io::NamedTensors Tensors>
void read_parameters(const std::vector<nn::parameter>& parameters, const Tensors& file, const name_in_file& name,
                     std::span<T> flat, state_mismatch& mismatch, std::size_t threads = 1) {
    for (const auto& p : parameters)
        if (const auto wanted = name(p.name); has_parameter(p, file, wanted, mismatch))
            read_parameter<T>(p, file, wanted, flat.subspan(p.offset, p.count), threads, mismatch);
}

/// Writes the listed parameters from a flat host array into a file under their own names. Throws numeric_error naming a tensor
/// with unusable values: no file holds any.
template <class T>
void write_parameters(const std::vector<nn::parameter>& parameters, std::span<const T> flat, io::tensor_file& file) {
    std::vector<T> values;
    for (const auto& p : parameters) {
        values.resize(p.count);
        nn::to_pytorch<T>(p, flat.subspan(p.offset, p.count), values);
        if (const auto problem = unusable_value<T>(p, values); !problem.empty())
            throw numeric_error{text("the model's tensor ", p.name, " has ", problem,
                                     "; it is not saved: the training diverged, so "
                                     "use a smaller learning rate")};
        file.insert<T>(p.name, p.shape, values, sizeof(T) == sizeof(double) ? io::dtype::f64 : io::dtype::f32);
    }
}

/// The two flat arrays of a table on the host.
template <class T>
struct host_weights {
    std::vector<T> values, statistics;

    /// Zeros for a table.
    explicit host_weights(const nn::parameter_table& table) : values(table.value_count), statistics(table.statistic_count) {}
    host_weights(std::vector<T> of_values, std::vector<T> of_statistics)
        : values{std::move(of_values)}, statistics{std::move(of_statistics)} {}
};

/// Copies a table's arrays to the device.
template <Backend B>
[[nodiscard]] nn::weights<B> upload(typename B::queue& q, const host_weights<typename B::value_type>& from) {
    return {to_device<B>(q, {1, from.values.size(), 1, 1}, from.values),
            to_device<B>(q, {1, from.statistics.size(), 1, 1}, from.statistics)};
}

}  // namespace rd4ad::inline RD4AD_ABI
