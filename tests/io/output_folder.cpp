#include <rd4ad/io/output_folder.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace fs = std::filesystem;
namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::text_of_file;
using rd4ad::test::write_text;

namespace {

/// A run that writes files whose content is `content`.
std::size_t write_results(const fs::path& folder, const std::vector<std::string>& names, std::string_view content,
                          const io::output_options& options = {.writer = "test"}) {
    io::output_folder out{folder, {}, options};
    for (const auto& name : names) out.announce(name);
    for (const auto& name : names) out.write(name, content);
    return out.finish();
}

/// The names of all files below a folder, sorted.
std::vector<std::string> tree_of(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator{folder})
        if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(folder).string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

TEST_CASE("a run replaces the files of the run before and removes those it does not write", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto out = folder / "out";
    CHECK(write_results(out, {"a", "good/b", "good/c", "bad/d"}, "first") == 0);
    CHECK(write_results(out, {"e"}, "other", {.writer = "score"}) == 0);
    CHECK(write_results(out, {"a", "good/b"}, "second") == 2);
    CHECK(tree_of(out) == std::vector<std::string>{".rd4ad", "a", "e", "good/b"});
    CHECK_FALSE(fs::exists(out / "bad"));
    CHECK(text_of_file(out / "a") == "second");
}

TEST_CASE("a file that the program did not write stays, unless overwrite", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto write = [&](const std::string& name, bool overwrite = false) {
        return message_of([&] { write_results(folder.path(), {name}, "ours", {.writer = "test", .overwrite = overwrite}); });
    };
    write_text(folder / "mine", "mine");
    CHECK_THAT(write("mine"), mentions(folder / "mine", "rd4ad did not write it", "--overwrite"));
    CHECK(text_of_file(folder / "mine") == "mine");

    write_results(folder.path(), {"a"}, "ours");
    write_text(folder / "a", "changed by its user");
    CHECK_THAT(write("a"), mentions(folder / "a", "did not write"));
    CHECK(write("b") == "nothing thrown");  // a is an earlier file of the same writer, but changed: it stays
    CHECK(text_of_file(folder / "a") == "changed by its user");

    fs::create_symlink("mine", folder / "link");
    CHECK_THAT(write("link"), mentions(folder / "link", "did not write"));
    fs::create_directory(folder / "folder");
    CHECK_THAT(write("folder", true), mentions(folder / "folder", "is a folder"));
    CHECK(write("mine", true) == "nothing thrown");
    CHECK(text_of_file(folder / "mine") == "ours");
}

TEST_CASE("a result leads neither outside the folder nor among the inputs", "[io]") {
    const rd4ad::test::scratch_folder root;
    fs::create_directories(root / "photos");
    fs::create_directories(root / "out");
    write_text(root / "photos/a", "original");
    fs::create_symlink("../photos", root / "out/good");
    io::input_paths inputs;
    const auto write = [&](const std::string& name) {
        return message_of([&] { io::output_folder{root / "out", inputs, {}}.write(name, "ours"); });
    };
    CHECK_THAT(write("good/a"), mentions("out/good/a", "outside of", root / "out"));
    CHECK_THAT(write("../x"), mentions("outside of"));
    CHECK_THAT(write("/abs"), mentions("outside of"));
    inputs.add(root / "photos");
    inputs.add_image(root / "photos/a");
    CHECK_THAT(message_of([&] { const io::output_folder out{root / "photos/results", inputs}; }), mentions("this run reads"));
    CHECK_FALSE(fs::exists(root / "photos/results"));
    fs::create_hard_link(root / "photos/a", root / "out/twin");
    CHECK_THAT(write("twin"), mentions("out/twin", "this run reads"));
    CHECK(text_of_file(root / "photos/a") == "original");
}

TEST_CASE("a killed run's files are known to the next run, and its temporary files are removed", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const ::pid_t child = ::fork();
    if (child == 0) {
        auto& out = *new io::output_folder{folder.path(), {}, {.writer = "test"}};
        out.write("good/a", "killed");
        out.write("b", "killed");
        auto& left = *new io::detail::temporary_file{folder / "good/c"};
        left.write(std::as_bytes(std::span{"half"}));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(tree_of(folder.path()).size() == 5);  // marker, lock, a, b, temporary file
    CHECK(write_results(folder.path(), {"good/a"}, "next") == 1);
    CHECK(tree_of(folder.path()) == std::vector<std::string>{".rd4ad", "good/a"});
}

TEST_CASE("a marker with foreign names or half a line removes nothing else", "[io]") {
    const rd4ad::test::scratch_folder root;
    fs::create_directories(root / "out");
    write_text(root / "x", "");  // FNV-1a of nothing: cbf29ce484222325
    write_text(root / "out/y", "");
    write_text(root / "out/.rd4ad", "rd4ad output 1\ntest cbf29ce484222325 ../x\nnonsense\ntest zz y\ntest cbf29ce484222325 y");
    CHECK(write_results(root / "out", {"a"}, "ours") == 0);
    CHECK(fs::exists(root / "x"));
    CHECK(fs::exists(root / "out/y"));
    write_text(root / "out/.rd4ad", "another program's");
    CHECK_THAT(message_of([&] { write_results(root / "out", {"a"}, "ours"); }), mentions("out/.rd4ad", "another file"));
}

TEST_CASE("an output folder is locked, and its space is checked before the work", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const io::output_folder out{folder / "out", {}, {.writer = "test"}};
    CHECK_THAT(message_of([&] { const io::output_folder second{folder / "out", {}}; }), mentions("rd4ad test, process"));
    CHECK_THAT(message_of([&] {
                   const io::output_folder big{folder / "big", {}, {.bytes = std::uintmax_t{1} << 55}};
               }),
               mentions(folder / "big", "MB free"));
    write_text(folder / "file", "");
    CHECK_THAT(message_of([&] { const io::output_folder bad{folder / "file/out", {}}; }), mentions("file/out"));
    CHECK(out.has_announced(folder / "out/a") == false);
}

TEST_CASE("an announced file is known by any path", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::output_folder out{folder / "out", {}};
    out.announce("report.html");
    CHECK(out.has_announced(folder / "out/../out/report.html"));
    CHECK_FALSE(out.has_announced(folder / "report.html"));
}
