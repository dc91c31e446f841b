// rd4ad/nn/folded_weights.hpp: inference: batch norms folded into convolutions, whose weights are kept in the forms in use alone.
// Twin: tests/nn/conv_bn.cpp
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <utility>

#include <rd4ad/nn/conv_bn.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// One layer's bias, and the forms of its weights that its algorithms read, by algorithm. The plain weights are not among them.
template <Backend B>
struct prepared_layer {
    tensor<B> bias{};
    std::array<tensor<B>, conv_algorithm_count> transformed{}, packed{};
    tensor<B> native{};

    /// The weights as `convolve` takes them.
    [[nodiscard]] kernel_weights<typename B::value_type> forms() const {
        kernel_weights<typename B::value_type> made{.native = native.data()};
        for (std::size_t i = 0; i < conv_algorithm_count; ++i) {
            made.transformed[i] = transformed[i].data();
            made.packed[i] = packed[i].data();
        }
        return made;
    }

    /// Values in memory.
    [[nodiscard]] std::size_t count() const {
        std::size_t values = bias.count() + native.count();
        for (std::size_t i = 0; i < conv_algorithm_count; ++i) values += transformed[i].count() + packed[i].count();
        return values;
    }
};

/// Weights for inference, in the forms in use alone: each batch norm folded into its convolution, w' = w g / sqrt(v + epsilon)
/// with the bias b - m g / sqrt(v + epsilon), and w' prepared for the algorithms that compute it.
template <Backend B>
struct folded_weights {
    algorithm_preference preference{algorithm_preference::automatic};
    std::unordered_map<std::size_t, prepared_layer<B>> layers{};  ///< by the layer's weight

    [[nodiscard]] const prepared_layer<B>& of(const conv_bn& layer) const { return layers.at(layer.weight); }
    [[nodiscard]] const typename B::value_type* bias(const conv_bn& layer) const { return of(layer).bias.data(); }

    /// Values in memory.
    [[nodiscard]] std::size_t count() const {
        std::size_t values = 0;
        for (const auto& [weight, layer] : layers) values += layer.count();
        return values;
    }
};

/// One layer's parameters on the device: the convolution's weights, and the batch norm's values and statistics.
template <class T>
struct layer_parameters {
    const T *weight, *norm_weight, *norm_bias, *running_mean, *running_variance;
};

/// A layer's parameters in the flat arrays of its table.
template <Backend B>
[[nodiscard]] layer_parameters<typename B::value_type> parameters_of(const conv_bn& layer, const weights<B>& in) {
    const auto *values = in.values.data(), *statistics = in.statistics.data();
    return {values + layer.weight, values + layer.norm.weight, values + layer.norm.bias, statistics + layer.norm.mean,
            statistics + layer.norm.variance};
}

/// Kernel over (taps x in) x out: folds a batch norm into its convolution.
template <class T>
struct fold_kernel {
    layer_parameters<T> from;
    T *folded, *bias;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::broadcast, backend::load, backend::store;
        const P scale = load<P>(from.norm_weight + c) /
                        backend::sqrt(load<P>(from.running_variance + c) + broadcast<P>(static_cast<T>(batch_norm_epsilon)));
        store<P>(folded + r * channels + c, load<P>(from.weight + r * channels + c) * scale);
        if (r == 0) store<P>(bias + c, load<P>(from.norm_bias + c) - load<P>(from.running_mean + c) * scale);
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// Folds one layer: its weights, in their order, to `folded`, its bias to `bias`.
template <Backend B>
void fold(typename B::queue& q, const convolution& layer, const layer_parameters<typename B::value_type>& from,
          typename B::value_type* folded, typename B::value_type* bias) {
    B::apply(q, layer.weight_count() / layer.out, layer.out,
             fold_kernel<typename B::value_type>{.from = from, .folded = folded, .bias = bias, .channels = layer.out});
}

/// Prepares layers for inference, one after the other. Its scratch memory holds the plain weights of one layer and their
/// transformed form; the destructor frees it.
template <Backend B>
class weight_preparer {
   public:
    using T = typename B::value_type;

    explicit weight_preparer(typename B::queue& q) : q_{q} {}

    /// Folds a layer and prepares it for inputs of these shapes. Inputs of other shapes are computed by the cheapest of the
    /// algorithms that these require.
    void add(const conv_bn& layer, std::span<const shape> inputs, const layer_parameters<T>& from, folded_weights<B>& to) {
        auto& forms = to.layers[layer.weight];
        forms.bias = make_lasting_tensor<B>({1, layer.conv.out, 1, 1});
        if constexpr (!backend::HasPackedWeights<B>) folded_ = {};  // the layer before may keep it
        reserve(folded_, layer.conv.weight_count());
        fold<B>(q_, layer.conv, from, folded_.data(), forms.bias.data());
        prepare(layer.conv, inputs, to.preference, folded_, forms);
    }

    /// Prepares plain weights, without a batch norm, for inputs of these shapes: for the backend's native convolution where it
    /// has one and the preference is automatic; else transformed for the selected algorithm, and packed where the backend packs
    /// (then the transformed weights are not kept). A backend that packs nothing keeps a handle of `plain` for im2col.
    void prepare(const convolution& layer, std::span<const shape> inputs, algorithm_preference preference, const tensor<B>& plain,
                 prepared_layer<B>& forms) {
        for (const auto& input : inputs) {
            if (prepare_native(layer, input, preference, plain, forms)) continue;
            const auto algorithm = select_algorithm(layer, input, resolve_preference<B>(preference), weight_lifetime::persistent);
            const auto at = static_cast<std::size_t>(algorithm);
            if (!forms.transformed[at].memory && !forms.packed[at].memory) prepare_for(layer, algorithm, plain, forms);
        }
    }

   private:
    /// Whether the backend's native convolution computes the layer; then its weights are ready.
    bool prepare_native([[maybe_unused]] const convolution& layer, [[maybe_unused]] const shape& input,
                        [[maybe_unused]] algorithm_preference preference, [[maybe_unused]] const tensor<B>& plain,
                        [[maybe_unused]] prepared_layer<B>& forms) {
        if constexpr (backend::HasNativeConvolution<B>) {
            const auto native = native_shape(layer, input);
            if (preference != algorithm_preference::automatic || layer.transposed || !B::native_convolution(native)) return false;
            if (forms.native.memory) return true;
            forms.native = make_lasting_tensor<B>({1, B::native_weights_size(native), 1, 1});
            B::pack_native_weights(q_, native, plain.data(), forms.native.data());
            return true;
        } else {
            return false;
        }
    }

    void prepare_for(const convolution& layer, conv_algorithm algorithm, const tensor<B>& plain, prepared_layer<B>& forms) {
        const auto at = static_cast<std::size_t>(algorithm);
        const bool is_plain = algorithm == conv_algorithm::im2col;
        const auto transform = [&](tensor<B>& to) { transform_weights<B>(q_, layer, algorithm, plain.data(), to.data()); };
        if constexpr (backend::HasPackedWeights<B>) {
            if (!is_plain) {
                reserve(transformed_, transformed_count(layer, algorithm));
                transform(transformed_);
            }
            const auto gemm = gemm_shape_of(layer, algorithm);
            forms.packed[at] = make_lasting_tensor<B>({1, B::packed_size(gemm), 1, 1});
            B::pack_b(q_, gemm, {is_plain ? plain.data() : std::as_const(transformed_).data()}, forms.packed[at].data());
        } else if (is_plain) {
            forms.transformed[at] = plain;
        } else {
            forms.transformed[at] = make_lasting_tensor<B>({1, transformed_count(layer, algorithm), 1, 1});
            transform(forms.transformed[at]);
        }
    }

    void reserve(tensor<B>& scratch, std::size_t count) {
        q_.wait();  // the device may still read the layer before
        reserve_scratch<B>(scratch, count);
    }

    typename B::queue& q_;
    tensor<B> folded_{}, transformed_{};
};

namespace detail {
template <Backend B>
void infer_into(typename B::queue& q, const conv_bn& layer, const folded_weights<B>& weights, const tensor<B>& x,
                const backend::epilogue<typename B::value_type>& epilogue) {
    convolve<B>(q, layer.conv, x.shape, no_prologue(x), weights.of(layer).forms(), epilogue, weights.preference);
}
}  // namespace detail

/// y = [relu](convolution + bias) with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const conv_bn& layer, const folded_weights<B>& weights, const tensor<B>& x,
                              bool relu) {
    auto y = make_tensor<B>(q, layer.conv.checked_output_shape(x.shape));
    detail::infer_into<B>(q, layer, weights, x,
                          {.y = y.data(), .stride = layer.conv.out, .bias = weights.bias(layer), .relu = relu});
    return y;
}

/// y = relu(convolution + bias + residual) with folded weights, in the residual's memory if nothing else holds it.
template <Backend B>
[[nodiscard]] tensor<B> infer_onto(typename B::queue& q, const conv_bn& layer, const folded_weights<B>& weights,
                                   const tensor<B>& x, tensor<B> residual) {
    auto y = residual.memory.use_count() == 1 ? residual : make_tensor<B>(q, layer.conv.checked_output_shape(x.shape));
    detail::infer_into<B>(q, layer, weights, x,
                          {.y = y.data(),
                           .stride = layer.conv.out,
                           .bias = weights.bias(layer),
                           .residual = std::as_const(residual).data(),
                           .relu = true});
    return y;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
