// examples/metrics_only.cpp: evaluates the scores of any detector with rd4ad/metrics.hpp alone, without a backend and BLAS. Reads
// lines of "score,label" (label 1: defect) from a file; without a file, evaluates a few built-in scores.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics.hpp>

namespace metrics = rd4ad::metrics;

int main(int count, char** args) {
    try {
        std::vector<float> scores{0.1f, 0.2f, 0.25f, 0.7f, 0.6f, 0.8f, 0.9f};
        std::vector<std::uint8_t> labels{0, 0, 0, 0, 1, 1, 1};
        if (count > 1) {
            scores.clear(), labels.clear();
            std::ifstream file{args[1]};
            float score = 0;
            int label = 0;
            char comma = ',';
            while (file >> score >> comma >> label) scores.push_back(score), labels.push_back(label != 0 ? 1 : 0);
            if (!file.eof() || scores.empty())
                throw rd4ad::format_error{
                    rd4ad::text(args[1], ": line ", scores.size() + 1, " is not 'score,label'; expected lines such as 0.73,1")};
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
