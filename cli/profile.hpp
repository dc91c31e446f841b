// cli/profile.hpp: a backend that writes down what each call does and how long it takes. Twin: tests/cli
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/nn/traffic.hpp>
#include <rd4ad/rd4ad.hpp>

namespace cli {

/// Calls of one kind and size: how many, their time, multiply-adds counted as the plain algorithm's, bytes moved.
struct profile_line {
    std::string what;
    std::size_t calls{0};
    double seconds{0}, multiply_adds{0}, bytes{0};
};

/// Everything that was called, by kind and size.
class profile {
   public:
    template <class Call>
    void time(const std::string& what, double multiply_adds, double bytes, const Call& call) {
        const auto began = std::chrono::steady_clock::now();
        call();
        auto& line = lines_[what];
        line.what = what;
        ++line.calls;
        line.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        line.multiply_adds += multiply_adds;
        line.bytes += bytes;
    }

    void clear() { lines_.clear(); }

    /// The lines, the longest time first.
    [[nodiscard]] std::vector<profile_line> sorted() const {
        std::vector<profile_line> lines;
        for (const auto& [what, line] : lines_) lines.push_back(line);
        std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
        return lines;
    }

   private:
    std::map<std::string, profile_line> lines_;
};

/// A kernel's own name, without namespaces and arguments.
template <class Kernel>
[[nodiscard]] std::string kernel_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    const auto start = text.find("Kernel = ") + 9;
    text = text.substr(start, text.find_first_of("<;]", start) - start);
    return std::string{text.substr(text.rfind(':') + 1)};
}

/// How a product is computed, and its plain multiply-adds for a row of the product, k and n.
template <class Producer>
struct product_kind {
    static constexpr const char* name = "product";
    static constexpr double plain = 1;
};
template <class Scheme, class T, class Input>
struct product_kind<rd4ad::nn::winograd::input_tiles<Scheme, T, Input>> {
    static constexpr const char* name = std::is_same_v<Scheme, rd4ad::nn::schemes::four>  ? "F(4x4, 3x3)"
                                        : std::is_same_v<Scheme, rd4ad::nn::schemes::two> ? "F(2x2, 3x3)"
                                                                                          : "split, stride 2";
    static constexpr double plain = Scheme::plain;
};

/// `B`, and a profile in its queue. Each call is waited for, so on a device nothing overlaps.
template <rd4ad::Backend B>
struct profiled : B {
    using T = typename B::value_type;

    struct queue : B::queue {
        using B::queue::queue;
        profile calls;
    };

    template <class Kernel>
    static void apply(queue& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        const std::size_t visits = rd4ad::backend::takes_whole_rows<Kernel> ? rows : rows * channels;
        q.calls.time(kernel_name<Kernel>(), 0, bytes(kernel, visits), [&] {
            B::apply(q, rows, channels, kernel);
            q.wait();
        });
    }

    static void gemm(queue& q, const rd4ad::backend::gemm_call<T>& call) {
        const double values = size(call.m, call.k) + size(call.k, call.n) + size(call.m, call.n);
        q.calls.time("matrix product " + std::to_string(call.m) + " x " + std::to_string(call.k) + " x " + std::to_string(call.n),
                     size(call.batch, call.m) * size(call.k, call.n), static_cast<double>(call.batch) * values * sizeof(T), [&] {
                         B::gemm(q, call);
                         q.wait();
                     });
    }

    template <class Producer, class Consumer>
    static void tiled_gemm(queue& q, const rd4ad::backend::tile_sizes& sizes, const Producer& producer,
                           const rd4ad::backend::right_side<T>& right, const Consumer& consumer) {
        using kind = product_kind<Producer>;
        double moved = size(sizes.matrices(), sizes.k) * static_cast<double>(sizes.n) * sizeof(T) +
                       bytes(consumer, sizes.rows * consumer.channels);
        if constexpr (rd4ad::backend::detail::is_in_place<Producer>)
            moved += size(sizes.rows, sizes.k) * sizeof(T);
        else
            moved += bytes(producer, sizes.rows * producer.channels);
        q.calls.time(kind::name + text(sizes), kind::plain * size(sizes.rows, sizes.k) * static_cast<double>(sizes.n), moved,
                     [&] {
                         rd4ad::backend::tiled_gemm<B>(q, sizes, producer, right, consumer);
                         q.wait();
                     });
    }

    template <class Left, class Right>
    static void tiled_gemm_reduce(queue& q, const rd4ad::backend::tile_sizes& sizes, const Left& left, const Right& right,
                                  T* out) {
        using kind = product_kind<Left>;
        double moved = size(sizes.matrices(), sizes.k) * static_cast<double>(sizes.n) * sizeof(T);
        const auto side = [&](const auto& producer, std::size_t width) {
            if constexpr (rd4ad::backend::detail::is_in_place<std::remove_cvref_t<decltype(producer)>>)
                moved += size(sizes.rows, width) * sizeof(T);
            else
                moved += bytes(producer, sizes.rows * producer.channels);
        };
        side(left, sizes.k);
        side(right, sizes.n);
        q.calls.time(std::string{kind::name} + " of weights' gradient" + text(sizes),
                     kind::plain * size(sizes.rows, sizes.k) * static_cast<double>(sizes.n), moved, [&] {
                         rd4ad::backend::tiled_gemm_reduce<B>(q, sizes, left, right, out);
                         q.wait();
                     });
    }

    static void convolve(queue& q, const rd4ad::backend::convolution_sizes& sizes, const T* x, const T* weights,
                         const rd4ad::backend::epilogue<T>& finish) requires rd4ad::backend::OwnConvolution<B> {
        const double in = size(sizes.n * sizes.h, sizes.w * sizes.in), out = size(sizes.pixels(), sizes.out);
        const double of_weights = size(sizes.kernel * sizes.kernel * sizes.in, sizes.out);
        const auto kernel = std::to_string(sizes.kernel);
        q.calls.time("whole, " + kernel + 'x' + kernel + " of stride " + std::to_string(sizes.stride) + ", " +
                         std::to_string(sizes.pixels()) + " pixels, " + std::to_string(sizes.in) + " to " +
                         std::to_string(sizes.out),
                     static_cast<double>(sizes.pixels()) * of_weights,
                     (in + out * (finish.residual != nullptr ? 2 : 1) + of_weights) * sizeof(T), [&] {
                         B::convolve(q, sizes, x, weights, finish);
                         q.wait();
                     });
    }

   private:
    static double size(std::size_t a, std::size_t b) { return static_cast<double>(a) * static_cast<double>(b); }

    template <class Kernel>
    static double bytes(const Kernel& kernel, std::size_t visits) {
        return rd4ad::nn::moved<Kernel>::values(kernel, static_cast<double>(visits)) * sizeof(T);
    }

    static std::string text(const rd4ad::backend::tile_sizes& sizes) {
        return ", " + std::to_string(sizes.rows) + (sizes.planes > 1 ? " tiles, " : " rows, ") + std::to_string(sizes.k) +
               " to " + std::to_string(sizes.n);
    }
};

}  // namespace cli
