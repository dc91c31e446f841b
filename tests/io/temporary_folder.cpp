#include <rd4ad/io/temporary_folder.hpp>

#include <sys/wait.h>

#include <csignal>

#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>

namespace fs = std::filesystem;
namespace io = rd4ad::io;

TEST_CASE("a temporary folder ends with its object, or with the next one after a kill", "[io]") {
    const rd4ad::test::scratch_folder temporary;
    const rd4ad::test::environment guard{"TMPDIR", temporary.path().c_str()};
    fs::path first;
    {
        const io::temporary_folder folder{"rd4ad-x-"};
        first = folder.path();
        CHECK(first.parent_path() == temporary.path());
        rd4ad::test::write_text(folder / "a", "x");
        const io::temporary_folder second{"rd4ad-x-"};  // leaves the first alone, whose process lives
        CHECK(fs::exists(first / "a"));
    }
    CHECK(fs::is_empty(temporary.path()));

    const ::pid_t child = ::fork();
    if (child == 0) {
        const io::temporary_folder folder{"rd4ad-x-"};
        rd4ad::test::write_text(folder / "a", "x");
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    fs::create_directory(temporary / "others");
    CHECK(std::distance(fs::directory_iterator{temporary.path()}, {}) == 2);
    const io::temporary_folder next{"rd4ad-x-"};
    CHECK(std::distance(fs::directory_iterator{temporary.path()}, {}) == 2);
    CHECK(fs::exists(temporary / "others"));
}
