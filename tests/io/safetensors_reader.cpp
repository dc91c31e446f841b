// A safetensors file read tensor by tensor: the same tensors and refusals as read at once, in less memory.
#include <rd4ad/io/safetensors_reader.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

namespace {

/// Ten tensors "0" .. "9" of 10,000 floats.
std::filesystem::path ten_tensors(const std::filesystem::path& path) {
    io::tensor_file file;
    file.metadata["arch"] = "resnet18";
    for (int i = 0; i < 10; ++i)
        file.insert<float>(std::to_string(i), {100, 100}, std::vector<float>(10000, static_cast<float>(i)), io::dtype::f32);
    io::write_safetensors(path, file);
    return path;
}

}  // namespace

TEST_CASE("a file read tensor by tensor has the tensors of the file read at once", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = ten_tensors(folder / "m.safetensors");
    const auto content = io::read_file(path);
    const auto whole = io::read_safetensors(path);
    const io::safetensors_reader from_file{path}, from_memory{content, "the resource"};
    for (const auto* one : {&from_file, &from_memory}) {
        CHECK(one->metadata == whole.metadata);
        CHECK(one->tensors().size() == 10);
        CHECK_FALSE(one->contains("10"));
        for (const auto& [name, tensor] : whole.tensors()) {
            CHECK(one->find(name)->shape == tensor.shape);
            CHECK(one->read(name).values<float>() == tensor.values<float>());
        }
        CHECK_THAT(message_of([&] { static_cast<void>(one->read("10")); }), mentions(one->path.string(), "'10'", "found none"));
        one->finish();
    }
}

TEST_CASE("a reader holds the bytes of one tensor", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = ten_tensors(folder / "m.safetensors");
    const auto largest = rd4ad::test::largest_allocation([&] {
        const io::safetensors_reader file{path};
        for (const auto& [name, tensor] : file.tensors()) static_cast<void>(file.read(name));
        file.finish();
    });
    CHECK(largest == 40000);
}

TEST_CASE("a reader finds damage in the tensor that it reads, and in the others at the end", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = ten_tensors(folder / "m.safetensors");
    {
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(-1, std::ios::end);  // in the last tensor
        file.put('x');
    }
    const io::safetensors_reader file{path}, trusting{path, {.verify = false}};
    CHECK(file.read("3").values<float>().front() == 3);
    CHECK_THAT(message_of([&] { static_cast<void>(file.read("9")); }), mentions(path.string(), "tensor '9'", "is damaged"));
    CHECK_THAT(message_of([&] { file.finish(); }), mentions(path.string(), "tensor '9'", "is damaged"));
    CHECK(trusting.read("9").count() == 10000);
    trusting.finish();
}

TEST_CASE("a reader refuses a file that changes meanwhile, and one that is cut short", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = ten_tensors(folder / "m.safetensors");
    const io::safetensors_reader file{path};
    static_cast<void>(file.read("0"));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
    CHECK_THAT(message_of([&] { static_cast<void>(file.read("9")); }), mentions(path.string(), "another program wrote to it"));
    CHECK_THAT(message_of([&] { const io::safetensors_reader again{path}; }), mentions(path.string(), "truncated"));
    ten_tensors(folder / "n.safetensors");
    std::filesystem::rename(folder / "n.safetensors", path);  // as an atomic writer replaces it: the open file stays as it is
    static_cast<void>(io::safetensors_reader{path}.read("9"));
}
