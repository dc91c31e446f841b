// examples/camera_loop.cpp: scores the frames of a camera. Frames arrive at the camera's pace, wait in a bounded queue, and each
// one is reported: with its scores and verdict, or by name if it found the queue full.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/compiled.hpp>

using cpu = rd4ad::backend::xtensor<float>;
using clock_type = std::chrono::steady_clock;
namespace fs = std::filesystem;

namespace {

struct frame {
    std::string name;
    rd4ad::image::image_view pixels;  // its owner keeps the memory until the frame is scored
    clock_type::time_point taken;
};

/// Takes a picture. A file stands in for the camera: let your driver's frame be the view's owner, with a deleter that gives the
/// buffer back.
rd4ad::image::image_view grab(const fs::path& file) {
    const auto pixels = std::make_shared<const rd4ad::image::image_u8>(rd4ad::image::read(file));
    auto view = rd4ad::image::view_of(*pixels);
    view.owner = pixels;
    return view;
}

/// Passes frames from the camera's thread to the detector's. `put` returns false if the queue is full.
class frame_queue {
   public:
    explicit frame_queue(std::size_t room) : room_{room} {}

    bool put(frame one) {
        {
            const std::lock_guard lock{mutex_};
            if (waiting_.size() == room_) return false;
            waiting_.push_back(std::move(one));
        }
        changed_.notify_one();
        return true;
    }
    void close() {
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
        }
        changed_.notify_one();
    }
    /// Waits for the next frame; empty once the camera has finished.
    std::optional<frame> take() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return std::nullopt;
        auto one = std::move(waiting_.front());
        waiting_.pop_front();
        return one;
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<frame> waiting_;
    std::size_t room_;
    bool closed_{false};
};

/// Prints a row of the table and a line per region. Without a calibration the columns score and verdict hold "-".
void print_row(const std::string& name, const rd4ad::detection_result& found, double scoring_ms, double latency_ms) {
    const auto is_anomalous = found.is_anomalous();
    char score[32] = "-";
    if (found.score) std::snprintf(score, sizeof score, "%.4f", *found.score);
    std::printf("%-9.4f  %-8s  %-12s  %10.1f  %10.1f  %s\n", static_cast<double>(found.raw_score), score,
                !is_anomalous   ? "-"
                : *is_anomalous ? "ANOMALOUS"
                                : "good",
                scoring_ms, latency_ms, name.c_str());
    for (const auto& region : found.regions) {
        if (region.score) std::snprintf(score, sizeof score, "%.4f", *region.score);
        std::printf("%-9.4f  %-8s  region of %.0f x %.0f pixels at %.0f, %.0f\n", static_cast<double>(region.raw_score),
                    region.score ? score : "-", region.box.width, region.box.height, region.box.x, region.box.y);
    }
}

}  // namespace

int main(int count, char** words) {
    if (count < 3 || count > 5) {
        std::fputs("usage: camera_loop CHECKPOINT FOLDER [MILLISECONDS-PER-FRAME [ROOM]]\n", stderr);
        return 2;
    }
    try {
        const rd4ad::detector<cpu> detector{fs::path{words[1]}};
        const auto pause = std::chrono::milliseconds{count > 3 ? std::stoul(words[3]) : 100};
        frame_queue frames{count > 4 ? std::stoul(words[4]) : 4};
        // A folder takes the camera's place.
        auto folder = rd4ad::data::open(words[2]);
        auto& items = folder.test.empty() ? folder.train : folder.test;
        std::vector<std::string> refused, unreadable;
        std::thread camera{[&] {
            for (const auto& item : items) {
                const auto due = clock_type::now() + pause;
                try {
                    if (!frames.put({item.image.string(), grab(item.image), clock_type::now()}))
                        refused.push_back(item.image.string());
                } catch (const std::exception& problem) {
                    unreadable.emplace_back(problem.what());
                }
                std::this_thread::sleep_until(due);
            }
            frames.close();
        }};

        std::size_t scored = 0;
        std::printf("%-9s  %-8s  %-12s  %10s  %10s  %s\n", "raw_score", "score", "verdict", "scoring ms", "latency ms", "frame");
        const auto milliseconds = [](clock_type::duration time) {
            return std::chrono::duration<double, std::milli>(time).count();
        };
        try {
            while (auto next = frames.take()) {
                const auto began = clock_type::now();
                const auto found = detector.score(next->pixels);
                const auto now = clock_type::now();
                ++scored;
                print_row(next->name, found, milliseconds(now - began), milliseconds(now - next->taken));
            }
        } catch (...) {
            camera.join();
            throw;
        }
        camera.join();
        for (const auto& name : refused) std::printf("%s: NOT SCORED, the queue was full\n", name.c_str());
        for (const auto& problem : unreadable) std::printf("NOT SCORED: %s\n", problem.c_str());
        std::printf("%zu frames: %zu scored, %zu refused, %zu unreadable\n", items.size(), scored, refused.size(),
                    unreadable.size());
        return refused.empty() && unreadable.empty() ? 0 : 1;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "camera_loop: %s\n", problem.what());
        return 1;
    }
}
