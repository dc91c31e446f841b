// cli/kserve.cpp: the protocol's requests and answers.
#include "kserve.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/export/client.hpp>

#include "http.hpp"

namespace cli {

namespace {

using rd4ad::io::json;

/// What a refusal says, in one line.
std::string refusal(const http_answer& answer) {
    std::string text = "status " + std::to_string(answer.status);
    const auto parsed = json::parse(answer.body, nullptr, false);
    if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_string())
        text += ": " + parsed["error"].get<std::string>();
    return text;
}

json parsed_object(std::string_view text, const std::string& address) {
    auto made = rd4ad::io::parse(text, address);
    if (!made.is_object()) throw rd4ad::format_error{address + ": answers with something else than a JSON object"};
    return made;
}

std::size_t byte_count(const json& output, const std::string& address) {
    const auto found = output.value("parameters", json::object()).value("binary_data_size", json{});
    if (!found.is_number_unsigned())
        throw rd4ad::format_error{address + ": an output comes as bytes without 'binary_data_size'; try --tensors json"};
    return found.get<std::size_t>();
}

}  // namespace

served_model::served_model(std::string server, std::string model, tensor_form form) : server_{std::move(server)} {
    while (server_.ends_with('/')) server_.pop_back();
    model_address_ = server_ + "/v2/models/" + model;
    const auto about_server = get(server_ + "/v2");
    const auto extensions = about_server.value("extensions", json::array());
    const bool has_binary = std::find(extensions.begin(), extensions.end(), "binary_tensor_data") != extensions.end();
    binary_ = form == tensor_form::binary || (form == tensor_form::automatic && has_binary);

    const auto metadata = get(model_address_);
    json about = metadata.value("parameters", json::object()).value(rd4ad::description_key, json{});
    if (about.is_null()) {
        const auto configuration = get(model_address_ + "/config");
        about = configuration.value("parameters", json::object())
                    .value(rd4ad::description_key, json::object())
                    .value("string_value", json{});
        const auto most = configuration.value("max_batch_size", json{});
        if (most.is_number_unsigned()) largest_batch_ = most.get<std::size_t>();
    }
    if (!about.is_string())
        throw rd4ad::format_error{model_address_ + ": the model has no parameter '" + rd4ad::description_key +
                                  "': serve what rd4ad export --format triton wrote"};
    const auto description = parsed_object(about.get<std::string>(), model_address_);
    settings_ = rd4ad::described_input(description, model_address_);
    sigma_ = rd4ad::described_sigma(description, model_address_);
}

json served_model::get(const std::string& address) const {
    const auto answer = http_request(address);
    if (answer.status != 200) throw rd4ad::io_error{address + ": refused with " + refusal(answer)};
    return parsed_object(answer.body, address);
}

std::vector<rd4ad::image::plane> served_model::maps(std::span<const float> images) const {
    const std::size_t height = settings_.height, width = settings_.width, pixels = height * width;
    const auto planes = rd4ad::channels_first(images, height, width);
    const std::size_t count = planes.size() / (3 * pixels);
    const auto bytes = std::as_bytes(std::span{planes});
    json input{{"name", rd4ad::scoring_graph::input}, {"datatype", "FP32"}, {"shape", {count, 3, height, width}}};
    json outputs = json::array();
    outputs.push_back({{"name", rd4ad::scoring_graph::map}, {"parameters", {{"binary_data", binary_}}}});
    std::vector<std::string> headers{"Content-Type: " + std::string{binary_ ? "application/octet-stream" : "application/json"}};
    if (binary_)
        input["parameters"] = {{"binary_data_size", bytes.size()}};
    else
        input["data"] = planes;
    std::string body = json{{"inputs", {input}}, {"outputs", outputs}}.dump();
    if (binary_) {
        headers.push_back("Inference-Header-Content-Length: " + std::to_string(body.size()));
        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }

    const auto address = model_address_ + "/infer";
    const auto answer = http_request(address, headers, &body);
    if (answer.status != 200) throw rd4ad::io_error{address + ": refused with " + refusal(answer)};
    std::string_view text = answer.body, tail;
    if (const auto length = answer.headers.find("inference-header-content-length"); length != answer.headers.end()) {
        const auto& digits = length->second;
        const bool number = !digits.empty() && digits.size() < 12 && digits.find_first_not_of("0123456789") == std::string::npos;
        if (!number || std::stoul(digits) > text.size())
            throw rd4ad::format_error{address + ": Inference-Header-Content-Length '" + digits +
                                      "' is no length within the answer's " + std::to_string(text.size()) + " bytes"};
        tail = text.substr(std::stoul(digits));
        text = text.substr(0, std::stoul(digits));
    }
    const auto found = parsed_object(text, address).value("outputs", json::array());
    std::map<std::string, std::vector<float>> values;
    for (const auto& output : found) {
        const auto name = output.value("name", "");
        if (output.value("datatype", "") != "FP32")
            throw rd4ad::format_error{address + ": output '" + name + "' is no FP32: serve what rd4ad export wrote"};
        auto& to = values[name];
        if (output.contains("data")) {
            if (!output["data"].is_array() ||
                !std::all_of(output["data"].begin(), output["data"].end(), [](const json& one) { return one.is_number(); }))
                throw rd4ad::format_error{address + ": output '" + name + "' holds something else than numbers"};
            to = output["data"].get<std::vector<float>>();
            continue;
        }
        const auto size = byte_count(output, address);
        if (size > tail.size() || size % sizeof(float) != 0)
            throw rd4ad::format_error{address + ": output '" + name + "' claims " + std::to_string(size) + " bytes, " +
                                      std::to_string(tail.size()) + " are there"};
        to.resize(size / sizeof(float));
        std::memcpy(to.data(), tail.data(), size);
        tail.remove_prefix(size);
    }
    const auto& maps = values[rd4ad::scoring_graph::map];
    if (maps.size() != count * pixels)
        throw rd4ad::format_error{address + ": answers with " + std::to_string(maps.size()) + " values of map for " +
                                  std::to_string(count) + " images of " + std::to_string(width) + " x " + std::to_string(height)};
    std::vector<rd4ad::image::plane> all(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = maps.begin() + static_cast<std::ptrdiff_t>(i * pixels);
        all[i] = {width, height, 1, std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(pixels))};
    }
    return all;
}

}  // namespace cli
