#include <rd4ad/io/json.hpp>

#include <limits>
#include <optional>
#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

TEST_CASE("JSON is read and written with sorted keys", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const io::json value = {{"b", {1, 2.5, nullptr}}, {"a", {{"inner", true}}}};
    io::write_json(folder / "a.json", value);
    CHECK(rd4ad::test::text_of_file(folder / "a.json") ==
          "{\n  \"a\": {\n    \"inner\": true\n  },\n  \"b\": [\n    1,\n    2.5,\n    null\n  ]\n}\n");
    CHECK(io::read_json(folder / "a.json") == value);
    CHECK(io::parse_json(R"([{"a": 1}, {"a": 2}, {"b": {"a": 3}, "a": 4}])", "x").size() == 3);
}

TEST_CASE("text that is not JSON is refused with the byte", "[io]") {
    const auto parse = [](const std::string& text) { return message_of([&] { (void)io::parse_json(text, "s.json"); }); };
    CHECK_THAT(parse(""), mentions("s.json", "not JSON", "end at byte 1", "after ''"));
    CHECK_THAT(parse("{\"a\": 1"), mentions("s.json", "end at byte 8", "after '{\"a\": 1'"));
    CHECK_THAT(parse("{\"name\": tru}"), mentions("s.json", "character at byte 13", "after '{\"name\": tru}'"));
    CHECK_THAT(parse("[1] 2"), mentions("s.json", "character at byte 5", "after '[1] 2'"));
    CHECK_THAT(parse("\"\xff\""), mentions("s.json", "character at byte 2", "after '\"\\xff'"));
    CHECK_THAT(parse("[1e999]"), mentions("s.json", "out of range"));
    CHECK_THAT(parse("{\"a\": {\"k\": 1, \"k\": 2}}"), mentions("s.json", "key 'k'", "in one object"));
    CHECK_THAT(parse(std::string(100'000, '[')), mentions("s.json", "nested more than 64"));
    CHECK(parse(std::string(60, '[') + std::string(60, ']')) == "nothing thrown");
}

TEST_CASE("strings and keys that are not UTF-8 are escaped, the others are not changed", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "a.json";
    CHECK(io::dump_json({{"a\\b", {1, "caf\xe9\\x", nullptr, {{"\xff", true}}}}}) ==
          R"({"a\\b":[1,"caf\\xe9\\\\x",null,{"\\xff":true}]})");
    CHECK(io::dump_json("a\tb\xc3\xa4") == "\"a\\tb\xc3\xa4\"");
    io::write_json(path, io::json("\xff"));
    CHECK(io::read_json(path) == "\\xff");
    std::filesystem::remove(path);
    CHECK_THAT(message_of([&] { (void)io::read_json(path); }), mentions(path, "no such file"));
}

TEST_CASE("a number that JSON lacks is null", "[io]") {
    CHECK(io::number_or_null(0.5) == io::json(0.5));
    CHECK(io::number_or_null(std::nullopt).is_null());
    CHECK(io::number_or_null(std::numeric_limits<double>::quiet_NaN()).is_null());
    CHECK(io::number_or_null(std::numeric_limits<double>::infinity()).is_null());
}

TEST_CASE("a number that is not finite is not written, and its place is named", "[io]") {
    const io::json finite{{"a", {0.5, 1}}};
    CHECK(io::dump_finite_json(finite, "settings") == io::dump_json(finite));
    const io::json infinite{{"a", {0.5, {{"b", std::numeric_limits<double>::infinity()}}}}};
    CHECK_THROWS_AS(io::dump_finite_json(infinite, "settings"), rd4ad::numeric_error);
    CHECK_THAT(message_of([&] { (void)io::dump_finite_json(infinite, "settings"); }),
               mentions("settings: the value of '/a/1/b' is not finite"));
}

TEST_CASE("a whole number is one from 0 on, and no other value becomes one", "[io]") {
    CHECK(io::whole_number(io::json::parse("18446744073709551615")) == 18446744073709551615U);
    CHECK(io::whole_number(io::json(3)) == 3);
    for (const char* other : {"-1", "0.5", "2.0", "1e300", "18446744073709551616", "\"3\"", "null", "[3]", "{}", "true"}) {
        CAPTURE(other);
        CHECK_THROWS_AS(io::whole_number(io::json::parse(other)), io::json::exception);
    }
}

TEST_CASE("value_at and object_at find what an object holds, and nothing in other JSON", "[io]") {
    const auto from = io::json::parse(R"({"number": 3, "object": {"a": 1}})");
    CHECK(io::value_at(from, "number") == 3);
    CHECK(io::object_at(from, "object") == io::json{{"a", 1}});
    CHECK(io::value_at(from, "none").is_null());
    CHECK(io::object_at(from, "number") == io::json::object());
    for (const char* other : {"3", "[1]", "null", "\"text\""}) {
        CHECK(io::value_at(io::json::parse(other), "number").is_null());
        CHECK(io::object_at(io::json::parse(other), "object") == io::json::object());
    }
}

TEST_CASE("three_numbers returns a list of three numbers and nothing else", "[io]") {
    const auto from = io::json::parse(R"({"mean": [1, 0.5, 2], "two": [1, 2], "text": [1, 2, "3"], "number": 3})");
    CHECK(io::three_numbers(from, "mean") == std::array{1.0f, 0.5f, 2.0f});
    for (const char* key : {"two", "text", "number", "none"}) CHECK(!io::three_numbers(from, key));
    CHECK(!io::three_numbers(io::json{}, "mean"));
}
