// The file's fields as onnx.proto numbers them, read back by protozero. scripts/check-export tests the file in runtimes.
#include <rd4ad/export/onnx.hpp>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;
using test::small_model;

struct tensor_found {
    std::vector<std::int64_t> dims;
    int type{0};
    std::string raw;
};
struct value_found {
    int type{0};
    std::vector<std::string> dims;
};
struct file_found {
    std::int64_t ir{0}, opset{0};
    std::map<std::string, std::string> metadata;
    std::map<std::string, tensor_found> constants;
    std::map<std::string, value_found> inputs, outputs;
    std::vector<std::pair<std::string, std::string>> nodes;  // operation, result
    std::set<std::string> dangling;                          // inputs that no earlier node computes
};

std::pair<std::string, value_found> read_value(protozero::pbf_reader from) {
    std::pair<std::string, value_found> found;
    while (from.next()) {
        if (from.tag() == 1) {
            found.first = from.get_string();
            continue;
        }
        auto type = from.get_message();
        REQUIRE(type.next(1));
        auto tensor = type.get_message();
        while (tensor.next()) {
            if (tensor.tag() == 1) {
                found.second.type = tensor.get_int32();
                continue;
            }
            auto shape = tensor.get_message();
            while (shape.next(1)) {
                auto dim = shape.get_message();
                REQUIRE(dim.next());
                found.second.dims.push_back(dim.tag() == 1 ? std::to_string(dim.get_int64()) : dim.get_string());
            }
        }
    }
    return found;
}

file_found read_file(const std::string& bytes) {
    file_found found;
    std::set<std::string> known;
    std::vector<protozero::pbf_reader> nodes;
    protozero::pbf_reader model{bytes};
    while (model.next()) switch (model.tag()) {
            case 1:
                found.ir = model.get_int64();
                break;
            case 8: {
                auto opset = model.get_message();
                while (opset.next()) found.opset = opset.get_int64();
                break;
            }
            case 14: {
                auto entry = model.get_message();
                std::string key;
                while (entry.next()) {
                    auto& to = entry.tag() == 1 ? key : found.metadata[key];
                    to = entry.get_string();
                }
                break;
            }
            case 7: {
                auto graph = model.get_message();
                while (graph.next()) switch (graph.tag()) {
                        case 1:
                            nodes.push_back(graph.get_message());
                            break;
                        case 5: {
                            auto tensor = graph.get_message();
                            tensor_found one;
                            std::string name;
                            while (tensor.next()) switch (tensor.tag()) {
                                    case 1:
                                        one.dims.push_back(tensor.get_int64());
                                        break;
                                    case 2:
                                        one.type = tensor.get_int32();
                                        break;
                                    case 8:
                                        name = tensor.get_string();
                                        break;
                                    case 9:
                                        one.raw = tensor.get_string();
                                        break;
                                    default:
                                        FAIL("unexpected field of a tensor");
                                }
                            known.insert(name);
                            found.constants[name] = one;
                            break;
                        }
                        case 11:
                            found.inputs.insert(read_value(graph.get_message()));
                            break;
                        case 12:
                            found.outputs.insert(read_value(graph.get_message()));
                            break;
                        default:
                            graph.skip();
                    }
                break;
            }
            default:
                model.skip();
        }
    for (const auto& [name, value] : found.inputs) known.insert(name);
    for (auto node : nodes) {
        std::string operation, result;
        while (node.next()) switch (node.tag()) {
                case 1:
                    if (const auto input = node.get_string(); !known.contains(input)) found.dangling.insert(input);
                    break;
                case 2:
                    result = node.get_string();
                    break;
                case 4:
                    operation = node.get_string();
                    break;
                default:
                    node.skip();
            }
        known.insert(result);
        found.nodes.emplace_back(operation, result);
    }
    return found;
}

}  // namespace

TEST_CASE("an ONNX file states its versions, its input and outputs, and its description", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    export_onnx<B>(folder / "part.onnx", m);
    const auto bytes = test::text_of_file(folder / "part.onnx");
    const auto found = read_file(bytes);
    CHECK((found.ir == 7 && found.opset == 13));
    CHECK(io::parse_json(found.metadata.at("rd4ad"), "metadata") == describe(m, {}, 4.0, false));
    CHECK(found.inputs.at("image").dims == std::vector<std::string>{"N", "3", "32", "64"});
    CHECK(found.outputs.at("map").dims == std::vector<std::string>{"N", "1", "32", "64"});
    CHECK(found.outputs.at("raw_score").dims == std::vector<std::string>{"N", "1"});
    CHECK(found.outputs.size() == 2);  // no score without a calibration
    for (const auto* values : {&found.inputs, &found.outputs})
        for (const auto& [name, value] : *values) CHECK(value.type == 1);
    CHECK(found.dangling.empty());

    const auto graph = make_graph<B>(m);
    REQUIRE(found.constants.size() == graph.constants.size());
    REQUIRE(found.nodes.size() == graph.nodes.size());
    for (const auto& constant : graph.constants) {
        INFO(constant.name);
        const auto& stored = found.constants.at(constant.name);
        CHECK(std::vector<std::size_t>(stored.dims.begin(), stored.dims.end()) == constant.shape);
        CHECK(stored.type == 1);
        REQUIRE(stored.raw.size() == constant.values.size() * sizeof(float));
        CHECK(std::memcmp(stored.raw.data(), constant.values.data(), stored.raw.size()) == 0);
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        CHECK(found.nodes[i] == std::pair{graph.nodes[i].operation, graph.nodes[i].name});
    CHECK(bytes == onnx_bytes(make_graph<B>(m), describe(m, {}, 4.0, false), false));
}

TEST_CASE("the output score needs a calibration, and keeps the raw score beside it", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    CHECK_THAT(test::message_of([&] { export_onnx<B>(folder / "part.onnx", m, {.score = true}); }),
               test::mentions("export", "output score", "calibration", "rd4ad calibrate"));
    m.settings.calibration = to_json(calibration{});
    export_onnx<B>(folder / "part.onnx", m, {.score = true});
    const auto found = read_file(test::text_of_file(folder / "part.onnx"));
    CHECK(found.dangling.empty());
    CHECK(found.outputs.at("score").dims == std::vector<std::string>{"N", "1"});
    CHECK(found.outputs.contains("raw_score"));
    CHECK(io::parse_json(found.metadata.at("rd4ad"), "metadata").at("calibration").at("name") == "score");
}

TEST_CASE("half stores the convolutions' weights in 16 bits and widens them before use", "[export]") {
    auto m = small_model();
    const auto graph = make_graph<B>(m);
    const auto whole = onnx_bytes(graph, describe(m, {}, 4.0, false), false),
               half = onnx_bytes(graph, describe(m, {}, 4.0, true), true);
    CHECK(static_cast<double>(half.size()) < 0.52 * static_cast<double>(whole.size()));
    const auto found = read_file(half);
    CHECK(found.dangling.empty());
    std::size_t weights = 0;
    for (const auto& constant : graph.constants) {
        if (!constant.is_weight) {
            CHECK(found.constants.contains(constant.name));
            continue;
        }
        ++weights;
        const auto& stored = found.constants.at(constant.name + ".half");
        CHECK(stored.type == 10);
        const auto values = io::widen<float>(io::dtype::f16, std::as_bytes(std::span{stored.raw}));
        const auto& expected = constant.values;
        REQUIRE(values.size() == expected.size());
        for (std::size_t i = 0; i < values.size(); i += 97)
            CHECK(static_cast<double>(values[i]) == Approx(static_cast<double>(expected[i])).epsilon(1e-3).margin(1e-7));
    }
    CHECK(found.nodes.size() == graph.nodes.size() + weights);
    for (std::size_t i = 0; i < weights; ++i) CHECK(found.nodes[i].first == "Cast");
}

TEST_CASE("a weight beyond 16 bits and an unwritable path are refused", "[export]") {
    auto m = small_model();
    auto graph = make_graph<B>(m);
    for (auto& constant : graph.constants)
        if (constant.name == "bn.conv1.weight") constant.values[3] = 70000;
    CHECK_THAT(test::message_of([&] { static_cast<void>(onnx_bytes(graph, {}, true)); }),
               test::mentions("bn.conv1.weight", "70000.000000", "65504", "without half"));
    CHECK(onnx_bytes(graph, {}, false).size() > 0);
    CHECK_THAT(test::message_of([&] { export_onnx<B>("/nowhere/part.onnx", m); }),
               test::mentions("/nowhere/part.onnx", "No such file or directory"));
}
