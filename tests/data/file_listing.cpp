#include <rd4ad/data/file_listing.hpp>
//
#include <support/catch.hpp>

namespace {
using namespace rd4ad;
using data::omission;

TEST_CASE("a listing is one line, the most frequent reason first", "[data]") {
    data::file_listing files;
    CHECK(data::summary(files) == "0 files: 0 used, 0 left out");
    files.count("train", 300);
    files.count("test", 99);
    files.count("test", 1);
    files.count("masks", 0);
    files.left_out.push_back({"a", omission::broken_link, ""});
    for (const char* name : {"b", "c", "d"}) files.left_out.push_back({name, omission::sub_folder, ""});
    for (int i = 0; i < 8; ++i) files.left_out.push_back({"e.gif", omission::unread_type, ".gif"});
    CHECK(data::summary(files) ==
          "412 files: 400 used (train 300, test 100), 12 left out: 8 .gif (not read), 3 in sub-folders (--recursive), 1 broken "
          "link");
    files.left_out.push_back({"f", omission::broken_link, ""});
    files.complete = false;
    const auto line = data::summary(files);
    CHECK(line.starts_with("at least 413 files: "));
    CHECK(line.ends_with("2 broken links"));
    CHECK(data::reason_text({"a", omission::unlisted_folder, ""}) == "folder that can't be listed");
    CHECK(data::reason_text({"a", omission::label_file, ""}, 2) == "label files");
}

TEST_CASE("many reasons end in one number, and JSON has every file", "[data]") {
    data::file_listing files;
    for (int i = 0; i < 11; ++i) files.left_out.push_back({"x", omission::unread_type, text(".t", i)});
    CHECK(data::summary(files).ends_with("1 .t7 (not read), 3 for other reasons"));
    data::file_listing more;
    more.count("images", 2);
    more.left_out.push_back({"y", omission::hidden, ""});
    files.add(more);
    const auto json = data::to_json(files);
    CHECK(json.at("found") == 14);
    CHECK(json.at("used").at("images") == 2);
    CHECK(json.at("left_out").size() == 12);
    CHECK(json.at("left_out")[11] == io::json{{"file", "y"}, {"reason", "hidden"}});
    CHECK(json.at("complete") == true);
}
}  // namespace
