// examples/opencv_camera.cpp: scores the frames of a camera or a video file that OpenCV opens, where OpenCV holds them.
// opencv_camera MODEL SOURCE: a camera's number or a video's file. opencv_camera --make VIDEO IMAGE...: writes images to a video.
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include <opencv2/videoio.hpp>

#include <rd4ad/any_detector.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/opencv.hpp>

namespace {

/// A video of the images, all of the first one's size, without loss where OpenCV has FFV1, else as motion JPEG.
int make_video(const std::string& file, const std::vector<std::string>& images) {
    cv::VideoWriter video;
    for (const auto& name : images) {
        const cv::Mat frame = rd4ad::opencv::bgr_of(rd4ad::image::read(name));
        if (!video.isOpened()) {
            constexpr double per_second = 10;
            for (const int codec : {cv::VideoWriter::fourcc('F', 'F', 'V', '1'), cv::VideoWriter::fourcc('M', 'J', 'P', 'G')})
                if (video.open(file, codec, per_second, frame.size())) break;
            if (!video.isOpened()) {
                std::fprintf(stderr, "%s: OpenCV has no codec that writes it\n", file.c_str());
                return 1;
            }
        }
        video.write(frame);
    }
    std::printf("%zu frames written\n", images.size());
    return 0;
}

int score_video(const std::string& model, const std::string& source) {
    int number = 0;
    const auto [end, problem] = std::from_chars(source.data(), source.data() + source.size(), number);
    cv::VideoCapture camera;
    const bool opened =
        problem == std::errc{} && end == source.data() + source.size() ? camera.open(number) : camera.open(source);
    if (!opened) {
        std::fprintf(stderr, "%s: OpenCV can't open it as a camera or a video\n", source.c_str());
        return 1;
    }
    const rd4ad::any_detector detector{model};
    std::size_t frames = 0, anomalous = 0;
    for (cv::Mat frame; camera.read(frame); ++frames) {
        const auto result = detector.score(rd4ad::opencv::view_of(frame));  // no copy of the frame
        std::printf("frame %zu: raw score %.4f", frames, static_cast<double>(result.raw_score));
        if (result.score) std::printf(", score %.2f, %s", *result.score, *result.is_anomalous() ? "anomalous" : "good");
        std::printf(", %zu regions\n", result.regions.size());
        if (result.is_anomalous().value_or(false)) ++anomalous;
    }
    std::printf("%zu frames: %zu anomalous\n", frames, anomalous);
    return frames > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) try {
    const std::vector<std::string> words{arguments + 1, arguments + count};
    if (words.size() > 2 && words[0] == "--make") return make_video(words[1], {words.begin() + 2, words.end()});
    if (words.size() == 2) return score_video(words[0], words[1]);
    std::fprintf(stderr, "usage: opencv_camera MODEL CAMERA_OR_VIDEO\n       opencv_camera --make VIDEO IMAGE...\n");
    return 2;
} catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
}
