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
                         (folder / "d.png").string() + ",2,1,\ntest,e.png,2,Normal,\ntest,f.png,2,OK,m.png\n");
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
    CHECK_THAT(refusal("path,label,split\na.png,good,val\n"), mentions(list + ": line 2: ", "\"val\"", "train or test"));
    CHECK_THAT(refusal("path,label,split\na.png,pit,train\n"),
               mentions(list + ": line 2: ", "a defect (pit)", "move it to test"));
    CHECK_THAT(refusal("path,label,split\na.png,pit,test\n"), mentions(list + ": ", "no image with the split train"));
    CHECK_THAT(refusal("path,label,split,mask\na.png,good,train,\na.png,pit,test,m.png\n"),
               mentions(list + ": line 3: ", "no such file", root + "/m.png"));
    CHECK_THAT(message_of<io_error>([] { (void)data::open_csv("/nowhere.csv"); }), mentions("/nowhere.csv: ", "no such file"));
}
}  // namespace
