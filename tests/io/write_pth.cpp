// What is written comes back through the reader, in the authors' form; tests/cli shows that PyTorch reads it.
#include <rd4ad/io/write_pth.hpp>

#include <span>
#include <string>
#include <vector>

#include <rd4ad/io/pth.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

io::tensor_file some_tensors() {
    io::tensor_file file;
    const std::vector<float> values{0.5f, -1, 2, 3, 65504, -0.25f};
    file.insert<float>("bn.conv1.weight", {1, 2, 3, 1}, values, io::element::f32);
    file.insert<float>("bn.bn1.weight", {6}, values, io::element::f16);
    file.insert<float>("decoder.layer1.0.weight", {3, 2}, values, io::element::f64);
    file.insert<float>("decoder.wide", {6}, values, io::element::bf16);
    file.insert<float>("empty.weight", {0, 4}, {}, io::element::f32);
    file.insert<float>("alone", {}, std::span{values}.first(1), io::element::f32);
    file.insert_integer("bn.bn1.num_batches_tracked", {}, {12345678901});
    return file;
}

}  // namespace

TEST_CASE("tensors come back from a .pth as they were", "[io]") {
    const test::scratch_folder folder;
    const auto wanted = some_tensors();
    for (int again = 0; again < 2; ++again) {  // the second time over the first file
        io::write_pth(folder / "model.pth", wanted);
        const auto found = io::read_pth(folder / "model.pth");
        REQUIRE(found.tensors().size() == wanted.tensors().size());
        for (const auto& [name, tensor] : wanted.tensors()) {
            INFO(name);
            const auto* read = found.find(name);
            REQUIRE(read != nullptr);
            CHECK(read->type == tensor.type);
            CHECK(read->shape == tensor.shape);
            CHECK(std::equal(read->bytes.begin(), read->bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
        }
    }
}

TEST_CASE("what a .pth can't hold, or where none can be written, is said", "[io]") {
    const test::scratch_folder folder;
    auto file = some_tensors();
    CHECK(test::message_of([&] {
              io::write_pth("/nowhere/model.pth", file);
          }).starts_with("/nowhere/model.pth: can't be written: "));
    CHECK(test::message_of([&] {
              io::write_pth(folder.path(), file);
          }).starts_with(folder.path().string() + ": can't be written: "));
    file.insert<float>("bn", {0}, {}, io::element::f32);
    CHECK(test::message_of([&] { io::write_pth(folder / "model.pth", file); }) ==
          (folder / "model.pth").string() + ": 'bn' is a tensor and a part of other tensors' names");
}
