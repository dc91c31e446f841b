// rd4ad/serve/infer.hpp: the bodies of KServe v2's inference requests and answers, as JSON and with binary tensors. Twin:
// tests/serve/infer.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/score/detection_result.hpp>

namespace rd4ad::inline RD4AD_ABI::serve {

static_assert(std::endian::native == std::endian::little, "KServe's binary tensors are little endian");

/// The input that a model takes, and the most inputs per request.
struct infer_limits {
    std::size_t width{0}, height{0}, max_batch{1};
};

/// A tensor that a request wants.
struct wanted_output {
    std::string name;
    bool is_binary{false};
};

/// A request's content.
struct infer_request {
    std::string id{};                      ///< of the request; "" without one
    std::size_t count{0};                  ///< number of inputs
    std::vector<float> inputs{};           ///< count x height x width x 3: channels last, as model/network_input.hpp makes them
    std::vector<wanted_output> outputs{};  ///< in the order of the answer
};

/// An answer's body: JSON, then the bytes of its binary tensors.
struct infer_body {
    std::string bytes{};
    std::size_t json_bytes{0};  ///< of Inference-Header-Content-Length; all of `bytes` without binary tensors
};

namespace detail {

[[nodiscard]] inline format_error bad_request(const std::string& problem) {
    return format_error{text("inference request: ", problem)};
}

/// The length in the header Inference-Header-Content-Length; all of the body without that header.
[[nodiscard]] inline std::size_t json_length(std::string_view body, const std::optional<std::string>& header) {
    if (!header) return body.size();
    const bool is_number = !header->empty() && header->size() <= 12 && header->find_first_not_of("0123456789") == header->npos;
    const std::size_t length = is_number ? std::stoull(*header) : 0;
    if (!is_number || length > body.size())
        throw bad_request(text("Inference-Header-Content-Length is ", io::quoted(*header), ", expected a number of at most ",
                               body.size(), ", the bytes of the body"));
    return length;
}

/// A member of an object. Throws format_error unless `is_type` accepts it; a missing one is null.
template <class IsType>
[[nodiscard]] io::json member(const io::json& from, const std::string& key, const char* expected, const IsType& is_type) {
    auto found = io::value_at(from, key);
    if (!is_type(found)) throw bad_request(text("'", key, "' is missing or no ", expected));
    return found;
}

/// The number of inputs that a tensor's shape states. Throws format_error unless it is [1 to max_batch, 3, height, width].
[[nodiscard]] inline std::size_t count_of(const io::json& shape, const infer_limits& by) {
    const auto is = [&](std::size_t at, std::size_t size) { return shape[at].is_number_unsigned() && shape[at] == size; };
    const bool fits = shape.is_array() && shape.size() == 4 && is(1, 3) && is(2, by.height) && is(3, by.width);
    const bool has_count = fits && shape[0].is_number_unsigned() && shape[0] > 0 && shape[0] <= by.max_batch;
    if (!has_count) {
        auto found = io::dump_json(shape);
        if (found.size() > 80) found = found.substr(0, 80) + "...";
        throw bad_request(text("the shape of '", scoring_graph::input, "' is ", found, ", expected [N, 3, ", by.height, ", ",
                               by.width, "] with N from 1 to ", by.max_batch));
    }
    return shape[0].get<std::size_t>();
}

/// Appends the numbers of an array, whose members may be arrays, in order; at most `most`.
inline void append_numbers(const io::json& data, std::size_t most, std::vector<float>& to) {
    if (!data.is_array()) throw bad_request("'data' is missing or no array");
    for (const auto& one : data) {
        if (one.is_array()) {
            append_numbers(one, most, to);
            continue;
        }
        if (!one.is_number()) throw bad_request("'data' holds values that are no numbers");
        if (to.size() == most) throw bad_request(text("'data' holds more than the ", most, " numbers of the shape"));
        to.push_back(one.get<float>());
    }
}

/// The numbers of an input, N x 3 x height x width, from its JSON or from the bytes after it.
[[nodiscard]] inline std::vector<float> input_values(const io::json& input, std::string_view tail, std::size_t expected) {
    std::vector<float> values;
    const auto stated = io::value_at(io::object_at(input, "parameters"), "binary_data_size");
    if (stated.is_null()) {
        if (!tail.empty()) throw bad_request(text(tail.size(), " bytes follow the JSON, but no input has a 'binary_data_size'"));
        values.reserve(expected);
        append_numbers(io::value_at(input, "data"), expected, values);
        if (values.size() != expected)
            throw bad_request(text("'data' holds ", values.size(), " numbers, the shape has ", expected));
    } else {
        if (input.contains("data")) throw bad_request("the input has both 'data' and 'binary_data_size'; give one of them");
        if (!stated.is_number_unsigned() || stated != expected * sizeof(float) || stated != tail.size())
            throw bad_request(text("'binary_data_size' is ", io::dump_json(stated), ", expected ", expected * sizeof(float),
                                   " by the shape; ", tail.size(), " bytes follow the JSON"));
        values.resize(expected);
        std::memcpy(values.data(), tail.data(), tail.size());
    }
    for (const float one : values)
        if (!std::isfinite(one)) throw bad_request("the input holds a number that is not finite");
    return values;
}

/// N x 3 x height x width to N x height x width x 3.
[[nodiscard]] inline std::vector<float> channels_last(std::span<const float> planar, std::size_t pixels) {
    std::vector<float> made(planar.size());
    for (std::size_t first = 0; first < planar.size(); first += 3 * pixels)
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t i = 0; i < pixels; ++i) made[first + 3 * i + c] = planar[first + c * pixels + i];
    return made;
}

/// Whether the parameter `key` is true; `otherwise` without it.
[[nodiscard]] inline bool is_set(const io::json& of, const char* key, bool otherwise) {
    const auto found = io::value_at(io::object_at(of, "parameters"), key);
    if (!found.is_null() && !found.is_boolean()) throw bad_request(text("'", key, "' is neither true nor false"));
    return found.is_null() ? otherwise : found.get<bool>();
}

[[nodiscard]] inline std::vector<wanted_output> outputs_of(const io::json& request, std::span<const std::string> known) {
    const bool is_binary = is_set(request, "binary_data_output", false);
    std::vector<wanted_output> wanted;
    const auto listed = io::value_at(request, "outputs");
    if (listed.is_null()) {
        for (const auto& name : known) wanted.push_back({name, is_binary});
        return wanted;
    }
    if (!listed.is_array() || listed.empty() || listed.size() > known.size())
        throw bad_request(text("'outputs' is no list of 1 to ", known.size(), " outputs"));
    for (const auto& one : listed) {
        const auto name = member(one, "name", "text", [](const io::json& value) { return value.is_string(); }).get<std::string>();
        if (std::find(known.begin(), known.end(), name) == known.end())
            throw bad_request(text("the model has no output ", io::quoted(name)));
        wanted.push_back({name, is_set(one, "binary_data", is_binary)});
    }
    return wanted;
}

}  // namespace detail

/// Reads a request of KServe v2, https://kserve.github.io/website/latest/modelserving/data_plane/v2_protocol, with Triton's
/// extension for binary tensors. header: the value of Inference-Header-Content-Length, where the request has it. outputs: the
/// names that the model has. Throws format_error that states what was found and what was expected.
[[nodiscard]] inline infer_request read_infer_request(std::string_view body, const std::optional<std::string>& header,
                                                      const infer_limits& by, std::span<const std::string> outputs) {
    const auto length = detail::json_length(body, header);
    const auto request = io::parse_json(body.substr(0, length), "inference request");
    const auto is_array = [](const io::json& value) { return value.is_array(); };
    const auto inputs = detail::member(request, "inputs", "array", is_array);
    if (inputs.size() != 1 || io::value_at(inputs.front(), "name") != scoring_graph::input)
        throw detail::bad_request(text("expected one input named '", scoring_graph::input, "'"));
    const auto& input = inputs.front();
    if (io::value_at(input, "datatype") != "FP32")
        throw detail::bad_request(text("the datatype of '", scoring_graph::input, "' is not FP32"));
    infer_request made{.count = detail::count_of(io::value_at(input, "shape"), by)};
    if (const auto id = io::value_at(request, "id"); id.is_string() && id.get_ref<const std::string&>().size() <= 256)
        made.id = id.get<std::string>();
    else if (!id.is_null())
        throw detail::bad_request("'id' is no text of at most 256 bytes");
    made.outputs = detail::outputs_of(request, outputs);
    const std::size_t pixels = by.width * by.height;
    made.inputs = detail::channels_last(detail::input_values(input, body.substr(length), made.count * 3 * pixels), pixels);
    return made;
}

/// Writes the answer to a request. results: one per input, with maps of the input's size, and with scores where the request wants
/// them.
[[nodiscard]] inline infer_body write_infer_answer(const std::string& model, const infer_request& request,
                                                   std::span<const detection_result> results) {
    io::json answer{{"model_name", model}, {"model_version", "1"}, {"outputs", io::json::array()}};
    if (!request.id.empty()) answer["id"] = request.id;
    std::string tail;
    for (const auto& [name, is_binary] : request.outputs) {
        std::vector<float> values;
        std::vector<std::size_t> shape{results.size(), 1};
        for (const auto& one : results)
            if (name == scoring_graph::map)
                values.insert(values.end(), one.map.pixels.begin(), one.map.pixels.end());
            else
                values.push_back(name == scoring_graph::score ? static_cast<float>(one.score.value()) : one.raw_score);
        if (name == scoring_graph::map) shape.insert(shape.end(), {results.front().map.height, results.front().map.width});
        io::json output{{"name", name}, {"datatype", "FP32"}, {"shape", shape}};
        if (is_binary) {
            const auto bytes = std::as_bytes(std::span{values});
            output["parameters"] = {{"binary_data_size", bytes.size()}};
            tail.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        } else {
            output["data"] = std::move(values);
        }
        answer["outputs"].push_back(std::move(output));
    }
    infer_body made{.bytes = io::dump_json(answer)};
    made.json_bytes = made.bytes.size();
    made.bytes += tail;
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI::serve
