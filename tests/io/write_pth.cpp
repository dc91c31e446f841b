// The library's own reader reads the written files; tests/cli shows that PyTorch reads them.
#include <rd4ad/io/write_pth.hpp>

#include <span>
#include <string>
#include <vector>

#include <rd4ad/io/pth.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

io::tensor_file some_tensors() {
    io::tensor_file file;
    const std::vector<float> values{0.5f, -1, 2, 3, 65504, -0.25f};
    file.insert<float>("bn.conv1.weight", {1, 2, 3, 1}, values, io::dtype::f32);
    file.insert<float>("bn.bn1.weight", {6}, values, io::dtype::f16);
    file.insert<float>("decoder.layer1.0.weight", {3, 2}, values, io::dtype::f64);
    file.insert<float>("decoder.wide", {6}, values, io::dtype::bf16);
    file.insert<float>("empty.weight", {0, 4}, {}, io::dtype::f32);
    file.insert<float>("alone", {}, std::span{values}.first(1), io::dtype::f32);
    file.insert_integer("bn.bn1.num_batches_tracked", {}, {12345678901});
    for (const auto type : {io::dtype::i32, io::dtype::i16, io::dtype::i8, io::dtype::u8, io::dtype::boolean})
        file.insert_bytes(text("integers.", io::name_of(type)), type, {2},
                          std::vector<std::byte>(2 * io::size_of(type), std::byte{1}));
    return file;
}

}  // namespace

TEST_CASE("a written .pth is read back unchanged", "[io]") {
    const test::scratch_folder folder;
    const auto expected = some_tensors();
    for (int again = 0; again < 2; ++again) {  // the second write replaces the first file
        io::write_pth(folder / "model.pth", expected);
        const auto found = io::read_pth(folder / "model.pth");
        REQUIRE(found.tensors().size() == expected.tensors().size());
        for (const auto& [name, tensor] : expected.tensors()) {
            INFO(name);
            const auto* read = found.find(name);
            REQUIRE(read != nullptr);
            CHECK(read->type == tensor.type);
            CHECK(read->shape == tensor.shape);
            CHECK(std::equal(read->bytes.begin(), read->bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
        }
    }
}

TEST_CASE("a path that can't be written and a name that is a tensor's and a dict's are refused", "[io]") {
    const test::scratch_folder folder;
    auto file = some_tensors();
    CHECK_THAT(test::message_of([&] { io::write_pth("/nowhere/model.pth", file); }),
               test::mentions("/nowhere/model.pth: can't be written: "));
    CHECK_THAT(test::message_of([&] { io::write_pth(folder.path(), file); }),
               test::mentions(folder.path(), ": can't be written: "));
    file.insert<float>("bn", {0}, {}, io::dtype::f32);
    CHECK_THAT(test::message_of([&] { io::write_pth(folder / "model.pth", file); }),
               test::mentions(folder / "model.pth", "'bn'", "rename the tensor"));
}
