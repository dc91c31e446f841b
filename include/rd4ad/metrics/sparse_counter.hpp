// rd4ad/metrics/sparse_counter.hpp: counts 32-bit keys exactly, in bounded memory. Twin: tests/metrics/sparse_counter.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// One bucket of a sparse_counter as a table over the keys' lower halves. Scratch space for repeated use.
struct sparse_counter_page {
    std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(65536);
    std::vector<std::uint64_t> touched = std::vector<std::uint64_t>(1024);  ///< one bit per lower half with a count

    void add(std::size_t low, std::uint64_t count) {
        counts[low] += count;
        touched[low / 64] |= std::uint64_t{count != 0} << (low % 64);
    }
};

/// Counts 32-bit keys. If Weighted, also sums a weight per key.
///
/// A key's upper half selects one of 65,536 buckets. A bucket starts as a list of the keys' lower halves: 2 bytes per key (6 if
/// weighted), plus at most a quarter in reserve. Once a table of all 65,536 counts (512 KiB; 1 MiB if weighted) takes no more
/// memory than the list, the bucket becomes that table. Floats between two powers of two fall into 128 buckets. So exact counts
/// of maps whose scores span 8 octaves take at most 2.5 bytes per pixel, and at most 520 MiB for any number of pixels. coarsen()
/// halves the resolution if that is still too much.
template <bool Weighted>
class sparse_counter {
   public:
    /// Number of added keys.
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// Number of added keys with the upper half `high`.
    [[nodiscard]] std::uint64_t total(std::size_t high) const noexcept {
        return buckets_[high] ? buckets_[high]->total + buckets_[high]->waiting.size() : 0;
    }

    /// Bytes of memory of the buckets.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Number of lowest bits of a key that are merged: 0 while exact, at most 16.
    [[nodiscard]] unsigned lost_bits() const noexcept { return lost_bits_; }

    /// Adds a key with the weight 1 / area. area: at least 1.
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

    /// Adds the counts of bucket `high` to a page, at index (lower half >> lost_bits()).
    void spread(std::size_t high, sparse_counter_page& page) const {
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

    /// Merges neighbouring keys in pairs: from now on, keys that differ only in their lost_bits() lowest bits count as one.
    /// Throws numeric_error if 16 bits are lost already.
    void coarsen() {
        if (lost_bits_ == 16) throw numeric_error{"sparse_counter: 16 bits are lost already; no further bit can be merged"};
        ++lost_bits_;
        for (auto& slot : buckets_)
            if (slot) coarsen(*slot);
    }

   private:
    struct bucket {
        std::vector<std::uint16_t> waiting;  // lower halves that the table does not count yet
        std::vector<std::uint32_t> areas;    // per waiting key, if weighted
        std::vector<std::uint64_t> counts;   // the table: empty, or one count per lower half
        std::vector<double> weights;         // the table's sums of weights, if weighted
        std::uint64_t total{0};              // number of keys in the table
    };

    static constexpr std::size_t bytes_per_waiting_key = Weighted ? 6 : 2;
    static constexpr std::size_t bytes_per_entry = Weighted ? 16 : 8;
    static constexpr std::size_t batch = 4096;  // waiting keys beside a table: counting them together uses the cache better

    /// Number of the table's entries.
    [[nodiscard]] std::size_t entries() const noexcept { return std::size_t{65536} >> lost_bits_; }

    /// Bytes of a bucket's vectors.
    [[nodiscard]] static std::size_t held(const bucket& of) noexcept {
        return of.waiting.capacity() * 2 + of.areas.capacity() * 4 + of.counts.capacity() * 8 + of.weights.capacity() * 8;
    }

    /// Halves the table's resolution. A list becomes a table if the halved table takes no more memory.
    void coarsen(bucket& in) {
        bytes_ -= held(in);
        for (std::uint16_t& low : in.waiting) low = static_cast<std::uint16_t>(low >> 1);
        if (!in.counts.empty()) {
            in.counts = merged_pairs(in.counts);
            if constexpr (Weighted) in.weights = merged_pairs(in.weights);
        }
        bytes_ += held(in);
        if (!in.counts.empty() || in.waiting.size() * bytes_per_waiting_key >= entries() * bytes_per_entry) count_into_table(in);
    }

    /// Sums neighbouring entries in pairs.
    template <class T>
    [[nodiscard]] static std::vector<T> merged_pairs(const std::vector<T>& table) {
        std::vector<T> half(table.size() / 2);
        for (std::size_t i = 0; i < half.size(); ++i) half[i] = table[2 * i] + table[2 * i + 1];
        return half;
    }

    /// Counts the waiting keys into the table.
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

    /// Makes room in a full list: lengthens it, or counts it into a table if that takes no more memory.
    void make_room(bucket& in) {
        const std::size_t size = in.waiting.size();
        if (in.counts.empty() && (size + size / 4) * bytes_per_waiting_key < entries() * bytes_per_entry) {
            bytes_ -= held(in);
            const std::size_t more = std::max<std::size_t>(size + size / 4, 16);
            in.waiting.reserve(more);
            if constexpr (Weighted) in.areas.reserve(more);
            bytes_ += held(in);
            return;
        }
        count_into_table(in);
    }

    /// Counts the waiting keys into the table and replaces their list by one for a batch.
    void count_into_table(bucket& in) {
        count_waiting(in);
        const std::size_t room = std::min(batch, entries());
        if (in.waiting.capacity() == room) return;
        bytes_ -= held(in);
        in.waiting = std::vector<std::uint16_t>{};  // frees the memory, unlike clear()
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

}  // namespace rd4ad::inline RD4AD_ABI::metrics
