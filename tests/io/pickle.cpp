#include <rd4ad/io/pickle.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/pickles.hpp>

namespace pickle = rd4ad::io::pickle;
using namespace rd4ad::test::pickles;
using rd4ad::test::message_of;
using rd4ad::test::owned;

namespace {

pickle::document read(const std::string& content) {
    const auto bytes = owned(content);
    std::size_t position = 0;
    auto made = pickle::read(*bytes, position, "a.pth");
    CHECK(position == content.size());
    return made;
}

template <class Kind>
Kind value(const std::string& body) {
    const auto made = read(whole(body));
    REQUIRE(made.as<Kind>(made.root) != nullptr);
    return *made.as<Kind>(made.root);
}

std::string refusal(const std::string& content) {
    return message_of([&] {
        const auto bytes = owned(content);
        std::size_t position = 0;
        (void)pickle::read(*bytes, position, "a.pth");
    });
}

std::string damage(std::size_t byte, const std::string& what) {
    return "a.pth: pickle can't be read at byte " + std::to_string(byte) + ": " + what;
}

std::string refused(const std::string& what) {
    return "a.pth: pickle asks for " + what + ", which is not a tensor's: refused; save model.state_dict() alone with torch.save";
}

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
    CHECK(value<std::string>(text("caf\xc3\xa9")) == "caf\xc3\xa9");
    CHECK(value<std::string>("U\x02hi") == "hi");
    CHECK(value<std::string>("T\x02\x00\x00\x00hi"s) == "hi");
    CHECK(value<pickle::tuple>("K\x01K\x02\x86").items.size() == 2);
    CHECK(value<pickle::list>("](K\x01K\x02"
                              "e")
              .items.size() == 2);
    CHECK(value<pickle::list>("]K\x01"
                              "a")
              .items.size() == 1);
    CHECK(value<pickle::dictionary>("}" + text("k") + "Ns").items.size() == 1);
    CHECK(value<pickle::dictionary>(name("collections", "OrderedDict") + ")R}b").ordered);
    (void)value<pickle::none>("N");
}

TEST_CASE("the memo names objects, not copies", "[io]") {
    const auto twice = value<pickle::tuple>("K\x05q\x07r\x00\x01\x00\x00h\x07j\x00\x01\x00\x00\x87"s);
    CHECK(twice.items[0] == twice.items[1]);
    CHECK(twice.items[1] == twice.items[2]);
    const auto itself =
        read(whole("]q\x00h\x00"
                   "a"s));
    CHECK(itself.as<pickle::list>(itself.root)->items == std::vector<pickle::handle>{itself.root});
}

TEST_CASE("OrderedDicts as Python 2 wrote them are read", "[io]") {
    const auto pairs = "](](" + text("k") +
                       "K\x01"
                       "ee";
    const auto made = value<pickle::dictionary>(name("collections", "OrderedDict") + pairs + "\x85R");
    CHECK(made.ordered);
    CHECK(made.items.size() == 1);
}

TEST_CASE("whatever could run is refused by name", "[io]") {
    CHECK(refusal(whole(name("os", "system") + text("ls") + "\x85R")) == refused("global 'os.system'"));
    CHECK(refusal(whole(name("posix", "system"))) == refused("global 'posix.system'"));
    CHECK(refusal(whole(name("builtins", "eval"))) == refused("global 'builtins.eval'"));
    CHECK(refusal(whole(name("torch", "load\x1b[2J"))) == refused("global 'torch.load\\x1b[2J'"));
    CHECK(refusal(whole(name("numpy.core.multiarray", "scalar"))) == refused("global 'numpy.core.multiarray.scalar'"));
    CHECK(refusal(whole(name("torch", "QInt8Storage"))) == refused("global 'torch.QInt8Storage'"));
    CHECK(refusal(whole("i")) == refused("opcode 0x69 at byte 2"));
    CHECK(refusal(whole(")\x81")) == refused("opcode 0x81 at byte 3"));
    CHECK(refusal(whole("\x93")) == refused("opcode 0x93 at byte 2"));
    CHECK(refusal("\x80\x04.") == refused("protocol 4"));
}

TEST_CASE("damaged pickles are refused with the byte", "[io]") {
    CHECK(refusal("") == "a.pth: pickle is cut off after 0 bytes: fetch or save the file again");
    CHECK(refusal("\x80\x02X\xff\xff\xff\xff"
                  "a") == "a.pth: pickle is cut off after 8 bytes: fetch or save the file again");
    CHECK(refusal("\x80\x02"
                  "cos\nsystem") == "a.pth: pickle is cut off after 12 bytes: fetch or save the file again");
    CHECK(refusal("\x80\x02.") == damage(2, "the stack is empty"));
    CHECK(refusal(whole("K\x01\x86")) == damage(4, "the stack is empty"));
    CHECK(refusal(whole("K\x01(\x85")) == damage(5, "the stack is empty"));
    CHECK(refusal(whole("q\x00"s)) == damage(2, "the stack is empty"));
    CHECK(refusal(whole("t")) == damage(2, "a mark is missing"));
    CHECK(refusal(whole("h\x07")) == damage(2, "memo 7 was never set"));
    CHECK(refusal(whole("}K\x01"
                        "a")) == damage(5, "something is appended to what is no list"));
    CHECK(refusal(whole("]K\x01K\x01s")) == damage(7, "keys are set in what is no dict"));
    CHECK(refusal(whole("}(K\x01u")) == damage(6, "a key is set without a value"));
    CHECK(refusal(whole("K\x01)R")) == damage(5, "a call without a name or without a tuple of arguments"));
    CHECK(refusal(whole("}}b")) == damage(4, "state is set on what is no OrderedDict"));
    CHECK(refusal("\x80\x02" + std::string(pickle::machine::most_objects + 1, 'N')) ==
          damage(2 + pickle::machine::most_objects, "more than 2097152 objects"));
}

TEST_CASE("a list named again and again does not fill the memory", "[io]") {
    std::string body = "](";
    for (int i = 0; i < 1000; ++i) body += "NN\x86";
    body += "e\x85q\x00"s + name("collections", "OrderedDict") + "q\x01";
    for (int i = 0; i < 3000; ++i) body += "h\x01h\x00R"s;
    CHECK(refusal(whole(body)).ends_with(": more than 2097152 pairs"));
}
