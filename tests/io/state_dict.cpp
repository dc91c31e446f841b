#include <rd4ad/io/state_dict.hpp>

#include <rd4ad/io/pickle.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/pickles.hpp>

namespace io = rd4ad::io;
using namespace rd4ad::test::pickles;
using rd4ad::test::owned;

namespace {

const std::string one = tensor(storage("FloatStorage", "0", 2), 0, {2}, {1});

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

std::string refusal(const std::string& body) {
    return rd4ad::test::message_of([&] { (void)named(body); });
}

}  // namespace

TEST_CASE("nested keys are joined with dots", "[io]") {
    CHECK(names(dict(text("a") + dict(text("b.c") + one + text("d") + one) + text("e") + one)) == "a.b.c a.d e ");
    CHECK(names(dict(text("a") + "K\x07" + text("b") + "N" + text("list") + "](" + one + "N" + one + "e")) == "list.0 list.2 ");
    CHECK(names(dict("K\x03" + one)) == "3 ");
    CHECK(names(tuple(one + one)) == "0 1 ");
    CHECK(names(dict(text("a") + "N" + text("a") + one)) == "a ");
}

TEST_CASE("a wrapper is left out only where it holds every tensor", "[io]") {
    const auto inner = dict(text("w") + one);
    CHECK(names(dict(text("state_dict") + inner + text("epoch") + "K\x01")) == "w ");
    CHECK(names(dict(text("model") + inner)) == "w ");
    CHECK(names(dict(text("model") + inner + text("ema") + inner)) == "ema.w model.w ");
    CHECK(names(dict(text("model") + one)) == "model ");
}

TEST_CASE("checkpoints whose tensors can't be named are refused", "[io]") {
    CHECK(refusal("N") == "a.pth: holds no tensors: save model.state_dict() with torch.save");
    CHECK(refusal(one) == "a.pth: holds one tensor without a name: save a dict of tensors, such as model.state_dict()");
    CHECK(refusal(dict(text("a") + dict(text("b") + one) + text("a.b") + one)) ==
          "a.pth: tensor 'a.b' is there twice: names must differ");
    CHECK(refusal(dict(text("a") + dict("N" + one))) ==
          "a.pth: the checkpoint has a tensor under a key that is neither text nor whole number, in 'a'");
    CHECK(refusal(dict("NN" + text("a") + one)) == "nothing thrown");
    CHECK(refusal(dict(text(std::string(1025, 'n')) + one)) ==
          "a.pth: the checkpoint has a name longer than 1024 bytes: '" + std::string(80, 'n') + "...'");
    CHECK(refusal(dict(text("a") + tensor(storage("FloatStorage", "1", 2), 0, {2}, {1}))) ==
          "a.pth: tensor 'a' lies in storage '1', which the file has not");
    CHECK(refusal(dict(text("a") + tensor(storage("FloatStorage", "0", 3), 0, {2}, {1}))) ==
          "a.pth: tensor 'a' lies in storage '0' of 8 bytes, but 3 values of F32 are claimed");
}

TEST_CASE("checkpoints made to exhaust the reader are refused", "[io]") {
    CHECK(refusal("]q\x00h\x00"
                  "a"s)
              .starts_with("a.pth: the checkpoint is nested more than 64 deep at '0.0.0."));
    std::string doubling = "]";
    for (int i = 0; i < 40; ++i)
        doubling = doubling +
                   "q\x00]h\x00"
                   "ah\x00"
                   "a"s;
    CHECK(refusal(doubling) == "a.pth: the checkpoint has more than 2097152 values");
    const auto repeated = [](std::int64_t times) {
        return dict(text("a") + tensor(storage("FloatStorage", "0", 2), 0, {times, 2}, {0, 1}));
    };
    CHECK(refusal(repeated(16)) == "nothing thrown");
    CHECK(refusal(repeated(1LL << 40)) ==
          "a.pth: tensor 'a' of shape [1099511627776, 2] repeats its values too often: call .contiguous() before saving if that "
          "is meant");
}
