// The file's fields as onnx.proto numbers them, read back by protozero; that runtimes read it is scripts/check-export's proof.
#include <rd4ad/export/onnx.hpp>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

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
    std::set<std::string> dangling;                          // inputs that nothing before them gives
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

model<B> small_model() {
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    return m;
}

}  // namespace

TEST_CASE("an ONNX file states its versions, its input and outputs and its client's work", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    export_onnx<B>(folder / "part.onnx", m);
    const auto bytes = test::text_of_file(folder / "part.onnx");
    const auto found = read_file(bytes);
    CHECK((found.ir == 7 && found.opset == 13));
    CHECK(io::parse(found.metadata.at("rd4ad"), "metadata") == describe(m, {}, 4.0, false));
    CHECK(found.inputs.at("image").dims == std::vector<std::string>{"N", "3", "32", "64"});
    CHECK(found.outputs.at("map").dims == std::vector<std::string>{"N", "1", "32", "64"});
    CHECK(found.outputs.at("score").dims == std::vector<std::string>{"N", "1"});
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
        const auto* floats = std::get_if<std::vector<float>>(&constant.values);
        CHECK(stored.type == (floats ? 1 : 7));
        if (floats) {
            REQUIRE(stored.raw.size() == floats->size() * sizeof(float));
            CHECK(std::memcmp(stored.raw.data(), floats->data(), stored.raw.size()) == 0);
        }
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        CHECK(found.nodes[i] == std::pair{graph.nodes[i].operation, graph.nodes[i].name});
    CHECK(bytes == onnx_bytes(make_graph<B>(m), describe(m, {}, 4.0, false), false));
}

TEST_CASE("a calibrated file has one output more, where the model has a calibration", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    CHECK(test::message_of([&] { export_onnx<B>(folder / "part.onnx", m, {.calibrated = true}); }) ==
          "export: the model has no calibration to put into the graph: calibrate it by rd4ad calibrate, or leave the calibrated "
          "output out");
    m.settings.calibration = to_json(calibration{});
    export_onnx<B>(folder / "part.onnx", m, {.calibrated = true});
    const auto found = read_file(test::text_of_file(folder / "part.onnx"));
    CHECK(found.dangling.empty());
    CHECK(found.outputs.at("calibrated").dims == std::vector<std::string>{"N", "1"});
    CHECK(io::parse(found.metadata.at("rd4ad"), "metadata").at("calibration").at("name") == "calibrated");
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
        if (!constant.weight) {
            CHECK(found.constants.contains(constant.name));
            continue;
        }
        ++weights;
        const auto& stored = found.constants.at(constant.name + ".half");
        CHECK(stored.type == 10);
        const auto values = io::widen<float>(io::element::f16, std::as_bytes(std::span{stored.raw}));
        const auto& wanted = std::get<std::vector<float>>(constant.values);
        REQUIRE(values.size() == wanted.size());
        for (std::size_t i = 0; i < values.size(); i += 97)
            CHECK(static_cast<double>(values[i]) == Approx(static_cast<double>(wanted[i])).epsilon(1e-3).margin(1e-7));
    }
    CHECK(found.nodes.size() == graph.nodes.size() + weights);
    for (std::size_t i = 0; i < weights; ++i) CHECK(found.nodes[i].first == "Cast");
}

TEST_CASE("what can't be exported is refused", "[export]") {
    auto m = small_model();
    auto graph = make_graph<B>(m);
    for (auto& constant : graph.constants)
        if (constant.name == "bn.conv1.weight") std::get<std::vector<float>>(constant.values)[3] = 70000;
    CHECK(test::message_of([&] { static_cast<void>(onnx_bytes(graph, {}, true)); }) ==
          "export: bn.conv1.weight holds 70000.000000, which 16 bits can't hold (largest 65504): export without half");
    CHECK(onnx_bytes(graph, {}, false).size() > 0);
    CHECK(test::message_of([&] { export_onnx<B>("/nowhere/part.onnx", m); }) ==
          "/nowhere/part.onnx: can't be written: No such file or directory");
}
