// cli/fetch.cpp: rd4ad fetch.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
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
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/model/weight_cache.hpp>

#include "arguments.hpp"
#include "console.hpp"
#include "verbs.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "http.hpp"
#include "sha256.hpp"
#endif

namespace cli {

namespace {

namespace fs = std::filesystem;

verb description() {
    return {
        .name = "fetch",
        .synopsis = "ARCH... [FLAGS...]",
        .what = "Gets ImageNet's weights (torchvision's files) into the cache: resnet18, resnet34, resnet50, wide_resnet50_2.",
        .flags = {{"from", "URL|FILE", "", "another address (ending in /: a folder of them), or a file that is here already"},
                  {"sha256", "HEX", "", "what the file's SHA-256 begins with, where it is not torchvision's own"},
                  {"patience", "SECONDS", "30", "a server silent for so long is given up, and asked again"},
                  {"tries", "N", "5", "connections in a row that bring nothing, before it fails"}},
        .takes_operands = true,
        .more =
            R"(The cache is RD4AD_CACHE, else rd4ad within XDG_CACHE_HOME or ~/.cache. What a broken connection left is gone on with. A file
is moved into place once its SHA-256 is right. Proxies: https_proxy, http_proxy, no_proxy.

Example: the paper's teacher, then a training with it.
  rd4ad fetch wide_resnet50_2
  rd4ad train --data mvtec/bottle --teacher wide_resnet50_2-imagenet --out models
)"};
}

#if defined(RD4AD_WITH_HTTP)

/// No file of weights is larger: what a server sends beyond is not one.
constexpr std::int64_t most_bytes = std::int64_t{1} << 30;

[[noreturn]] void fail(const fs::path& path, const char* what, int code) {
    throw rd4ad::io_error{path.string() + ": " + what + ": " + std::generic_category().message(code)};
}

/// A file that is closed in the end.
class open_file {
   public:
    open_file(const fs::path& path, int flags) : path_{path}, file_{::open(path.c_str(), flags | O_CLOEXEC, 0666)} {
        if (file_ < 0) fail(path_, "can't be opened", errno);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() { ::close(file_); }

    /// Waits until no other process holds it; it is let go with the file.
    void lock(console& shown) const {
        if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
        shown.line(path_.string() + ": another process is at work; waiting for it");
        while (::flock(file_, LOCK_EX) != 0)
            if (errno != EINTR) fail(path_, "can't be locked", errno);
    }
    void cut(std::int64_t size) const {
        if (::ftruncate(file_, size) != 0) fail(path_, "can't be written", errno);
    }
    void append(std::string_view bytes) const {
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

std::string megabytes(std::int64_t bytes) { return fixed(static_cast<double>(bytes) / 1e6, 1); }

struct job {
    std::string name, url, hash;
    long patience;
    std::size_t tries;
};

bool has_hash(const fs::path& path, const std::string& wanted) { return sha256_of(path).starts_with(wanted); }

/// Brings the whole file into `part`, going on from what is there. Throws io_error where the server refuses, or too many
/// connections in a row bring nothing.
void download(const job& of, const fs::path& part, console& shown) {
    std::size_t failures = 0;
    const open_file file{part, O_WRONLY | O_CREAT | O_APPEND};
    for (;;) {
        const std::int64_t first = size_of(part);
        std::int64_t have = first, total = -1;
        std::string refusal;
        bool whole = false;
        http_sink sink;
        sink.begin = [&](long status, std::int64_t announced) {
            if (status == 416 && first > 0) {  // nothing lies beyond what is here
                whole = true;
                return false;
            }
            if (status != 200 && status != 206) {
                refusal = "the server answers with status " + std::to_string(status);
                return false;
            }
            if (status == 200 && first > 0) {  // it ignores ranges: all comes again
                file.cut(0);
                have = 0;
            }
            if (announced >= 0) total = have + announced;
            if (total > most_bytes)
                refusal = "the server announces " + std::to_string(total) + " bytes, too many for such a file";
            return refusal.empty();
        };
        sink.data = [&](std::string_view bytes) {
            have += static_cast<std::int64_t>(bytes.size());
            if (have > most_bytes) refusal = "the server sends more than " + std::to_string(most_bytes) + " bytes";
            if (!refusal.empty()) return false;
            file.append(bytes);
            shown.bar(total > 0 ? static_cast<double>(have) / static_cast<double>(total) : 0.0,
                      of.name + ": " + megabytes(have) + (total > 0 ? " of " + megabytes(total) : "") + " MB");
            return true;
        };
        const auto end = http_download(of.url, first, of.patience, sink);
        shown.clear();
        if (!refusal.empty()) throw rd4ad::io_error{of.url + ": " + refusal + "; check the address, or give another by --from"};
        if (whole || (!end.stopped && end.problem.empty())) {
            file.flush();
            return;
        }
        failures = have > first ? 0 : failures + 1;
        if (failures >= of.tries)
            throw rd4ad::io_error{of.url + ": " + end.problem + "; " + std::to_string(size_of(part)) +
                                  " bytes are kept, the same command goes on with them"};
        shown.line(of.name + ": " + end.problem + "; trying again from byte " + std::to_string(size_of(part)));
        if (failures > 0) std::this_thread::sleep_for(std::chrono::milliseconds{250 << std::min<std::size_t>(failures, 5)});
    }
}

void fetch_one(const job& of, const fs::path& folder, console& shown) {
    const auto target = folder / of.name, part = folder / (of.name + ".part");
    const open_file guard{folder / (of.name + ".lock"), O_RDWR | O_CREAT};
    guard.lock(shown);
    std::error_code ignored;
    if (fs::exists(target, ignored)) {
        if (has_hash(target, of.hash)) {
            std::printf("%s is there already\n", target.c_str());
            return;
        }
        shown.line(target.string() + ": has another SHA-256 than it should; it is fetched anew");
    }
    if (!of.url.starts_with("http://") && !of.url.starts_with("https://")) {
        if (!has_hash(of.url, of.hash))
            throw rd4ad::format_error{of.url + ": its SHA-256 is " + sha256_of(of.url).substr(0, of.hash.size()) +
                                      "..., expected " + of.hash + "...: another file, or a damaged one"};
        const rd4ad::io::mapped_file source{of.url};
        rd4ad::io::write_atomically(target, source.bytes());
    } else {
        const bool resumed = size_of(part) > 0;
        download(of, part, shown);
        if (resumed && !has_hash(part, of.hash)) {  // perhaps what was there was of something else
            fs::remove(part, ignored);
            download(of, part, shown);
        }
        if (const auto hash = sha256_of(part); !hash.starts_with(of.hash)) {
            const auto size = size_of(part);
            fs::remove(part, ignored);
            throw rd4ad::format_error{of.url + ": sent " + std::to_string(size) + " bytes whose SHA-256 is " +
                                      hash.substr(0, of.hash.size()) + "..., expected " + of.hash +
                                      "...: another file, or a damaged one; try again, or another address by --from"};
        }
        std::error_code failed;
        fs::rename(part, target, failed);
        if (failed) throw rd4ad::io_error{target.string() + ": can't be written: " + failed.message()};
    }
    std::printf("%s\n", target.c_str());
    std::fflush(stdout);
}

int fetch_all(const arguments& given) {
    const auto from = given.text("from"), hash = given.text("sha256");
    const auto& names = given.operands();
    if (names.empty()) throw usage_error{"nothing to fetch: expected resnet18, resnet34, resnet50 or wide_resnet50_2"};
    if (names.size() > 1 && !from.empty() && !from.ends_with('/'))
        throw usage_error{"--from " + from + ": is one file; for several give a folder, ending in /"};
    if (!hash.empty() && (names.size() > 1 || hash.size() < 8 || hash.size() > 64 ||
                          hash.find_first_not_of("0123456789abcdef") != std::string::npos))
        throw usage_error{"--sha256 '" + hash + "': expected 8 to 64 digits of 0-9a-f, for one file"};
    const auto patience = given.whole("patience", 1), tries = given.whole("tries", 1);
    if (patience > 86400) throw usage_error{"--patience " + given.text("patience") + ": expected at most 86400"};
    const auto folder = rd4ad::cache_folder();
    rd4ad::io::make_folder(folder);
    console shown;
    for (const auto& arch : names) {
        const auto& file = rd4ad::imagenet_file_of(arch);
        const std::string name{file.name};
        const auto url = from.empty() ? rd4ad::imagenet_address + name : from.ends_with('/') ? from + name : from;
        fetch_one({name, url, hash.empty() ? std::string{file.hash()} : hash, static_cast<long>(patience), tries}, folder, shown);
    }
    return 0;
}

#endif

}  // namespace

int fetch(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
#if defined(RD4AD_WITH_HTTP)
        return fetch_all(given);
#else
        throw rd4ad::option_error{"fetch: this command is built without it: configure with -D RD4AD_HTTP=ON and build again"};
#endif
    });
}

}  // namespace cli
