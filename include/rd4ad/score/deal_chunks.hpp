// rd4ad/score/deal_chunks.hpp: deals the chunks of a sequence of files to ranks; rank 0 receives their results in order. Twin:
// tests/score/deal_chunks.cpp
#pragma once
#include <cstddef>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/partition.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/score/result_bytes.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

/// Items of a sequence whose failures become known as they are read, and its chunks: those of full_chunks.
class dealt_sequence {
   public:
    /// step: values per chunk, at least 1.
    dealt_sequence(std::size_t count, std::size_t step) : failed_(count), step_{step} {}

    [[nodiscard]] std::size_t size() const noexcept { return failed_.size(); }
    [[nodiscard]] const std::optional<failure>& failure_of(std::size_t item) const { return failed_[item]; }
    void fail(std::size_t item, failure reason) { failed_[item] = std::move(reason); }

    /// The next chunks, at most `most`, if no further item fails.
    [[nodiscard]] std::vector<index_range> chunks(std::size_t first, std::size_t most) const {
        std::vector<index_range> made;
        for (std::size_t at = first, values = 0; at < size() && made.size() < most;) {
            if (!failed_[at]) ++values;
            ++at;
            if (at < size() && values < step_) continue;
            made.push_back({first, at});
            first = at, values = 0;
        }
        return made;
    }

    /// A chunk without its values.
    template <class Item>
    [[nodiscard]] partial_chunk<Item> layout(const index_range& of) const {
        partial_chunk<Item> made{.first = of.first};
        for (std::size_t item = of.first; item < of.last; ++item) {
            made.has_value.push_back(!failed_[item]);
            if (failed_[item]) made.failures.push_back(*failed_[item]);
        }
        return made;
    }

   private:
    std::vector<std::optional<failure>> failed_;
    std::size_t step_;
};

/// The work on a sequence of items, of which each rank does a part. Every rank calls the same; `use` runs on rank 0 alone.
///   load(item)                an outcome<Item>; on several threads
///   compute(chunk)            the results of a partial_chunk<Item> as bytes
///   use(chunk, bytes)         a chunk without its values, and its results, in order, on a thread of its own
template <class Item, class Load, class Compute, class Use>
class dealt_work {
   public:
    dealt_work(communicator& ranks, std::size_t count, std::size_t step, on_failure reaction, const Load& load,
               const Compute& compute, const Use& use)
        : ranks_{ranks}, items_{count, step}, reaction_{reaction}, load_{load}, compute_{compute}, use_{use} {}

    /// Deals a chunk to each rank, round by round. Where an item turns out to fail, the round's chunks are divided anew, so that
    /// every batch holds the values that it holds in one process. Under on_failure::stop, `use` receives the chunks before that
    /// of the first failure, and every rank throws its error.
    void run() {
        std::future<values> ahead;
        std::future<void> used;
        values own;
        for (std::size_t first = 0; first < items_.size();) {
            auto round = items_.chunks(first, ranks_.size());
            load_missing(round, own);
            const bool failed = exchange_failures(own);
            std::optional<failure> reason;
            if (failed && reaction_ == on_failure::skip) continue;
            if (failed) reason = cut_at_failure(round);
            if (!round.empty()) {
                first = round.back().last;
                partial_chunk<Item> chunk = take_chunk(round, own);
                ahead = std::async(std::launch::async, [this, first] {
                    values next;
                    load_missing(items_.chunks(first, ranks_.size()), next);
                    return next;
                });
                const auto parts = ranks_.gather(chunk.size() > 0 ? compute_(std::move(chunk)) : std::string{});
                own = ahead.get();
                if (used.valid()) used.get();
                if (ranks_.rank() == 0) used = use_round(round, parts);
            }
            if (!reason) continue;
            if (used.valid()) used.get();
            throw error{reason->code, reason->message};
        }
        if (used.valid()) used.get();
    }

   private:
    using values = std::map<std::size_t, outcome<Item>>;  // by item

    /// The chunk of this rank; {0, 0} without one.
    [[nodiscard]] index_range own_of(const std::vector<index_range>& round) const {
        return ranks_.rank() < round.size() ? round[ranks_.rank()] : index_range{0, 0};
    }

    void load_missing(const std::vector<index_range>& round, values& own) const {
        const auto [first, last] = own_of(round);
        std::vector<std::size_t> missing;
        for (std::size_t item = first; item < last; ++item)
            if (!items_.failure_of(item) && !own.contains(item)) missing.push_back(item);
        std::vector<std::optional<outcome<Item>>> loaded(missing.size());
        parallel_for(missing.size(), 0, [&](std::size_t i) { loaded[i] = load_(missing[i]); });
        for (std::size_t i = 0; i < missing.size(); ++i) own.emplace(missing[i], *std::move(loaded[i]));
    }

    /// Tells every rank the items that failed on one. Returns whether there are any.
    [[nodiscard]] bool exchange_failures(values& own) {
        byte_writer found;
        for (const auto& [item, value] : own)
            if (!value) found.add(item), found.add(value.error());
        std::erase_if(own, [](const auto& one) { return !one.second; });
        bool any = false;
        for (const auto& part : ranks_.gather_all(found.bytes()))
            for (byte_reader from{part}; from.has_more(); any = true) {
                const auto item = from.get<std::size_t>();
                items_.fail(item, from.get<failure>());
            }
        return any;
    }

    /// Leaves the chunks before that of the first failure, and returns the failure.
    [[nodiscard]] failure cut_at_failure(std::vector<index_range>& round) const {
        for (std::size_t k = 0; k < round.size(); ++k)
            for (std::size_t item = round[k].first; item < round[k].last; ++item)
                if (const auto& reason = items_.failure_of(item)) {
                    round.resize(k);
                    return *reason;
                }
        return {};
    }

    [[nodiscard]] partial_chunk<Item> take_chunk(const std::vector<index_range>& round, values& own) const {
        const auto of = own_of(round);
        auto chunk = items_.template layout<Item>(of);
        for (std::size_t item = of.first; item < of.last; ++item)
            if (!items_.failure_of(item)) chunk.values.push_back(*std::move(own.at(item)));
        return chunk;
    }

    [[nodiscard]] std::future<void> use_round(const std::vector<index_range>& round, std::vector<std::string> parts) const {
        std::vector<partial_chunk<Item>> layouts;
        for (const auto& of : round) layouts.push_back(items_.template layout<Item>(of));
        return std::async(std::launch::async, [this, layouts = std::move(layouts), parts = std::move(parts)]() mutable {
            for (std::size_t k = 0; k < layouts.size(); ++k) use_(std::move(layouts[k]), std::move(parts[k]));
        });
    }

    communicator& ranks_;
    dealt_sequence items_;
    on_failure reaction_;
    const Load& load_;
    const Compute& compute_;
    const Use& use_;
};

/// Runs dealt_work<Item>.
template <class Item, class Load, class Compute, class Use>
void deal_chunks(communicator& ranks, std::size_t count, std::size_t step, on_failure reaction, const Load& load,
                 const Compute& compute, const Use& use) {
    dealt_work<Item, Load, Compute, Use>{ranks, count, step, reaction, load, compute, use}.run();
}

}  // namespace rd4ad::inline RD4AD_ABI::score_detail
