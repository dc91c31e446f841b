// The primitives of every backend: storage, copies, apply, reductions, products, fused GEMMs, the pool and scratch memory.
#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/fused_gemm.hpp>
#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

// Kernels have names with linkage: a device's compiler instantiates them outside this file's scope.
namespace primitives {

using namespace rd4ad;

/// to[r][c] = 2 from[r][c] + r.
template <class T>
struct double_and_add_row {
    const T* from;
    T* to;
    std::size_t width;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const P x = backend::load<P>(from + r * width + c);
        backend::store<P>(to + r * width + c, x + x + backend::broadcast<P>(static_cast<T>(r)));
    }
};

/// Adds 1 to every value that the kernel visits; computes the row's offset once per row.
template <class T>
struct count_visits {
    T* to;
    std::size_t width;
    struct row_offset {
        std::size_t first;
    };
    RD4AD_KERNEL row_offset row(std::size_t r) const { return {r * width}; }
    template <class P>
    RD4AD_KERNEL void operator()(const row_offset& row, std::size_t c) const {
        T* at = to + row.first + c;
        backend::store<P>(at, backend::load<P>(at) + backend::broadcast<P>(T{1}));
    }
};

/// to[r] += the sum over channels of from[r][c]; the kernel loops over the channels itself.
template <class T>
struct sum_of_row {
    const T* from;
    T* to;
    std::size_t width;
    static constexpr bool whole_rows = true;

    struct value {
        const T* at;
        template <class P>
        RD4AD_KERNEL P operator()(std::size_t c) const {
            return backend::load<P>(at + c);
        }
    };
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r) const {
        to[r] += backend::sum_over_channels<P>(width, value{from + r * width});
    }
};

/// Reduction term: the value and its square.
template <class T>
struct value_and_square {
    const T* from;
    std::size_t width;
    static constexpr double values_read = 1;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P x = backend::load<P>(from + r * width + c);
        sums[0] = sums[0] + x;
        sums[1] = backend::mul_add(x, x, sums[1]);
    }
};

/// Producer: plane p of row r is (p + 1) times the row.
template <class T>
struct scaled_rows {
    const T* from;
    std::size_t channels, planes;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, T* to, std::size_t plane) const {
        const P x = backend::load<P>(from + r * channels + c);
        for (std::size_t p = 0; p < planes; ++p)
            backend::store<P>(to + p * plane, x * backend::broadcast<P>(static_cast<T>(p + 1)));
    }
};

/// Consumer: to[r][c] is the sum over the planes.
template <class T>
struct sum_of_planes {
    T* to;
    std::size_t channels, planes;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, const T* from, std::size_t plane) const {
        P sum = backend::load<P>(from);
        for (std::size_t p = 1; p < planes; ++p) sum = sum + backend::load<P>(from + p * plane);
        backend::store<P>(to + r * channels + c, sum);
    }
};

template <class T>
double tolerance() {
    return 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Row-major a (m x k, stored k x m if transposed) times b (k x n, stored n x k if transposed), by a triple loop in double.
template <class T>
std::vector<double> plain_product(const T* a, std::size_t lda, bool transpose_a, const T* b, std::size_t ldb, bool transpose_b,
                                  std::size_t m, std::size_t n, std::size_t k) {
    std::vector<double> c(m * n);
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t l = 0; l < k; ++l) {
            const auto left = static_cast<double>(transpose_a ? a[l * lda + i] : a[i * lda + l]);
            for (std::size_t j = 0; j < n; ++j)
                c[i * n + j] += left * static_cast<double>(transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
        }
    return c;
}

// The concepts hold for backends that offer their functions, and for no other type.

using cpu = backend::xtensor<float>;

static_assert(backend::HasFusedGemm<cpu> && backend::HasFusedGemmReduce<cpu> && backend::HasPackedWeights<cpu>);
static_assert(backend::WorksOnHost<cpu> && !backend::HasBlockSize<cpu> && !backend::HasNativeConvolution<cpu>);
static_assert(!backend::narrow_products<cpu>);
#if defined(RD4AD_WITH_ONEDNN)
using dnn = backend::onednn<float>;
static_assert(backend::HasFusedGemm<dnn> && backend::HasFusedGemmReduce<dnn> && backend::HasPackedWeights<dnn>);
static_assert(backend::HasNativeConvolution<dnn> && backend::WorksOnHost<dnn> && !backend::narrow_products<dnn>);
static_assert(backend::narrow_products<backend::onednn<float, backend::bf16>>);
#endif
#if defined(RD4AD_WITH_THRUST)
static_assert(backend::HasBlockSize<backend::thrust<float>> && !backend::HasFusedGemm<backend::thrust<float>>);
#endif

// nvcc's front end takes a call of a deleted function in a requires-expression for valid; g++ and clang check this.
#if !defined(__CUDACC__)
/// A backend whose optional functions have misspelt names: the functions of the right names are deleted.
struct misspelt : cpu {
    template <class Producer, class Consumer>
    static void fussed_gemm(queue&, const backend::gemm_shape&, const Producer&, const backend::rhs_matrix<float>&,
                            const Consumer&);
    template <class Producer, class Consumer>
    static void fused_gemm(queue&, const backend::gemm_shape&, const Producer&, const backend::rhs_matrix<float>&,
                           const Consumer&) = delete;
    template <class Lhs, class Rhs>
    static void fused_gemm_reduces(queue&, const backend::gemm_shape&, const Lhs&, const Rhs&, float*);
    template <class Lhs, class Rhs>
    static void fused_gemm_reduce(queue&, const backend::gemm_shape&, const Lhs&, const Rhs&, float*) = delete;
    static void packb(queue&, const backend::gemm_shape&, const backend::rhs_matrix<float>&, float*);
    static void pack_b(queue&, const backend::gemm_shape&, const backend::rhs_matrix<float>&, float*) = delete;
    template <class Work>
    static void for_every(queue&, std::size_t, const Work&);
    template <class Work>
    static void for_each(queue&, std::size_t, const Work&) = delete;
};
static_assert(Backend<misspelt>);
static_assert(!backend::HasFusedGemm<misspelt> && !backend::HasFusedGemmReduce<misspelt>);
static_assert(!backend::HasPackedWeights<misspelt> && !backend::WorksOnHost<misspelt>);
#endif

/// A backend whose optional functions take other parameters than the concepts require.
struct changed_parameters : cpu {
    template <class Producer, class Consumer>
    static void fused_gemm(queue&, const Producer&, const backend::gemm_shape&, const backend::rhs_matrix<float>&,
                           const Consumer&);
    [[nodiscard]] static int packed_size(const backend::gemm_shape&);
};
static_assert(Backend<changed_parameters>);
static_assert(!backend::HasFusedGemm<changed_parameters> && !backend::HasPackedWeights<changed_parameters>);

/// Members of a queue, to be left out one by one.
struct with_threads {
    std::size_t threads{1};
};
struct with_pool {
    backend::pool<cpu::buffer> pool;
};
template <class... Members>
struct queue_of : Members... {
    explicit queue_of(std::size_t = 0) {}
    [[nodiscard]] float* scratch(backend::scratch_slot, std::size_t);
    void wait();
};
template <class... Members>
struct backend_with_queue : cpu {
    using queue = queue_of<Members...>;
    static void upload(queue&, std::span<const float>, float*);
    static void download(queue&, const float*, std::span<float>);
    template <class Kernel>
    static void apply(queue&, std::size_t, std::size_t, const Kernel&);
    static void gemm(queue&, const backend::gemm_call<float>&);
};
static_assert(Backend<backend_with_queue<with_threads, with_pool>>);
static_assert(!Backend<backend_with_queue<with_pool>> && !backend::HasQueue<backend_with_queue<with_pool>>);
static_assert(!Backend<backend_with_queue<with_threads>> && !backend::HasQueue<backend_with_queue<with_threads>>);

}  // namespace primitives

using namespace primitives;

TEMPLATE_LIST_TEST_CASE("a buffer holds the requested number of values, and moves", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    auto buffer = B::allocate(1000);
    CHECK(buffer.size() == 1000);
    auto* const address = buffer.data();
    REQUIRE(address != nullptr);
    const auto moved = std::move(buffer);
    CHECK(moved.data() == address);
    CHECK(B::allocate(0).size() == 0);
    CHECK_FALSE(B::name().empty());
    CHECK_FALSE(B::blas_description().empty());
    q.wait();
}

TEMPLATE_LIST_TEST_CASE("missing memory is an error that names the requested bytes", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    const std::size_t count = std::size_t{1} << 55;
    try {
        static_cast<void>(B::allocate(count));
        FAIL("nothing was thrown");
    } catch (const memory_error& error) {
        const std::string message = error.what();
        CHECK_THAT(message, test::mentions("out of memory", count * sizeof(typename B::value_type), "bytes were requested"));
        CHECK_THAT(message, test::mentions("use a smaller batch or image size"));
    }
    CHECK_THROWS_AS(B::allocate(std::numeric_limits<std::size_t>::max() / 2), memory_error);  // its size in bytes overflows
    CHECK(B::allocate(10).size() == 10);                                                      // the next request succeeds
}

TEMPLATE_LIST_TEST_CASE("copies to the backend and back keep every bit", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{4097}}) {
        auto values = test::seeded_values<T>(1, count);
        values[0] = -T{0};
        const auto there = test::flat_tensor<B>(q, values);
        CHECK(same_bits(to_host<B>(q, there), values));
    }
    const auto few = test::seeded_values<T>(2, 3);
    CHECK_THROWS_AS(to_device<B>(q, shape{1, 4, 1, 1}, few), shape_error);
}

TEMPLATE_LIST_TEST_CASE("apply visits each row and channel once", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const auto& [rows, width] :
         {std::pair<std::size_t, std::size_t>{1, 1}, {3, 5}, {2, 64}, {257, 37}, {1, 20000}, {9000, 1}}) {
        INFO(rows << " x " << width);
        const auto values = test::seeded_values<T>(3, rows * width);
        const auto from = test::flat_tensor<B>(q, values);
        auto to = make_tensor<B>(q, {1, rows * width, 1, 1});
        B::apply(q, rows, width, double_and_add_row<T>{.from = from.data(), .to = to.data(), .width = width});
        std::vector<T> expected(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) expected[i] = values[i] + values[i] + static_cast<T>(i / width);
        CHECK(to_host<B>(q, to) == expected);
        fill<B>(q, to, T{0});
        B::apply(q, rows, width, count_visits<T>{.to = to.data(), .width = width});
        CHECK(to_host<B>(q, to) == std::vector<T>(rows * width, T{1}));
        auto sums = make_tensor<B>(q, {1, rows, 1, 1});
        fill<B>(q, sums, T{0});
        B::apply(q, rows, 1, sum_of_row<T>{.from = from.data(), .to = sums.data(), .width = width});
        std::vector<double> totals(rows);
        for (std::size_t i = 0; i < values.size(); ++i) totals[i / width] += static_cast<double>(values[i]);
        CHECK(test::relative_error(to_host<B>(q, sums), totals, std::sqrt(static_cast<double>(width))) < tolerance<T>());
    }
}

TEMPLATE_LIST_TEST_CASE("apply of no rows or no channels does nothing", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    auto to = test::flat_tensor<B>(q, std::vector<T>{1, 2, 3});
    B::apply(q, 0, 3, count_visits<T>{.to = to.data(), .width = 3});
    B::apply(q, 3, 0, count_visits<T>{.to = to.data(), .width = 3});
    CHECK(to_host<B>(q, to) == std::vector<T>{1, 2, 3});
}

TEMPLATE_LIST_TEST_CASE("for_each calls the work once per index, and rethrows the exception of the lowest index", "[backend]",
                        test::backends) {
    using B = TestType;
    if constexpr (backend::WorksOnHost<B>)
        for (const std::size_t threads : {1UL, 3UL}) {
            typename B::queue q{threads};
            for (const std::size_t count : {0UL, 1UL, 20UL}) {
                std::vector<int> visits(count, 0);
                B::for_each(q, count, [&](std::size_t i) { ++visits[i]; });
                CHECK(visits == std::vector<int>(count, 1));
            }
            std::atomic<int> called{0};
            CHECK_THROWS_WITH(B::for_each(q, 20,
                                          [&](std::size_t i) {
                                              ++called;
                                              if (i % 7 == 5) throw io_error{"number " + std::to_string(i)};
                                          }),
                              "number 5");
            CHECK(called == 20);
        }
}

TEMPLATE_LIST_TEST_CASE("reduce sums the rows of each group, with equal bits on every run and any number of threads", "[backend]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2}, alone{1};
    for (const auto& size :
         {std::array<std::size_t, 3>{1, 1, 3}, {2, 64, 16}, {3, 65, 37}, {2, 5000, 21}, {4, 300, 1}, {1, 300000, 3}}) {
        const std::size_t groups = size[0], rows = size[1], width = size[2];
        INFO(groups << " x " << rows << " x " << width);
        const auto values = test::seeded_values<T>(4, groups * rows * width);
        std::vector<long double> exact(groups * 2 * width);  // a plain sum in double has an error above the tolerance
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto x = static_cast<long double>(values[i]);
            auto* sums = exact.data() + i / (rows * width) * 2 * width + i % width;
            sums[0] += x;
            sums[width] += x * x;
        }
        const std::vector<double> expected(exact.begin(), exact.end());
        const auto sums_on = [&](typename B::queue& queue) {
            const auto from = test::flat_tensor<B>(queue, values);
            auto out = make_tensor<B>(queue, {groups, 2, width, 1});
            backend::reduce<2, B>(queue, groups, rows, width, value_and_square<T>{.from = from.data(), .width = width},
                                  out.data());
            return to_host<B>(queue, out);
        };
        const auto found = sums_on(q);
        CHECK(test::relative_error(found, expected, static_cast<double>(rows)) < tolerance<T>());
        CHECK(same_bits(found, sums_on(q)));
        CHECK(same_bits(found, sums_on(alone)));
    }
}

TEMPLATE_LIST_TEST_CASE("gemm equals a triple loop: transposed, in batches, with strides and beta", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    struct sizes {
        std::size_t m, n, k, batch;
        bool shared;  // one right-hand matrix for the batch
    };
    for (const auto& [m, n, k, batch, shared] : {sizes{1, 1, 1, 1, false},
                                                 {5, 3, 7, 1, false},
                                                 {70, 33, 50, 1, false},
                                                 {20, 90, 40, 3, true},
                                                 {16, 16, 64, 36, false},
                                                 {300, 8, 9, 2, false}})
        for (const bool transpose_a : {false, true})
            for (const bool transpose_b : {false, true})
                for (const T beta : {T{0}, T{1}}) {
                    INFO(m << " x " << n << " x " << k << ", batch " << batch << ", transposed " << transpose_a << transpose_b
                           << ", beta " << beta);
                    // rows wider than the matrices, and gaps between matrices
                    const std::size_t lda = (transpose_a ? m : k) + 3, ldb = (transpose_b ? k : n) + 2, ldc = n + 1;
                    const std::size_t stride_a = (transpose_a ? k : m) * lda + 5, stride_c = m * ldc + 4;
                    const std::size_t stride_b = shared ? 0 : (transpose_b ? n : k) * ldb + 1;
                    const auto a = test::seeded_values<T>(5, batch * stride_a);
                    const auto b = test::seeded_values<T>(6, (shared ? 1 : batch) * ((transpose_b ? n : k) * ldb + 1));
                    const auto c = test::seeded_values<T>(7, batch * stride_c);
                    const auto on_a = test::flat_tensor<B>(q, a), on_b = test::flat_tensor<B>(q, b);
                    auto on_c = test::flat_tensor<B>(q, c);
                    backend::gemm_call<T> call{.m = m, .n = n, .k = k};
                    call.a = on_a.data(), call.lda = lda, call.stride_a = stride_a, call.transpose_a = transpose_a;
                    call.b = on_b.data(), call.ldb = ldb, call.stride_b = stride_b, call.transpose_b = transpose_b;
                    call.c = on_c.data(), call.ldc = ldc, call.stride_c = stride_c;
                    call.batch = batch, call.beta = beta;
                    B::gemm(q, call);
                    const auto found = to_host<B>(q, on_c);
                    std::vector<double> expected(c.begin(), c.end());  // the gaps keep their values
                    for (std::size_t i = 0; i < batch; ++i) {
                        const auto product = plain_product(a.data() + i * stride_a, lda, transpose_a, b.data() + i * stride_b,
                                                           ldb, transpose_b, m, n, k);
                        for (std::size_t r = 0; r < m; ++r)
                            for (std::size_t j = 0; j < n; ++j) {
                                double& to = expected[i * stride_c + r * ldc + j];
                                to = product[r * n + j] + (beta == T{0} ? 0.0 : to);
                            }
                    }
                    CHECK(test::relative_error(found, expected, std::sqrt(static_cast<double>(k))) < tolerance<T>());
                }
}

TEMPLATE_LIST_TEST_CASE("gemm with beta 0 does not read the output", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const auto a = test::flat_tensor<B>(q, std::vector<T>{1, 2}), b = test::flat_tensor<B>(q, std::vector<T>{3, 4});
    auto c = test::flat_tensor<B>(q, std::vector<T>{std::numeric_limits<T>::quiet_NaN()});
    backend::gemm_call<T> call{.m = 1, .n = 1, .k = 2};
    call.a = a.data(), call.lda = 2, call.b = b.data(), call.ldb = 1, call.c = c.data(), call.ldc = 1;
    B::gemm(q, call);
    CHECK(to_host<B>(q, c) == std::vector<T>{11});
}

TEMPLATE_LIST_TEST_CASE("a fused GEMM equals a triple loop, at few rows, many rows and block edges", "[backend]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    struct sizes {
        std::size_t rows, k, n, planes;
    };
    for (const auto& [rows, k, n, planes] : {sizes{1, 5, 3, 1},
                                             {95, 20, 17, 1},
                                             {191, 33, 40, 4},
                                             {192, 16, 8, 36},
                                             {193, 64, 21, 3},
                                             {5000, 37, 9, 1},
                                             {577, 64, 48, 36},
                                             {11000, 130, 70, 2}}) {
        INFO(rows << " x " << k << " x " << n << ", planes " << planes);
        const auto left = test::seeded_values<T>(8, rows * k), right = test::seeded_values<T>(9, planes * k * n);
        const auto on_left = test::flat_tensor<B>(q, left), on_right = test::flat_tensor<B>(q, right);
        auto to = make_tensor<B>(q, {1, rows, n, 1});
        const backend::gemm_shape size{.planes = planes, .rows = rows, .k = k, .n = n};
        const scaled_rows<T> producer{.from = on_left.data(), .channels = k, .planes = planes};
        for (const bool transposed : {false, true}) {
            std::vector<double> expected(rows * n), first;
            for (std::size_t p = 0; p < planes; ++p) {
                const auto product =
                    plain_product(left.data(), k, false, right.data() + p * k * n, transposed ? k : n, transposed, rows, n, k);
                for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += static_cast<double>(p + 1) * product[i];
                if (p == 0) first = product;
            }
            const double scale = std::sqrt(static_cast<double>(k)) * static_cast<double>(planes * planes);
            const sum_of_planes<T> consumer{.to = to.data(), .channels = n, .planes = planes};
            backend::fused_gemm<B>(q, size, producer, {on_right.data(), transposed}, consumer);
            const auto found = to_host<B>(q, to);
            CHECK(test::relative_error(found, expected, scale) < tolerance<T>());
            backend::fused_gemm<B>(q, size, producer, {on_right.data(), transposed}, consumer);
            CHECK(same_bits(found, to_host<B>(q, to)));
            // rows in place
            backend::fused_gemm<B>(q, {.rows = rows, .k = k, .n = n}, backend::rows_in_place<T>{on_left.data(), k},
                                   {on_right.data(), transposed}, sum_of_planes<T>{.to = to.data(), .channels = n, .planes = 1});
            CHECK(test::relative_error(to_host<B>(q, to), first, scale) < tolerance<T>());
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a fused reduction equals a triple loop, at few rows, many rows and block edges", "[backend]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    struct sizes {
        std::size_t rows, k, n, planes;
    };
    for (const auto& [rows, k, n, planes] :
         {sizes{1, 5, 3, 1}, {511, 20, 17, 1}, {512, 16, 8, 36}, {513, 33, 40, 4}, {1025, 64, 30, 36}, {9000, 37, 130, 2}}) {
        INFO(rows << " x " << k << " x " << n << ", planes " << planes);
        const auto left = test::seeded_values<T>(8, rows * k), right = test::seeded_values<T>(9, rows * n);
        const auto on_left = test::flat_tensor<B>(q, left), on_right = test::flat_tensor<B>(q, right);
        auto out = make_tensor<B>(q, {planes, k, n, 1});
        const auto product = plain_product(left.data(), k, true, right.data(), n, false, k, n, rows);
        std::vector<double> expected, single;
        for (std::size_t p = 0; p < planes; ++p)
            for (const double value : product) {
                const auto factor = static_cast<double>(p + 1);
                expected.push_back(factor * factor * value);
                single.push_back(factor * value);
            }
        const double scale = std::sqrt(static_cast<double>(rows)) * static_cast<double>(planes * planes);
        const scaled_rows<T> scaled_left{.from = on_left.data(), .channels = k, .planes = planes},
            scaled_right{.from = on_right.data(), .channels = n, .planes = planes};
        const backend::gemm_shape size{.planes = planes, .rows = rows, .k = k, .n = n}, one_plane{.rows = rows, .k = k, .n = n};
        const backend::rows_in_place<T> plain_left{on_left.data(), k}, plain_right{on_right.data(), n};
        backend::fused_gemm_reduce<B>(q, size, scaled_left, scaled_right, out.data());
        const auto found = to_host<B>(q, out);
        CHECK(test::relative_error(found, expected, scale) < tolerance<T>());
        backend::fused_gemm_reduce<B>(q, size, scaled_left, scaled_right, out.data());
        CHECK(same_bits(found, to_host<B>(q, out)));
        auto one = make_tensor<B>(q, {1, k, n, 1});
        const auto check_one = [&] { CHECK(test::relative_error(to_host<B>(q, one), product, scale) < tolerance<T>()); };
        const scaled_rows<T> once_left{.from = on_left.data(), .channels = k, .planes = 1},
            once_right{.from = on_right.data(), .channels = n, .planes = 1};
        backend::fused_gemm_reduce<B>(q, one_plane, plain_left, plain_right, one.data());
        check_one();
        backend::fused_gemm_reduce<B>(q, one_plane, once_left, plain_right, one.data());
        check_one();
        backend::fused_gemm_reduce<B>(q, one_plane, plain_left, once_right, one.data());
        check_one();
    }
}

TEMPLATE_LIST_TEST_CASE("planes that share a matrix give the result of planes with equal matrices", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    constexpr backend::plane_group groups[]{{1, 4}, {2, 2}, {3, 1}};  // planes 0-3, 4-5, 6-7, 8, 9, 10
    constexpr std::size_t matrix_of[]{0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5}, planes = std::size(matrix_of), matrices = 6;
    for (const auto& [rows, k, n] : {std::tuple{1, 5, 3}, {70, 33, 40}, {300, 16, 32}, {1100, 20, 70}}) {
        INFO(rows << " x " << k << " x " << n);
        const auto r = static_cast<std::size_t>(rows), depth = static_cast<std::size_t>(k), width = static_cast<std::size_t>(n);
        const backend::gemm_shape shared{.planes = planes, .rows = r, .k = depth, .n = width, .groups = groups},
            each{.planes = planes, .rows = r, .k = depth, .n = width};
        REQUIRE(shared.matrices() == matrices);
        const auto left = test::seeded_values<T>(8, r * depth), right = test::seeded_values<T>(9, matrices * depth * width);
        std::vector<T> repeated;
        for (const std::size_t matrix : matrix_of)
            repeated.insert(repeated.end(), right.begin() + static_cast<std::ptrdiff_t>(matrix * depth * width),
                            right.begin() + static_cast<std::ptrdiff_t>((matrix + 1) * depth * width));
        const auto on_left = test::flat_tensor<B>(q, left), on_right = test::flat_tensor<B>(q, right),
                   on_repeated = test::flat_tensor<B>(q, repeated);
        auto to = make_tensor<B>(q, {1, r, width, 1});
        const scaled_rows<T> producer{.from = on_left.data(), .channels = depth, .planes = planes};
        const auto product = [&](const backend::gemm_shape& sizes, const tensor<B>& by) {
            backend::fused_gemm<B>(q, sizes, producer, {by.data()},
                                   sum_of_planes<T>{.to = to.data(), .channels = width, .planes = planes});
            const auto values = to_host<B>(q, to);
            return std::vector<double>(values.begin(), values.end());
        };
        const double scale = std::sqrt(static_cast<double>(depth)) * planes * planes;
        const auto expected = product(each, on_repeated);
        static_cast<void>(product(shared, on_right));
        CHECK(test::relative_error(to_host<B>(q, to), expected, scale) < tolerance<T>());

        const auto on_other = test::flat_tensor<B>(q, test::seeded_values<T>(10, r * width));
        auto sums = make_tensor<B>(q, {planes, depth, width, 1}), few = make_tensor<B>(q, {matrices, depth, width, 1});
        const scaled_rows<T> other{.from = on_other.data(), .channels = width, .planes = planes};
        backend::fused_gemm_reduce<B>(q, each, producer, other, sums.data());
        backend::fused_gemm_reduce<B>(q, shared, producer, other, few.data());
        const auto all = to_host<B>(q, sums);
        std::vector<double> added(matrices * depth * width);
        for (std::size_t p = 0; p < planes; ++p)
            for (std::size_t i = 0; i < depth * width; ++i)
                added[matrix_of[p] * depth * width + i] += static_cast<double>(all[p * depth * width + i]);
        CHECK(test::relative_error(to_host<B>(q, few), added, std::sqrt(static_cast<double>(r)) * planes * planes) <
              tolerance<T>());
    }
}

TEMPLATE_LIST_TEST_CASE("a second round takes all tensors from the pool", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    const auto round = [&] {
        const auto a = make_tensor<B>(q, {2, 3, 4, 5}), same = a;
        const auto b = make_tensor<B>(q, {1, 100, 1, 1});
        CHECK(same.data() == a.data());
        CHECK(a.data() != b.data());
    };
    round();
    const std::size_t allocated = q.pool.allocated();
    CHECK(allocated == 220);
    round();
    CHECK(q.pool.allocated() == allocated);
    {
        const auto smaller = make_tensor<B>(q, {1, 90, 1, 1}), much_smaller = make_tensor<B>(q, {1, 60, 1, 1});
        CHECK(q.pool.allocated() == allocated);
        CHECK(smaller.memory->size() == 100);
        CHECK(much_smaller.memory->size() == 120);
    }
    {
        const auto too_small = make_tensor<B>(q, {1, 49, 1, 1});
        CHECK(q.pool.allocated() == allocated + 49);
    }
    release_idle<B>(q);
    round();
    CHECK(q.pool.allocated() == 2 * allocated + 49);
}

TEMPLATE_LIST_TEST_CASE("tensors and scratch memory are aligned to cache lines", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    for (const std::size_t count : {1UL, 17UL, 1000UL, 600000UL}) {
        auto made = make_tensor<B>(q, {1, count, 1, 1});
        CHECK(reinterpret_cast<std::uintptr_t>(made.data()) % 64 == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(q.scratch(static_cast<backend::scratch_slot>(count % 7), count)) % 64 == 0);
    }
}

TEMPLATE_LIST_TEST_CASE("scratch memory persists per slot, grows and moves with its queue", "[backend]", test::backends) {
    using B = TestType;
    using backend::scratch_slot;
    typename B::queue q{2};
    auto* first = q.scratch(scratch_slot::reduction, 100);
    REQUIRE(first != nullptr);
    CHECK(q.scratch(scratch_slot::rhs_or_out_panel, 50) != first);
    CHECK(q.scratch(scratch_slot::reduction, 80) == first);
    CHECK(q.scratch(scratch_slot::reduction, 100000) != nullptr);
    auto moved = std::move(q);
    CHECK(moved.scratch(scratch_slot::reduction, 100000) != nullptr);
    moved.wait();
}

TEMPLATE_LIST_TEST_CASE("two scratch slots never overlap, and growth of one keeps the others", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    constexpr auto slots = static_cast<std::size_t>(backend::scratch_slot::count);
    std::array<std::size_t, slots> sizes{};
    std::array<T*, slots> addresses{};
    const auto grow = [&](std::size_t slot, std::size_t count) {
        sizes[slot] = count;
        addresses[slot] = q.scratch(static_cast<backend::scratch_slot>(slot), count);
        B::upload(q, std::vector<T>(count, static_cast<T>(slot + 1)), addresses[slot]);
    };
    const auto check_all = [&] {
        for (std::size_t i = 0; i < slots; ++i) {
            INFO("slot " << i);
            CHECK(q.scratch(static_cast<backend::scratch_slot>(i), 1) == addresses[i]);
            std::vector<T> values(sizes[i]);
            B::download(q, addresses[i], std::span{values});
            CHECK(values == std::vector<T>(sizes[i], static_cast<T>(i + 1)));
            for (std::size_t j = 0; j < i; ++j)
                CHECK((addresses[i] + sizes[i] <= addresses[j] || addresses[j] + sizes[j] <= addresses[i]));
        }
    };
    for (std::size_t slot = 0; slot < slots; ++slot) grow(slot, 100 + slot);
    check_all();
    for (std::size_t slot = 0; slot < slots; ++slot) {
        grow(slot, 50000 + slot);
        check_all();
    }
}
