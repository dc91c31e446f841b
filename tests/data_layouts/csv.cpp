#include <rd4ad/data/csv.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::message_of;

TEST_CASE("CSV as RFC 4180 has it", "[data]") {
    const auto table =
        data::detail::parse_csv("\xEF\xBB\xBFpath,label\r\n\"a, b.png\",good\r\n\r\n\"c\"\"d\",\"two\nlines\"\ne,", "list");
    CHECK(table.columns == test::lines{"path", "label"});
    REQUIRE(table.rows.size() == 3);
    CHECK(table.rows[0].fields == test::lines{"a, b.png", "good"});
    CHECK(table.rows[1].fields == test::lines{"c\"d", "two\nlines"});
    CHECK(table.rows[1].line == 4);
    CHECK(table.rows[2].fields == test::lines{"e", ""});
    CHECK(table.rows[2].line == 6);
    const auto refused = [](const std::string& text) {
        return message_of<format_error>([&] { (void)data::detail::parse_csv(text, "list"); });
    };
    CHECK(refused("a,b\n\"c") == "list: line 2: a quote is opened and not closed");
    CHECK(refused("a,b\n1,2\n1,2,3") == "list: line 3 has 3 fields, line 1 names 2");
    CHECK(refused("a,b\n") == "list: holds no rows; expected a line of column names and one line an image");
}

TEST_CASE("a list of images", "[data]") {
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
    CHECK(message_of<data_error>([&] { (void)data::load_mask(set.test[2], 4, 3); }) ==
          (folder / "d.png").string() + ": its mask is missing; expected one in the column mask of " +
              (folder / "parts.csv").string() + ": line 5; add it, or take the defect's image out of the test set");
    test::write_text(folder / "short.csv", "path,label,split\na.png,good,train\nc.png,pit,test\n");
    CHECK_FALSE(data::has_masks(data::open_csv(folder / "short.csv")));
}

TEST_CASE("lists that can't be used say why, and in which line", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png"});
    const std::string list = (folder / "l.csv").string(), root = folder.path().string();
    const auto refused = [&](const std::string& text) {
        test::write_text(list, text);
        return message_of<error>([&] { (void)data::open_csv(list); });
    };
    CHECK(refused("path,label\na.png,good\n") == list + ": line 1 names no column \"split\", found path,label");
    CHECK(refused("path,label,split\nb.png,good,train\n") ==
          list + ": line 2: no such file " + root + "/b.png; paths are relative to " + root);
    CHECK(refused("path,label,split\na.png,good,train\na.png,,test\n") ==
          list + ": line 3: the label is empty; expected good or a defect's name");
    CHECK(refused("path,label,split\na.png,good,val\n") == list + ": line 2: the split is \"val\"; expected train or test");
    CHECK(refused("path,label,split\na.png,pit,train\n") ==
          list + ": line 2: a defect (pit) in train; training takes good parts only, move it to test");
    CHECK(refused("path,label,split\na.png,pit,test\n") ==
          list + ": lists no image of the split train; expected good ones to train on");
    CHECK(refused("path,label,split,mask\na.png,good,train,\na.png,pit,test,m.png\n") ==
          list + ": line 3: no such file " + root + "/m.png; paths are relative to " + root);
    CHECK(message_of<io_error>([] { (void)data::open_csv("/nowhere.csv"); }) ==
          "/nowhere.csv: can't be opened for reading; check the path");
}
}  // namespace
