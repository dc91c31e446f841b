#include <filesystem>
#include <optional>
#include <rd4ad/core/processors.hpp>
#include <rd4ad/core/threads.hpp>
#include <string>
#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/skip.hpp>
#include <thread>

namespace {

/// A root folder with one process's control groups.
class control_groups {
   public:
    explicit control_groups(const std::string& of_process) { write("proc/self/cgroup", of_process); }

    control_groups& write(const std::string& file, const std::string& text) {
        std::filesystem::create_directories((root_ / file).parent_path());
        rd4ad::test::write_text(root_ / file, text);
        return *this;
    }
    [[nodiscard]] std::optional<std::size_t> quota() const { return rd4ad::processors_by_quota(root_.path()); }

   private:
    rd4ad::test::scratch_folder root_{};
};

}  // namespace

TEST_CASE("A quota of version 2 is the least over the group and the groups above it, rounded up", "[core]") {
    control_groups groups{"0::/line/camera\n"};
    CHECK_FALSE(groups.quota());
    groups.write("sys/fs/cgroup/line/camera/cpu.max", "max 100000\n");
    CHECK_FALSE(groups.quota());
    groups.write("sys/fs/cgroup/line/camera/cpu.max", "300000 100000\n");
    CHECK(groups.quota() == 3);
    groups.write("sys/fs/cgroup/line/cpu.max", "150000 100000\n");
    CHECK(groups.quota() == 2);
    groups.write("sys/fs/cgroup/cpu.max", "1000 100000\n");
    CHECK(groups.quota() == 1);
}

TEST_CASE("A quota of version 1 is read from the controller's folder, whatever its name", "[core]") {
    const char* lines = "12:memory:/docker/4f\n4:cpu,cpuacct:/docker/4f\n2:cpuset:/docker/4f\n1:name=systemd:/docker/4f\n0::/\n";
    for (const std::string folder : {"cpu", "cpu,cpuacct"}) {
        control_groups groups{lines};
        groups.write("sys/fs/cgroup/" + folder + "/docker/4f/cpu.cfs_period_us", "50000\n");
        groups.write("sys/fs/cgroup/" + folder + "/docker/4f/cpu.cfs_quota_us", "-1\n");
        CHECK_FALSE(groups.quota());
        groups.write("sys/fs/cgroup/" + folder + "/docker/4f/cpu.cfs_quota_us", "125000\n");
        CHECK(groups.quota() == 3);
    }
    control_groups other{"4:cpuset:/\n"};
    other.write("sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "1\n").write("sys/fs/cgroup/cpuset/cpu.cfs_period_us", "1\n");
    CHECK_FALSE(other.quota());
}

TEST_CASE("Within a container the group lies at the top, whatever path the process's file states", "[core]") {
    for (const std::string path : {"/", "/docker/unseen", "/../../system.slice"}) {
        control_groups second{"0::" + path + "\n"};
        second.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
        CHECK(second.quota() == 2);
        control_groups first{"3:cpu:" + path + "\n"};
        first.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n").write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
        CHECK(first.quota() == 1);
    }
}

TEST_CASE("Control groups that cannot be read set no quota", "[core]") {
    CHECK_FALSE(rd4ad::processors_by_quota("/no/such/root"));
    for (const std::string content : {"", "0 100000", "-5 100000", "100000", "x y", "100000 0", "99999999999999999999 1"}) {
        INFO(content);
        control_groups groups{"nonsense\n0::/\n"};
        CHECK_FALSE(groups.write("sys/fs/cgroup/cpu.max", content).quota());
    }
}

TEST_CASE("The affinity limits the default number of threads", "[core]") {
    const rd4ad::test::environment without{"RD4AD_THREADS", nullptr};
    CHECK(rd4ad::available_processors() >= 1);
    CHECK(rd4ad::available_processors() <= rd4ad::processors_by_affinity());
#if defined(__linux__)
    std::size_t by_affinity = 0, by_default = 0, by_setting = 0;
    std::thread{[&] {
        ::cpu_set_t allowed;
        CPU_ZERO(&allowed);
        CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &allowed);
        if (::sched_setaffinity(0, sizeof allowed, &allowed) != 0) return;
        by_affinity = rd4ad::processors_by_affinity();
        by_default = rd4ad::default_threads();
        const rd4ad::test::environment set{"RD4AD_THREADS", "3"};
        by_setting = rd4ad::default_threads();
    }}.join();
    RD4AD_SKIP_UNLESS(by_affinity > 0, "the system refuses to pin a thread");
    CHECK(by_affinity == 1);
    CHECK(by_default == 1);
    CHECK(by_setting == 3);
#endif
}
