// rd4ad/core/outcome.hpp: a value or the reason why there is none, so that one bad item does not end a batch. Twin:
// tests/core/outcome.cpp
#pragma once
#include <cstddef>
#include <iterator>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The reason why an item has no value: an error's code and message.
struct failure {
    error_code code{error_code::data};
    std::string message{};
    friend bool operator==(const failure&, const failure&) = default;
};

/// A batch's reaction to an item that fails.
enum class on_failure {
    stop,  ///< throws the item's error
    skip   ///< puts a failure in the place of the item's value and goes on
};

/// A value, or the failure in its place.
template <class T>
class outcome {
   public:
    /// A default value.
    outcome() = default;
    outcome(T value) : content_{std::in_place_index<0>, std::move(value)} {}          // NOLINT: converts
    outcome(failure reason) : content_{std::in_place_index<1>, std::move(reason)} {}  // NOLINT: converts

    [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    /// The value. Throws std::bad_variant_access for a failure.
    [[nodiscard]] T& operator*() & { return std::get<0>(content_); }
    [[nodiscard]] const T& operator*() const& { return std::get<0>(content_); }
    [[nodiscard]] T&& operator*() && { return std::get<0>(std::move(content_)); }
    [[nodiscard]] T* operator->() { return &std::get<0>(content_); }
    [[nodiscard]] const T* operator->() const { return &std::get<0>(content_); }

    /// The failure. Throws std::bad_variant_access for a value.
    [[nodiscard]] const failure& error() const { return std::get<1>(content_); }

    friend bool operator==(const outcome&, const outcome&) = default;

   private:
    std::variant<T, failure> content_{};
};

/// Returns make(), or under on_failure::skip the failure in its place if make throws an rd4ad::error or std::bad_alloc. name: the
/// item, for the message of a bad_alloc. Other exceptions pass, and every one under on_failure::stop.
template <class Make>
[[nodiscard]] outcome<std::invoke_result_t<const Make&>> attempt(on_failure reaction, const auto& name, const Make& make) {
    if (reaction == on_failure::stop) return make();
    try {
        return make();
    } catch (const error& problem) {
        return failure{problem.code(), problem.what()};
    } catch (const std::bad_alloc&) {
        return failure{error_code::memory, text(name, ": the memory does not suffice; use a smaller image, or fewer threads")};
    }
}

/// Consecutive items: the values, and the failures between them.
template <class T>
struct partial_chunk {
    std::size_t first{0};             ///< index of the first item
    std::vector<T> values{};          ///< of the items that have one, in order
    std::vector<failure> failures{};  ///< of the other items, in order
    std::vector<bool> has_value{};    ///< per item

    [[nodiscard]] std::size_t size() const noexcept { return has_value.size(); }

    /// One outcome per item: results, which belong to `values`, and the failures.
    template <class R>
    [[nodiscard]] std::vector<outcome<R>> outcomes(std::vector<R> results) const {
        std::vector<outcome<R>> made;
        made.reserve(size());
        auto result = results.begin();
        auto failed = failures.begin();
        for (const bool has : has_value)
            if (has)
                made.emplace_back(std::move(*result++));
            else
                made.emplace_back(*failed++);
        return made;
    }
};

/// Divides a sequence of outcomes anew into chunks of `step` values each (the last one may have fewer), so that every batch holds
/// the same values as without the failures between them: a batch's composition changes the last bits of its results.
template <class T>
class full_chunks {
   public:
    /// step: values per chunk, at least 1. count: items of the whole sequence.
    full_chunks(std::size_t step, std::size_t count) : step_{step}, left_{count} {}

    /// Adds the next items and returns the chunks that are complete with them. After the last item nothing is pending.
    [[nodiscard]] std::vector<partial_chunk<T>> add(std::vector<outcome<T>> items) {
        std::vector<partial_chunk<T>> complete;
        for (auto& item : items) {
            pending_.has_value.push_back(item.has_value());
            if (item)
                pending_.values.push_back(*std::move(item));
            else
                pending_.failures.push_back(item.error());
            if (--left_ > 0 && pending_.values.size() < step_) continue;
            const std::size_t next = pending_.first + pending_.size();
            complete.push_back(std::exchange(pending_, partial_chunk<T>{.first = next}));
        }
        return complete;
    }

   private:
    std::size_t step_, left_;
    partial_chunk<T> pending_{};
};

}  // namespace rd4ad::inline RD4AD_ABI
