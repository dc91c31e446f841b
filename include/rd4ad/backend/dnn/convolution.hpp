// rd4ad/backend/dnn/convolution.hpp: oneDNN's direct convolutions with fused bias, residual and ReLU. Twin:
// tests/backend/onednn.cpp
#pragma once
#include <algorithm>
#include <compare>
#include <cstddef>
#include <map>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <rd4ad/backend/convolution_shape.hpp>
#include <rd4ad/backend/cpu/scoped_threads.hpp>
#include <rd4ad/backend/cpu/share.hpp>
#include <rd4ad/backend/cpu/storage.hpp>
#include <rd4ad/backend/dnn/packed_gemm.hpp>
#include <rd4ad/backend/epilogue.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::dnn {

/// Whether oneDNN multiplies bf16 in tile registers (AMX) on this processor.
[[nodiscard]] inline bool has_amx() {
    const auto found = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    constexpr auto amx = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
    return (found & amx) == amx;
}

/// The operations that oneDNN fuses after a convolution.
struct fused_operations {
    bool bias, residual, relu;
    friend auto operator<=>(const fused_operations&, const fused_operations&) = default;
};

template <class Factor>
[[nodiscard]] dnnl::convolution_forward::primitive_desc describe_convolution(const convolution_shape& shape,
                                                                             const fused_operations& fused, const desc& weights) {
    using dims = dnnl::memory::dims;
    constexpr auto f32 = dnnl::memory::data_type::f32;
    const auto nhwc = dnnl::memory::format_tag::nhwc;
    const desc x{{dim_of(shape.n), dim_of(shape.in), dim_of(shape.h), dim_of(shape.w)}, type_of<Factor>, nhwc};
    const desc y{
        {dim_of(shape.n), dim_of(shape.out), dim_of(shape.output_size(shape.h)), dim_of(shape.output_size(shape.w))}, f32, nhwc};
    const desc bias = fused.bias ? desc{{dim_of(shape.out)}, f32, dnnl::memory::format_tag::a} : desc{};
    const dims strides(2, dim_of(shape.stride)), padding(2, dim_of(shape.kernel / 2));
    constexpr auto forward = dnnl::prop_kind::forward_inference;
    constexpr auto direct = dnnl::algorithm::convolution_direct;
    dnnl::post_ops after;
    if (fused.residual) after.append_sum(1.0f);  // y holds the residual: a separate operand is slow in oneDNN 2
    dnnl::primitive_attr attributes;
#if DNNL_VERSION_MAJOR >= 3
    if (fused.relu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(after);
    return {cpu_engine(), forward, direct, x, weights, bias, y, strides, padding, padding, attributes};
#else
    if (fused.relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(after);
    return {dnnl::convolution_forward::desc{forward, direct, x, weights, bias, y, strides, padding, padding}, attributes,
            cpu_engine()};
#endif
}

/// A layer's weights in the given type and order.
[[nodiscard]] inline desc weights_desc(const convolution_shape& shape, dnnl::memory::data_type type,
                                       dnnl::memory::format_tag order) {
    return {{dim_of(shape.out), dim_of(shape.in), dim_of(shape.kernel), dim_of(shape.kernel)}, type, order};
}

/// The layout that oneDNN prefers for a layer's weights. It serves any number and size of images: it is chosen for one
/// image of 64 x 64.
template <class Factor>
[[nodiscard]] desc native_layout(convolution_shape shape) {
    static std::mutex guard;
    static std::map<convolution_shape, desc> known;
    shape.n = 1, shape.h = shape.w = 64;
    const std::lock_guard lock{guard};
    const auto found = known.find(shape);
    if (found != known.end()) return found->second;
    const desc any = weights_desc(shape, type_of<Factor>, dnnl::memory::format_tag::any);
    return known.emplace(shape, describe_convolution<Factor>(shape, {true, false, true}, any).weights_desc()).first->second;
}

/// A convolution, created once per thread, shape and fused operations.
class convolution {
   public:
    template <class Factor>
    static convolution& of(const convolution_shape& shape, const fused_operations& fused, std::size_t threads) {
        thread_local std::map<std::tuple<convolution_shape, fused_operations, std::size_t>, convolution> made;
        const std::tuple key{shape, fused, threads};
        const auto found = made.find(key);
        if (found != made.end()) return found->second;
        return made.emplace(key, convolution{describe_convolution<Factor>(shape, fused, native_layout<Factor>(shape)), fused})
            .first->second;
    }

    void operator()(const void* x, const void* weights, const float* bias, float* y) {
        x_.set_data_handle(const_cast<void*>(x));
        weights_.set_data_handle(const_cast<void*>(weights));
        y_.set_data_handle(y);
        if (fused_.bias) bias_.set_data_handle(const_cast<float*>(bias));
        primitive_.execute(stream_, arguments_);
    }

   private:
    convolution(const dnnl::convolution_forward::primitive_desc& description, const fused_operations& fused)
        : fused_{fused},
          primitive_{description},
          stream_{cpu_engine()},
          x_{description.src_desc(), cpu_engine(), nullptr},
          weights_{description.weights_desc(), cpu_engine(), nullptr},
          y_{description.dst_desc(), cpu_engine(), nullptr},
          arguments_{{DNNL_ARG_SRC, x_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, y_}} {
        if (fused.bias) {
            bias_ = dnnl::memory{description.bias_desc(), cpu_engine(), nullptr};
            arguments_.emplace(DNNL_ARG_BIAS, bias_);
        }
    }

    fused_operations fused_;
    dnnl::convolution_forward primitive_;
    dnnl::stream stream_;
    dnnl::memory x_, weights_, y_, bias_{};
    std::unordered_map<int, dnnl::memory> arguments_;
};

/// Values (floats of memory) of a layer's weights in oneDNN's layout.
template <class Factor>
[[nodiscard]] std::size_t native_weights_size(const convolution_shape& shape) {
    return (native_layout<Factor>(shape).get_size() + sizeof(float) - 1) / sizeof(float);
}

/// Writes the weights [ky][kx][in][out] in oneDNN's layout.
template <class Factor>
void pack_native_weights(std::size_t threads, const convolution_shape& shape, const float* weights, float* to) {
    const desc plain = weights_desc(shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::hwio);
    const cpu::scoped_threads scope{threads};
    dnnl::stream stream{cpu_engine()};
    dnnl::memory source{plain, cpu_engine(), const_cast<float*>(weights)};
    dnnl::memory result{native_layout<Factor>(shape), cpu_engine(), to};
    dnnl::reorder{source, result}.execute(stream, source, result);
    stream.wait();
}

/// Writes epilogue(convolution of x) to epilogue.y. x: dense; weights: from pack_native_weights.
template <class Factor>
void convolve(cpu::queue<float>& q, const convolution_shape& shape, const float* x, const float* weights,
              const epilogue<float>& epilogue) {
    const void* input = x;
    if constexpr (!std::is_same_v<Factor, float>) {
        const std::size_t count = shape.n * shape.h * shape.w * shape.in;
        const std::size_t floats = (count * sizeof(Factor) + sizeof(float) - 1) / sizeof(float);
        auto* narrow = reinterpret_cast<Factor*>(q.scratch(scratch_slot::native_input, floats));
        cpu::on_threads(q.threads, [&](std::size_t index, std::size_t workers) {
            const auto [first, last] = partition(count, workers, index);
            for (std::size_t i = first; i < last; ++i) narrow[i] = {round_to_bf16(x[i])};
        });
        input = narrow;
    }
    const std::size_t output_values = shape.output_pixels() * shape.out;
    const bool dense = epilogue.stride == shape.out;
    float* output = dense ? epilogue.y : q.scratch(scratch_slot::native_output, output_values);
    if (dense && epilogue.residual != nullptr && epilogue.residual != epilogue.y)
        cpu::on_threads(q.threads, [&](std::size_t index, std::size_t workers) {
            const auto [first, last] = partition(output_values, workers, index);
            std::copy(epilogue.residual + first, epilogue.residual + last, epilogue.y + first);
        });
    const fused_operations fused{.bias = epilogue.bias != nullptr,
                                 .residual = dense && epilogue.residual != nullptr,
                                 .relu = epilogue.relu && (dense || epilogue.residual == nullptr)};
    {
        const cpu::scoped_threads scope{q.threads};
        cpu::has_openmp_team = q.threads > 1;
        convolution::of<Factor>(shape, fused, q.threads)(input, weights, epilogue.bias, output);
    }
    if (dense) return;
    backend::epilogue<float> rest = epilogue;
    rest.bias = nullptr;
    cpu::on_threads(q.threads, [&](std::size_t index, std::size_t workers) {
        const auto [first, last] = partition(shape.output_pixels(), workers, index);
        for (std::size_t pixel = first; pixel < last; ++pixel)
            for (std::size_t c = 0; c < shape.out; ++c) rest.operator()<float>(pixel, c, output[pixel * shape.out + c]);
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::dnn
