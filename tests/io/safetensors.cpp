#include <rd4ad/io/safetensors_reader.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::raw;

namespace {

std::string with_header(const std::string& header, std::size_t data = 8) {
    return raw(std::uint64_t{header.size()}) + header + std::string(data, '\0');
}

std::string safetensors_refusal(const std::string& content) {
    return message_of([&] {
        const auto bytes = owned(content);
        (void)io::parse_safetensors(*bytes, bytes, "m.safetensors");
    });
}

}  // namespace

TEST_CASE("a safetensors file that follows the format's description is read", "[io]") {
    const auto file = io::read_safetensors(RD4AD_TEST_FIXTURES "/io/three.safetensors");
    CHECK(file.path == RD4AD_TEST_FIXTURES "/io/three.safetensors");
    CHECK(file.metadata == std::map<std::string, std::string>{{"arch", "resnet18"}});
    REQUIRE(file.tensors().size() == 3);
    CHECK(file.find("a")->values<float>() == std::vector<float>{1.5F, -2});
    CHECK(file.find("b")->type == io::dtype::i64);
    CHECK(file.find("b")->shape.empty());
    CHECK(file.find("b")->values<float>() == std::vector<float>{42});
    CHECK(file.find("c")->shape == std::vector<std::size_t>{1, 3});
    CHECK(file.find("c")->values<float>() == std::vector<float>{0.5F, 1, 65504});
}

TEST_CASE("a written safetensors file is read back, and equal tensors give equal bytes", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::tensor_file file;
    file.metadata = {{"settings", R"({"size":256})"}, {"name", "caf\xc3\xa9 \"x\""}};
    file.insert<float>("odd", {3}, std::vector<float>{1, 2, 3}, io::dtype::bf16);
    file.insert<double>("w\xc3\xa4", {1, 2}, std::vector<double>{0.1, -7}, io::dtype::f64);
    file.insert<float>("a.half", {1}, std::vector<float>{0.25F}, io::dtype::f16);
    file.insert_integer("n", {}, {-9});
    file.insert_bytes("flag", io::dtype::boolean, {1}, {std::byte{1}});
    file.insert_bytes("none", io::dtype::f32, {0, 4}, {});
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
    io::write_safetensors(path, again);  // replaces the file that was read: the values stay
    CHECK(again.find("odd")->values<float>() == std::vector<float>{1, 2, 3});
}

TEST_CASE("a file without tensors is read and written", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::write_safetensors(folder / "empty", io::tensor_file{});
    const auto file = io::read_safetensors(folder / "empty");
    CHECK(file.tensors().empty());
    CHECK(file.metadata.empty());
    rd4ad::test::write_text(folder / "plain", raw(std::uint64_t{8}) + "{}      ");
    const auto plain = io::read_safetensors(folder / "plain");
    CHECK(plain.tensors().empty());
}

namespace {

/// A checkpoint in small: two tensors, and a calibration.
io::tensor_file small_checkpoint() {
    io::tensor_file file;
    file.metadata = {{"calibration", R"({"threshold": 0.25})"}, {"arch", "resnet18"}};
    file.insert<float>("bn.conv1.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}, io::dtype::f32);
    file.insert_integer("bn.count", {}, {7});
    return file;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    return text.replace(text.rfind(what), what.size(), by);
}

bool equal(const io::tensor_file& a, const io::tensor_file& b) {
    if (a.tensors().size() != b.tensors().size()) return false;
    for (const auto& [name, tensor] : a.tensors()) {
        const auto* other = b.find(name);
        if (other == nullptr || other->type != tensor.type || other->shape != tensor.shape ||
            !std::equal(tensor.bytes.begin(), tensor.bytes.end(), other->bytes.begin(), other->bytes.end()))
            return false;
    }
    for (const auto& [key, value] : a.metadata)
        if (!b.metadata.contains(key) || b.metadata.at(key) != value) return false;
    return true;
}

}  // namespace

TEST_CASE("a damaged tensor, a damaged value of the metadata and a damaged header are refused by name", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "m.safetensors";
    io::write_safetensors(path, small_checkpoint());
    const auto whole = rd4ad::test::text_of_file(path);
    const mentions remedy{path, "is damaged", "checksum", "the file states", "copy the file again", "--no-verify"};
    const auto with = [&](const std::string& content) {
        rd4ad::test::write_text(path, content);
        CHECK_NOTHROW(io::read_safetensors(path, {.verify = false}));
        return message_of([&] { (void)io::read_safetensors(path); });
    };
    const auto metadata = [&] { return message_of([&] { (void)io::read_safetensors_metadata(path); }); };
    CHECK(with(whole) == "nothing thrown");
    CHECK(metadata() == "nothing thrown");
    auto flipped = whole;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    CHECK_THAT(with(flipped), remedy && mentions("tensor 'bn.conv1.weight'"));
    CHECK(metadata() == "nothing thrown");  // reads no tensor
    auto zeros = whole;
    std::fill(zeros.end() - 32, zeros.end() - 16, '\0');
    CHECK_THAT(with(zeros), remedy && mentions("tensor 'bn.co"));
    CHECK_THAT(with(replaced(whole, R"(0.25)", R"(0.95)")), remedy && mentions("metadata 'calibration'"));
    CHECK_THAT(metadata(), remedy && mentions("metadata 'calibration'"));
    CHECK_THAT(with(replaced(whole, R"("shape":[2,3])", R"("shape":[3,2])")), remedy && mentions("the header", "shapes"));
    CHECK_THAT(with(replaced(whole, "bn.count", "bn.kount")), mentions(path, "is damaged", "header"));
    CHECK_THAT(with(replaced(whole, "XXH3-64", "XXH9-64")), mentions(path, "\"XXH9-64\"", "XXH3-64", "the version of rd4ad"));
    CHECK_THAT(with(replaced(whole, R"(\"tensors\":)", R"(\"densors\":)")), mentions(path, "list of its checksums is damaged"));
}

TEST_CASE("every flipped bit of a written file is refused, or changes nothing", "[io]") {
    const auto original = small_checkpoint();
    const rd4ad::test::scratch_folder folder;
    io::write_safetensors(folder / "m", original);
    auto bytes = rd4ad::test::text_of_file(folder / "m");
    std::size_t refused = 0, unequal = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        const auto flip = [&] { bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8)); };
        flip();
        try {
            const auto content = owned(bytes);
            if (!equal(original, io::parse_safetensors(*content, content, "m"))) ++unequal;
        } catch (const rd4ad::format_error&) {
            ++refused;
        }
        flip();
    }
    CHECK(unequal == 0);
    // Only a flip in the key of the checksums itself passes: the file then has none.
    CHECK(refused >= 8 * bytes.size() - 8 * std::string{io::checksums_key}.size());
}

TEST_CASE("checksums are written for the values, whatever checksums the caller has", "[io]") {
    const rd4ad::test::scratch_folder folder;
    auto file = small_checkpoint();
    io::write_safetensors(folder / "a", file);
    file.metadata[io::checksums_key] = "old";
    io::write_safetensors(folder / "b", file);
    CHECK(rd4ad::test::text_of_file(folder / "a") == rd4ad::test::text_of_file(folder / "b"));
    CHECK(io::read_safetensors(folder / "b").metadata == small_checkpoint().metadata);
    CHECK(io::read_safetensors_metadata(folder / "b") == small_checkpoint().metadata);
}

TEST_CASE("a file that another process overwrites in a loop is read whole or refused", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "m";
    std::string contents[2];
    for (int i = 0; i < 2; ++i) {
        io::tensor_file file;
        file.insert<float>("w", {100000}, std::vector<float>(100000, static_cast<float>(i + 1)), io::dtype::f32);
        io::write_safetensors(path, file);
        contents[i] = rd4ad::test::text_of_file(path);
    }
    const ::pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0)
        for (std::size_t i = 0;; ++i) rd4ad::test::write_text(path, contents[i % 2]);  // as cp does: truncates, then writes
    int refused = 0;
    bool mixed = false;
    for (int i = 0; i < 2000; ++i) {
        try {
            const auto values = io::read_safetensors(path).find("w")->values<float>();
            mixed = mixed || std::any_of(values.begin(), values.end(), [&](float one) { return one != values.front(); });
        } catch (const rd4ad::error&) {
            ++refused;
        }
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    CHECK(refused > 0);
    CHECK_FALSE(mixed);
}

TEST_CASE("names that safetensors doesn't allow are not written", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "m.safetensors";
    io::tensor_file reserved, no_utf8;
    reserved.insert_integer("__metadata__", {}, {1});
    CHECK_THAT(message_of([&] { io::write_safetensors(path, reserved); }), mentions(path, "'__metadata__'", "rename it"));
    no_utf8.insert_integer("\xff", {}, {1});
    CHECK_THAT(message_of([&] { io::write_safetensors(path, no_utf8); }), mentions(path, "not UTF-8"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a damaged safetensors header is refused", "[io]") {
    CHECK_THAT(safetensors_refusal("abc"), mentions("m.safetensors", "has 3 bytes, too few"));
    CHECK_THAT(safetensors_refusal(raw(std::uint64_t{100'000'001}) + "{}"),
               mentions("m.safetensors", "header of 100000001 bytes", "at most 100000000"));
    CHECK_THAT(safetensors_refusal(raw(~std::uint64_t{0}) + "{}"),
               mentions("m.safetensors", "header of 18446744073709551615 bytes", "at most 100000000"));
    CHECK_THAT(safetensors_refusal(raw(std::uint64_t{3}) + "{}"),
               mentions("m.safetensors", "header of 3 bytes", "only 2 follow"));
    CHECK_THAT(safetensors_refusal(with_header("{\"a\"")),
               mentions("m.safetensors", "safetensors header", "not JSON", "end at byte 5"));
    CHECK_THAT(safetensors_refusal(with_header("[]")), mentions("m.safetensors", "header is not an object"));
    CHECK_THAT(safetensors_refusal(with_header(R"({"__metadata__": 3})")),
               mentions("m.safetensors", "__metadata__ is not an object"));
    CHECK_THAT(safetensors_refusal(with_header(R"({"__metadata__": {"k": 3}})")),
               mentions("m.safetensors", "__metadata__ 'k' is not a string"));
    CHECK_THAT(safetensors_refusal(with_header(R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}, "a": 1})")),
               mentions("m.safetensors", "safetensors header", "key 'a'"));
}

TEST_CASE("a wrong description of a tensor is refused", "[io]") {
    const auto describing = [](const std::string& description) {
        return safetensors_refusal(with_header("{\"w\": " + description + "}"));
    };
    CHECK_THAT(describing("3"), mentions("m.safetensors", "tensor 'w'", "object with dtype, shape and data_offsets"));
    CHECK_THAT(describing(R"({"shape": [2], "data_offsets": [0, 8]})"), mentions("m.safetensors", "tensor 'w' has no dtype"));
    CHECK_THAT(describing(R"({"dtype": 1, "shape": [2], "data_offsets": [0, 8]})"),
               mentions("m.safetensors", "tensor 'w' has no dtype"));
    CHECK_THAT(describing(R"({"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]})"),
               mentions("m.safetensors", "tensor 'w'", "dtype 'F8_E4M3'", "convert it to F16, BF16, F32 or F64"));
    const mentions no_shape{"m.safetensors", "tensor 'w' has no shape"};
    CHECK_THAT(describing(R"({"dtype": "F32", "data_offsets": [0, 8]})"), no_shape);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})"), no_shape);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]})"), no_shape);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 8]})"), no_shape);
    const mentions no_offsets{"m.safetensors", "tensor 'w' has no data_offsets"};
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2]})"), no_offsets);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2], "data_offsets": [0]})"), no_offsets);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, "8"]})"), no_offsets);
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 9]})"),
               mentions("m.safetensors", "tensor 'w'", "bytes 0 to 9", "which has 8"));
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})"),
               mentions("m.safetensors", "tensor 'w'", "bytes 8 to 0", "which has 8"));
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})"),
               mentions("m.safetensors", "tensor 'w' has 8 bytes", "shape [3] of F32 needs 12"));
    CHECK_THAT(describing(R"({"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]})"),
               mentions("m.safetensors", "tensor 'w' has 8 bytes", "shape [4294967296, 4294967296] of F32 needs more than 2^63"));
}

TEST_CASE("bytes that two tensors or none use are refused", "[io]") {
    const auto two = [](const std::string& first, const std::string& second) {
        return safetensors_refusal(with_header(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": )" + first +
                                               R"(}, "b": {"dtype": "U8", "shape": [4], "data_offsets": )" + second + "}}"));
    };
    CHECK_THAT(two("[0, 4]", "[4, 8]"), mentions("nothing thrown"));
    CHECK_THAT(two("[0, 4]", "[3, 7]"), mentions("m.safetensors", "tensor 'b' starts at byte 3", "ends at byte 4", "overlap"));
    CHECK_THAT(two("[4, 8]", "[4, 8]"), mentions("m.safetensors", "tensor 'a' starts at byte 4", "ends at byte 0", "gap"));
    CHECK_THAT(safetensors_refusal(with_header(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})")),
               mentions("m.safetensors", "end at byte 4", "which has 8"));
}

TEST_CASE("a truncated or changed safetensors file is read or refused without a crash", "[io]") {
    const auto whole = rd4ad::test::text_of_file(RD4AD_TEST_FIXTURES "/io/three.safetensors");
    for (std::size_t length = 0; length < whole.size(); ++length)
        REQUIRE(safetensors_refusal(whole.substr(0, length)) != "nothing thrown");
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char change : {'\x01', '\x10', '\x80', '\xff'}) {
            auto changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ change);
            REQUIRE_FALSE(safetensors_refusal(changed).empty());
        }
}
