#include <rd4ad/io/pickle_tensor.hpp>

#include <rd4ad/io/pickle.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/pickles.hpp>

namespace pickle = rd4ad::io::pickle;
using namespace rd4ad::test::pickles;
using rd4ad::io::element;
using sizes_t = std::vector<std::size_t>;

namespace {

pickle::document read(const std::string& body) {
    const auto bytes = rd4ad::test::owned(whole(body));
    std::size_t position = 0;
    return pickle::read(*bytes, position, "a.pth");
}

/// The message without file and byte.
std::string refusal(const std::string& body) {
    const auto message = rd4ad::test::message_of([&] { (void)read(body); });
    const std::string before = "a.pth: pickle can't be read at byte ";
    return message.starts_with(before) ? message.substr(message.find(": ", before.size()) + 2) : message;
}

pickle::tensor_reference tensor_in(const std::string& body) {
    const auto made = read(body);
    REQUIRE(made.as<pickle::tensor_reference>(made.root) != nullptr);
    return *made.as<pickle::tensor_reference>(made.root);
}

const std::string floats = storage("FloatStorage", "0", 6);
const std::string untyped =
    tuple(text("storage") + name("torch.storage", "UntypedStorage") + text("0") + text("cpu") + number(24)) + "Q";

std::string third(const std::string& stored, const std::string& dtype) {
    return name("torch._utils", "_rebuild_tensor_v3") +
           tuple(stored + number(1) + sizes({2, 2}) + sizes({2, 1}) + "\x89N" + dtype) + "R";
}

}  // namespace

TEST_CASE("tensors are rebuilt as plain data", "[io]") {
    const auto second = tensor_in(tensor(floats, 1, {2, 2}, {3, 1}));
    CHECK(second.type == element::f32);
    CHECK(second.offset == 1);
    CHECK(second.shape == sizes_t{2, 2});
    CHECK(second.strides == sizes_t{3, 1});
    const auto first =
        tensor_in(name("torch._utils", "_rebuild_tensor") + tuple(floats + number(0) + sizes({6}) + sizes({1})) + "R");
    CHECK(first.shape == sizes_t{6});
    const auto of_size = tensor_in(name("torch._utils", "_rebuild_tensor") +
                                   tuple(floats + number(0) + name("torch", "Size") + sizes({6}) + "\x85R" + sizes({1})) + "R");
    CHECK(of_size.shape == sizes_t{6});
    CHECK(tensor_in(third(untyped, name("torch", "float32"))).type == element::f32);
    CHECK(tensor_in(third(floats, name("torch", "int32"))).type == element::i32);
}

TEST_CASE("tensors beyond their storage are refused", "[io]") {
    const auto beyond = [](const std::string& count) {
        return "a tensor reaches beyond its storage '0', which has 6 values, not " + count;
    };
    const auto most = std::numeric_limits<std::int64_t>::max();
    CHECK(refusal(tensor(floats, 0, {7}, {1})) == beyond("7"));
    CHECK(refusal(tensor(floats, 1, {2, 3}, {3, 1})) == beyond("7"));
    CHECK(refusal(tensor(floats, 6, {}, {})) == beyond("7"));
    CHECK(refusal(tensor(floats, 0, {2}, {most})) == beyond("more than 2^63"));
    CHECK(refusal(tensor(floats, most, {2}, {1})) == beyond("more than 2^63"));
    CHECK(refusal(tensor(floats, 0, {most, most}, {most, most})) == beyond("more than 2^63"));
    CHECK(refusal(tensor(floats, 0, {most, most}, {0, 0})) == beyond("1"));
    CHECK(refusal(tensor(floats, most, {0, most}, {1, 1})) == "nothing thrown");
    CHECK(refusal(third(floats, name("torch", "float64"))) ==
          "a tensor reaches beyond its storage '0', which has 3 values, not 5");
}

TEST_CASE("calls that torch.save would not write are refused", "[io]") {
    const auto v2 = [](const std::string& arguments) {
        return name("torch._utils", "_rebuild_tensor_v2") + tuple(arguments) + "R";
    };
    const std::string no_sizes = "a tensor's offset, shape or strides are not sizes (at most 16 of each, none below 0)";
    CHECK(refusal(v2("NN")) == "a tensor is rebuilt from 2 values");
    CHECK(refusal(v2("N" + number(0) + "))\x89N")) == "a tensor is rebuilt without a storage");
    CHECK(refusal(tensor(floats, -1, {}, {})) == no_sizes);
    CHECK(refusal(tensor(floats, 0, {-1}, {1})) == no_sizes);
    CHECK(refusal(tensor(floats, 0, {1}, {-1})) == no_sizes);
    CHECK(refusal(tensor(floats, 0, {1, 1}, {1})) == no_sizes);
    CHECK(refusal(tensor(floats, 0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1))) == no_sizes);
    CHECK(refusal(v2(floats + "NNN\x89N")) == no_sizes);
    CHECK(refusal(tensor(untyped, 0, {1}, {1})) == "a tensor of no known type lies in the untyped storage '0'");
    CHECK(refusal(v2(floats + number(0) + "))\x89N}")) == "nothing thrown");
    CHECK(refusal(v2(floats + number(0) + "))\x89N" + dict(text("neg") + "\x88"))) ==
          "a tensor has marks of its own (conjugate or negative): call .resolve_conj().resolve_neg() before saving");
    CHECK(refusal(third(floats, "N")) == "a tensor is rebuilt with something else than a dtype");
    CHECK(refusal(name("torch._utils", "_rebuild_parameter") + "N\x85R") == "a parameter is rebuilt without a tensor");
    CHECK(refusal(name("torch", "Size") + ")R") == "a torch.Size is made from something else than sizes");
    CHECK(refusal(name("torch", "FloatStorage") + ")R") == "torch.FloatStorage is called, which is a type and no function here");
    CHECK(refusal(name("collections", "OrderedDict") + "N\x85R") ==
          "an OrderedDict is made from something else than a list of pairs");
    CHECK(refusal(name("collections", "OrderedDict") + "]Na\x85R") ==
          "an OrderedDict is made from something else than a list of pairs");
}

TEST_CASE("storages that torch.save would not name so are refused", "[io]") {
    const std::string tail = text("0") + text("cpu") + number(1);
    const std::string type = name("torch", "FloatStorage");
    const std::string shape = "a storage is not named as ('storage', class, key, location, count)";
    CHECK(refusal("NQ") == "a storage is not named by 5 or 6 values");
    CHECK(refusal(tuple(text("storage")) + "Q") == "a storage is not named by 5 or 6 values");
    CHECK(refusal(tuple(text("module") + type + tail) + "Q") == shape);
    CHECK(refusal(tuple(text("storage") + "N" + tail) + "Q") == shape);
    CHECK(refusal(tuple(text("storage") + type + "NN" + number(1)) + "Q") == shape);
    CHECK(refusal(storage("FloatStorage", "0", -1)) == shape);
    CHECK(refusal(storage("FloatStorage", std::string(256, 'k'), 1)) == shape);
    CHECK(refusal(storage("float32", "0", 1)) == "storage '0' has the class 'torch.float32', which is no storage's");
    CHECK(refusal(storage("DoubleStorage", "0", 1LL << 61)) ==
          "storage '0' claims 2305843009213693952 values, more than any memory");
    CHECK(refusal(tuple(text("storage") + type + tail + "N") + "Q") == "nothing thrown");
    CHECK(refusal(tuple(text("storage") + type + tail + ")") + "Q") ==
          "storage '0' is a view of another one: load and save the file with a newer torch");
}
