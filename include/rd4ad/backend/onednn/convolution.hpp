// rd4ad/backend/onednn/convolution.hpp: oneDNN's own convolutions, with bias, residual and ReLU in them. Twin:
// tests/backend/onednn.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <rd4ad/backend/onednn/products.hpp>
#include <rd4ad/backend/own_convolution.hpp>
#include <rd4ad/backend/xtensor/storage.hpp>

namespace rd4ad::backend::dnn {

/// Whether oneDNN multiplies bf16 in tiles (AMX) on this processor.
[[nodiscard]] inline bool has_tiles() {
    const auto found = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    constexpr auto tiles = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
    return (found & tiles) == tiles;
}

/// So many threads for what oneDNN makes and runs on this thread, as long as this lives.
class threads_here {
   public:
#if defined(_OPENMP)
    explicit threads_here(std::size_t threads) : before_{omp_get_max_threads()} {
        omp_set_num_threads(static_cast<int>(threads));
    }
    ~threads_here() { omp_set_num_threads(before_); }
#else
    explicit threads_here(std::size_t) {}
    ~threads_here() = default;
#endif
    threads_here(const threads_here&) = delete;
    threads_here& operator=(const threads_here&) = delete;

   private:
#if defined(_OPENMP)
    int before_;
#endif
};

/// What follows the multiplying.
struct finishing {
    bool bias, residual, relu;
    friend auto operator<=>(const finishing&, const finishing&) = default;
};

template <class Factor>
[[nodiscard]] dnnl::convolution_forward::primitive_desc describe(const convolution_sizes& sizes, const finishing& finish,
                                                                 const desc& weights) {
    using dims = dnnl::memory::dims;
    constexpr auto number = dnnl::memory::data_type::f32;
    const auto pixels = dnnl::memory::format_tag::nhwc;
    const desc x{{dim_of(sizes.n), dim_of(sizes.in), dim_of(sizes.h), dim_of(sizes.w)}, type_of<Factor>, pixels};
    const desc y{
        {dim_of(sizes.n), dim_of(sizes.out), dim_of(sizes.result_of(sizes.h)), dim_of(sizes.result_of(sizes.w))}, number, pixels};
    const desc bias = finish.bias ? desc{{dim_of(sizes.out)}, number, dnnl::memory::format_tag::a} : desc{};
    const dims strides(2, dim_of(sizes.stride)), padding(2, dim_of(sizes.kernel / 2));
    constexpr auto forward = dnnl::prop_kind::forward_inference;
    constexpr auto direct = dnnl::algorithm::convolution_direct;
    dnnl::post_ops after;
    if (finish.residual) after.append_sum(1.0f);  // y holds it already: a summand of its own is slow in oneDNN 2
    dnnl::primitive_attr attributes;
#if DNNL_VERSION_MAJOR >= 3
    if (finish.relu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(after);
    return {processor(), forward, direct, x, weights, bias, y, strides, padding, padding, attributes};
#else
    if (finish.relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(after);
    return {dnnl::convolution_forward::desc{forward, direct, x, weights, bias, y, strides, padding, padding}, attributes,
            processor()};
#endif
}

/// A layer's weights in some order.
[[nodiscard]] inline desc weights_of(const convolution_sizes& sizes, dnnl::memory::data_type type,
                                     dnnl::memory::format_tag order) {
    return {{dim_of(sizes.out), dim_of(sizes.in), dim_of(sizes.kernel), dim_of(sizes.kernel)}, type, order};
}

/// The order that oneDNN wants the weights of a layer in, for images of any number and size: that of one of 64 x 64.
template <class Factor>
[[nodiscard]] desc order_of(convolution_sizes sizes) {
    static std::mutex guard;
    static std::map<convolution_sizes, desc> known;
    sizes.n = 1, sizes.h = sizes.w = 64;
    const std::lock_guard lock{guard};
    const auto found = known.find(sizes);
    if (found != known.end()) return found->second;
    const desc any = weights_of(sizes, type_of<Factor>, dnnl::memory::format_tag::any);
    return known.emplace(sizes, describe<Factor>(sizes, {true, false, true}, any).weights_desc()).first->second;
}

/// A convolution, made once a thread, size and finish.
class convolution {
   public:
    template <class Factor>
    static convolution& of(const convolution_sizes& sizes, const finishing& finish, std::size_t threads) {
        thread_local std::map<std::tuple<convolution_sizes, finishing, std::size_t>, convolution> made;
        const std::tuple key{sizes, finish, threads};
        const auto found = made.find(key);
        if (found != made.end()) return found->second;
        return made.emplace(key, convolution{describe<Factor>(sizes, finish, order_of<Factor>(sizes)), finish}).first->second;
    }

    void operator()(const void* x, const void* weights, const float* bias, float* y) {
        x_.set_data_handle(const_cast<void*>(x));
        weights_.set_data_handle(const_cast<void*>(weights));
        y_.set_data_handle(y);
        if (finish_.bias) bias_.set_data_handle(const_cast<float*>(bias));
        run_.execute(stream_, arguments_);
    }

   private:
    convolution(const dnnl::convolution_forward::primitive_desc& description, const finishing& finish)
        : finish_{finish},
          run_{description},
          stream_{processor()},
          x_{description.src_desc(), processor(), nullptr},
          weights_{description.weights_desc(), processor(), nullptr},
          y_{description.dst_desc(), processor(), nullptr},
          arguments_{{DNNL_ARG_SRC, x_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, y_}} {
        if (finish.bias) {
            bias_ = dnnl::memory{description.bias_desc(), processor(), nullptr};
            arguments_.emplace(DNNL_ARG_BIAS, bias_);
        }
    }

    finishing finish_;
    dnnl::convolution_forward run_;
    dnnl::stream stream_;
    dnnl::memory x_, weights_, y_, bias_{};
    std::unordered_map<int, dnnl::memory> arguments_;
};

/// Values (floats of memory) of a layer's weights in oneDNN's order.
template <class Factor>
[[nodiscard]] std::size_t own_weights_size(const convolution_sizes& sizes) {
    return (order_of<Factor>(sizes).get_size() + sizeof(float) - 1) / sizeof(float);
}

/// Puts [ky][kx][in][out] into oneDNN's order.
template <class Factor>
void own_weights(std::size_t threads, const convolution_sizes& sizes, const float* weights, float* to) {
    const desc plain = weights_of(sizes, dnnl::memory::data_type::f32, dnnl::memory::format_tag::hwio);
    const threads_here scope{threads};
    dnnl::stream stream{processor()};
    dnnl::memory source{plain, processor(), const_cast<float*>(weights)}, result{order_of<Factor>(sizes), processor(), to};
    dnnl::reorder{source, result}.execute(stream, source, result);
    stream.wait();
}

/// finish.y = finish(convolution of x). Scratch slots 6 and 7: x in the factors' type, and a dense result where finish.y is none.
template <class Factor>
void convolve(host::queue<float>& q, const convolution_sizes& sizes, const float* x, const float* weights,
              const epilogue<float>& finish) {
    const void* input = x;
    if constexpr (!std::is_same_v<Factor, float>) {
        const std::size_t count = sizes.n * sizes.h * sizes.w * sizes.in;
        auto* narrow = reinterpret_cast<Factor*>(q.scratch(6, (count * sizeof(Factor) + sizeof(float) - 1) / sizeof(float)));
        host::on_threads(q.threads, [&](std::size_t index, std::size_t parts) {
            const auto [first, last] = part_of(count, parts, index);
            for (std::size_t i = first; i < last; ++i) narrow[i] = rounded(x[i]);
        });
        input = narrow;
    }
    const bool dense = finish.stride == sizes.out;
    float* result = dense ? finish.y : q.scratch(7, sizes.pixels() * sizes.out);
    if (dense && finish.residual != nullptr && finish.residual != finish.y)
        host::on_threads(q.threads, [&](std::size_t index, std::size_t parts) {
            const auto [first, last] = part_of(sizes.pixels() * sizes.out, parts, index);
            std::copy(finish.residual + first, finish.residual + last, finish.y + first);
        });
    const finishing after{finish.bias != nullptr, dense && finish.residual != nullptr,
                          finish.relu && (dense || finish.residual == nullptr)};
    {
        const threads_here scope{q.threads};
        convolution::of<Factor>(sizes, after, q.threads)(input, weights, finish.bias, result);
    }
    if (dense) return;
    const epilogue<float> rest{finish.y, finish.stride, nullptr, finish.residual, finish.relu};
    host::on_threads(q.threads, [&](std::size_t index, std::size_t parts) {
        const auto [first, last] = part_of(sizes.pixels(), parts, index);
        for (std::size_t pixel = first; pixel < last; ++pixel)
            for (std::size_t c = 0; c < sizes.out; ++c) rest.operator()<float>(pixel, c, result[pixel * sizes.out + c]);
    });
}

}  // namespace rd4ad::backend::dnn
