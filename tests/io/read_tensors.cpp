#include <rd4ad/io/read_tensors.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/skip.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

namespace {

const std::string teacher = RD4AD_TEST_FIXTURES "/../../share/rd4ad/teacher_resnet18.safetensors";

}  // namespace

TEST_CASE("files are recognised by content, not by name", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const std::string io_fixtures = RD4AD_TEST_FIXTURES "/io/";
    const auto under = [&](const std::string& name, const std::string& other) {
        std::filesystem::copy_file(io_fixtures + name, folder / other);
        return io::read_tensors(folder / other);
    };
    CHECK(under("three.safetensors", "a.pth").find("b")->values<float>() == std::vector<float>{42});
    CHECK(under("shared.pth", "b.safetensors").contains("first"));
    CHECK(under("shared_stream.pth", "c").contains("first"));
}

TEST_CASE("files of other kinds are refused", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "a.pth";
    const auto reading = [&](const std::string& content) {
        rd4ad::test::write_text(path, content);
        return message_of([&] { (void)io::read_tensors(path); });
    };
    const std::string neither = path.string() + ": is neither a safetensors file nor a PyTorch checkpoint (.pth): ";
    CHECK_THAT(reading(""), mentions(neither, "empty"));
    CHECK_THAT(reading("\x89PNG\r\n\x1a\n____"), mentions(neither, "a PNG image"));
    CHECK_THAT(reading("anything else"), mentions(neither, "starts with 'anything'"));
    CHECK_THAT(reading("<html></html>"), mentions(neither, "web page"));
    CHECK_THAT(message_of([&] { (void)io::read_tensors(folder.path()); }), mentions(folder.path(), "is a folder"));
}

TEST_CASE("the names of wrapped modules are those of the modules, in both formats", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::tensor_file wrapped;
    for (const char* name : {"module.conv1.weight", "module.layer1.0.conv1.weight"}) wrapped.insert_integer(name, {}, {1});
    io::write_safetensors(folder / "a.safetensors", wrapped);
    const auto file = io::read_tensors(folder / "a.safetensors");
    CHECK(file.contains("conv1.weight"));
    CHECK(file.contains("layer1.0.conv1.weight"));
    CHECK(file.tensors().size() == 2);
    CHECK(io::read_safetensors(folder / "a.safetensors").contains("module.conv1.weight"));  // as it is stored
}

TEST_CASE("the built-in teacher is read", "[io]") {
    const auto file = io::read_tensors(teacher);
    CHECK(file.metadata.at("arch") == "resnet18");
    CHECK(file.metadata.at("source") == "Tiny ImageNet, 6.3 epochs, trained for this project");
    CHECK(file.metadata.contains("notice"));
    CHECK(file.tensors().size() == 75);
    std::size_t values = 0;
    for (const auto& [name, tensor] : file.tensors()) {
        CHECK(tensor.type == io::dtype::f16);
        values += tensor.count();
    }
    CHECK(values == 2'787'264);
    CHECK(file.find("conv1.weight")->shape == std::vector<std::size_t>{64, 3, 7, 7});
}

TEST_CASE("the built-in teacher is its trained network, rounded to f16", "[io]") {
    const std::string original = std::string{RD4AD_SHARED_DIR} + "/teacher/resnet18_tiny_imagenet.pth";
    RD4AD_SKIP_UNLESS(std::filesystem::exists(original), "no file " + original);
    const auto file = io::read_tensors(teacher);
    const auto wide = io::read_pth(original);
    for (const auto& [name, tensor] : wide.tensors()) {
        if (tensor.type != io::dtype::f32) continue;
        INFO(name);
        REQUIRE(file.contains(name));
        CHECK(file.find(name)->shape == tensor.shape);
        io::tensor_file rounded;
        rounded.insert<float>(name, tensor.shape, tensor.values<float>(), io::dtype::f16);
        CHECK(file.find(name)->values<float>() == rounded.find(name)->values<float>());
    }
}

TEST_CASE("a large file that only begins as a ZIP archive is refused before memory is taken", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a.pth", "PK\x03\x04");
    std::filesystem::resize_file(folder / "a.pth", std::uintmax_t{1} << 40);  // sparse
    for (const bool any : {false, true})
        CHECK_THAT(message_of([&] { any ? (void)io::read_tensors(folder / "a.pth") : (void)io::read_pth(folder / "a.pth"); }),
                   mentions(folder / "a.pth", "1099511627776 bytes without its end"));
}
