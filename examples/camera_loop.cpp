// examples/camera_loop.cpp: the loop beside a camera: frames come in at their own pace, a detector scores them, and each frame
// gets an answer. The queue is bounded; a frame that finds it full is counted and named, never dropped in silence.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <exception>
#include <filesystem>
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
    rd4ad::image::picture pixels;
    clock_type::time_point taken;
};

/// Hands frames from the camera's thread to the detector's. put says whether there was room.
class frame_queue {
   public:
    explicit frame_queue(std::size_t room) : room_{room} {}

    bool put(frame one) {
        {
            const std::lock_guard lock{guard_};
            if (waiting_.size() == room_) return false;
            waiting_.push_back(std::move(one));
        }
        changed_.notify_one();
        return true;
    }
    void close() {
        {
            const std::lock_guard lock{guard_};
            closed_ = true;
        }
        changed_.notify_one();
    }
    /// The next frame; none when the camera is done.
    std::optional<frame> take() {
        std::unique_lock lock{guard_};
        changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return std::nullopt;
        auto one = std::move(waiting_.front());
        waiting_.pop_front();
        return one;
    }

   private:
    std::mutex guard_;
    std::condition_variable changed_;
    std::deque<frame> waiting_;
    std::size_t room_;
    bool closed_{false};
};

}  // namespace

int main(int count, char** words) {
    if (count < 3 || count > 5) {
        std::fputs("usage: camera_loop CHECKPOINT FOLDER [MILLISECONDS-A-FRAME [ROOM]]\n", stderr);
        return 2;
    }
    try {
        const rd4ad::detector<cpu> detector{fs::path{words[1]}};
        const auto pause = std::chrono::milliseconds{count > 3 ? std::stoul(words[3]) : 100};
        frame_queue frames{count > 4 ? std::stoul(words[4]) : 4};
        // A folder stands in for the camera: give your camera's grab function this place.
        auto folder = rd4ad::data::open(words[2]);
        auto& items = folder.test.empty() ? folder.train : folder.test;
        std::vector<std::string> refused, unreadable;
        std::thread camera{[&] {
            for (const auto& item : items) {
                const auto due = clock_type::now() + pause;
                try {
                    if (!frames.put({item.image.string(), rd4ad::image::read(item.image), clock_type::now()}))
                        refused.push_back(item.image.string());
                } catch (const std::exception& problem) {
                    unreadable.emplace_back(problem.what());
                }
                std::this_thread::sleep_until(due);
            }
            frames.close();
        }};

        std::size_t scored = 0;
        const auto milliseconds = [](clock_type::duration time) {
            return std::chrono::duration<double, std::milli>(time).count();
        };
        try {
            while (auto next = frames.take()) {
                const auto began = clock_type::now();
                const auto found = detector.score(next->pixels);
                const auto now = clock_type::now();
                ++scored;
                std::printf("%s: %s, score %.3f, %.1f ms scoring, %.1f ms since it was taken\n", next->name.c_str(),
                            found.anomalous() ? (*found.anomalous() ? "ANOMALOUS" : "good") : "no verdict (no calibration)",
                            found.calibrated.value_or(static_cast<double>(found.score)), milliseconds(now - began),
                            milliseconds(now - next->taken));
                for (const auto& region : found.regions)
                    std::printf("    region %.0f x %.0f at %.0f, %.0f: %.3f\n", region.box.width, region.box.height, region.box.x,
                                region.box.y, region.score.value_or(0));
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
