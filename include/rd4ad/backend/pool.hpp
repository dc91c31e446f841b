// rd4ad/backend/pool.hpp: keeps released buffers for the next tensor of their size. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// Tensors return their buffers to the pool when their last handle is destroyed, so that no step but the first allocates.
/// A request takes a buffer of its size or up to twice its size. One thread uses a pool at a time; a buffer that is returned
/// after the pool's destruction is freed.
template <class Buffer>
class pool {
   public:
    /// A buffer of at least `count` values; calls `allocate(count)` where none fits.
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
        return {buffer.release(), [list = std::weak_ptr{free_}](Buffer* returned) {
                    std::unique_ptr<Buffer> owned{returned};
                    if (const auto free = list.lock()) {
                        const std::size_t size = owned->size();
                        free->emplace(size, std::move(owned));
                    }
                }};
    }

    /// Frees the buffers that no tensor holds.
    void release() { free_->clear(); }

    /// Values allocated since construction: constant from the second step on.
    [[nodiscard]] std::size_t allocated() const noexcept { return allocated_; }

   private:
    using free_list = std::multimap<std::size_t, std::unique_ptr<Buffer>>;
    std::shared_ptr<free_list> free_{std::make_shared<free_list>()};
    std::size_t allocated_{0};
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
