#include <rd4ad/io/safetensors.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>

namespace io = rd4ad::io;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::raw;

namespace {

std::string with_header(const std::string& header, std::size_t data = 8) {
    return raw(std::uint64_t{header.size()}) + header + std::string(data, '\0');
}

std::string refusal(const std::string& content) {
    return message_of([&] {
        const auto bytes = owned(content);
        (void)io::parse_safetensors(*bytes, bytes, "m.safetensors");
    });
}

}  // namespace

TEST_CASE("a safetensors file made from the format's description is read", "[io]") {
    const auto file = io::read_safetensors(RD4AD_TEST_DATA "/io/three.safetensors");
    CHECK(file.path == RD4AD_TEST_DATA "/io/three.safetensors");
    CHECK(file.metadata == std::map<std::string, std::string>{{"arch", "resnet18"}});
    REQUIRE(file.tensors().size() == 3);
    CHECK(file.find("a")->values<float>() == std::vector<float>{1.5F, -2});
    CHECK(file.find("b")->type == io::element::i64);
    CHECK(file.find("b")->shape.empty());
    CHECK(file.find("b")->values<float>() == std::vector<float>{42});
    CHECK(file.find("c")->shape == std::vector<std::size_t>{1, 3});
    CHECK(file.find("c")->values<float>() == std::vector<float>{0.5F, 1, 65504});
}

TEST_CASE("what is written is read again, and the same bytes are written each time", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::tensor_file file;
    file.metadata = {{"settings", R"({"size":256})"}, {"name", "caf\xc3\xa9 \"x\""}};
    file.insert<float>("odd", {3}, std::vector<float>{1, 2, 3}, io::element::bf16);
    file.insert<double>("w\xc3\xa4", {1, 2}, std::vector<double>{0.1, -7}, io::element::f64);
    file.insert<float>("a.half", {1}, std::vector<float>{0.25F}, io::element::f16);
    file.insert_integer("n", {}, {-9});
    file.insert_bytes("flag", io::element::boolean, {1}, {std::byte{1}});
    file.insert_bytes("none", io::element::f32, {0, 4}, {});
    const auto path = folder / "m.safetensors";
    io::write_safetensors(path, file);
    const auto again = io::read_safetensors(path);
    CHECK(again.metadata == file.metadata);
    REQUIRE(again.tensors().size() == file.tensors().size());
    for (const auto& [name, tensor] : file.tensors()) {
        const auto* read = again.find(name);
        REQUIRE(read != nullptr);
        CHECK(read->type == tensor.type);
        CHECK(read->shape == tensor.shape);
        CHECK(read->values<double>() == tensor.values<double>());
        CHECK(reinterpret_cast<std::uintptr_t>(read->bytes.data()) % io::size_of(read->type) == 0);
    }
    io::write_safetensors(folder / "again", again);
    CHECK(rd4ad::test::text_of_file(path) == rd4ad::test::text_of_file(folder / "again"));
    io::write_safetensors(path, again);  // over the file that is mapped: its values stay
    CHECK(again.find("odd")->values<float>() == std::vector<float>{1, 2, 3});
}

TEST_CASE("a file without tensors is read and written", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::write_safetensors(folder / "empty", io::tensor_file{});
    CHECK(rd4ad::test::text_of_file(folder / "empty") == raw(std::uint64_t{8}) + "{}      ");
    const auto file = io::read_safetensors(folder / "empty");
    CHECK(file.tensors().empty());
}

TEST_CASE("names a safetensors file can't hold are not written", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "m.safetensors";
    io::tensor_file reserved, no_utf8;
    reserved.insert_integer("__metadata__", {}, {1});
    CHECK(message_of([&] { io::write_safetensors(path, reserved); }) ==
          path.string() + ": a tensor can't be named '__metadata__' in a safetensors file: rename it");
    no_utf8.insert_integer("\xff", {}, {1});
    CHECK(message_of([&] { io::write_safetensors(path, no_utf8); }) ==
          path.string() + ": a text to be written as JSON is not UTF-8");
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("damaged safetensors headers are refused", "[io]") {
    CHECK(refusal("abc") == "m.safetensors: has 3 bytes, too few for a safetensors file: it is cut off or another kind of file");
    CHECK(refusal(raw(std::uint64_t{100'000'001}) + "{}") ==
          "m.safetensors: claims a header of 100000001 bytes, more than the 100000000 safetensors allows: another kind of file?");
    CHECK(
        refusal(raw(~std::uint64_t{0}) + "{}") ==
        "m.safetensors: claims a header of 18446744073709551615 bytes, more than the 100000000 safetensors allows: another kind "
        "of file?");
    CHECK(refusal(raw(std::uint64_t{3}) + "{}") == "m.safetensors: claims a header of 3 bytes, but only 2 follow: it is cut off");
    CHECK(refusal(with_header("{\"a\"")) ==
          "m.safetensors: safetensors header: is not JSON: unexpected end at byte 5, after '{\"a\"'");
    CHECK(refusal(with_header("[]")) == "m.safetensors: safetensors header is not an object");
    CHECK(refusal(with_header(R"({"__metadata__": 3})")) == "m.safetensors: __metadata__ is not an object of texts");
    CHECK(refusal(with_header(R"({"__metadata__": {"k": 3}})")) == "m.safetensors: __metadata__ 'k' is not a text");
    CHECK(refusal(with_header(R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}, "a": 1})")) ==
          "m.safetensors: safetensors header: JSON has the key 'a' twice in one object");
}

TEST_CASE("tensors that are described wrongly are refused", "[io]") {
    const auto about = [](const std::string& description) { return refusal(with_header("{\"w\": " + description + "}")); };
    CHECK(about("3") == "m.safetensors: tensor 'w' is not described by an object with dtype, shape and data_offsets");
    CHECK(about(R"({"shape": [2], "data_offsets": [0, 8]})") == "m.safetensors: tensor 'w' has no dtype");
    CHECK(about(R"({"dtype": 1, "shape": [2], "data_offsets": [0, 8]})") == "m.safetensors: tensor 'w' has no dtype");
    CHECK(about(R"({"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]})") ==
          "m.safetensors: tensor 'w' has the dtype 'F8_E4M3', which is not read here: convert it to F16, BF16, F32 or F64");
    const std::string no_shape = "m.safetensors: tensor 'w' has no shape of sizes that are whole numbers from 0 on";
    CHECK(about(R"({"dtype": "F32", "data_offsets": [0, 8]})") == no_shape);
    CHECK(about(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})") == no_shape);
    CHECK(about(R"({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]})") == no_shape);
    CHECK(about(R"({"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 8]})") == no_shape);
    const std::string no_offsets = "m.safetensors: tensor 'w' has no data_offsets of two whole numbers from 0 on";
    CHECK(about(R"({"dtype": "F32", "shape": [2]})") == no_offsets);
    CHECK(about(R"({"dtype": "F32", "shape": [2], "data_offsets": [0]})") == no_offsets);
    CHECK(about(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, "8"]})") == no_offsets);
    CHECK(about(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 9]})") ==
          "m.safetensors: tensor 'w' lies at bytes 0 to 9 of the data, which has 8: the file is cut off or damaged");
    CHECK(about(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})") ==
          "m.safetensors: tensor 'w' lies at bytes 8 to 0 of the data, which has 8: the file is cut off or damaged");
    CHECK(about(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})") ==
          "m.safetensors: tensor 'w' has 8 bytes, but shape [3] of F32 needs 12");
    CHECK(about(R"({"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]})") ==
          "m.safetensors: tensor 'w' has 8 bytes, but shape [4294967296, 4294967296] of F32 needs more than 2^63");
}

TEST_CASE("data used twice or not at all are refused", "[io]") {
    const auto two = [](const std::string& first, const std::string& second) {
        return refusal(with_header(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": )" + first +
                                   R"(}, "b": {"dtype": "U8", "shape": [4], "data_offsets": )" + second + "}}"));
    };
    CHECK(two("[0, 4]", "[4, 8]") == "nothing thrown");
    CHECK(two("[0, 4]", "[3, 7]") ==
          "m.safetensors: tensor 'b' starts at byte 3 of the data, but the one before it ends at 4: they overlap");
    CHECK(
        two("[4, 8]", "[4, 8]") ==
        "m.safetensors: tensor 'a' starts at byte 4 of the data, but the one before it ends at 0: there is a hole between them");
    CHECK(refusal(with_header(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})")) ==
          "m.safetensors: the tensors end at byte 4 of the data, which has 8");
}

TEST_CASE("a safetensors file cut off or changed anywhere is read or refused, no more", "[io]") {
    const auto whole = rd4ad::test::text_of_file(RD4AD_TEST_DATA "/io/three.safetensors");
    for (std::size_t length = 0; length < whole.size(); ++length) REQUIRE(refusal(whole.substr(0, length)) != "nothing thrown");
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char change : {'\x01', '\x10', '\x80', '\xff'}) {
            auto changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ change);
            REQUIRE_FALSE(refusal(changed).empty());
        }
}
