// Named tensors into a network and back; what is missing, unknown or of another shape is listed.
#include <rd4ad/model/model.hpp>
#include <rd4ad/model/names.hpp>
#include <rd4ad/model/state.hpp>

#include <string>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

/// A small table: a convolution and its norm, an upsampling one and its norm.
nn::parameter_table small_table() {
    nn::parameter_table table;
    static_cast<void>(table.add("conv1", "bn1", {3, 5, 3, 1, false}));
    static_cast<void>(table.add("up.0", "up.1", {5, 4, 2, 2, true}));
    return table;
}

/// A teacher's file of resnet18 in zeros, under torchvision's names, each of which `change` may alter or leave out ("").
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
            if (!name.empty()) file.insert<float>(name, shape, std::vector<float>(p.count), io::element::f32);
        }
    return file;
}

std::string message_for(const io::tensor_file& file) {
    static model<B> m{architecture_named("resnet18"), {.threads = 1}};
    return test::message_of([&] { load_teacher(m, file); });
}

}  // namespace

TEST_CASE("parameters are written under their names and read back", "[model]") {
    const auto table = small_table();
    const auto values = test::numbers<double>(1, table.value_count);
    io::tensor_file file;
    write_parameters<double>(table.values, values, file);
    REQUIRE(file.tensors().size() == 6);
    CHECK(file.find("conv1.weight")->shape == std::vector<std::size_t>{5, 3, 3, 3});
    CHECK(file.find("up.0.weight")->shape == std::vector<std::size_t>{5, 4, 2, 2});
    CHECK(file.find("up.1.bias")->type == io::element::f64);
    std::vector<double> back(table.value_count);
    state_mismatch mismatch;
    read_parameters<double>(
        table.values, file, [](const std::string& name) { return name; }, back, mismatch);
    mismatch.check("x");
    for (const auto& p : table.values)
        for (std::size_t i = p.offset; i < p.offset + p.count; ++i) REQUIRE(back[i] == values[i]);
}

TEST_CASE("lists of names end after ten", "[model]") {
    std::vector<std::string> names;
    for (int i = 1; i <= 10; ++i) names.push_back("n" + std::to_string(i));
    CHECK(list_of_names({}) == "");
    CHECK(list_of_names({"a"}) == "a");
    CHECK(list_of_names(names) == "n1, n2, n3, n4, n5, n6, n7, n8, n9, n10");
    names.push_back("n11");
    names.push_back("n12");
    CHECK(list_of_names(names) == "n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 and 2 more");
}

TEST_CASE("a mismatch tells what is missing, misshapen and unknown", "[model]") {
    const std::string end = " give the architecture these weights belong to, or other weights";
    const auto message = [](const state_mismatch& of) { return test::message_of([&] { of.check("f.pth"); }); };
    CHECK(message({}) == "nothing thrown");
    CHECK(message({{"a", "b"}, {}, {}}) == "f.pth: does not hold the expected network: missing: a, b;" + end);
    CHECK(message({{}, {"c"}, {}}) == "f.pth: does not hold the expected network: unknown: c;" + end);
    CHECK(message({{"a"}, {"c"}, {"d ([1] instead of [2])"}}) ==
          "f.pth: does not hold the expected network: missing: a; of another shape: d ([1] instead of [2]); unknown: c;" + end);
}

TEST_CASE("a teacher's file is checked tensor by tensor", "[model]") {
    const std::string begin = "teacher.pth: does not hold the expected network:";
    const std::string end = " give the architecture these weights belong to, or other weights";
    CHECK(message_for(teacher_file([](auto&, auto&) {})) == "nothing thrown");
    CHECK(message_for(teacher_file([](std::string& name, auto&) {
              if (name == "layer2.0.downsample.0.weight" || name == "bn1.running_var") name.clear();
          })) == begin + " missing: layer2.0.downsample.0.weight, bn1.running_var;" + end);
    CHECK(message_for(teacher_file([](std::string& name, auto& shape) {
              if (name == "conv1.weight") shape = {64, 7, 3, 7};
          })) == begin + " of another shape: conv1.weight ([64, 7, 3, 7] instead of [64, 3, 7, 7]);" + end);

    auto more = teacher_file([](auto&, auto&) {});
    const auto put = [&](const std::string& name) { more.insert<float>(name, {1}, std::vector<float>{1}, io::element::f32); };
    put("layer4.0.conv1.weight");  // torchvision's files have these, and no part of the teacher
    put("fc.weight");
    more.insert_integer("bn1.num_batches_tracked", {}, {1});
    CHECK(message_for(more) == "nothing thrown");
    put("layer3.2.conv1.weight");
    CHECK(message_for(more) == begin + " unknown: layer3.2.conv1.weight;" + end);
}

TEST_CASE("another architecture's weights are refused with at most ten names a list", "[model]") {
    const auto file = teacher_file([](auto&, auto&) {});
    model<B> larger{architecture_named("resnet34"), {.threads = 1}};
    CHECK(test::message_of([&] { load_teacher(larger, file); }) ==
          "teacher.pth: does not hold the expected network: missing: layer1.2.conv1.weight, layer1.2.bn1.weight, "
          "layer1.2.bn1.bias, layer1.2.conv2.weight, layer1.2.bn2.weight, layer1.2.bn2.bias, layer2.2.conv1.weight, "
          "layer2.2.bn1.weight, layer2.2.bn1.bias, layer2.2.conv2.weight and 60 more; give the architecture these weights "
          "belong to, or other weights");
}

TEST_CASE("names of tensors that no computation uses", "[model]") {
    const auto unused = unused_parameters(architecture_named("resnet50"));
    CHECK(unused.values.front().name == "bn.conv4.weight");
    CHECK(unused.values.front().shape == std::vector<std::size_t>{2048, 4096, 1, 1});
    CHECK(unused.statistics.back().name == "bn.bn4.running_var");
    CHECK(counter_name("bn.bn1.running_mean") == "bn.bn1.num_batches_tracked");
    CHECK(is_counter("bn.bn1.num_batches_tracked"));
    CHECK(!is_counter("bn.bn1.running_mean"));
}
