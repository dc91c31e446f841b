#include <rd4ad/io/pth.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/pickles.hpp>

namespace io = rd4ad::io;
using namespace rd4ad::test::pickles;
using floats = std::vector<float>;
using sizes_t = std::vector<std::size_t>;
using rd4ad::test::message_of;
using rd4ad::test::owned;
using rd4ad::test::raw;

namespace {

const std::string fixtures = RD4AD_TEST_DATA "/io/";

/// The fixture in its ZIP form and as the older stream.
std::vector<io::tensor_file> both(const std::string& name) {
    return {io::read_pth(fixtures + name + ".pth"), io::read_pth(fixtures + name + "_stream.pth")};
}

std::string refusal(const std::string& content) {
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

const std::string system_info = "}(" + text("protocol_version") + "M\xe9\x03" + text("little_endian") + "\x88u";

std::string stream(const std::string& object, const std::string& keys, const std::string& data,
                   const std::string& system = system_info, const std::string& protocol = "M\xe9\x03") {
    return std::string{io::detail::stream_magic} + whole(protocol) + whole(system) + whole(object) + whole(keys) + data;
}

const std::string one_tensor = dict(text("w") + tensor(storage("FloatStorage", "7", 2), 0, {2}, {1}));
const std::string two_floats = raw(1.5F) + raw(-2.0F);

}  // namespace

TEST_CASE("every type of storage is read, in both forms", "[io]") {
    for (const auto& file : both("dtypes")) {
        CHECK(file.tensors().size() == 10);
        const auto check = [&](const std::string& name, io::element type, const floats& values) {
            INFO(name);
            const auto* tensor = file.find(name);
            REQUIRE(tensor != nullptr);
            CHECK(tensor->type == type);
            CHECK(tensor->shape == sizes_t{2, 3});
            CHECK(tensor->values<float>() == values);
        };
        const floats halves{-1, -0.5F, 0, 0.5F, 1, 1.5F}, integers{-1, 0, 1, 2, 3, 4};
        check("half", io::element::f16, halves);
        check("bfloat16", io::element::bf16, halves);
        check("float", io::element::f32, halves);
        check("double", io::element::f64, halves);
        check("long", io::element::i64, integers);
        check("int", io::element::i32, integers);
        check("short", io::element::i16, integers);
        check("char", io::element::i8, integers);
        check("byte", io::element::u8, {0, 1, 2, 3, 4, 5});
        check("bool", io::element::boolean, {0, 1, 0, 1, 0, 1});
    }
}

TEST_CASE("the authors' checkpoints are read under their names", "[io]") {
    for (const auto& file : both("authors")) {
        CHECK(names_in(file) ==
              "bn.bn1.bias bn.bn1.num_batches_tracked bn.bn1.running_mean bn.bn1.running_var bn.bn1.weight bn.conv1.weight "
              "decoder.upsample.bias decoder.upsample.weight ");
        CHECK(file.find("bn.conv1.weight")->shape == sizes_t{2, 1, 3, 3});
        CHECK(file.find("bn.conv1.weight")->values<float>() == floats(18, 0.25F));
        CHECK(file.find("bn.bn1.num_batches_tracked")->type == io::element::i64);
        CHECK(file.find("bn.bn1.num_batches_tracked")->shape.empty());
        CHECK(file.find("decoder.upsample.bias")->values<float>() == floats{3});
    }
}

TEST_CASE("a training's checkpoint gives its state dict's tensors", "[io]") {
    for (const auto& file : both("training")) {
        CHECK(names_in(file) == "blocks.0 weight ");
        CHECK(file.find("weight")->values<float>() == floats{1, 2});
        CHECK(file.find("blocks.0")->values<float>() == floats{7});
    }
}

TEST_CASE("strided tensors are made contiguous", "[io]") {
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

TEST_CASE("tensors that share a storage are read from the same bytes", "[io]") {
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
        CHECK(message_of([&] { (void)io::read_pth(fixtures + name); }) ==
              fixtures + name +
                  ": pickle asks for global 'posix.system', which is not a tensor's: refused; save model.state_dict() alone with "
                  "torch.save");
}

TEST_CASE("torch's files without a dict of tensors are refused", "[io]") {
    const auto reading = [](const std::string& name) { return message_of([&] { (void)io::read_pth(fixtures + name); }); };
    CHECK(reading("bare.pth") ==
          fixtures + "bare.pth: holds one tensor without a name: save a dict of tensors, such as model.state_dict()");
    CHECK(reading("no_tensors.pth") == fixtures + "no_tensors.pth: holds no tensors: save model.state_dict() with torch.save");
    CHECK(reading("script.pth") ==
          fixtures + "script.pth: is a TorchScript program, not tensors alone: save model.state_dict() with torch.save");
    CHECK(reading("three.safetensors") ==
          fixtures + "three.safetensors: is not a file of torch.save: it starts with " +
              io::detail::shown(rd4ad::test::text_of_file(fixtures + "three.safetensors").substr(0, 8)));
    CHECK(reading("none.pth") == fixtures + "none.pth: can't be opened: No such file or directory");
    CHECK(refusal("") == "a.pth: is not a file of torch.save: it is empty");
    CHECK(refusal("<!DOCTYPE html>") ==
          "a.pth: is not a file of torch.save: it is a web page; the download went wrong, fetch it again");
    CHECK(
        refusal("version https://git-lfs.github.com/spec/v1\n") ==
        "a.pth: is not a file of torch.save: it is Git LFS's placeholder for the file; fetch the file itself with git lfs pull");
}

TEST_CASE("ZIP forms that torch.save would not write are refused", "[io]") {
    const auto pickled = whole(one_tensor);
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats}, {"a/byteorder", "little"}})) ==
          "nothing thrown");
    CHECK(refusal(archive_of({{"a/other", ""}})) == "a.pth: is a ZIP archive without data.pkl: not a file of torch.save");
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}, {"b/data.pkl", pickled}})) ==
          "a.pth: has more than one data.pkl: not a file of torch.save");
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats}, {"a/byteorder", "big"}})) ==
          "a.pth: has the byte order 'big', only 'little' is read: save it again on a little-endian machine");
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}})) ==
          "a.pth: ZIP entry 'a/data/7' is missing; save the file again with torch.save");
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", "1234567"}})) ==
          "a.pth: tensor 'w' lies in storage '7' of 7 bytes, but 2 values of F32 are claimed");
    CHECK(refusal(archive_of({{"a/data.pkl", pickled}, {"a/data/7", two_floats + two_floats}})) ==
          "a.pth: tensor 'w' lies in storage '7' of 16 bytes, but 2 values of F32 are claimed");
}

TEST_CASE("streams that torch.save would not write are refused", "[io]") {
    const std::string keys = "]" + text("7") + "a", data = raw(std::uint64_t{2}) + two_floats;
    CHECK(refusal(stream(one_tensor, keys, data)) == "nothing thrown");
    CHECK(refusal(stream(one_tensor, keys, data, system_info, "M\xea\x03")) ==
          "a.pth: is not of torch.save's stream protocol 1001: save it again with a newer torch");
    CHECK(refusal(stream(one_tensor, keys, data, dict(text("little_endian") + "\x89"))) ==
          "a.pth: is big endian, only little endian is read: save it again on a little-endian machine");
    CHECK(refusal(stream(one_tensor, keys, data, "}")) ==
          "a.pth: doesn't say whether it is little endian: not a file of torch.save, or damaged");
    CHECK(refusal(stream(one_tensor, "}", data)) ==
          "a.pth: its storage keys are not a list: not a file of torch.save, or damaged");
    CHECK(refusal(stream(one_tensor, "]" + text("8") + "a", data)) ==
          "a.pth: lists the storage '8', which no tensor uses: damaged");
    CHECK(refusal(stream(one_tensor, "]Na", data)) == "a.pth: lists the storage without a name, which no tensor uses: damaged");
    CHECK(refusal(stream(one_tensor, "]", data)) == "a.pth: tensor 'w' lies in storage '7', which the file has not");
    CHECK(refusal(stream(one_tensor, "](" + text("7") + text("7") + "e", data + data)) ==
          "a.pth: storage '7' is listed twice: damaged");
    CHECK(refusal(stream(one_tensor, keys, "1234567")) == "a.pth: storage '7' is cut off: fetch or save the file again");
    CHECK(refusal(stream(one_tensor, keys, raw(std::uint64_t{3}) + two_floats)) ==
          "a.pth: storage '7' has 3 values, but 2 are claimed: damaged");
    CHECK(refusal(stream(one_tensor, keys, raw(std::uint64_t{2}) + raw(1.0F))) ==
          "a.pth: storage '7' needs 8 bytes, but 4 are left: cut off, fetch or save the file again");
}

TEST_CASE("a checkpoint cut off or changed anywhere is read or refused, no more", "[io]") {
    for (const std::string name : {"authors.pth", "shared.pth", "strided_stream.pth", "training_stream.pth"}) {
        INFO(name);
        const auto content = rd4ad::test::text_of_file(fixtures + name);
        REQUIRE(content.size() > 100);
        for (std::size_t length = 0; length < content.size(); ++length)
            REQUIRE(refusal(content.substr(0, length)) != "nothing thrown");
        for (std::size_t at = 0; at < content.size(); ++at)
            for (const char change : {'\x01', '\x80', '\xff'}) {
                auto changed = content;
                changed[at] = static_cast<char>(changed[at] ^ change);
                REQUIRE_FALSE(refusal(changed).empty());
            }
    }
}

TEST_CASE("a real network of torchvision's names opens", "[io]") {
    const std::string path = std::string{RD4AD_SHARED_DIR} + "/teacher/resnet18_tiny_imagenet.pth";
    if (!std::filesystem::exists(path)) {
        WARN("skipped: no file " + path);
        return;
    }
    const auto file = io::read_pth(path);
    std::size_t values = 0;
    for (const auto& [name, tensor] : file.tensors())
        if (tensor.type == io::element::f32) values += tensor.count();
    CHECK(file.tensors().size() == 90);
    CHECK(values == 2'787'264);
    CHECK(file.find("layer3.1.conv2.weight")->shape == sizes_t{256, 256, 3, 3});
}
