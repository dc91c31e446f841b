// cli/fetch.cpp: rd4ad fetch.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/weight_cache.hpp>

#include "commands.hpp"
#include "console.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "http.hpp"
#include "sha256.hpp"
#endif

namespace cli {

namespace {

#if defined(RD4AD_WITH_HTTP)

namespace fs = std::filesystem;

/// The maximum size of a file of weights; a larger download is refused.
constexpr std::int64_t max_bytes = std::int64_t{1} << 30;

[[noreturn]] void fail(const fs::path& path, const char* what, int code) {
    throw rd4ad::io_error{rd4ad::text(path, ": ", what, ": ", std::generic_category().message(code))};
}

/// An open file.
class open_file {
   public:
    open_file(const fs::path& path, int flags) : path_{path}, file_{::open(path.c_str(), flags | O_CLOEXEC, 0666)} {
        if (file_ < 0) fail(path_, "can't be opened", errno);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() { ::close(file_); }

    /// Waits until no other process has the lock, and holds it until the file is closed.
    void lock(console& progress) const {
        if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
        progress.line(rd4ad::text(path_, ": waiting for another process that fetches the file"));
        while (::flock(file_, LOCK_EX) != 0)
            if (errno != EINTR) fail(path_, "can't be locked", errno);
    }
    void clear() const {
        if (::ftruncate(file_, 0) != 0) fail(path_, "can't be written", errno);
    }
    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(path_, "can't be written", errno);
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void flush() const {
        if (::fsync(file_) != 0) fail(path_, "can't be written", errno);
    }

   private:
    fs::path path_;
    int file_;
};

std::int64_t size_of(const fs::path& path) {
    std::error_code none;
    const auto size = fs::file_size(path, none);
    return none ? 0 : static_cast<std::int64_t>(size);
}

/// One file to fetch. sha256: the first digits of its SHA-256. source: an address or a local file.
struct fetch_request {
    std::string name, source, sha256;
    long timeout;
    std::size_t tries;

    [[nodiscard]] bool is_local() const { return !source.starts_with("http://") && !source.starts_with("https://"); }
    [[nodiscard]] bool matches(const fs::path& path) const { return sha256_of(path).starts_with(sha256); }
};

/// One connection that appends to a partial file.
class transfer {
   public:
    transfer(const fetch_request& of, const open_file& file, std::int64_t first, console& progress)
        : of_{of}, file_{file}, progress_{progress}, first_{first}, received_{first} {}

    /// Downloads until the file is complete or the connection ends. Throws io_error if the server refuses.
    void run() {
        const auto end = http_download(of_.source, first_, of_.timeout,
                                       {.begin = [this](long status, std::int64_t announced) { return begin(status, announced); },
                                        .data = [this](std::string_view bytes) { return append(bytes); }});
        progress_.clear();
        problem_ = end.problem;
        complete_ = complete_ || (!end.stopped && problem_.empty());
        if (!refusal_.empty())
            throw rd4ad::io_error{rd4ad::text(of_.source, ": ", refusal_, "; check the address, or give another one by --from")};
    }

    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] bool received_any() const { return received_ > first_; }
    [[nodiscard]] const std::string& problem() const { return problem_; }

   private:
    /// Returns true to continue.
    bool begin(long status, std::int64_t announced) {
        complete_ = status == 416 && first_ > 0;  // range not satisfiable: the file ends at first_
        if (complete_) return false;
        if (status != 200 && status != 206) return refuse(rd4ad::text("the server answers with status ", status));
        if (status == 200 && first_ > 0) {  // the server ignores ranges and sends the whole file
            file_.clear();
            received_ = 0;
        }
        if (announced >= 0) total_ = received_ + announced;
        return total_ <= max_bytes ||
               refuse(rd4ad::text("the server announces ", total_, " bytes, expected at most ", max_bytes));
    }

    bool append(std::string_view bytes) {
        received_ += static_cast<std::int64_t>(bytes.size());
        if (received_ > max_bytes) return refuse(rd4ad::text("the server sends more than ", max_bytes, " bytes"));
        file_.write(bytes);
        const auto received = static_cast<double>(received_), total = static_cast<double>(total_);
        progress_.bar(total_ > 0 ? received / total : 0.0,
                      rd4ad::text(of_.name, ": ", megabytes(received), total_ > 0 ? " of " + megabytes(total) : "", " MB"));
        return true;
    }

    bool refuse(std::string why) {
        refusal_ = std::move(why);
        return false;
    }

    const fetch_request& of_;
    const open_file& file_;
    console& progress_;
    std::int64_t first_, received_, total_{-1};
    bool complete_{false};
    std::string refusal_{}, problem_{};
};

/// Downloads into `part`, after the bytes that it holds. Throws io_error if the server refuses, or if `tries` connections in a
/// row receive nothing.
void download(const fetch_request& of, const fs::path& part, console& progress) {
    const open_file file{part, O_WRONLY | O_CREAT | O_APPEND};
    for (std::size_t failures = 0;;) {
        transfer connection{of, file, size_of(part), progress};
        connection.run();
        if (connection.complete()) return file.flush();
        failures = connection.received_any() ? 0 : failures + 1;
        if (failures >= of.tries)
            throw rd4ad::io_error{rd4ad::text(of.source, ": ", connection.problem(), "; keeps ", size_of(part),
                                              " bytes; run the same command again to continue")};
        progress.line(rd4ad::text(of.name, ": ", connection.problem(), "; trying again from byte ", size_of(part)));
        if (failures > 0) std::this_thread::sleep_for(std::chrono::milliseconds{250 << std::min<std::size_t>(failures, 5)});
    }
}

/// Throws format_error with both SHA-256.
[[noreturn]] void fail_sha256(const fetch_request& of, const std::string& what, const std::string& found, const char* remedy) {
    throw rd4ad::format_error{rd4ad::text(of.source, ": ", what, " ", found.substr(0, of.sha256.size()), "..., expected ",
                                          of.sha256, "...: another file, or a damaged one", remedy)};
}

void copy_local(const fetch_request& of, const fs::path& target) {
    if (!of.matches(of.source)) fail_sha256(of, "its SHA-256 is", sha256_of(of.source), "");
    rd4ad::io::write_atomically(target, rd4ad::io::read_file(of.source));
}

/// Downloads beside the target, and renames the file once its SHA-256 is right.
void download_to(const fetch_request& of, const fs::path& target, console& progress) {
    const fs::path part = target.string() + ".part";
    std::error_code failed;
    const bool resumed = size_of(part) > 0;
    download(of, part, progress);
    if (resumed && !of.matches(part)) {  // the bytes from the earlier attempt may be of another file
        fs::remove(part, failed);
        download(of, part, progress);
    }
    if (const auto found = sha256_of(part); !found.starts_with(of.sha256)) {
        const auto size = size_of(part);
        fs::remove(part, failed);
        fail_sha256(of, rd4ad::text("sent ", size, " bytes whose SHA-256 is"), found,
                    "; try again, or give another address by --from");
    }
    fs::rename(part, target, failed);
    if (failed) throw rd4ad::io_error{rd4ad::text(target, ": can't be written: ", failed.message())};
}

void fetch_file(const fetch_request& of, const fs::path& folder, console& progress) {
    const auto target = folder / of.name;
    const open_file guard{folder / (of.name + ".lock"), O_RDWR | O_CREAT};
    guard.lock(progress);
    std::error_code ignored;
    if (fs::exists(target, ignored)) {
        if (of.matches(target)) {
            print_line(rd4ad::text(target, " exists already"));
            return;
        }
        progress.line(rd4ad::text(target, ": its SHA-256 is wrong; fetching it again, to replace it when the new file is right"));
    }
    if (of.is_local())
        copy_local(of, target);
    else
        download_to(of, target, progress);
    print_line(target.string());
    std::fflush(stdout);
}

/// Throws usage_error for flags that do not fit the number of files.
void check(const parsed_options& options) {
    const auto from = options.text("from"), hash = options.text("sha256");
    const auto count = options.operands().size();
    if (count == 0) throw usage_error{"nothing to fetch: expected resnet18, resnet34, resnet50 or wide_resnet50_2"};
    if (count > 1 && !from.empty() && !from.ends_with('/'))
        throw usage_error{rd4ad::text("--from ", from, ": is one file; give a folder, ending in /, for several files")};
    const bool is_hash = hash.size() >= 8 && hash.size() <= 64 && hash.find_first_not_of("0123456789abcdef") == hash.npos;
    if (!hash.empty() && (count > 1 || !is_hash))
        throw usage_error{rd4ad::text("--sha256 '", hash, "': expected 8 to 64 digits of 0-9a-f, for one file")};
}

int fetch_all(const parsed_options& options) {
    check(options);
    const auto from = options.text("from"), hash = options.text("sha256");
    const auto timeout = static_cast<long>(options.whole("timeout", 1, 86400));
    const auto tries = options.whole("tries", 1);
    const auto folder = rd4ad::cache_folder();
    rd4ad::io::make_folder(folder);
    rd4ad::io::probe_folder(folder, 0);
    console progress;
    for (const auto& arch : options.operands()) {
        const auto& file = rd4ad::imagenet_file_of(arch);
        const std::string name{file.name};
        const auto source = from.empty() ? rd4ad::imagenet_address + name : from.ends_with('/') ? from + name : from;
        fetch_file({name, source, hash.empty() ? std::string{file.hash()} : hash, timeout, tries}, folder, progress);
    }
    return 0;
}

#endif

}  // namespace

usage fetch_usage() {
    return {.synopsis = "ARCH... [FLAGS...]",
            .flags = {{"from", "URL|FILE", "", "another address (a folder if it ends in /), or a local file"},
                      {"sha256", "HEX", "", "first digits of the file's SHA-256, instead of torchvision's"},
                      {"timeout", "SECONDS", "30", "seconds without data after which the connection is closed and opened again"},
                      {"tries", "N", "5", "connections in a row without data before the command fails"}},
            .notes =
                R"(ARCH is resnet18, resnet34, resnet50 or wide_resnet50_2. The files go to RD4AD_CACHE, or else to the
folder rd4ad in XDG_CACHE_HOME or ~/.cache. Continues a download that was interrupted. Moves a file
into place only if its SHA-256 is right. Uses the proxies of https_proxy, http_proxy and no_proxy.

Example: the paper's teacher, and a training with it.
  rd4ad fetch wide_resnet50_2
  rd4ad train --data mvtec/bottle --teacher wide_resnet50_2-imagenet --out models
)",
            .takes_operands = true};
}

int fetch([[maybe_unused]] const parsed_options& options) {
#if defined(RD4AD_WITH_HTTP)
    return fetch_all(options);
#else
    throw rd4ad::option_error{"fetch: this command is built without it: configure with -D RD4AD_HTTP=ON and build again"};
#endif
}

}  // namespace cli
