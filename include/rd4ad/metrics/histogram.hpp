// rd4ad/metrics/histogram.hpp: scores of both classes, exact or in bins by a memory budget. Twin: tests/metrics/histogram.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/metrics/score_key.hpp>
#include <rd4ad/metrics/tally.hpp>

namespace rd4ad::metrics {

/// A value and how far at most it lies from the exact one: 0 where it is exact (up to rounding in double).
struct bounded {
    double value{0}, error_bound{0};
};

/// One step of a threshold that falls: what is found at this score and was not above it.
struct score_step {
    float threshold;          ///< the lowest score of the step: score >= threshold takes in all of it
    std::uint64_t positives;  ///< positives at this score
    std::uint64_t negatives;  ///< negatives at this score
    double weight;            ///< sum of 1 / area over the positives
};

/// Scores and labels, from which every ranking metric follows: positives and negatives at each distinct score.
/// Exact (each distinct float is its own step) while the state fits the budget; beyond it neighbouring floats are joined,
/// twice as many each time, and metrics state an error bound. State: at most 2.5 bytes a negative and
/// 7.5 a positive, both bounded by the number of distinct upper halves of the scores (see tally), plus 1 MiB.
class score_histogram {
   public:
    static constexpr std::size_t default_budget = std::size_t{1} << 30;

    /// memory_budget: bytes of state beside the fixed 1 MiB; passed by what comes between two calls of keep_budget(),
    /// and where the coarsest bins (1/128 of an octave each) still need more.
    explicit score_histogram(std::size_t memory_budget = default_budget) : memory_budget_{memory_budget} {}

    /// Adds a finite score of a negative.
    void add_negative(float score) { negatives_.add(score_key(score)); }

    /// Adds a finite score of a positive; area: pixels of the region it belongs to, at least 1.
    void add_positive(float score, std::uint32_t area = 1) { positives_.add(score_key(score), area); }

    /// Gives up resolution until the state fits the budget, or until each bin spans 1/128 of an octave. Call it after
    /// each image.
    void keep_budget() {
        while (bytes() > memory_budget_ && lost_bits() < 16) {
            negatives_.coarsen();
            positives_.coarsen();
        }
    }

    [[nodiscard]] std::uint64_t positives() const noexcept { return positives_.total(); }
    [[nodiscard]] std::uint64_t negatives() const noexcept { return negatives_.total(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return positives_.bytes() + negatives_.bytes(); }
    /// Lowest bits of the scores that are not told apart: 0 if exact.
    [[nodiscard]] unsigned lost_bits() const noexcept { return negatives_.lost_bits(); }
    [[nodiscard]] bool exact() const noexcept { return lost_bits() == 0; }

    /// Calls visit(score_step) for every distinct score from the highest to the lowest.
    template <class Visit>
    void for_each_score(Visit&& visit) const {
        walk(false, visit);
    }

    /// As for_each_score, but negatives between two scores of positives may come in fewer steps: for sums to which
    /// only their number matters.
    template <class Visit>
    void for_each_positive_score(Visit&& visit) const {
        walk(true, visit);
    }

   private:
    template <class Visit>
    void walk(bool join_negatives, Visit& visit) const {
        tally_page up, down;
        std::vector<double> weights(65536);
        for (std::size_t high = 65536; high-- > 0;) {
            const std::uint64_t p = positives_.total(high), n = negatives_.total(high);
            if (p + n == 0) continue;
            if (p == 0 && join_negatives) {
                visit(score_step{score_of(static_cast<std::uint32_t>(high << 16)), 0, n, 0.0});
                continue;
            }
            positives_.spread(high, up);
            positives_.spread_weights(high, weights);
            negatives_.spread(high, down);
            for (std::size_t word = 1024; word-- > 0;)
                for (auto bits = up.touched[word] | down.touched[word]; bits != 0;) {
                    const std::size_t bit = 63 - static_cast<std::size_t>(std::countl_zero(bits)), low = word * 64 + bit;
                    bits ^= std::uint64_t{1} << bit;
                    const auto key = static_cast<std::uint32_t>((high << 16) | (low << lost_bits()));
                    visit(score_step{score_of(key), up.counts[low], down.counts[low], weights[low]});
                    up.counts[low] = down.counts[low] = 0;
                    weights[low] = 0.0;
                }
            std::fill(up.touched.begin(), up.touched.end(), 0);
            std::fill(down.touched.begin(), down.touched.end(), 0);
        }
    }

    tally<true> positives_;
    tally<false> negatives_;
    std::size_t memory_budget_;
};

/// The histogram of scores with labels (0: negative, anything else: positive). metric: starts the messages.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite; index in the message).
[[nodiscard]] inline score_histogram histogram_of(const std::string& metric, std::span<const float> scores,
                                                  std::span<const std::uint8_t> labels) {
    require_same_length(metric, scores.size(), labels.size());
    require_finite(metric, scores);
    score_histogram made{std::numeric_limits<std::size_t>::max()};
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (labels[i] != 0)
            made.add_positive(scores[i]);
        else
            made.add_negative(scores[i]);
    }
    return made;
}

/// Throws numeric_error, naming the class that is missing.
inline void require_positives(const std::string& metric, const score_histogram& of) {
    if (of.positives() == 0)
        throw numeric_error{metric + ": none of the " + std::to_string(of.negatives()) +
                            " labels is positive (anomalous); at least one must be"};
}
inline void require_negatives(const std::string& metric, const score_histogram& of) {
    if (of.negatives() == 0)
        throw numeric_error{metric + ": none of the " + std::to_string(of.positives()) +
                            " labels is negative (normal); at least one must be"};
}

}  // namespace rd4ad::metrics
