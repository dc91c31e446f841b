// The built-in teacher, and the folders that are searched for it.
#include <rd4ad/model/data_folders.hpp>
#include <rd4ad/model/teacher_weights.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/arch.hpp>

#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {
const std::filesystem::path data_folder = std::filesystem::path{RD4AD_TEST_FIXTURES} / ".." / ".." / "share" / "rd4ad";
}

TEST_CASE("the built-in teacher is a resnet18", "[model]") {
    const test::environment given{"RD4AD_DATA", data_folder.c_str()};
    const auto file = built_in_teacher();
    CHECK(recognise(file).name == "resnet18");
    const auto same = load_weights(data_folder / built_in_teacher_file);
    CHECK(same.tensors().size() == file.tensors().size());
}

TEST_CASE("weights load from memory, and their owner keeps the bytes", "[model]") {
    const auto file = load_weights(data_folder / built_in_teacher_file);
    auto bytes = std::make_shared<const std::vector<std::byte>>(io::read_file(data_folder / built_in_teacher_file));
    const std::weak_ptr<const std::vector<std::byte>> observed = bytes;
    {
        const auto same = load_weights(*bytes, "the embedded teacher", bytes);
        bytes.reset();
        REQUIRE(!observed.expired());
        CHECK(recognise(same).name == "resnet18");
        CHECK(same.tensors().size() == file.tensors().size());
        CHECK(same.find("conv1.weight")->values<float>() == file.find("conv1.weight")->values<float>());
    }
    CHECK(observed.expired());
    const auto text = std::as_bytes(std::span{"no tensors"});
    CHECK_THAT(test::message_of([&] { static_cast<void>(load_weights(text, "the embedded teacher")); }),
               test::mentions("the embedded teacher: is neither a safetensors file nor a PyTorch checkpoint"));
}

TEST_CASE("the built-in teacher is also searched in an extra folder", "[model]") {
    const test::environment none{"RD4AD_DATA", nullptr};
    CHECK(recognise(built_in_teacher(data_folder)).name == "resnet18");
}

TEST_CASE("a missing built-in teacher is reported with every folder searched", "[model]") {
    const char* remedy = "set RD4AD_DATA to the folder that holds it";
    const auto message = [] { return test::message_of([] { static_cast<void>(built_in_teacher("/elsewhere")); }); };
    {
        const test::environment given{"RD4AD_DATA", "/nowhere"};
        CHECK_THAT(message(), test::mentions("built-in teacher", "give a teacher's weights as a file",
                                             "/nowhere/teacher_resnet18.safetensors: ", remedy));
    }
    const test::environment none{"RD4AD_DATA", nullptr};
    const auto folders = data_folders("/elsewhere");
    REQUIRE(folders.size() == 2);
    const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
    CHECK(folders[0] == self / "share" / "rd4ad");
    CHECK(folders[1] == "/elsewhere");
    if (!std::filesystem::exists(folders[0] / built_in_teacher_file))
        CHECK_THAT(message(),
                   test::mentions(folders[0] / built_in_teacher_file, "/elsewhere/teacher_resnet18.safetensors: ", remedy));
}
