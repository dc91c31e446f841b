// A folder's checkpoints become models; changed files are taken up, and a broken one keeps the model before it.
#include <rd4ad/serve/model_repository.hpp>

#include <algorithm>
#include <atomic>

#include <sys/stat.h>

#include <rd4ad/io/read_file.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;
using namespace std::chrono_literals;

namespace {

using text_repository = serve::model_repository<const std::string>;

/// A model is its file's content; "broken" can't be loaded.
std::shared_ptr<const std::string> load_text(const std::filesystem::path& file, const std::string&) {
    auto content = test::text_of_file(file);
    if (content == "broken") throw format_error{file.string() + ": is broken"};
    return std::make_shared<const std::string>(std::move(content));
}

void replace_file(const std::filesystem::path& file, std::string_view content) {
    test::write_text(file.string() + ".new", content);
    std::filesystem::rename(file.string() + ".new", file);
}

}  // namespace

TEST_CASE("a repository takes up new, replaced and rewritten checkpoints and lets removed ones go", "[serve]") {
    const test::scratch_folder folder;
    text_repository models{folder.path(), load_text};
    models.poll();
    CHECK(models.models().empty());
    test::write_text(folder / "a.safetensors", "1");
    for (const char* name : {"b.resume.safetensors", ".c.safetensors", "d.txt", "e f.safetensors"})
        test::write_text(folder / name, "2");
    std::filesystem::create_directory(folder / "folder.safetensors");
    models.poll();
    REQUIRE(models.models().size() == 1);
    const auto first = models.find("a");
    CHECK(*first == "1");
    CHECK((!models.find("b") && !models.find("../a") && !models.find("")));
    models.poll();
    CHECK(models.find("a") == first);  // the same file is not loaded again
    replace_file(folder / "a.safetensors", "2");
    models.poll();
    CHECK((*models.find("a") == "2" && *first == "1"));  // whoever holds the model before may use it
    test::write_text(folder / "a.safetensors", "rewritten");
    models.poll();
    CHECK(*models.find("a") == "rewritten");
    std::filesystem::remove(folder / "a.safetensors");
    models.poll();
    CHECK(!models.find("a"));
}

TEST_CASE("a checkpoint that can't be loaded keeps the model before it and is not tried again until it changes", "[serve]") {
    const test::scratch_folder folder;
    std::atomic<int> loads{0};
    text_repository models{folder.path(), [&](const auto& file, const auto& name) {
                               ++loads;
                               return load_text(file, name);
                           }};
    test::write_text(folder / "a.safetensors", "1");
    test::write_text(folder / "b.safetensors", "broken");
    models.poll();
    replace_file(folder / "a.safetensors", "broken");
    models.poll();
    models.poll();
    CHECK(loads == 3);
    CHECK(*models.find("a") == "1");
    CHECK(!models.find("b"));
    CHECK(models.problems().size() == 2);
    CHECK_THAT(models.problems().at("a"), Catch::EndsWith("a.safetensors: is broken"));
    replace_file(folder / "a.safetensors", "2");
    models.poll();
    CHECK((*models.find("a") == "2" && models.problems().size() == 1));
}

TEST_CASE("files that look like models and are none are told once, with the reason", "[serve]") {
    const test::scratch_folder folder;
    std::vector<std::string> told;
    set_log([&](const log_event& event) {
        if (event.text == "a file is left out") told.push_back(std::string{event.fields[0].value});
    });
    for (const char* name :
         {"my part.safetensors", "B.SafeTensors", "c.pth", "notes.txt", "d.resume.safetensors", ".e f.safetensors"})
        test::write_text(folder / name, "1");
    std::filesystem::create_directory(folder / "folder.safetensors");
    std::filesystem::create_symlink("nowhere", folder / "link.safetensors");
    REQUIRE(::mkfifo((folder / "pipe.safetensors").c_str(), 0600) == 0);
    text_repository models{folder.path(), [](const auto& file, const auto&) {
                               return std::make_shared<const std::string>(io::read_file(file).size(), '1');
                           }};
    models.poll();
    models.poll();
    set_log({});
    std::sort(told.begin(), told.end());
    CHECK(told == std::vector<std::string>{(folder / "B.SafeTensors").string(), (folder / "c.pth").string(),
                                           (folder / "my part.safetensors").string()});
    CHECK(models.models().empty());
    REQUIRE(models.problems().size() == 3);
    CHECK_THAT(models.problems().at("folder"), Catch::Contains("is a folder"));
    CHECK_THAT(models.problems().at("link"), Catch::Contains("no such file"));
    CHECK_THAT(models.problems().at("pipe"), Catch::Contains("is not a regular file"));
}

TEST_CASE("a folder that can't be read keeps its models", "[serve]") {
    const test::scratch_folder folder;
    std::filesystem::create_directory(folder / "models");
    test::write_text(folder / "models/a.safetensors", "1");
    text_repository models{folder / "models", load_text};
    models.poll();
    std::filesystem::rename(folder / "models", folder / "away");
    models.poll();
    CHECK(models.find("a"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(serve::checkpoints_in(folder / "models")); }), Catch::Contains("models"));
}

TEST_CASE("a repository that watches takes up a new file by itself", "[serve]") {
    const test::scratch_folder folder;
    text_repository models{folder.path(), load_text};
    models.watch(2ms);
    replace_file(folder / "a.safetensors", "1");
    for (int i = 0; i < 2000 && !models.find("a"); ++i) std::this_thread::sleep_for(2ms);
    CHECK(models.find("a"));
}
