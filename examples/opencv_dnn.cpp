// examples/opencv_dnn.cpp: scores a photograph by an exported graph in OpenCV's DNN module, without rd4ad's network. The
// photograph has the network's size, so it is normalised only. rd4ad::core reads it, so that OpenCV's image codecs are not
// needed.
#include <cstdio>
#include <exception>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/read.hpp>

int main(int count, char** args) {
    try {
        if (count != 3) throw rd4ad::option_error{"usage: opencv_dnn GRAPH.onnx PHOTOGRAPH"};
        auto photograph = rd4ad::image::read(args[2]);
        const cv::Mat rgb{static_cast<int>(photograph.height), static_cast<int>(photograph.width), CV_8UC3,
                          photograph.pixels.data()};
        // The mean and the deviation of the description in the graph's metadata (docs/export.md).
        cv::Mat normalised;
        rgb.convertTo(normalised, CV_32FC3, 1 / 255.0);
        cv::subtract(normalised, cv::Scalar{0.485, 0.456, 0.406}, normalised);
        cv::divide(normalised, cv::Scalar{0.229, 0.224, 0.225}, normalised);

        auto network = cv::dnn::readNetFromONNX(args[1]);
        network.setInput(cv::dnn::blobFromImage(normalised), "image");
        std::vector<cv::Mat> outputs;
        network.forward(outputs, std::vector<cv::String>{"map", "raw_score"});
        std::printf("raw score %.6f, map %d x %d\n", static_cast<double>(outputs[1].at<float>(0)), outputs[0].size[3],
                    outputs[0].size[2]);
        return 0;
    } catch (const std::exception& problem) {  // OpenCV's errors too
        std::fprintf(stderr, "opencv_dnn: %s\n", problem.what());
        return 1;
    }
}
