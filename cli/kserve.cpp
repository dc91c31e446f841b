// cli/kserve.cpp: writes the protocol's requests and reads its answers.
#include "kserve.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/export/client.hpp>

namespace cli {

namespace {

namespace io = rd4ad::io;
using io::json;

rd4ad::format_error wrong(const std::string& address, const std::string& problem) {
    return rd4ad::format_error{rd4ad::text(address, ": ", problem)};
}

/// Returns work(). Throws format_error naming the address if a part of the answer has another type than the protocol's.
template <class Work>
auto reading(const std::string& address, const Work& work) {
    try {
        return work();
    } catch (const json::exception& problem) {
        throw wrong(address,
                    rd4ad::text("the answer is not that of a KServe v2 server (", problem.what(), "); check the address"));
    }
}

/// Throws io_error with the status and the server's message unless the status is 200.
void check_status(const http_answer& answer, const std::string& address) {
    if (answer.status == 200) return;
    auto message = rd4ad::text(address, ": refused with status ", answer.status);
    const auto parsed = json::parse(answer.body, nullptr, false);
    if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_string())
        message += ": " + parsed["error"].get<std::string>();
    throw rd4ad::io_error{message};
}

json parse_object(std::string_view text, const std::string& address) {
    auto parsed = rd4ad::io::parse_json(text, address);
    if (!parsed.is_object()) throw wrong(address, "the answer is no JSON object");
    return parsed;
}

/// An answer to an inference request: its JSON, and the bytes of binary tensors after it.
struct parsed_answer {
    json object;
    std::string_view bytes;
};

/// Splits an answer at the length in Inference-Header-Content-Length. Without that header all of it is JSON.
parsed_answer split(const http_answer& answer, const std::string& address) {
    const std::string_view body = answer.body;
    const auto header = answer.headers.find("inference-header-content-length");
    if (header == answer.headers.end()) return {parse_object(body, address), {}};
    const auto& digits = header->second;
    const bool is_number = !digits.empty() && digits.size() < 12 && digits.find_first_not_of("0123456789") == digits.npos;
    const std::size_t length = is_number ? std::stoul(digits) : 0;
    if (!is_number || length > body.size())
        throw wrong(address, rd4ad::text("Inference-Header-Content-Length is '", digits, "', expected a number of at most ",
                                         body.size(), ", the bytes of the answer"));
    return {parse_object(body.substr(0, length), address), body.substr(length)};
}

/// The numbers of an output in JSON.
std::vector<float> json_values(const json& data, const std::string& name, const std::string& address) {
    const auto is_number = [](const json& one) { return one.is_number(); };
    if (!data.is_array() || !std::all_of(data.begin(), data.end(), is_number))
        throw wrong(address, rd4ad::text("output '", name, "' holds values that are no numbers"));
    return data.get<std::vector<float>>();
}

/// Takes the numbers of a binary output from the front of `bytes`.
std::vector<float> binary_values(const json& output, std::string_view& bytes, const std::string& name,
                                 const std::string& address) {
    const auto stated = io::value_at(io::object_at(output, "parameters"), "binary_data_size");
    if (!stated.is_number_unsigned())
        throw wrong(address, rd4ad::text("output '", name, "' is binary without 'binary_data_size'; try --tensors json"));
    const auto size = stated.get<std::size_t>();
    if (size > bytes.size() || size % sizeof(float) != 0)
        throw wrong(address, rd4ad::text("output '", name, "' states ", size, " bytes, found ", bytes.size()));
    std::vector<float> values(size / sizeof(float));
    std::memcpy(values.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    return values;
}

/// The values of the output `map`; empty without it. Outputs follow each other in the answer's bytes.
std::vector<float> map_values(const http_answer& answer, const std::string& address) {
    auto [object, bytes] = split(answer, address);
    std::vector<float> map;
    for (const auto& output : io::value_at(object, "outputs")) {
        const auto stated = io::value_at(output, "name");
        if (!stated.is_string()) throw wrong(address, "the answer has an output without a name");
        const auto name = stated.get<std::string>();
        if (io::value_at(output, "datatype") != "FP32")
            throw wrong(address, rd4ad::text("output '", name, "' is not FP32: serve a model that rd4ad export wrote"));
        auto values =
            output.contains("data") ? json_values(output["data"], name, address) : binary_values(output, bytes, name, address);
        if (name == rd4ad::scoring_graph::map) map = std::move(values);
    }
    return map;
}

/// Cuts values into `count` maps. Throws format_error for another number of values.
std::vector<rd4ad::image::image_f32> cut_maps(const std::vector<float>& values, std::size_t count, std::size_t width,
                                              std::size_t height, const std::string& address) {
    const std::size_t pixels = width * height;
    if (values.size() != count * pixels)
        throw wrong(address,
                    rd4ad::text("output 'map' has ", values.size(), " values, expected ", count, " x ", width, " x ", height));
    std::vector<rd4ad::image::image_f32> maps(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * pixels);
        maps[i] = {width, height, 1, std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(pixels))};
    }
    return maps;
}

}  // namespace

served_model::served_model(std::string server, const std::string& model, tensor_format format, const std::string& token)
    : server_{std::move(server)} {
    if (!token.empty()) headers_.push_back("Authorization: Bearer " + token);
    while (server_.ends_with('/')) server_.pop_back();
    model_address_ = rd4ad::text(server_, "/v2/models/", model);
    const bool supported = reading(server_, [&] { return supports_binary(); });
    binary_ = format == tensor_format::binary || (format == tensor_format::automatic && supported);
    const auto about = reading(model_address_, [&] { return description(); });
    settings_ = rd4ad::described_input(about, model_address_);
    sigma_ = rd4ad::described_sigma(about, model_address_);
    roi_size_ = rd4ad::described_roi_size(about, model_address_);
    largest_ = rd4ad::described_largest(about, model_address_);
    calibration_ = rd4ad::described_calibration(about, model_address_);
}

void served_model::check_roi(const std::filesystem::path& image, const rd4ad::image::fit_transform& transform) const {
    if (!roi_size_ || *roi_size_ == rd4ad::image::size{transform.source_width, transform.source_height}) return;
    throw rd4ad::data_error{rd4ad::text(image, ": is ", transform.source_width, " x ", transform.source_height,
                                        " pixels, the region of interest of ", model_address_, " is ", roi_size_->width, " x ",
                                        roi_size_->height, "; give images of that size")};
}

json served_model::get(const std::string& address) const {
    const auto answer = http_request(address, {.headers = headers_});
    check_status(answer, address);
    return parse_object(answer.body, address);
}

bool served_model::supports_binary() const {
    const auto extensions = io::value_at(get(server_ + "/v2"), "extensions");
    return std::find(extensions.begin(), extensions.end(), "binary_tensor_data") != extensions.end();
}

/// The description in the parameters of the model's metadata, or else of its configuration, which also has the maximum batch.
json served_model::description() {
    json about = io::value_at(io::object_at(get(model_address_), "parameters"), rd4ad::description_key);
    if (about.is_null()) {
        const auto configuration = get(model_address_ + "/config");
        about = io::value_at(io::object_at(io::object_at(configuration, "parameters"), rd4ad::description_key), "string_value");
        const auto stated = io::value_at(configuration, "max_batch_size");
        if (stated.is_number_unsigned()) max_batch_ = stated.get<std::size_t>();
    }
    if (!about.is_string())
        throw wrong(model_address_, rd4ad::text("the model has no parameter '", rd4ad::description_key,
                                                "': serve a model that rd4ad export --format triton wrote"));
    return parse_object(about.get<std::string>(), model_address_);
}

http_answer served_model::request_maps(std::span<const float> inputs, std::size_t count) const {
    const auto values = rd4ad::channels_first(inputs, settings_.height, settings_.width);
    const auto bytes = std::as_bytes(std::span{values});
    json input{
        {"name", rd4ad::scoring_graph::input}, {"datatype", "FP32"}, {"shape", {count, 3, settings_.height, settings_.width}}};
    if (binary_)
        input["parameters"] = {{"binary_data_size", bytes.size()}};
    else
        input["data"] = values;
    json outputs = json::array();
    outputs.push_back({{"name", rd4ad::scoring_graph::map}, {"parameters", {{"binary_data", binary_}}}});
    auto body = json{{"inputs", {input}}, {"outputs", outputs}}.dump();
    // A value has at most 32 characters in JSON; the other outputs are small.
    http_request_options request{
        .headers = headers_, .body = &body, .largest = (std::size_t{1} << 20) + 32 * count * settings_.height * settings_.width};
    request.headers.emplace_back(binary_ ? "Content-Type: application/octet-stream" : "Content-Type: application/json");
    if (binary_) {
        request.headers.push_back(rd4ad::text("Inference-Header-Content-Length: ", body.size()));
        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return http_request(model_address_ + "/infer", request);
}

std::vector<rd4ad::image::image_f32> served_model::maps(std::span<const float> inputs) const {
    const std::size_t height = settings_.height, width = settings_.width, count = inputs.size() / (3 * height * width);
    const auto address = model_address_ + "/infer";
    const auto answer = request_maps(inputs, count);
    check_status(answer, address);
    const auto values = reading(address, [&] { return map_values(answer, address); });
    return cut_maps(values, count, width, height, address);
}

}  // namespace cli
