// KServe v2's inference requests: what is read, and that whatever is wrong is refused with its reason.
#include <rd4ad/serve/infer.hpp>

#include <limits>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

const serve::infer_limits two_by_one{.width = 2, .height = 1, .max_batch = 2};
const std::vector<std::string> both_outputs{"map", "raw_score"};

io::json some_request() {
    return {{"inputs", {{{"name", "image"}, {"datatype", "FP32"}, {"shape", {1, 3, 1, 2}}, {"data", {1, 2, 3, 4, 5, 6}}}}}};
}

serve::infer_request read_request(std::string_view body, const std::optional<std::string>& header = {}) {
    return serve::read_infer_request(body, header, two_by_one, both_outputs);
}

std::string infer_refusal(std::string_view body, const std::optional<std::string>& header = {}) {
    return test::message_of([&] { static_cast<void>(read_request(body, header)); });
}

/// The refusal of some_request() after a change of its input.
template <class Change>
std::string refusal_with(const Change& change) {
    auto request = some_request();
    change(request, request["inputs"][0]);
    return infer_refusal(request.dump());
}

}  // namespace

TEST_CASE("an inference request is read from JSON, flat and nested, and from bytes", "[serve]") {
    const std::vector<float> last{1, 3, 5, 2, 4, 6};  // channels last
    auto request = some_request();
    request["id"] = "7";
    const auto flat = read_request(request.dump());
    CHECK((flat.id == "7" && flat.count == 1 && flat.inputs == last));
    REQUIRE(flat.outputs.size() == 2);
    CHECK((flat.outputs[0].name == "map" && !flat.outputs[0].is_binary));
    request["inputs"][0]["data"] = io::json::parse("[[[[1,2]],[[3,4]],[[5,6]]]]");
    CHECK(read_request(request.dump()).inputs == last);

    request["inputs"][0].erase("data");
    request["inputs"][0]["shape"][0] = 2;
    request["inputs"][0]["parameters"] = {{"binary_data_size", 48}};
    request["outputs"] = {{{"name", "raw_score"}, {"parameters", {{"binary_data", true}}}}};
    const auto json = request.dump();
    std::string tail;
    for (int i = 0; i < 2; ++i)
        for (const float one : {1.f, 2.f, 3.f, 4.f, 5.f, 6.f}) tail += test::raw(one);
    const auto binary = read_request(json + tail, std::to_string(json.size()));
    CHECK((binary.count == 2 && binary.inputs.size() == 12 && binary.inputs[7] == 3));
    CHECK((binary.outputs.size() == 1 && binary.outputs[0].name == "raw_score" && binary.outputs[0].is_binary));
}

TEST_CASE("an inference request that is wrong is refused with its reason", "[serve]") {
    using Catch::Contains;
    CHECK_THAT(infer_refusal("{"), Contains("is not JSON"));
    CHECK_THAT(infer_refusal(""), Contains("is not JSON"));
    CHECK_THAT(infer_refusal("[]"), Contains("'inputs' is missing"));
    CHECK_THAT(infer_refusal("7"), Contains("'inputs' is missing"));
    CHECK_THAT(infer_refusal(std::string(100, '[')), Contains("nested"));
    CHECK_THAT(infer_refusal("{}", "-1"), Contains("Inference-Header-Content-Length is '-1'"));
    CHECK_THAT(infer_refusal("{}", "3"), Contains("a number of at most 2"));
    CHECK_THAT(infer_refusal("{}", "99999999999999999999"), Contains("Inference-Header-Content-Length"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["name"] = "input"; }), Contains("named 'image'"));
    CHECK_THAT(refusal_with([](auto& all, auto& input) { all["inputs"].push_back(input); }), Contains("one input"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["datatype"] = "FP64"; }), Contains("FP32"));
    for (const char* shape : {"[1,3,1]", "[0,3,1,2]", "[3,3,1,2]", "[-1,3,1,2]", "[1,3,2,1]", "[1.5,3,1,2]", "null", "{}",
                              "[[1],3,1,2]", "[18446744073709551615,3,1,2]", "[1e300,3,1,2]", "[4611686018427387905,3,1,2]"})
        CHECK_THAT(refusal_with([&](auto&, auto& input) { input["shape"] = io::json::parse(shape); }), Contains("[N, 3, 1, 2]"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["data"] = {1, 2}; }), Contains("2 numbers, the shape has 6"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["data"] = {1, 2, 3, 4, 5, 6, 7}; }), Contains("more than the 6"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["data"][0] = "1"; }), Contains("no numbers"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["data"][0] = 1e300; }), Contains("not finite"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input.erase("data"); }), Contains("'data' is missing"));
    CHECK_THAT(refusal_with([](auto&, auto& input) { input["parameters"] = {{"binary_data_size", 24}}; }), Contains("both"));
    CHECK_THAT(refusal_with([](auto& all, auto&) { all["outputs"] = {{{"name", "score"}}}; }), Contains("no output"));
    CHECK_THAT(refusal_with([](auto& all, auto&) { all["outputs"] = io::json::array(); }), Contains("'outputs'"));
    CHECK_THAT(refusal_with([](auto& all, auto&) { all["outputs"] = {{{"name", 7}}}; }), Contains("'name'"));
    CHECK_THAT(refusal_with([](auto& all, auto&) {
                   all["outputs"] = {{{"name", "map"}, {"parameters", {{"binary_data", 1}}}}};
               }),
               Contains("neither true nor false"));
    CHECK_THAT(refusal_with([](auto& all, auto&) { all["id"] = std::string(257, 'x'); }), Contains("'id'"));
    CHECK_THAT(refusal_with([](auto& all, auto&) { all["id"] = 7; }), Contains("'id'"));
    CHECK_THAT(infer_refusal(some_request().dump() + "    ", std::to_string(some_request().dump().size())),
               Contains("4 bytes follow"));

    auto request = some_request();
    request["inputs"][0].erase("data");
    const auto binary = [&](const io::json& size, const std::string& tail) {
        request["inputs"][0]["parameters"] = {{"binary_data_size", size}};
        const auto json = request.dump();
        return infer_refusal(json + tail, std::to_string(json.size()));
    };
    const std::string tail(24, '\0');
    CHECK_THAT(binary(20, tail), Contains("expected 24"));
    CHECK_THAT(binary(24, tail + tail), Contains("48 bytes follow"));
    CHECK_THAT(binary(-24, tail), Contains("expected 24"));
    CHECK_THAT(binary("24", tail), Contains("expected 24"));
    CHECK_THAT(binary(24, test::raw(std::numeric_limits<float>::quiet_NaN()) + tail.substr(4)), Contains("not finite"));
}

TEST_CASE("an inference answer has its tensors in the request's order, as JSON or bytes", "[serve]") {
    auto request = some_request();
    request["outputs"] = {{{"name", "raw_score"}, {"parameters", {{"binary_data", true}}}}, {{"name", "map"}}};
    request["id"] = "a";
    const detection_result result{.raw_score = 0.5f, .map = {2, 1, 1, {0.25f, 0.5f}}};
    const auto answer = serve::write_infer_answer("cloth", read_request(request.dump()), std::span{&result, 1});
    const auto json = io::parse_json(std::string_view{answer.bytes}.substr(0, answer.json_bytes), "answer");
    CHECK((json.at("model_name") == "cloth" && json.at("id") == "a"));
    CHECK(json.at("outputs")[0].at("parameters").at("binary_data_size") == 4);
    CHECK(json.at("outputs")[0].at("shape") == io::json{1, 1});
    CHECK(json.at("outputs")[1].at("shape") == io::json{1, 1, 1, 2});
    CHECK(json.at("outputs")[1].at("data") == io::json{0.25, 0.5});
    CHECK(answer.bytes.substr(answer.json_bytes) == test::raw(0.5f));
}
