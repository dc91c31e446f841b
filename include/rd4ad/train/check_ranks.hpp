// rd4ad/train/check_ranks.hpp: checks that the ranks of one training have equal images, settings and weights. Twin:
// tests/train/ranks.cpp
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/checksum.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// The first rank whose text differs from that of rank 0; 0: none.
[[nodiscard]] inline std::size_t find_unequal_rank(communicator& ranks, std::string_view own) {
    const auto all = ranks.gather_all(own);
    for (std::size_t i = 1; i < all.size(); ++i)
        if (all[i] != all[0]) return i;
    return 0;
}

/// Throws data_error unless every rank trains on the same images by the same settings. images: their checksum; settings: as text.
inline void check_equal_inputs(communicator* ranks, std::string_view images, std::string_view settings) {
    if (ranks == nullptr) return;
    if (const auto other = find_unequal_rank(*ranks, images))
        throw data_error{text("training: rank ", other, " finds other images than rank 0; give every rank the same folder")};
    if (const auto other = find_unequal_rank(*ranks, settings))
        throw data_error{text("training: rank ", other, " has other settings than rank 0; start every rank by the same command")};
}

/// Throws numeric_error unless every rank's model has the same trained weights, bit for bit.
template <Backend B>
void check_equal_weights(communicator* ranks, model<B>& m) {
    if (ranks == nullptr) return;
    std::string sums;
    for (const auto* of : {&m.trainable.weights.values, &m.trainable.weights.statistics}) {
        const auto values = to_host<B>(m.queue, *of);
        sums += io::checksum_of(std::as_bytes(std::span{values}));
    }
    if (const auto other = find_unequal_rank(*ranks, sums))
        throw numeric_error{text("training: the weights of rank ", other, " differ from those of rank 0, after ", m.batches,
                                 " steps; start the ranks on processors of one type, with one build of rd4ad and of MPI")};
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
