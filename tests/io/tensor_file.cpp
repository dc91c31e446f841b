#include <rd4ad/io/tensor_file.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>

namespace io = rd4ad::io;
using rd4ad::test::message_of;

TEST_CASE("tensors are kept by name and converted on demand", "[io]") {
    io::tensor_file file;
    file.insert<float>("b", {2, 2}, std::vector<float>{1, 2, 3, 0.1F}, io::element::f16);
    file.insert<double>("a", {}, std::vector<double>{0.1}, io::element::f64);
    file.insert_integer("c", {1}, {1LL << 40});
    file.insert_bytes("d", io::element::u8, {0, 5}, {});
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
        file.insert<float>("a", {2}, std::vector<float>{1, 2}, io::element::f32);
        file.insert_integer("b", {1}, {3});
        copy = file;
    }
    CHECK(copy.find("a")->values<float>() == std::vector<float>{1, 2});
    CHECK(copy.find("b")->values<float>() == std::vector<float>{3});
}

TEST_CASE("tensors that can't be are refused", "[io]") {
    io::tensor_file file;
    const std::vector<float> two{1, 2};
    CHECK(message_of([&] { file.insert<float>("w", {2}, two, io::element::i32); }) ==
          "tensor 'w' can't be stored as I32 from floating values: use F16, BF16, F32 or F64");
    CHECK(message_of([&] {
              file.insert<float>("w", {3, 1}, two, io::element::f32);
          }) == "tensor 'w' of shape [3, 1] and type F32 has 8 bytes, but 12 are expected");
    CHECK(message_of([&] {
              file.insert<float>("w", {1ULL << 60, 1ULL << 60}, two, io::element::f32);
          }) ==
          "tensor 'w' of shape [1152921504606846976, 1152921504606846976] and type F32 has 8 bytes, but more than 2^63 are "
          "expected");
    file.path = "model.safetensors";
    file.insert<float>("w", {2}, two, io::element::f32);
    CHECK(message_of([&] { file.insert_integer("w", {1}, {1}); }) ==
          "model.safetensors: tensor 'w' is there twice: names must differ");
    CHECK(file.tensors().size() == 1);
}
