#include <rd4ad/io/tensor_file.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

TEST_CASE("tensors are found by name and converted on access", "[io]") {
    io::tensor_file file;
    file.insert<float>("b", {2, 2}, std::vector<float>{1, 2, 3, 0.1F}, io::dtype::f16);
    file.insert<double>("a", {}, std::vector<double>{0.1}, io::dtype::f64);
    file.insert_integer("c", {1}, {1LL << 40});
    file.insert_bytes("d", io::dtype::u8, {0, 5}, {});
    CHECK(file.tensors().begin()->first == "a");
    CHECK(file.contains("c"));
    CHECK_FALSE(file.contains("e"));
    CHECK(file.find("e") == nullptr);
    CHECK(file.find("b")->count() == 4);
    CHECK(file.find("b")->values<float>() == std::vector<float>{1, 2, 3, 0.0999755859375F});
    CHECK(file.find("a")->values<double>() == std::vector<double>{0.1});
    CHECK(file.find("a")->count() == 1);
    CHECK(file.find("c")->values<double>() == std::vector<double>{1099511627776.0});
    CHECK(file.find("d")->count() == 0);
}

TEST_CASE("a copy keeps the bytes alive", "[io]") {
    io::tensor_file copy;
    {
        io::tensor_file file;
        file.insert<float>("a", {2}, std::vector<float>{1, 2}, io::dtype::f32);
        file.insert_integer("b", {1}, {3});
        copy = file;
    }
    CHECK(copy.find("a")->values<float>() == std::vector<float>{1, 2});
    CHECK(copy.find("b")->values<float>() == std::vector<float>{3});
}

TEST_CASE("tensors are renamed, and keep their bytes", "[io]") {
    io::tensor_file file;
    file.path = "model.safetensors";
    file.insert_integer("a", {}, {1});
    file.insert_integer("b", {}, {2});
    file.rename([](const std::string& name) { return "x." + name; });
    REQUIRE(file.tensors().size() == 2);
    CHECK(file.find("x.b")->values<float>() == std::vector<float>{2});
    CHECK_THAT(message_of([&] { file.rename([](const std::string&) { return std::string{"c"}; }); }),
               mentions("model.safetensors", "tensor 'x.b'", "name 'c'", "another tensor"));
}

TEST_CASE("tensors with a wrong dtype, shape or name are refused", "[io]") {
    io::tensor_file file;
    const std::vector<float> two{1, 2};
    CHECK_THAT(message_of([&] { file.insert<float>("w", {2}, two, io::dtype::i32); }),
               mentions("tensor 'w'", "stored as I32", "use F16, BF16, F32 or F64"));
    CHECK_THAT(message_of([&] {
                   file.insert<float>("w", {3, 1}, two, io::dtype::f32);
               }),
               mentions("tensor 'w' of shape [3, 1]", "F32", "has 8 bytes", "needs 12"));
    CHECK_THAT(message_of([&] {
                   file.insert<float>("w", {1ULL << 60, 1ULL << 60}, two, io::dtype::f32);
               }),
               mentions("tensor 'w' of shape [1152921504606846976, 1152921504606846976]", "has 8 bytes", "more than 2^63"));
    file.path = "model.safetensors";
    file.insert<float>("w", {2}, two, io::dtype::f32);
    CHECK_THAT(message_of([&] { file.insert_integer("w", {1}, {1}); }), mentions("model.safetensors", "tensor 'w' exists twice"));
    CHECK(file.tensors().size() == 1);
}
