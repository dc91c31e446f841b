#include <rd4ad/io/pickle.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/pickles.hpp>

namespace pickle = rd4ad::io::pickle;
using namespace rd4ad::test::pickles;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::owned;

namespace {

pickle::document read(const std::string& content) {
    const auto bytes = owned(content);
    std::size_t position = 0;
    auto all = pickle::read(*bytes, position, "a.pth");
    CHECK(position == content.size());
    return all;
}

template <class Kind>
Kind value(const std::string& body) {
    const auto all = read(whole(body));
    REQUIRE(all.as<Kind>(all.root) != nullptr);
    return *all.as<Kind>(all.root);
}

std::string refusal(const std::string& content) {
    return message_of([&] {
        const auto bytes = owned(content);
        std::size_t position = 0;
        (void)pickle::read(*bytes, position, "a.pth");
    });
}

mentions damaged(std::size_t byte, const std::string& problem) {
    return mentions("a.pth: ", rd4ad::text(" at byte ", byte, ':'), problem);
}

mentions refused(const std::string& what) { return mentions("a.pth: ", "refused", what, "save model.state_dict() alone"); }

mentions truncated(std::size_t bytes) { return mentions("a.pth: ", rd4ad::text("truncated after ", bytes, " bytes")); }

}  // namespace

TEST_CASE("plain values are read", "[io]") {
    CHECK(value<bool>("\x88"));
    CHECK_FALSE(value<bool>("\x89"));
    CHECK(value<std::int64_t>("K\xff") == 255);
    CHECK(value<std::int64_t>("M\xff\xff") == 65535);
    CHECK(value<std::int64_t>("J\xfe\xff\xff\xff") == -2);
    CHECK(value<std::int64_t>("\x8a\x00"s) == 0);
    CHECK(value<std::int64_t>("\x8a\x01\xff"s) == -1);
    CHECK(value<std::int64_t>("\x8a\x03\x00\x00\x01"s) == 65536);
    CHECK(value<std::int64_t>(number(-(1LL << 62))) == -(1LL << 62));
    CHECK(value<pickle::long_integer>("\x8a\x09"s + std::string(9, '\x01')).bytes == std::string(9, '\x01'));
    CHECK(value<double>("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s) == 1.5);
    CHECK(value<std::string>(unicode("caf\xc3\xa9")) == "caf\xc3\xa9");
    CHECK(value<std::string>("U\x02hi") == "hi");
    CHECK(value<std::string>("T\x02\x00\x00\x00hi"s) == "hi");
    CHECK(value<pickle::tuple>("K\x01K\x02\x86").items.size() == 2);
    CHECK(value<pickle::list>("](K\x01K\x02"
                              "e")
              .items.size() == 2);
    CHECK(value<pickle::list>("]K\x01"
                              "a")
              .items.size() == 1);
    CHECK(value<pickle::dictionary>("}" + unicode("k") + "Ns").items.size() == 1);
    CHECK(value<pickle::dictionary>(name("collections", "OrderedDict") + ")R}b").ordered);
    (void)value<pickle::none>("N");
}

TEST_CASE("the memo refers to objects, not to copies", "[io]") {
    const auto twice = value<pickle::tuple>("K\x05q\x07r\x00\x01\x00\x00h\x07j\x00\x01\x00\x00\x87"s);
    CHECK(twice.items[0] == twice.items[1]);
    CHECK(twice.items[1] == twice.items[2]);
    const auto itself =
        read(whole("]q\x00h\x00"
                   "a"s));
    CHECK(itself.as<pickle::list>(itself.root)->items == std::vector<pickle::handle>{itself.root});
}

TEST_CASE("OrderedDicts of Python 2 are read", "[io]") {
    const auto pairs = "](](" + unicode("k") +
                       "K\x01"
                       "ee";
    const auto dict = value<pickle::dictionary>(name("collections", "OrderedDict") + pairs + "\x85R");
    CHECK(dict.ordered);
    CHECK(dict.items.size() == 1);
}

TEST_CASE("globals and opcodes that could run code are refused by name", "[io]") {
    CHECK_THAT(refusal(whole(name("os", "system") + unicode("ls") + "\x85R")), refused("global 'os.system'"));
    CHECK_THAT(refusal(whole(name("posix", "system"))), refused("global 'posix.system'"));
    CHECK_THAT(refusal(whole(name("builtins", "eval"))), refused("global 'builtins.eval'"));
    CHECK_THAT(refusal(whole(name("torch", "load\x1b[2J"))), refused("global 'torch.load\\x1b[2J'"));
    CHECK_THAT(refusal(whole(name("numpy.core.multiarray", "scalar"))), refused("global 'numpy.core.multiarray.scalar'"));
    CHECK_THAT(refusal(whole(name("torch", "QInt8Storage"))), refused("global 'torch.QInt8Storage'"));
    CHECK_THAT(refusal(whole("i")), refused("opcode 0x69 at byte 2"));
    CHECK_THAT(refusal(whole(")\x81")), refused("opcode 0x81 at byte 3"));
    CHECK_THAT(refusal(whole("\x93")), refused("opcode 0x93 at byte 2"));
    CHECK_THAT(refusal("\x80\x04."), refused("protocol 4"));
}

TEST_CASE("a damaged pickle is refused with the byte", "[io]") {
    CHECK_THAT(refusal(""), truncated(0));
    CHECK_THAT(refusal("\x80\x02X\xff\xff\xff\xff"
                       "a"),
               truncated(8));
    CHECK_THAT(refusal("\x80\x02"
                       "cos\nsystem"),
               truncated(12));
    CHECK_THAT(refusal("\x80\x02."), damaged(2, "the stack is empty"));
    CHECK_THAT(refusal(whole("K\x01\x86")), damaged(4, "the stack is empty"));
    CHECK_THAT(refusal(whole("K\x01(\x85")), damaged(5, "the stack is empty"));
    CHECK_THAT(refusal(whole("q\x00"s)), damaged(2, "the stack is empty"));
    CHECK_THAT(refusal(whole("t")), damaged(2, "a mark is missing"));
    CHECK_THAT(refusal(whole("h\x07")), damaged(2, "memo 7 was never set"));
    CHECK_THAT(refusal(whole("}K\x01"
                             "a")),
               damaged(5, "APPEND needs a list"));
    CHECK_THAT(refusal(whole("]K\x01K\x01s")), damaged(7, "SETITEM needs a dict"));
    CHECK_THAT(refusal(whole("}(K\x01u")), damaged(6, "a key without a value"));
    CHECK_THAT(refusal(whole("K\x01)R")), damaged(5, "REDUCE needs a global and a tuple"));
    CHECK_THAT(refusal(whole("}}b")), damaged(4, "BUILD needs an OrderedDict"));
    CHECK_THAT(refusal("\x80\x02" + std::string(pickle::machine::max_objects + 1, 'N')),
               damaged(2 + pickle::machine::max_objects, "more than 2097152 objects"));
}

TEST_CASE("a list that is copied many times does not fill the memory", "[io]") {
    std::string body = "](";
    for (int i = 0; i < 1000; ++i) body += "NN\x86";
    body += "e\x85q\x00"s + name("collections", "OrderedDict") + "q\x01";
    for (int i = 0; i < 3000; ++i) body += "h\x01h\x00R"s;
    CHECK_THAT(refusal(whole(body)), mentions("more than 2097152 pairs"));
}
