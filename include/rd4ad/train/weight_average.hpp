// rd4ad/train/weight_average.hpp: the moving average of the weights of bottleneck and student. Twin:
// tests/train/weight_average.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>

#include <rd4ad/backend/kernel.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Kernel over any range of an average, cut into rows of `width`: draws it towards the current values.
template <class T>
struct average_kernel {
    T* average;
    const T* current;
    std::size_t width;
    T kept;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::broadcast, backend::load, backend::mul_add, backend::store;
        const std::size_t at = r * width + c;
        const P now = load<P>(current + at);
        store<P>(average + at, mul_add(broadcast<P>(kept), load<P>(average + at) - now, now));
    }

    [[nodiscard]] double values_moved(double visits) const { return 3 * visits; }
};

/// average = kept x average + (1 - kept) x current, for arrays of the same size.
template <Backend B>
void draw_towards(typename B::queue& q, tensor<B>& average, const tensor<B>& current, double kept) {
    using T = typename B::value_type;
    constexpr std::size_t width = 1024;
    const std::size_t count = average.count(), rows = count / width, done = rows * width;
    average_kernel<T> kernel{average.data(), current.data(), width, static_cast<T>(kept)};
    B::apply(q, rows, width, kernel);
    kernel.average += done;
    kernel.current += done;
    B::apply(q, 1, count - done, kernel);
}

}  // namespace train_detail

/// Takes the weights after a step into their average: values and running statistics alike. steps: taken before. The average is
/// the mean of all steps until 1 / (1 - decay) of them, then an exponential one: kept share min(decay, steps / (steps + 1)).
/// Source: Polyak and Juditsky 1992; the mean teacher's averaged weights (Tarvainen and Valpola 2017).
template <Backend B>
void update_average(typename B::queue& q, nn::weights<B>& average, const nn::weights<B>& current, std::size_t steps,
                    double decay) {
    const double before = static_cast<double>(steps), kept = std::min(decay, before / (before + 1));
    train_detail::draw_towards<B>(q, average.values, current.values, kept);
    train_detail::draw_towards<B>(q, average.statistics, current.statistics, kept);
}

namespace train_detail {

/// Exchanges a model's trainable weights with others while it lives. Others without memory: changes nothing.
template <Backend B>
class exchanged_weights {
   public:
    exchanged_weights(model<B>& m, nn::weights<B>& others) : m_{m}, others_{others} { exchange(); }
    exchanged_weights(const exchanged_weights&) = delete;
    exchanged_weights& operator=(const exchanged_weights&) = delete;
    ~exchanged_weights() { exchange(); }

   private:
    void exchange() noexcept {
        if (others_.values.memory) std::swap(m_.trainable.weights, others_);
    }

    model<B>& m_;
    nn::weights<B>& others_;
};

}  // namespace train_detail

}  // namespace rd4ad::inline RD4AD_ABI
