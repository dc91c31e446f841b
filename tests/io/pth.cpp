#include <rd4ad/io/pth.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/pickles.hpp>
#include <support/skip.hpp>

namespace io = rd4ad::io;
using namespace rd4ad::test::pickles;
using floats = std::vector<float>;
using sizes_t = std::vector<std::size_t>;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::raw;

namespace {

const std::string fixtures = RD4AD_TEST_FIXTURES "/io/";

/// The fixture in the ZIP format and in the older stream format.
std::vector<io::tensor_file> both(const std::string& name) {
    return {io::read_pth(fixtures + name + ".pth"), io::read_pth(fixtures + name + "_stream.pth")};
}

std::string pth_refusal(const std::string& content) {
    return message_of([&] {
        const auto bytes = owned(content);
        (void)io::parse_pth(*bytes, bytes, "a.pth");
    });
}

std::string names_in(const io::tensor_file& file) {
    std::string names;
    for (const auto& [name, tensor] : file.tensors()) names += name + " ";
    return names;
}

const std::string system_info = "}(" + unicode("protocol_version") + "M\xe9\x03" + unicode("little_endian") + "\x88u";

std::string stream(const std::string& object, const std::string& keys, const std::string& data,
                   const std::string& system = system_info, const std::string& protocol = "M\xe9\x03") {
    return std::string{io::detail::stream_magic} + whole(protocol) + whole(system) + whole(object) + whole(keys) + data;
}

const std::string one_tensor = dict(unicode("w") + tensor(storage("FloatStorage", "7", 2), 0, {2}, {1}));
const std::string two_floats = raw(1.5F) + raw(-2.0F);

}  // namespace

TEST_CASE("every dtype is read, in both formats", "[io]") {
    for (const auto& file : both("dtypes")) {
        CHECK(file.tensors().size() == 10);
        const auto check = [&](const std::string& name, io::dtype type, const floats& values) {
            INFO(name);
            const auto* tensor = file.find(name);
            REQUIRE(tensor != nullptr);
            CHECK(tensor->type == type);
            CHECK(tensor->shape == sizes_t{2, 3});
            CHECK(tensor->values<float>() == values);
        };
        const floats halves{-1, -0.5F, 0, 0.5F, 1, 1.5F}, integers{-1, 0, 1, 2, 3, 4};
        check("half", io::dtype::f16, halves);
        check("bfloat16", io::dtype::bf16, halves);
        check("float", io::dtype::f32, halves);
        check("double", io::dtype::f64, halves);
        check("long", io::dtype::i64, integers);
        check("int", io::dtype::i32, integers);
        check("short", io::dtype::i16, integers);
        check("char", io::dtype::i8, integers);
        check("byte", io::dtype::u8, {0, 1, 2, 3, 4, 5});
        check("bool", io::dtype::boolean, {0, 1, 0, 1, 0, 1});
    }
}

TEST_CASE("the authors' checkpoints keep their names", "[io]") {
    for (const auto& file : both("authors")) {
        CHECK(names_in(file) ==
              "bn.bn1.bias bn.bn1.num_batches_tracked bn.bn1.running_mean bn.bn1.running_var bn.bn1.weight bn.conv1.weight "
              "decoder.upsample.bias decoder.upsample.weight ");
        CHECK(file.find("bn.conv1.weight")->shape == sizes_t{2, 1, 3, 3});
        CHECK(file.find("bn.conv1.weight")->values<float>() == floats(18, 0.25F));
        CHECK(file.find("bn.bn1.num_batches_tracked")->type == io::dtype::i64);
        CHECK(file.find("bn.bn1.num_batches_tracked")->shape.empty());
        CHECK(file.find("decoder.upsample.bias")->values<float>() == floats{3});
    }
}

TEST_CASE("a training checkpoint gives the tensors of its state dict", "[io]") {
    for (const auto& file : both("training")) {
        CHECK(names_in(file) == "blocks.0 weight ");
        CHECK(file.find("weight")->values<float>() == floats{1, 2});
        CHECK(file.find("blocks.0")->values<float>() == floats{7});
    }
}

TEST_CASE("strided tensors become contiguous", "[io]") {
    for (const auto& file : both("strided")) {
        const auto check = [&](const std::string& name, const sizes_t& shape, const floats& values) {
            INFO(name);
            REQUIRE(file.find(name) != nullptr);
            CHECK(file.find(name)->shape == shape);
            CHECK(file.find(name)->values<float>() == values);
        };
        check("transposed", {4, 3}, {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
        check("column", {3}, {1, 5, 9});
        check("part", {2, 2}, {6, 7, 10, 11});
        check("row", {4}, {8, 9, 10, 11});
        check("channels_last", {1, 3, 2, 2}, {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11});
        check("repeated", {3}, {5, 5, 5});
        check("empty", {0, 3}, {});
        check("scalar", {}, {2.5F});
    }
}

TEST_CASE("tensors that share a storage share its bytes", "[io]") {
    for (const auto& file : both("shared")) {
        CHECK(file.find("first")->values<float>() == floats{0, 1, 2, 3});
        CHECK(file.find("last")->values<float>() == floats{4, 5, 6, 7});
        CHECK(file.find("all")->shape == sizes_t{2, 4});
        CHECK(file.find("all")->bytes.data() == file.find("first")->bytes.data());
        CHECK(file.find("last")->bytes.data() == file.find("first")->bytes.data() + 16);
    }
}

TEST_CASE("a pickle that would run a command is refused", "[io]") {
    for (const std::string name : {"malicious.pth", "malicious_stream.pth"})
        CHECK_THAT(message_of([&] { (void)io::read_pth(fixtures + name); }),
                   mentions(fixtures + name, "refused", "global 'posix.system'"));
}

TEST_CASE("files without a dict of tensors are refused", "[io]") {
    const auto reading = [](const std::string& name) { return message_of([&] { (void)io::read_pth(fixtures + name); }); };
    CHECK_THAT(reading("bare.pth"), mentions(fixtures + "bare.pth", "one tensor without a name", "save a dict of tensors"));
    CHECK_THAT(reading("no_tensors.pth"), mentions(fixtures + "no_tensors.pth", "no tensors", "save model.state_dict()"));
    CHECK_THAT(reading("script.pth"), mentions(fixtures + "script.pth", "TorchScript program", "save model.state_dict()"));
    const auto start = rd4ad::test::text_of_file(fixtures + "three.safetensors").substr(0, 8);
    CHECK_THAT(reading("three.safetensors"),
               mentions(fixtures + "three.safetensors", "not a torch.save file", "starts with " + io::quoted(start)));
    CHECK_THAT(reading("none.pth"), mentions(fixtures + "none.pth", "no such file"));
    CHECK_THAT(pth_refusal(""), mentions("a.pth", "not a torch.save file", "empty"));
    CHECK_THAT(pth_refusal("<!DOCTYPE html>"), mentions("a.pth", "not a torch.save file", "web page", "download the file again"));
    CHECK_THAT(pth_refusal("version https://git-lfs.github.com/spec/v1\n"),
               mentions("a.pth", "not a torch.save file", "Git LFS", "git lfs pull"));
}

TEST_CASE("ZIP archives that torch.save does not write are refused", "[io]") {
    const auto pickled = whole(one_tensor);
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats}, {"a/byteorder", "little"}})),
               mentions("nothing thrown"));
    CHECK_THAT(pth_refusal(archive_of({{"a/other", ""}})), mentions("a.pth", "ZIP archive without data.pkl", "torch.save"));
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}, {"b/data.pkl", pickled}})),
               mentions("a.pth", "more than one data.pkl", "torch.save"));
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats}, {"a/byteorder", "big"}})),
               mentions("a.pth", "byte order 'big'", "expected 'little'"));
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}})), mentions("a.pth", "'a/data/7' is missing", "torch.save"));
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", "1234567"}})),
               mentions("a.pth", "tensor 'w'", "storage '7' of 7 bytes", "2 values of F32"));
    CHECK_THAT(pth_refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats + two_floats}})),
               mentions("a.pth", "tensor 'w'", "storage '7' of 16 bytes", "2 values of F32"));
}

TEST_CASE("streams that torch.save does not write are refused", "[io]") {
    const std::string keys = "]" + unicode("7") + "a", data = raw(std::uint64_t{2}) + two_floats;
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, data)), mentions("nothing thrown"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, data, system_info, "M\xea\x03")),
               mentions("a.pth", "stream protocol", "1001"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, data, dict(unicode("little_endian") + "\x89"))),
               mentions("a.pth", "is big endian", "expected little endian"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, data, "}")), mentions("a.pth", "doesn't state its byte order"));
    CHECK_THAT(pth_refusal(stream(one_tensor, "}", data)), mentions("a.pth", "no list of storage keys"));
    CHECK_THAT(pth_refusal(stream(one_tensor, "]" + unicode("8") + "a", data)),
               mentions("a.pth", "storage '8'", "no tensor uses"));
    CHECK_THAT(pth_refusal(stream(one_tensor, "]Na", data)), mentions("a.pth", "storage without a name", "no tensor uses"));
    CHECK_THAT(pth_refusal(stream(one_tensor, "]", data)), mentions("a.pth", "tensor 'w'", "storage '7'", "the file lacks"));
    CHECK_THAT(pth_refusal(stream(one_tensor, "](" + unicode("7") + unicode("7") + "e", data + data)),
               mentions("a.pth", "storage '7' is listed twice"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, "1234567")), mentions("a.pth", "storage '7' is truncated"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, raw(std::uint64_t{3}) + two_floats)),
               mentions("a.pth", "storage '7' has 3 values", "claims 2"));
    CHECK_THAT(pth_refusal(stream(one_tensor, keys, raw(std::uint64_t{2}) + raw(1.0F))),
               mentions("a.pth", "storage '7' needs 8 bytes", "4 are left"));
}

TEST_CASE("a truncated or changed checkpoint is read or refused without a crash", "[io]") {
    for (const std::string name : {"authors.pth", "shared.pth", "strided_stream.pth", "training_stream.pth"}) {
        INFO(name);
        const auto content = rd4ad::test::text_of_file(fixtures + name);
        REQUIRE(content.size() > 100);
        for (std::size_t length = 0; length < content.size(); ++length)
            REQUIRE(pth_refusal(content.substr(0, length)) != "nothing thrown");
        for (std::size_t at = 0; at < content.size(); ++at)
            for (const char change : {'\x01', '\x80', '\xff'}) {
                auto changed = content;
                changed[at] = static_cast<char>(changed[at] ^ change);
                REQUIRE_FALSE(pth_refusal(changed).empty());
            }
    }
}

TEST_CASE("a trained network with torchvision's names is read", "[io]") {
    const std::string path = std::string{RD4AD_SHARED_DIR} + "/teacher/resnet18_tiny_imagenet.pth";
    RD4AD_SKIP_UNLESS(std::filesystem::exists(path), "no file " + path);
    const auto file = io::read_pth(path);
    std::size_t values = 0;
    for (const auto& [name, tensor] : file.tensors())
        if (tensor.type == io::dtype::f32) values += tensor.count();
    CHECK(file.tensors().size() == 90);
    CHECK(values == 2'787'264);
    CHECK(file.find("layer3.1.conv2.weight")->shape == sizes_t{256, 256, 3, 3});
}
