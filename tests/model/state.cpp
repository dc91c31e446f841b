// Named tensors to a network and back; the lists of missing, unknown and misshapen tensors.
#include <rd4ad/model/state.hpp>
#include <rd4ad/model/unused_parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/model/model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using state_backend = std::tuple_element_t<0, test::backends>;

/// A convolution and a transposed convolution, with their norms.
nn::parameter_table small_table() {
    nn::parameter_table table;
    static_cast<void>(nn::add_conv_bn(table, "conv1", "bn1", {3, 5, 3, 1, false}));
    static_cast<void>(nn::add_conv_bn(table, "up.0", "up.1", {5, 4, 2, 2, true}));
    return table;
}

/// A resnet18 teacher of zeros under torchvision's names. change(name, shape) may alter a tensor, or omit it by an empty name.
template <class Change>
io::tensor_file teacher_file(const Change& change) {
    const teacher_network net{architecture_named("resnet18")};
    io::tensor_file file;
    file.path = "teacher.pth";
    for (const auto* list : {&net.table.values, &net.table.statistics})
        for (const auto& p : *list) {
            std::string name = p.name.substr(std::string{"teacher."}.size());
            auto shape = p.shape;
            change(name, shape);
            if (!name.empty()) file.insert<float>(name, shape, std::vector<float>(p.count), io::dtype::f32);
        }
    return file;
}

std::string message_for(const io::tensor_file& file) {
    static model<state_backend> m{architecture_named("resnet18"), {.threads = 1}};
    return test::message_of([&] { load_teacher(m, file); });
}

}  // namespace

TEST_CASE("parameters are written under their names and read back", "[model]") {
    const auto table = small_table();
    const auto values = test::seeded_values<double>(1, table.value_count);
    io::tensor_file file;
    write_parameters<double>(table.values, values, file);
    REQUIRE(file.tensors().size() == 6);
    CHECK(file.find("conv1.weight")->shape == std::vector<std::size_t>{5, 3, 3, 3});
    CHECK(file.find("up.0.weight")->shape == std::vector<std::size_t>{5, 4, 2, 2});
    CHECK(file.find("up.1.bias")->type == io::dtype::f64);
    std::vector<double> back(table.value_count);
    state_mismatch mismatch;
    read_parameters<double>(
        table.values, file, [](const std::string& name) { return name; }, back, mismatch);
    mismatch.check("x");
    for (const auto& p : table.values)
        for (std::size_t i = p.offset; i < p.offset + p.count; ++i) REQUIRE(back[i] == values[i]);
}

TEST_CASE("a list of names ends after ten", "[model]") {
    std::vector<std::string> names;
    for (int i = 1; i <= 10; ++i) names.push_back("n" + std::to_string(i));
    CHECK(list_of_names({}) == "");
    CHECK(list_of_names({"a"}) == "a");
    CHECK(list_of_names(names) == "n1, n2, n3, n4, n5, n6, n7, n8, n9, n10");
    names.push_back("n11");
    names.push_back("n12");
    CHECK(list_of_names(names) == "n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 and 2 more");
}

TEST_CASE("a mismatch lists missing, misshapen and unknown tensors", "[model]") {
    const auto message = [](const state_mismatch& of) { return test::message_of([&] { of.check("f.pth"); }); };
    const std::string remedy = "choose the architecture of these weights, or other weights";
    CHECK(message({}) == "nothing thrown");
    CHECK_THAT(message({.missing = {"a", "b"}}), test::mentions("f.pth: ", "missing: a, b;", remedy));
    CHECK_THAT(message({.surplus = {"c"}}), test::mentions("f.pth: ", "unknown: c;", remedy));
    CHECK_THAT(message({.missing = {"a"}, .surplus = {"c"}, .misshapen = {"d ([1])"}}),
               test::mentions("f.pth: ", "missing: a;", "of another shape: d ([1]);", "unknown: c;", remedy));
}

TEST_CASE("tensors that no network can compute with are refused by name, on reading and on writing", "[model]") {
    const auto table = small_table();
    const auto find = [](const std::vector<nn::parameter>& in, const std::string& name) {
        return *std::find_if(in.begin(), in.end(), [&](const nn::parameter& p) { return p.name == name; });
    };
    const auto p = find(table.values, "up.0.weight"), variance = find(table.statistics, "bn1.running_var");
    auto values = test::seeded_values<float>(1, table.value_count);
    std::vector<float> statistics(table.statistic_count, 1.0F);
    const auto writing = [&] {
        io::tensor_file file;
        return test::message_of([&] {
            write_parameters<float>(table.values, values, file);
            write_parameters<float>(table.statistics, statistics, file);
        });
    };
    CHECK(writing() == "nothing thrown");
    statistics[variance.offset + 2] = -0.5F;
    CHECK_THAT(writing(), test::mentions("bn1.running_var", "variance of -0.5", "value 2", "not saved"));
    statistics[variance.offset + 2] = 1.0F;
    values[p.offset] = std::numeric_limits<float>::infinity();
    CHECK_THAT(writing(), test::mentions("up.0.weight", "infinite at value 0", "not saved"));

    io::tensor_file file;
    file.insert<double>("up.0.weight", p.shape, std::vector<double>(p.count, 1e300), io::dtype::f64);  // infinite as a float
    state_mismatch mismatch;
    read_parameters<float>(
        {p}, file, [](const std::string& name) { return name; }, std::span{values}, mismatch);
    CHECK(mismatch.unusable == std::vector<std::string>{"up.0.weight (infinite at value 0)"});
    try {
        mismatch.check("part.safetensors");
        FAIL("nothing thrown");
    } catch (const numeric_error& problem) {
        CHECK_THAT(problem.what(),
                   test::mentions("part.safetensors: ", "finite weights", "up.0.weight (infinite", "another copy"));
    }
}

TEST_CASE("a teacher's file is checked tensor by tensor", "[model]") {
    CHECK(message_for(teacher_file([](auto&, auto&) {})) == "nothing thrown");
    CHECK_THAT(message_for(teacher_file([](std::string& name, auto&) {
                   if (name == "layer2.0.downsample.0.weight" || name == "bn1.running_var") name.clear();
               })),
               test::mentions("teacher.pth: ", " missing: layer2.0.downsample.0.weight, bn1.running_var; "));
    CHECK_THAT(
        message_for(teacher_file([](std::string& name, auto& shape) {
            if (name == "conv1.weight") shape = {64, 7, 3, 7};
        })),
        test::mentions("teacher.pth: ", " of another shape: conv1.weight (expected [64, 3, 7, 7], found [64, 7, 3, 7]); "));

    auto more = teacher_file([](auto&, auto&) {});
    const auto put = [&](const std::string& name) { more.insert<float>(name, {1}, std::vector<float>{1}, io::dtype::f32); };
    put("layer4.0.conv1.weight");  // torchvision's files hold layer4 and fc, which the teacher does not use
    put("fc.weight");
    more.insert_integer("bn1.num_batches_tracked", {}, {1});
    CHECK(message_for(more) == "nothing thrown");
    put("layer3.2.conv1.weight");
    CHECK_THAT(message_for(more), test::mentions("teacher.pth: ", " unknown: layer3.2.conv1.weight; "));
}

TEST_CASE("weights of another architecture are refused with at most ten names per list", "[model]") {
    const auto file = teacher_file([](auto&, auto&) {});
    model<state_backend> larger{architecture_named("resnet34"), {.threads = 1}};
    CHECK_THAT(test::message_of([&] { load_teacher(larger, file); }),
               test::mentions("teacher.pth: ",
                              " missing: layer1.2.conv1.weight, layer1.2.bn1.weight, layer1.2.bn1.bias, layer1.2.conv2.weight, "
                              "layer1.2.bn2.weight, layer1.2.bn2.bias, layer2.2.conv1.weight, layer2.2.bn1.weight, "
                              "layer2.2.bn1.bias, layer2.2.conv2.weight and 60 more; ",
                              "choose the architecture of these weights, or other weights"));
}

TEST_CASE("no computation uses conv4, bn4 and the batch counters", "[model]") {
    const auto unused = unused_parameters(architecture_named("resnet50"));
    CHECK(unused.values.front().name == "bn.conv4.weight");
    CHECK(unused.values.front().shape == std::vector<std::size_t>{2048, 4096, 1, 1});
    CHECK(unused.statistics.back().name == "bn.bn4.running_var");
    CHECK(counter_name("bn.bn1.running_mean") == "bn.bn1.num_batches_tracked");
    CHECK(is_counter("bn.bn1.num_batches_tracked"));
    CHECK(!is_counter("bn.bn1.running_mean"));
}
