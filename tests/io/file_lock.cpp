#include <rd4ad/io/file_lock.hpp>

#include <sys/wait.h>
#include <optional>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

namespace {

/// Runs `work` in a child process that then kills itself, so that no destructor runs.
template <class Work>
void in_killed_process(const Work& work) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        work();
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("a folder is locked for one process, which the message names, until its end", "[io]") {
    const rd4ad::test::scratch_folder folder;
    {
        const io::folder_lock lock{folder.path(), "rd4ad test"};
        const auto second = message_of([&] { const io::folder_lock other{folder.path(), "rd4ad score"}; });
        CHECK_THAT(second, mentions(folder.path(), "another process", "rd4ad test, process ", ::getpid(), "another folder"));
    }
    CHECK(std::filesystem::is_empty(folder.path()));
    const io::folder_lock again{folder.path(), "rd4ad test"};
}

TEST_CASE("a killed process leaves a folder that is not locked", "[io]") {
    const rd4ad::test::scratch_folder folder;
    in_killed_process([&] { new io::folder_lock{folder.path(), "rd4ad train"}; });
    CHECK(std::filesystem::exists(folder / io::folder_lock_file));
    { const io::folder_lock lock{folder.path(), "rd4ad test"}; }
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a lock does not follow a symbolic link, and a missing folder is named", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "mine", "text");
    std::filesystem::create_symlink("mine", folder / io::folder_lock_file);
    CHECK_THAT(message_of([&] {
                   const io::folder_lock lock{folder.path(), "rd4ad test"};
               }),
               mentions(folder / io::folder_lock_file, "can't be written"));
    CHECK(rd4ad::test::text_of_file(folder / "mine") == "text");
    CHECK_THAT(message_of([&] { const io::folder_lock lock{folder / "none", "rd4ad test"}; }), mentions("none", "No such file"));
}
