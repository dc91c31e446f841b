#include <rd4ad/io/state_dict.hpp>

#include <rd4ad/io/pickle.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/pickles.hpp>

namespace io = rd4ad::io;
using namespace rd4ad::test::pickles;
using rd4ad::test::mentions;
using rd4ad::test::owned;

namespace {

const std::string small_tensor = tensor(storage("FloatStorage", "0", 2), 0, {2}, {1});

io::tensor_file named(const std::string& body) {
    const auto bytes = owned(whole(body));
    std::size_t position = 0;
    const auto all = io::pickle::read(*bytes, position, "a.pth");
    const auto data = owned(rd4ad::test::raw(1.5F) + rd4ad::test::raw(-2.0F));
    return io::tensors_of(all, {{"0", {*data, data}}}, "a.pth");
}

std::string names(const std::string& body) {
    const auto file = named(body);
    std::string joined;
    for (const auto& [name, tensor] : file.tensors()) joined += name + " ";
    return joined;
}

std::string state_dict_refusal(const std::string& body) {
    return rd4ad::test::message_of([&] { (void)named(body); });
}

}  // namespace

TEST_CASE("nested keys are joined with dots", "[io]") {
    CHECK(names(dict(unicode("a") + dict(unicode("b.c") + small_tensor + unicode("d") + small_tensor) + unicode("e") +
                     small_tensor)) == "a.b.c a.d e ");
    CHECK(names(dict(unicode("a") + "K\x07" + unicode("b") + "N" + unicode("list") + "](" + small_tensor + "N" + small_tensor +
                     "e")) == "list.0 list.2 ");
    CHECK(names(dict("K\x03" + small_tensor)) == "3 ");
    CHECK(names(tuple(small_tensor + small_tensor)) == "0 1 ");
    CHECK(names(dict(unicode("a") + "N" + unicode("a") + small_tensor)) == "a ");
}

TEST_CASE("a wrapper is omitted only if it holds every tensor", "[io]") {
    const auto inner = dict(unicode("w") + small_tensor);
    CHECK(names(dict(unicode("state_dict") + inner + unicode("epoch") + "K\x01")) == "w ");
    CHECK(names(dict(unicode("model") + inner)) == "w ");
    CHECK(names(dict(unicode("model") + inner + unicode("ema") + inner)) == "ema.w model.w ");
    CHECK(names(dict(unicode("model") + small_tensor)) == "model ");
}

TEST_CASE("the names of DataParallel and torch.compile are dropped where all names have them", "[io]") {
    const auto all = [&](const std::vector<std::string>& list) {
        std::string items;
        for (const auto& name : list) items += unicode(name) + small_tensor;
        return names(dict(items));
    };
    CHECK(all({"module.a.w", "module.b"}) == "a.w b ");
    CHECK(all({"_orig_mod.module.a.w", "_orig_mod.module.b"}) == "a.w b ");
    CHECK(all({"module.a", "b.w"}) == "b.w module.a ");
    CHECK(all({"module"}) == "module ");
    const auto inner = dict(unicode("module.w") + small_tensor), plain = dict(unicode("w") + small_tensor);
    CHECK(names(dict(unicode("state_dict") + inner)) == "w ");
    CHECK(names(dict(unicode("bn") + inner + unicode("decoder") + inner)) == "bn.w decoder.w ");
    CHECK(names(dict(unicode("bn") + inner + unicode("decoder") + plain)) == "bn.w decoder.w ");
    CHECK(names(dict(unicode("bn") + dict(unicode("module.w") + small_tensor + unicode("v") + small_tensor))) ==
          "bn.module.w bn.v ");
}

TEST_CASE("checkpoints whose tensors have no unique names or no storage are refused", "[io]") {
    CHECK_THAT(state_dict_refusal("N"), mentions("a.pth", "no tensors", "save model.state_dict()"));
    CHECK_THAT(state_dict_refusal(small_tensor), mentions("a.pth", "one tensor without a name", "save a dict"));
    CHECK_THAT(state_dict_refusal(dict(unicode("a") + dict(unicode("b") + small_tensor) + unicode("a.b") + small_tensor)),
               mentions("a.pth", "tensor 'a.b' exists twice"));
    CHECK_THAT(state_dict_refusal(dict(unicode("a") + dict("N" + small_tensor))),
               mentions("a.pth", "neither a string nor an integer", "in 'a'"));
    CHECK_THAT(state_dict_refusal(dict("NN" + unicode("a") + small_tensor)), mentions("nothing thrown"));
    CHECK_THAT(state_dict_refusal(dict(unicode(std::string(1025, 'n')) + small_tensor)),
               mentions("a.pth", "longer than 1024 bytes", std::string(80, 'n') + "...'"));
    CHECK_THAT(state_dict_refusal(dict(unicode("a") + tensor(storage("FloatStorage", "1", 2), 0, {2}, {1}))),
               mentions("a.pth", "tensor 'a'", "storage '1'", "the file lacks"));
    CHECK_THAT(state_dict_refusal(dict(unicode("a") + tensor(storage("FloatStorage", "0", 3), 0, {2}, {1}))),
               mentions("a.pth", "tensor 'a'", "storage '0' of 8 bytes", "3 values of F32"));
}

TEST_CASE("checkpoints that would exhaust the reader are refused", "[io]") {
    CHECK_THAT(state_dict_refusal("]q\x00h\x00"
                                  "a"s),
               mentions("a.pth", "nested more than 64", "at '0.0.0."));
    std::string doubling = "]";
    for (int i = 0; i < 40; ++i)
        doubling = doubling +
                   "q\x00]h\x00"
                   "ah\x00"
                   "a"s;
    CHECK_THAT(state_dict_refusal(doubling), mentions("a.pth", "more than 2097152 values"));
    const auto repeated = [](std::int64_t times) {
        return dict(unicode("a") + tensor(storage("FloatStorage", "0", 2), 0, {times, 2}, {0, 1}));
    };
    CHECK_THAT(state_dict_refusal(repeated(16)), mentions("nothing thrown"));
    CHECK_THAT(state_dict_refusal(repeated(1LL << 40)),
               mentions("a.pth", "tensor 'a' of shape [1099511627776, 2]", "repeats its values", ".contiguous()"));
}
