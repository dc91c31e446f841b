// rd4ad/backend/pool.hpp: buffers kept for the next tensor of their size. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

namespace rd4ad::backend {

/// Buffers that tensors give back when their last handle goes, so that a step after the first allocates nothing. A
/// buffer is taken again for a request of its size down to half of it. One thread at a time; buffers given
/// back after the pool is gone are freed.
template <class Buffer>
class pool {
   public:
    /// A buffer of at least `count` values; `allocate(count)` makes one where none fits.
    template <class Allocate>
    [[nodiscard]] std::shared_ptr<Buffer> take(std::size_t count, const Allocate& allocate) {
        auto found = free_->lower_bound(count);
        std::unique_ptr<Buffer> buffer;
        if (found != free_->end() && found->first <= 2 * count) {
            buffer = std::move(found->second);
            free_->erase(found);
        } else {
            buffer = std::make_unique<Buffer>(allocate(count));
            allocated_ += count;
        }
        return {buffer.release(), [kept = std::weak_ptr{free_}](Buffer* back) {
                    std::unique_ptr<Buffer> owned{back};
                    if (const auto home = kept.lock()) {
                        const std::size_t size = owned->size();
                        home->emplace(size, std::move(owned));
                    }
                }};
    }

    /// Frees the buffers that no tensor holds.
    void release() { free_->clear(); }

    /// Values allocated so far: stays the same from the second step on.
    [[nodiscard]] std::size_t allocated() const noexcept { return allocated_; }

   private:
    using free_list = std::multimap<std::size_t, std::unique_ptr<Buffer>>;
    std::shared_ptr<free_list> free_{std::make_shared<free_list>()};
    std::size_t allocated_{0};
};

}  // namespace rd4ad::backend
