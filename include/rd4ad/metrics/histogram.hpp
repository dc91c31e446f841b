// rd4ad/metrics/histogram.hpp: counts both classes' scores, exactly or in bins, in limited memory.
// Twin: tests/metrics/histogram.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/score_key.hpp>
#include <rd4ad/metrics/sparse_counter.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A value, and a bound of its distance from the exact value: 0 if the value is exact (up to rounding in double).
struct estimate {
    double value{0}, error_bound{0};
};

/// One step of a falling threshold: the scores that reach this threshold and none above it.
struct score_step {
    float threshold;          ///< the lowest score of the step: score >= threshold selects the whole step
    std::uint64_t positives;  ///< positives at this score
    std::uint64_t negatives;  ///< negatives at this score
    double weight;            ///< sum of 1 / area over these positives
};

/// The numbers of positives and negatives at each distinct score: every ranking metric follows from them.
/// The histogram is exact (one step per distinct float) while it fits the memory budget. Beyond the budget it merges neighbouring
/// floats to bins, doubles the bins' width as often as needed, and the metrics state an error bound. Memory: at most 2.5 bytes
/// per negative and 7.5 bytes per positive, both bounded by the number of distinct upper halves of the scores (see
/// sparse_counter), plus 1 MiB.
class score_histogram {
   public:
    static constexpr std::size_t default_budget = std::size_t{1} << 30;

    /// memory_budget: bytes in addition to the fixed 1 MiB. The histogram exceeds it between two calls of keep_budget(), and if
    /// the coarsest bins (1/128 octave each) need more.
    explicit score_histogram(std::size_t memory_budget = default_budget) : memory_budget_{memory_budget} {}

    /// Adds a finite score of a negative.
    void add_negative(float score) { negatives_.add(score_key(score)); }

    /// Adds a finite score of a positive. area: the number of pixels of its region, at least 1.
    void add_positive(float score, std::uint32_t area = 1) { positives_.add(score_key(score), area); }

    /// Widens the bins until the histogram fits the budget or each bin spans 1/128 octave. Call it after each image.
    void keep_budget() {
        while (bytes() > memory_budget_ && lost_bits() < 16) {
            negatives_.coarsen();
            positives_.coarsen();
        }
    }

    [[nodiscard]] std::uint64_t positives() const noexcept { return positives_.total(); }
    [[nodiscard]] std::uint64_t negatives() const noexcept { return negatives_.total(); }
    /// Bytes of memory, without the fixed 1 MiB.
    [[nodiscard]] std::size_t bytes() const noexcept { return positives_.bytes() + negatives_.bytes(); }
    /// Number of lowest bits of a score that a bin merges: 0 if exact.
    [[nodiscard]] unsigned lost_bits() const noexcept { return negatives_.lost_bits(); }
    [[nodiscard]] bool exact() const noexcept { return lost_bits() == 0; }

    /// Calls visit(score_step) for every distinct score, from the highest to the lowest.
    template <class Visit>
    void for_each_score(Visit&& visit) const {
        walk(false, visit);
    }

    /// for_each_score, except that it may merge steps without positives. For sums that depend only on the number of such
    /// negatives.
    template <class Visit>
    void for_each_positive_score(Visit&& visit) const {
        walk(true, visit);
    }

   private:
    template <class Visit>
    void walk(bool merge_negatives, Visit& visit) const {
        sparse_counter_page up, down;
        std::vector<double> weights(65536);
        for (std::size_t high = 65536; high-- > 0;) {
            const std::uint64_t p = positives_.total(high), n = negatives_.total(high);
            if (p + n == 0) continue;
            if (p == 0 && merge_negatives) {
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

    sparse_counter<true> positives_;
    sparse_counter<false> negatives_;
    std::size_t memory_budget_;
};

/// The exact histogram of labelled scores. labels: 0 negative, any other value positive. metric: starts the messages.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite; the message states its index).
[[nodiscard]] inline score_histogram histogram_of(const std::string& metric, std::span<const float> scores,
                                                  std::span<const std::uint8_t> labels) {
    require_same_length(metric, scores.size(), labels.size());
    require_finite(metric, scores);
    score_histogram histogram{std::numeric_limits<std::size_t>::max()};
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (labels[i] != 0)
            histogram.add_positive(scores[i]);
        else
            histogram.add_negative(scores[i]);
    }
    return histogram;
}

/// Throws numeric_error if there is no positive. metric: starts the message.
inline void require_positives(const std::string& metric, const score_histogram& of) {
    if (of.positives() == 0)
        throw numeric_error{
            text(metric, ": none of the ", of.negatives(), " labels is positive (anomalous); at least one must be")};
}

/// Throws numeric_error if there is no negative. metric: starts the message.
inline void require_negatives(const std::string& metric, const score_histogram& of) {
    if (of.negatives() == 0)
        throw numeric_error{text(metric, ": none of the ", of.positives(), " labels is negative (normal); at least one must be")};
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
