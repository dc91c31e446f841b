// cli/profile.hpp: a backend that records the time, the multiply-adds and the bytes of each call. Twin: tests/cli/command.sh
#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rd4ad/rd4ad.hpp>

#include "timing.hpp"

namespace cli {

/// The calls of one kind and size: their number, time, multiply-adds of the direct algorithm, and bytes moved.
struct profile_line {
    std::string name;
    std::size_t calls{0};
    double seconds{0}, multiply_adds{0}, bytes{0};
};

/// All calls by kind and size.
class profile {
   public:
    /// Times one call and adds it to the line of that name.
    template <class Call>
    void time(const std::string& name, double multiply_adds, double bytes, const Call& call) {
        const stopwatch watch;
        call();
        const double seconds = watch.seconds();
        auto& line = lines_[name];
        line.name = name;
        ++line.calls;
        line.seconds += seconds;
        line.multiply_adds += multiply_adds;
        line.bytes += bytes;
    }

    void clear() { lines_.clear(); }

    /// The lines, the longest time first.
    [[nodiscard]] std::vector<profile_line> sorted() const {
        std::vector<profile_line> lines;
        for (const auto& [name, line] : lines_) lines.push_back(line);
        std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
        return lines;
    }

   private:
    std::map<std::string, profile_line> lines_;
};

/// A kernel's name without namespaces and template arguments.
template <class Kernel>
[[nodiscard]] std::string kernel_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    const auto start = text.find("Kernel = ") + 9;
    text = text.substr(start, text.find_first_of("<;]", start) - start);
    return std::string{text.substr(text.rfind(':') + 1)};
}

/// The name of a GEMM with this producer, and the multiply-adds of the direct algorithm per row, k and n.
template <class Producer>
struct gemm_kind {
    static constexpr const char* name = "GEMM";
    static constexpr double direct = 1;
};
template <class Transform, class T, class Input>
struct gemm_kind<rd4ad::nn::winograd::input_tiles<Transform, T, Input>> {
    static constexpr const char* name = std::is_same_v<Transform, rd4ad::nn::winograd::f4x4_3x3>   ? "F(4x4, 3x3)"
                                        : std::is_same_v<Transform, rd4ad::nn::winograd::f2x2_3x3> ? "F(2x2, 3x3)"
                                                                                                   : "F(2x2, 3x3), stride 2";
    static constexpr double direct = Transform::direct_products;
};

/// `B` with a profile in its queue. Waits for the end of each call, so calls never overlap on a device.
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
        const double values = product(call.m, call.k) + product(call.k, call.n) + product(call.m, call.n);
        q.calls.time(rd4ad::text("GEMM ", call.m, " x ", call.k, " x ", call.n),
                     product(call.batch, call.m) * product(call.k, call.n), static_cast<double>(call.batch) * values * sizeof(T),
                     [&] {
                         B::gemm(q, call);
                         q.wait();
                     });
    }

    template <class Producer, class Consumer>
    static void fused_gemm(queue& q, const rd4ad::backend::gemm_shape& sizes, const Producer& producer,
                           const rd4ad::backend::rhs_matrix<T>& right, const Consumer& consumer) {
        using kind = gemm_kind<Producer>;
        const double moved =
            matrix_bytes(sizes) + operand_bytes(producer, sizes.rows, sizes.k) + bytes(consumer, sizes.rows * consumer.channels);
        q.calls.time(rd4ad::text(kind::name, size_text(sizes)), kind::direct * multiply_adds(sizes), moved, [&] {
            rd4ad::backend::fused_gemm<B>(q, sizes, producer, right, consumer);
            q.wait();
        });
    }

    template <class Left, class Right>
    static void fused_gemm_reduce(queue& q, const rd4ad::backend::gemm_shape& sizes, const Left& left, const Right& right,
                                  T* out) {
        using kind = gemm_kind<Left>;
        const double moved =
            matrix_bytes(sizes) + operand_bytes(left, sizes.rows, sizes.k) + operand_bytes(right, sizes.rows, sizes.n);
        q.calls.time(rd4ad::text(kind::name, " of the weight gradient", size_text(sizes)), kind::direct * multiply_adds(sizes),
                     moved, [&] {
                         rd4ad::backend::fused_gemm_reduce<B>(q, sizes, left, right, out);
                         q.wait();
                     });
    }

    static void convolve(queue& q, const rd4ad::backend::convolution_shape& sizes, const T* x, const T* weights,
                         const rd4ad::backend::epilogue<T>& epilogue) requires rd4ad::backend::HasNativeConvolution<B> {
        const double in = product(sizes.n * sizes.h, sizes.w * sizes.in), out = product(sizes.output_pixels(), sizes.out);
        const double weight_count = product(sizes.kernel * sizes.kernel * sizes.in, sizes.out);
        q.calls.time(rd4ad::text("native convolution, ", sizes.kernel, 'x', sizes.kernel, " of stride ", sizes.stride, ", ",
                                 sizes.output_pixels(), " pixels, ", sizes.in, " to ", sizes.out),
                     static_cast<double>(sizes.output_pixels()) * weight_count,
                     (in + out * (epilogue.residual != nullptr ? 2 : 1) + weight_count) * sizeof(T), [&] {
                         B::convolve(q, sizes, x, weights, epilogue);
                         q.wait();
                     });
    }

   private:
    static double product(std::size_t a, std::size_t b) { return static_cast<double>(a) * static_cast<double>(b); }

    static double multiply_adds(const rd4ad::backend::gemm_shape& sizes) {
        return product(sizes.rows, sizes.k) * static_cast<double>(sizes.n);
    }

    /// Bytes of a kernel's operands; visits: rows x channels, or rows for a kernel that is called once per row.
    template <class Kernel>
    static double bytes(const Kernel& kernel, std::size_t visits) {
        return kernel.values_moved(static_cast<double>(visits)) * sizeof(T);
    }

    /// Bytes that a GEMM reads for one side: a matrix in memory of rows x width, or a producer's operands.
    template <class Producer>
    static double operand_bytes(const Producer& producer, std::size_t rows, std::size_t width) {
        if constexpr (rd4ad::backend::is_in_place<Producer>)
            return product(rows, width) * sizeof(T);
        else
            return bytes(producer, rows * producer.channels);
    }

    /// Bytes of the weight matrices.
    static double matrix_bytes(const rd4ad::backend::gemm_shape& sizes) {
        return product(sizes.matrices(), sizes.k) * static_cast<double>(sizes.n) * sizeof(T);
    }

    static std::string size_text(const rd4ad::backend::gemm_shape& sizes) {
        return rd4ad::text(", ", sizes.rows, sizes.planes > 1 ? " tiles, " : " rows, ", sizes.k, " to ", sizes.n);
    }
};

}  // namespace cli
