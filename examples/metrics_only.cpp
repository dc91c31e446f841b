// examples/metrics_only.cpp: how good are scores that something else gave? Only rd4ad/metrics.hpp: no backend, no BLAS. Reads
// lines of "score,label" (label 1: defect) from a file, or takes a few of its own.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/metrics.hpp>

namespace metrics = rd4ad::metrics;

int main(int count, char** words) {
    try {
        std::vector<float> scores{0.1f, 0.2f, 0.25f, 0.7f, 0.6f, 0.8f, 0.9f};
        std::vector<std::uint8_t> labels{0, 0, 0, 0, 1, 1, 1};
        if (count > 1) {
            scores.clear(), labels.clear();
            std::ifstream file{words[1]};
            float score = 0;
            int label = 0;
            char comma = ',';
            while (file >> score >> comma >> label) scores.push_back(score), labels.push_back(label != 0 ? 1 : 0);
            if (!file.eof() || scores.empty())
                throw rd4ad::format_error{std::string{words[1]} + ": expected lines of 'score,label', as 0.73,1; line " +
                                          std::to_string(scores.size() + 1) + " is none"};
        }
        const auto best = metrics::best_f1(scores, labels);
        std::printf("%zu scores: AUROC %.4f, average precision %.4f, best F1 %.4f at a threshold of %.4f\n", scores.size(),
                    metrics::auroc(scores, labels), metrics::average_precision(scores, labels), best.f1,
                    static_cast<double>(best.threshold));
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "metrics_only: %s\n", problem.what());
        return 1;
    }
}
