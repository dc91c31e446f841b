#include <rd4ad/io/pickle_tensor.hpp>

#include <rd4ad/io/pickle.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/pickles.hpp>

namespace pickle = rd4ad::io::pickle;
using namespace rd4ad::test::pickles;
using rd4ad::io::dtype;
using rd4ad::test::mentions;
using sizes_t = std::vector<std::size_t>;

namespace {

pickle::document parse(const std::string& body) {
    const auto bytes = rd4ad::test::owned(whole(body));
    std::size_t position = 0;
    return pickle::read(*bytes, position, "a.pth");
}

/// The message without its file and byte.
std::string tensor_refusal(const std::string& body) {
    const auto message = rd4ad::test::message_of([&] { (void)parse(body); });
    const std::string before = "a.pth: can't read the pickle at byte ";
    return message.starts_with(before) ? message.substr(message.find(": ", before.size()) + 2) : message;
}

pickle::tensor_reference tensor_in(const std::string& body) {
    const auto all = parse(body);
    REQUIRE(all.as<pickle::tensor_reference>(all.root) != nullptr);
    return *all.as<pickle::tensor_reference>(all.root);
}

const std::string float_storage = storage("FloatStorage", "0", 6);
const std::string untyped =
    tuple(unicode("storage") + name("torch.storage", "UntypedStorage") + unicode("0") + unicode("cpu") + number(24)) + "Q";

std::string third(const std::string& stored, const std::string& dtype) {
    return name("torch._utils", "_rebuild_tensor_v3") +
           tuple(stored + number(1) + sizes({2, 2}) + sizes({2, 1}) + "\x89N" + dtype) + "R";
}

}  // namespace

TEST_CASE("tensors are rebuilt as plain data", "[io]") {
    const auto second = tensor_in(tensor(float_storage, 1, {2, 2}, {3, 1}));
    CHECK(second.type == dtype::f32);
    CHECK(second.offset == 1);
    CHECK(second.shape == sizes_t{2, 2});
    CHECK(second.strides == sizes_t{3, 1});
    const auto first =
        tensor_in(name("torch._utils", "_rebuild_tensor") + tuple(float_storage + number(0) + sizes({6}) + sizes({1})) + "R");
    CHECK(first.shape == sizes_t{6});
    const auto of_size =
        tensor_in(name("torch._utils", "_rebuild_tensor") +
                  tuple(float_storage + number(0) + name("torch", "Size") + sizes({6}) + "\x85R" + sizes({1})) + "R");
    CHECK(of_size.shape == sizes_t{6});
    CHECK(tensor_in(third(untyped, name("torch", "float32"))).type == dtype::f32);
    CHECK(tensor_in(third(float_storage, name("torch", "int32"))).type == dtype::i32);
}

TEST_CASE("tensors beyond their storage are refused", "[io]") {
    const auto beyond = [](const std::string& count) { return mentions("needs " + count + " values", "storage '0'", "has 6"); };
    const auto huge = std::numeric_limits<std::int64_t>::max();
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {7}, {1})), beyond("7"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, 1, {2, 3}, {3, 1})), beyond("7"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, 6, {}, {})), beyond("7"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {2}, {huge})), beyond("more than 2^63"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, huge, {2}, {1})), beyond("more than 2^63"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {huge, huge}, {huge, huge})), beyond("more than 2^63"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {huge, huge}, {0, 0})), beyond("1"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, huge, {0, huge}, {1, 1})), mentions("nothing thrown"));
    CHECK_THAT(tensor_refusal(third(float_storage, name("torch", "float64"))),
               mentions("needs 5 values", "storage '0'", "has 3"));
}

TEST_CASE("calls that torch.save does not write are refused", "[io]") {
    const auto v2 = [](const std::string& arguments) {
        return name("torch._utils", "_rebuild_tensor_v2") + tuple(arguments) + "R";
    };
    const mentions no_sizes{"offset, shape or strides are not sizes", "at most 16"};
    CHECK_THAT(tensor_refusal(v2("NN")), mentions("rebuilt from 2 values", "expected 6 or 7"));
    CHECK_THAT(tensor_refusal(v2("N" + number(0) + "))\x89N")), mentions("without a storage"));
    CHECK_THAT(tensor_refusal(tensor(float_storage, -1, {}, {})), no_sizes);
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {-1}, {1})), no_sizes);
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {1}, {-1})), no_sizes);
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, {1, 1}, {1})), no_sizes);
    CHECK_THAT(tensor_refusal(tensor(float_storage, 0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1))),
               no_sizes);
    CHECK_THAT(tensor_refusal(v2(float_storage + "NNN\x89N")), no_sizes);
    CHECK_THAT(tensor_refusal(tensor(untyped, 0, {1}, {1})), mentions("without a dtype", "untyped storage '0'"));
    CHECK_THAT(tensor_refusal(v2(float_storage + number(0) + "))\x89N}")), mentions("nothing thrown"));
    CHECK_THAT(tensor_refusal(v2(float_storage + number(0) + "))\x89N" + dict(unicode("neg") + "\x88"))),
               mentions("conjugate or negative", ".resolve_conj().resolve_neg()"));
    CHECK_THAT(tensor_refusal(third(float_storage, "N")), mentions("without a known dtype"));
    CHECK_THAT(tensor_refusal(name("torch._utils", "_rebuild_parameter") + "N\x85R"),
               mentions("a parameter", "without a tensor"));
    CHECK_THAT(tensor_refusal(name("torch", "Size") + ")R"), mentions("torch.Size", "at most 16 sizes"));
    CHECK_THAT(tensor_refusal(name("torch", "FloatStorage") + ")R"), mentions("torch.FloatStorage", "not a function"));
    CHECK_THAT(tensor_refusal(name("collections", "OrderedDict") + "N\x85R"), mentions("OrderedDict", "list of pairs"));
    CHECK_THAT(tensor_refusal(name("collections", "OrderedDict") + "]Na\x85R"), mentions("OrderedDict", "list of pairs"));
}

TEST_CASE("storage names that torch.save does not write are refused", "[io]") {
    const std::string tail = unicode("0") + unicode("cpu") + number(1);
    const std::string type = name("torch", "FloatStorage");
    const mentions shape{"not ('storage', class, key, location, count)"};
    CHECK_THAT(tensor_refusal("NQ"), mentions("5 or 6 values"));
    CHECK_THAT(tensor_refusal(tuple(unicode("storage")) + "Q"), mentions("5 or 6 values"));
    CHECK_THAT(tensor_refusal(tuple(unicode("module") + type + tail) + "Q"), shape);
    CHECK_THAT(tensor_refusal(tuple(unicode("storage") + "N" + tail) + "Q"), shape);
    CHECK_THAT(tensor_refusal(tuple(unicode("storage") + type + "NN" + number(1)) + "Q"), shape);
    CHECK_THAT(tensor_refusal(storage("FloatStorage", "0", -1)), shape);
    CHECK_THAT(tensor_refusal(storage("FloatStorage", std::string(256, 'k'), 1)), shape);
    CHECK_THAT(tensor_refusal(storage("float32", "0", 1)), mentions("storage '0'", "class 'torch.float32'", "not a storage"));
    CHECK_THAT(tensor_refusal(storage("DoubleStorage", "0", 1LL << 61)), mentions("storage '0'", "2305843009213693952 values"));
    CHECK_THAT(tensor_refusal(tuple(unicode("storage") + type + tail + "N") + "Q"), mentions("nothing thrown"));
    CHECK_THAT(tensor_refusal(tuple(unicode("storage") + type + tail + ")") + "Q"),
               mentions("storage '0'", "a view", "newer torch"));
}
