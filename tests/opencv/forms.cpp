// The photograph of tests/any as a matrix with gaps between its rows, as an image and as a file: the raw score that tests/any and
// tests/python find. test_opencv_forms FOLDER
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include <rd4ad/any_detector.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/opencv.hpp>

int main(int count, char** arguments) try {
    if (count != 2) return 2;
    const std::filesystem::path folder{arguments[1]};
    std::string expected;
    std::ifstream{folder / "raw_score.txt"} >> expected;
    const rd4ad::any_detector by{folder / "parts.safetensors", {.threads = 1}};
    const auto image = rd4ad::image::read(folder / "part.png");
    cv::Mat wide(static_cast<int>(image.height), static_cast<int>(image.width) + 3, CV_8UC3);
    const cv::Mat matrix = wide.colRange(0, static_cast<int>(image.width));
    rd4ad::opencv::bgr_of(image).copyTo(matrix);
    int failures = 0;
    const auto check = [&](const char* form, const rd4ad::detection_result& found) {
        char text[64];
        std::snprintf(text, sizeof text, "%a", static_cast<double>(found.raw_score));
        std::printf("%s: raw score %s, expected %s\n", form, text, expected.c_str());
        failures += text == expected ? 0 : 1;
    };
    check("cv::Mat", by.score(rd4ad::opencv::view_of(matrix)));
    check("image", by.score(image));
    check("file", by.score(folder / "part.png"));
    return failures == 0 ? 0 : 1;
} catch (const std::exception& problem) {
    std::printf("%s\n", problem.what());
    return 1;
}
