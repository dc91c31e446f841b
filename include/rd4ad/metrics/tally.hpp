// rd4ad/metrics/tally.hpp: how often each 32-bit key was seen, exact, in memory that stops growing. Twin: tests/metrics/tally.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::metrics {

/// What one bucket of a tally holds, spread out by the keys' lower halves; scratch space that is used again and again.
struct tally_page {
    std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(65536);
    std::vector<std::uint64_t> touched = std::vector<std::uint64_t>(1024);  ///< one bit a lower half with a count

    void add(std::size_t low, std::uint64_t count) {
        counts[low] += count;
        touched[low / 64] |= std::uint64_t{count != 0} << (low % 64);
    }
};

/// Counts of 32-bit keys (and the sum of a weight a key), added one at a time.
///
/// A key's upper half picks one of 65,536 buckets. A bucket keeps the lower halves as they come, 2 bytes a key (6 where
/// weighted) and at most a quarter more in reserve, until a table of all 65,536 counts (512 KiB, 1 MiB where weighted) is
/// no larger; from then on it is that table. Floats between two powers of two fall into 128 buckets, so exact counts of
/// maps whose scores span 8 octaves take at most 2.5 bytes a pixel, and at most 520 MiB however many pixels come.
/// coarsen() halves the resolution where even that is too much.
template <bool Weighted>
class tally {
   public:
    /// Keys that were added.
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// Keys that were added and whose upper half is `high`.
    [[nodiscard]] std::uint64_t total(std::size_t high) const noexcept {
        return buckets_[high] ? buckets_[high]->total + buckets_[high]->waiting.size() : 0;
    }

    /// Bytes held by the buckets.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Bits of each key that are no longer told apart: 0 while exact, 16 at most.
    [[nodiscard]] unsigned lost_bits() const noexcept { return lost_bits_; }

    /// Adds one key; its weight is 1 / area. area: at least 1.
    void add(std::uint32_t key, [[maybe_unused]] std::uint32_t area = 1) {
        auto& slot = buckets_[key >> 16];
        if (!slot) {
            slot = std::make_unique<bucket>();
            bytes_ += sizeof(bucket);
        }
        bucket& to = *slot;
        if (to.waiting.size() == to.waiting.capacity()) make_room(to);
        to.waiting.push_back(static_cast<std::uint16_t>((key & 0xFFFFU) >> lost_bits_));
        if constexpr (Weighted) to.areas.push_back(area);
        ++total_;
    }

    /// Adds bucket `high` to a page, at index (lower half >> lost_bits()).
    void spread(std::size_t high, tally_page& page) const {
        if (!buckets_[high]) return;
        for (std::size_t i = 0; i < buckets_[high]->counts.size(); ++i) page.add(i, buckets_[high]->counts[i]);
        for (const std::uint16_t low : buckets_[high]->waiting) page.add(low, 1);
    }

    /// Adds the weights of bucket `high` to 65,536 sums, at the same indices.
    void spread_weights(std::size_t high, std::vector<double>& weights) const requires Weighted {
        if (!buckets_[high]) return;
        const bucket& from = *buckets_[high];
        for (std::size_t i = 0; i < from.weights.size(); ++i) weights[i] += from.weights[i];
        for (std::size_t i = 0; i < from.areas.size(); ++i) weights[from.waiting[i]] += 1.0 / from.areas[i];
    }

    /// Joins neighbouring keys in pairs: from now on two keys that differ only in the lost bits are one.
    /// Throws numeric_error where 16 bits are lost already.
    void coarsen() {
        if (lost_bits_ == 16) throw numeric_error{"tally: 16 bits are lost already; none is left to give up"};
        ++lost_bits_;
        for (auto& slot : buckets_)
            if (slot) coarsen(*slot);
    }

   private:
    struct bucket {
        std::vector<std::uint16_t> waiting;  // lower halves not yet counted
        std::vector<std::uint32_t> areas;    // of those, where weighted
        std::vector<std::uint64_t> counts;   // empty, or one count a lower half
        std::vector<double> weights;         // likewise
        std::uint64_t total{0};              // keys in `counts`
    };

    static constexpr std::size_t bytes_waiting = Weighted ? 6 : 2;
    static constexpr std::size_t bytes_counted = Weighted ? 16 : 8;
    static constexpr std::size_t batch = 4096;  // keys that wait beside a table, so that it is walked while in the cache

    [[nodiscard]] std::size_t entries() const noexcept { return std::size_t{65536} >> lost_bits_; }

    [[nodiscard]] static std::size_t held(const bucket& of) noexcept {
        return of.waiting.capacity() * 2 + of.areas.capacity() * 4 + of.counts.capacity() * 8 + of.weights.capacity() * 8;
    }

    // Halves the table; a list stays one until the table, now smaller, is no larger.
    void coarsen(bucket& in) {
        bytes_ -= held(in);
        for (std::uint16_t& low : in.waiting) low = static_cast<std::uint16_t>(low >> 1);
        if (!in.counts.empty()) {
            in.counts = joined(in.counts);
            if constexpr (Weighted) in.weights = joined(in.weights);
        }
        bytes_ += held(in);
        if (!in.counts.empty() || in.waiting.size() * bytes_waiting >= entries() * bytes_counted) count_into_table(in);
    }

    template <class T>
    [[nodiscard]] static std::vector<T> joined(const std::vector<T>& table) {
        std::vector<T> half(table.size() / 2);
        for (std::size_t i = 0; i < half.size(); ++i) half[i] = table[2 * i] + table[2 * i + 1];
        return half;
    }

    void count_waiting(bucket& in) {
        bytes_ -= held(in);
        in.counts.resize(entries());
        for (const std::uint16_t low : in.waiting) ++in.counts[low];
        if constexpr (Weighted) {
            in.weights.resize(entries());
            for (std::size_t i = 0; i < in.waiting.size(); ++i) in.weights[in.waiting[i]] += 1.0 / in.areas[i];
        }
        in.total += in.waiting.size();
        in.waiting.clear();
        in.areas.clear();
        bytes_ += held(in);
    }

    // The bucket's list is full: lengthen it, or count it where a table is no larger.
    void make_room(bucket& in) {
        const std::size_t size = in.waiting.size();
        if (in.counts.empty() && (size + size / 4) * bytes_waiting < entries() * bytes_counted) {
            bytes_ -= held(in);
            const std::size_t more = std::max<std::size_t>(size + size / 4, 16);
            in.waiting.reserve(more);
            if constexpr (Weighted) in.areas.reserve(more);
            bytes_ += held(in);
            return;
        }
        count_into_table(in);
    }

    // Counts the list and replaces it by one of a batch.
    void count_into_table(bucket& in) {
        count_waiting(in);
        const std::size_t room = std::min(batch, entries());
        if (in.waiting.capacity() == room) return;
        bytes_ -= held(in);
        in.waiting = std::vector<std::uint16_t>{};  // clear() would keep the memory
        in.areas = std::vector<std::uint32_t>{};
        in.waiting.reserve(room);
        if constexpr (Weighted) in.areas.reserve(room);
        bytes_ += held(in);
    }

    std::vector<std::unique_ptr<bucket>> buckets_ = std::vector<std::unique_ptr<bucket>>(65536);
    std::uint64_t total_{0};
    std::size_t bytes_{0};
    unsigned lost_bits_{0};
};

}  // namespace rd4ad::metrics
