#include <rd4ad/data/csv.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::mentions;
using test::message_of;

TEST_CASE("CSV is parsed as in RFC 4180", "[data]") {
    const auto table =
        data::detail::parse_csv("\xEF\xBB\xBFpath,label\r\n\"a, b.png\",good\r\n\r\n\"c\"\"d\",\"two\nlines\"\ne,", "list");
    CHECK(table.columns == test::lines{"path", "label"});
    REQUIRE(table.rows.size() == 3);
    CHECK(table.rows[0].fields == test::lines{"a, b.png", "good"});
    CHECK(table.rows[1].fields == test::lines{"c\"d", "two\nlines"});
    CHECK(table.rows[1].line == 4);
    CHECK(table.rows[2].fields == test::lines{"e", ""});
    CHECK(table.rows[2].line == 6);
    const auto refusal = [](const std::string& content) {
        return message_of<format_error>([&] { (void)data::detail::parse_csv(content, "list"); });
    };
    CHECK_THAT(refusal("a,b\n1,2,3\n1\n1,2"), mentions("line 2 has 3 fields", "line 3 has 1 fields"));
    CHECK_THAT(refusal("a,b\n\"c"), mentions("list: line 2: ", "quote", "not closed"));
    CHECK_THAT(refusal("a,b\n1,2\n1,2,3"), mentions("list: line 3 ", "3 fields", "names 2"));
    CHECK_THAT(refusal("a,b\n"), mentions("list: ", "no rows", "column names"));
}

TEST_CASE("a CSV list is opened", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"a.png", "sub/b.png", "c.png", "d.png", "e.png", "f.png"});
    test::write_mask(folder / "m.png", 4, 3, 1, 1);
    test::write_text(folder / "parts.csv",
                     "split,path,camera,label,mask\ntrain,a.png,1,good,\ntrain,sub/b.png,1,0,\ntest,c.png,2,scratch,m.png\n"
                     "test," +
                         (folder / "d.png").string() + ",2,1,\ntest,e.png,2,Normal,\ntest,f.png,2,OK,\n");
    const auto set = data::open_csv(folder / "parts.csv");
    CHECK(set.name == "parts");
    CHECK(described(set.train, root) == test::lines{"a.png good -", "sub/b.png good -"});
    CHECK(described(set.test, root) == test::lines{"e.png good -", "f.png good -", "d.png defect! -", "c.png scratch! m.png"});
    CHECK_THAT(message_of<data_error>([&] { (void)data::load_mask(set.test[2], 4, 3); }),
               mentions(folder / "d.png", "its mask is missing", "column mask", text(folder / "parts.csv", ": line 5")));
    test::write_text(folder / "short.csv", "path,label,split\na.png,good,train\nc.png,pit,test\n");
    CHECK_FALSE(data::has_masks(data::open_csv(folder / "short.csv")));
}

TEST_CASE("a CSV list that can't be used is refused with the line", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png"});
    const std::string list = (folder / "l.csv").string(), root = folder.path().string();
    const auto refusal = [&](const std::string& content) {
        test::write_text(list, content);
        return message_of<error>([&] { (void)data::open_csv(list); });
    };
    CHECK_THAT(refusal("path,label\na.png,good\n"), mentions(list + ": line 1 ", "no column \"split\"", "found path, label"));
    CHECK_THAT(refusal("path,label,split\nb.png,good,train\n"),
               mentions(list + ": line 2: ", "no such file", root + "/b.png", "relative to " + root));
    CHECK_THAT(refusal("path,label,split\na.png,good,train\na.png,,test\n"), mentions(list + ": line 3: ", "label is empty"));
    CHECK_THAT(refusal("path,label,split\na.png,good,all\n"), mentions(list + ": line 2: ", "\"all\"", "train, test or val"));
    CHECK_THAT(refusal("path,label,split\na.png,pit,train\n"),
               mentions(list + ": line 2: ", "a defect (pit)", "move it to test"));
    CHECK_THAT(refusal("path,label,split\na.png,pit,test\n"), mentions(list + ": ", "no image with the split train"));
    CHECK(data::open_csv(list, {.needs_training = false}).test.size() == 1);
    CHECK_THAT(refusal("path,label,split,mask\na.png,pit,test,m.png\n"),
               mentions(list + ": line 2: ", "no such file", root + "/m.png"));
    CHECK_THAT(message_of<io_error>([] { (void)data::open_csv("/nowhere.csv"); }), mentions("/nowhere.csv: ", "no such file"));
}

/// Little-endian UTF-16 of an ASCII text.
std::string utf16(const std::string& ascii, bool big) {
    std::string out;
    for (const char letter : ascii) out += big ? std::string{'\0', letter} : std::string{letter, '\0'};
    return out;
}

TEST_CASE("CSV is read with any delimiter and encoding that spreadsheets write", "[data]") {
    const std::string plain = "path,label,split\na b.png,good,train\n";
    const auto columns = [](const std::string& content, char delimiter, bool is_utf16 = false) {
        const auto table = data::detail::parse_csv(content, "list");
        CHECK(table.columns == test::lines{"path", "label", "split"});
        REQUIRE(table.rows.size() == 1);
        CHECK(table.rows[0].fields == test::lines{"a b.png", "good", "train"});
        CHECK(table.delimiter == delimiter);
        CHECK(table.utf16 == is_utf16);
    };
    columns(plain, ',');
    columns("Path; LABEL ;\"split\"\r\n a b.png ; \"good\" ;train\t\r\n", ';');
    columns("path\tlabel\tsplit\na b.png\tgood\ttrain\n", '\t');
    columns("path|label|split\na b.png|good|train", '|');
    columns("sep=;\npath;label;split\na b.png;good;train\n", ';');
    columns("\n\npath,label,split,,\n,,,,\na b.png,good,train,,\n", ',');
    columns("path,label,split\ra b.png,good,train\r", ',');
    columns("\xEF\xBB\xBF" + plain, ',');
    columns("\xFF\xFE" + utf16(plain, false), ',', true);
    columns("\xFE\xFF" + utf16(plain, true), ',', true);
    columns(utf16(plain, false), ',', true);
    columns(utf16(plain, true), ',', true);
    CHECK(data::detail::from_utf16(std::string{"\x3D\xD8\x00\xDE\xFC\x00\x00\xD8", 8}, false) ==
          "\xF0\x9F\x98\x80\xC3\xBC\xEF\xBF\xBD");
}

TEST_CASE("a list as a spreadsheet on Windows writes it is opened, and says what was assumed", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"sub/a.png", "sub/b.png", "sub/c.png", "v.png",
                       "st\xC3\xBC"
                       "ck.png",
                       "sub/unlisted.png"});
    test::write_text(folder / "l.csv",
                     "Path;Label;Split\r\nsub\\a.png;OK ;Train\r\nsub/a.png;good;train\r\nsub\\b.png; Normal;TEST\r\n"
                     "sub\\c.png;Pit ;test\r\nv.png;0;val\r\nst\xFC"
                     "ck.png;1.0;test\r\n");
    const auto set = data::open_csv(folder / "l.csv");
    CHECK(described(set.train, root) == test::lines{"sub/a.png good -"});
    CHECK(described(set.validation, root) == test::lines{"v.png good -"});
    CHECK(described(set.test, root) == test::lines{"sub/b.png good -", "sub/c.png Pit! -",
                                                   "st\xC3\xBC"
                                                   "ck.png defect! -"});
    CHECK(set.notes == test::lines{"the list's delimiter is ;", "the list's backslashes stand for slashes",
                                   "1 row repeats another one and counts once"});
    CHECK(data::summary(set.files) == "7 files: 6 used (train 1, test 3, validation 1, list 1), 1 left out: 1 not in the list");
}

TEST_CASE("all faults of a list are in one message", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "b.png", "c.png", "d.png"});
    const auto list = folder / "l.csv";
    test::write_text(list,
                     "path,label,split,mask\na.png,good,train,\na.png,good,test,\nb.png,good,test,\n./b.png,pit,test,\n"
                     "c.png,good_2,test,\nd.png,pit,test,d.png\nx.png,good,train,\nd.png,dent,holdout,\nc.png,nan,test,\n"
                     "c.png,pit,val,\n");
    CHECK_THAT(message_of<data_error>([&] { (void)data::open_csv(list); }),
               mentions("8 faults", text(list, ": line 3: "), "a.png is good in test, but good in train in line 2",
                        text(list, ": line 5: "), "is pit in test, but good in test in line 4", "line 6: the label is \"good_2\"",
                        "line 7: the mask is the image itself", "line 8: no such file", "line 9: the split is \"holdout\"",
                        "line 10: the label is \"nan\"", "line 11: a defect (pit) is in validation"));
}
}  // namespace
