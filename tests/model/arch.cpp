// The four architectures, by name and by the weights of a teacher.
#include <rd4ad/model/arch.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include <support/backends.hpp>  // before the using-directive: xtl names its own functions data
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

/// The few tensors that tell architectures apart, under torchvision's names.
io::tensor_file weights_of(std::size_t blocks, bool deep, std::size_t width, const std::string& prefix = "") {
    io::tensor_file file;
    file.path = "weights.pth";
    const auto put = [&](const std::string& name, const std::vector<std::size_t>& shape) {
        std::size_t count = 1;
        for (const std::size_t size : shape) count *= size;
        file.insert<float>(prefix + name, shape, std::vector<float>(count), io::dtype::f32);
    };
    put("layer1.0.conv1.weight", {width, 1, 1, 1});
    if (deep) put("layer1.0.conv3.weight", {1, 1, 1, 1});
    for (std::size_t i = 0; i < blocks; ++i) put("layer3." + std::to_string(i) + ".conv1.weight", {1, 1, 1, 1});
    return file;
}

}  // namespace

TEST_CASE("the weights of a teacher determine its architecture", "[model]") {
    CHECK(recognise(weights_of(2, false, 64)).name == "resnet18");
    CHECK(recognise(weights_of(6, false, 64)).name == "resnet34");
    CHECK(recognise(weights_of(6, true, 64)).name == "resnet50");
    CHECK(recognise(weights_of(6, true, 128)).name == "wide_resnet50_2");
    CHECK(recognise(weights_of(6, true, 128, "teacher."), "teacher.").name == "wide_resnet50_2");
}

TEST_CASE("weights of an unknown network are refused by blocks and outputs", "[model]") {
    const auto message = [](const io::tensor_file& file) {
        return test::message_of([&] { static_cast<void>(recognise(file)); });
    };
    const std::string known = "resnet18, resnet34, resnet50 or wide_resnet50_2";
    CHECK_THAT(message(weights_of(23, true, 64)), test::mentions("weights.pth: ", known, "23 blocks in layer3", "64 outputs"));
    CHECK_THAT(message(weights_of(6, true, 256)), test::mentions("weights.pth: ", known, "6 blocks in layer3", "256 outputs"));
    io::tensor_file other;
    other.path = "vgg.pth";
    CHECK_THAT(message(other), test::mentions("vgg.pth: ", known, "0 blocks in layer3", "0 outputs"));
}

TEST_CASE("an architecture has a name", "[model]") {
    for (const auto& arch : architectures) CHECK(&architecture_named(arch.name) == &arch);
    CHECK(architecture_named("resnet50").expansion() == 4);
    CHECK(architecture_named("resnet34").expansion() == 1);
    CHECK_THAT(test::message_of([] { static_cast<void>(architecture_named("vgg16")); }),
               test::mentions("'vgg16'", "resnet18, resnet34, resnet50, wide_resnet50_2"));
}
