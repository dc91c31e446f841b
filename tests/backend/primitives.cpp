// The primitives of a backend: storage, copies, apply, reductions, products, products between kernels, the pool.
#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/backend/tiled_gemm.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>

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
        backend::store<P>(to + r * width + c, x + x + backend::fill<P>(static_cast<T>(r)));
    }
};

/// The same with a row worked out once, and where the kernel is at each value counted.
template <class T>
struct count_visits {
    T* to;
    std::size_t width;
    struct place {
        std::size_t at;
    };
    RD4AD_KERNEL place row(std::size_t r) const { return {r * width}; }
    template <class P>
    RD4AD_KERNEL void operator()(const place& from, std::size_t c) const {
        T* at = to + from.at + c;
        backend::store<P>(at, backend::load<P>(at) + backend::fill<P>(T{1}));
    }
};

/// to[r] = sum over channels of from[r][c], the kernel going along the channels itself.
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

/// Term of a reduction: the value and its square.
template <class T>
struct value_and_square {
    const T* from;
    std::size_t width;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P x = backend::load<P>(from + r * width + c);
        sums[0] = sums[0] + x;
        sums[1] = backend::multiply_add(x, x, sums[1]);
    }
};

/// Producing kernel: plane p of row r is (p + 1) times the row.
template <class T>
struct scaled_rows {
    const T* from;
    std::size_t channels, planes;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, T* to, std::size_t plane) const {
        const P x = backend::load<P>(from + r * channels + c);
        for (std::size_t p = 0; p < planes; ++p) backend::store<P>(to + p * plane, x * backend::fill<P>(static_cast<T>(p + 1)));
    }
};

/// Consuming kernel: to[r][c] is the sum over the planes.
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
std::vector<T> random_values(std::size_t count, const std::string& name) {
    rd4ad::random source{hash_name(name)};
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(2 * source.uniform() - 1);
    return values;
}

template <Backend B, class T = typename B::value_type>
tensor<B> put(typename B::queue& q, const std::vector<T>& values) {
    return to_device<B>(q, {1, values.size(), 1, 1}, values);
}

template <class T>
double tolerance() {
    return 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// The largest difference, as a share of `scale` where that is above 1.
template <class T>
double apart(const std::vector<T>& found, const std::vector<double>& wanted, double scale) {
    REQUIRE(found.size() == wanted.size());
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(found[i]) - wanted[i]));
    return worst / std::max(1.0, scale);
}

/// Row-major a (m x k, stored k x m if transposed) times b.
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

}  // namespace primitives

using namespace primitives;

TEMPLATE_LIST_TEST_CASE("buffers hold what they were asked for and move", "[backend]", test::backends) {
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
    CHECK_FALSE(B::kernels().empty());
    q.wait();
}

TEMPLATE_LIST_TEST_CASE("memory that is not there is an error with what was needed", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    const std::size_t count = std::size_t{1} << 55;
    const std::string needed = std::to_string(count * sizeof(typename B::value_type)) + " bytes were wanted in one piece";
    try {
        static_cast<void>(B::allocate(count));
        FAIL("nothing was thrown");
    } catch (const memory_error& error) {
        const std::string message = error.what();
        CHECK(message.starts_with("out of memory: " + needed));
        CHECK(message.ends_with("; use a smaller batch or image size"));
    }
    CHECK(B::allocate(10).size() == 10);  // and the next one is there
}

TEMPLATE_LIST_TEST_CASE("copies to the backend and back keep every bit", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{4097}}) {
        auto values = random_values<T>(count, "copies");
        values[0] = -T{0};
        const auto there = put<B>(q, values);
        CHECK(same_bits(to_host<B>(q, there), values));
    }
    const auto few = random_values<T>(3, "few");
    CHECK_THROWS_AS(to_device<B>(q, shape{1, 4, 1, 1}, few), shape_error);
}

TEMPLATE_LIST_TEST_CASE("apply calls a kernel once at each row and channel", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const auto& [rows, width] :
         {std::pair<std::size_t, std::size_t>{1, 1}, {3, 5}, {2, 64}, {257, 37}, {1, 20000}, {9000, 1}}) {
        INFO(rows << " x " << width);
        const auto values = random_values<T>(rows * width, "apply");
        const auto from = put<B>(q, values);
        const auto to = make_tensor<B>(q, {1, rows * width, 1, 1});
        B::apply(q, rows, width, double_and_add_row<T>{from.data(), to.data(), width});
        std::vector<T> wanted(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) wanted[i] = values[i] + values[i] + static_cast<T>(i / width);
        CHECK(to_host<B>(q, to) == wanted);
        fill_with<B>(q, to, T{0});
        B::apply(q, rows, width, count_visits<T>{to.data(), width});
        CHECK(to_host<B>(q, to) == std::vector<T>(rows * width, T{1}));
        const auto sums = make_tensor<B>(q, {1, rows, 1, 1});
        fill_with<B>(q, sums, T{0});
        B::apply(q, rows, 1, sum_of_row<T>{from.data(), sums.data(), width});
        std::vector<double> totals(rows);
        for (std::size_t i = 0; i < values.size(); ++i) totals[i / width] += static_cast<double>(values[i]);
        CHECK(apart(to_host<B>(q, sums), totals, std::sqrt(static_cast<double>(width))) < tolerance<T>());
    }
}

TEMPLATE_LIST_TEST_CASE("apply of no rows or no channels does nothing", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const auto to = put<B>(q, std::vector<T>{1, 2, 3});
    B::apply(q, 0, 3, count_visits<T>{to.data(), 3});
    B::apply(q, 3, 0, count_visits<T>{to.data(), 3});
    CHECK(to_host<B>(q, to) == std::vector<T>{1, 2, 3});
}

TEMPLATE_LIST_TEST_CASE("a backend that lends its threads gives each piece of work to one of them", "[backend]", test::backends) {
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

TEMPLATE_LIST_TEST_CASE("reduce sums each group's rows, with the same bits each time and at any number of threads", "[backend]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2}, alone{1};
    for (const auto& size :
         {std::array<std::size_t, 3>{1, 1, 3}, {2, 64, 16}, {3, 65, 37}, {2, 5000, 21}, {4, 300, 1}, {1, 300000, 3}}) {
        const std::size_t groups = size[0], rows = size[1], width = size[2];
        INFO(groups << " x " << rows << " x " << width);
        const auto values = random_values<T>(groups * rows * width, "reduce");
        std::vector<long double> exact(groups * 2 * width);  // a plain sum in double is further off than what is checked
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto x = static_cast<long double>(values[i]);
            auto* sums = exact.data() + i / (rows * width) * 2 * width + i % width;
            sums[0] += x;
            sums[width] += x * x;
        }
        const std::vector<double> wanted(exact.begin(), exact.end());
        const auto sums_on = [&](typename B::queue& queue) {
            const auto from = put<B>(queue, values);
            const auto out = make_tensor<B>(queue, {groups, 2, width, 1});
            backend::reduce<2, B>(queue, groups, rows, width, value_and_square<T>{from.data(), width}, out.data());
            return to_host<B>(queue, out);
        };
        const auto found = sums_on(q);
        CHECK(apart(found, wanted, static_cast<double>(rows)) < tolerance<T>());
        CHECK(same_bits(found, sums_on(q)));
        CHECK(same_bits(found, sums_on(alone)));
    }
}

TEMPLATE_LIST_TEST_CASE("gemm is a plain triple loop, transposed, in batches, with strides and beta", "[backend]",
                        test::backends) {
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
                    // rows longer than they need be, and a gap between matrices
                    const std::size_t lda = (transpose_a ? m : k) + 3, ldb = (transpose_b ? k : n) + 2, ldc = n + 1;
                    const std::size_t stride_a = (transpose_a ? k : m) * lda + 5, stride_c = m * ldc + 4;
                    const std::size_t stride_b = shared ? 0 : (transpose_b ? n : k) * ldb + 1;
                    const auto a = random_values<T>(batch * stride_a, "a");
                    const auto b = random_values<T>((shared ? 1 : batch) * ((transpose_b ? n : k) * ldb + 1), "b");
                    auto c = random_values<T>(batch * stride_c, "c");
                    const auto on_a = put<B>(q, a), on_b = put<B>(q, b), on_c = put<B>(q, c);
                    backend::gemm_call<T> call{.m = m, .n = n, .k = k};
                    call.a = on_a.data(), call.lda = lda, call.stride_a = stride_a, call.transpose_a = transpose_a;
                    call.b = on_b.data(), call.ldb = ldb, call.stride_b = stride_b, call.transpose_b = transpose_b;
                    call.c = on_c.data(), call.ldc = ldc, call.stride_c = stride_c;
                    call.batch = batch, call.beta = beta;
                    B::gemm(q, call);
                    const auto found = to_host<B>(q, on_c);
                    std::vector<double> wanted(c.begin(), c.end());  // what lies between the rows stays
                    for (std::size_t i = 0; i < batch; ++i) {
                        const auto product = plain_product(a.data() + i * stride_a, lda, transpose_a, b.data() + i * stride_b,
                                                           ldb, transpose_b, m, n, k);
                        for (std::size_t r = 0; r < m; ++r)
                            for (std::size_t j = 0; j < n; ++j) {
                                double& to = wanted[i * stride_c + r * ldc + j];
                                to = product[r * n + j] + (beta == T{0} ? 0.0 : to);
                            }
                    }
                    CHECK(apart(found, wanted, std::sqrt(static_cast<double>(k))) < tolerance<T>());
                }
}

TEMPLATE_LIST_TEST_CASE("gemm of beta 0 does not read what was there", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const auto a = put<B>(q, std::vector<T>{1, 2}), b = put<B>(q, std::vector<T>{3, 4});
    const auto c = put<B>(q, std::vector<T>{std::numeric_limits<T>::quiet_NaN()});
    backend::gemm_call<T> call{.m = 1, .n = 1, .k = 2};
    call.a = a.data(), call.lda = 2, call.b = b.data(), call.ldb = 1, call.c = c.data(), call.ldc = 1;
    B::gemm(q, call);
    CHECK(to_host<B>(q, c) == std::vector<T>{11});
}

TEMPLATE_LIST_TEST_CASE("products between kernels are a plain triple loop, at few rows, many rows and block edges", "[backend]",
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
        const auto left = random_values<T>(rows * k, "left"), right = random_values<T>(planes * k * n, "right");
        const auto on_left = put<B>(q, left), on_right = put<B>(q, right), to = make_tensor<B>(q, {1, rows, n, 1});
        const backend::tile_sizes size{planes, rows, k, n};
        for (const bool transposed : {false, true}) {
            std::vector<double> wanted(rows * n), first;
            for (std::size_t p = 0; p < planes; ++p) {
                const auto product =
                    plain_product(left.data(), k, false, right.data() + p * k * n, transposed ? k : n, transposed, rows, n, k);
                for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] += static_cast<double>(p + 1) * product[i];
                if (p == 0) first = product;
            }
            const double scale = std::sqrt(static_cast<double>(k)) * static_cast<double>(planes * planes);
            backend::tiled_gemm<B>(q, size, scaled_rows<T>{on_left.data(), k, planes}, {on_right.data(), transposed},
                                   sum_of_planes<T>{to.data(), n, planes});
            const auto found = to_host<B>(q, to);
            CHECK(apart(found, wanted, scale) < tolerance<T>());
            backend::tiled_gemm<B>(q, size, scaled_rows<T>{on_left.data(), k, planes}, {on_right.data(), transposed},
                                   sum_of_planes<T>{to.data(), n, planes});
            CHECK(same_bits(found, to_host<B>(q, to)));
            // rows read where they lie
            backend::tiled_gemm<B>(q, {1, rows, k, n}, backend::rows_in_place<T>{on_left.data(), k},
                                   {on_right.data(), transposed}, sum_of_planes<T>{to.data(), n, 1});
            CHECK(apart(to_host<B>(q, to), first, scale) < tolerance<T>());
        }
    }
}

TEMPLATE_LIST_TEST_CASE("sums of products over rows are a plain triple loop, at few rows, many rows and block edges", "[backend]",
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
        const auto left = random_values<T>(rows * k, "left"), right = random_values<T>(rows * n, "right");
        const auto on_left = put<B>(q, left), on_right = put<B>(q, right), out = make_tensor<B>(q, {planes, k, n, 1});
        const auto product = plain_product(left.data(), k, true, right.data(), n, false, k, n, rows);
        std::vector<double> wanted, single;
        for (std::size_t p = 0; p < planes; ++p)
            for (const double value : product) {
                const auto factor = static_cast<double>(p + 1);
                wanted.push_back(factor * factor * value);
                single.push_back(factor * value);
            }
        const double scale = std::sqrt(static_cast<double>(rows)) * static_cast<double>(planes * planes);
        const scaled_rows<T> scaled_left{on_left.data(), k, planes}, scaled_right{on_right.data(), n, planes};
        const backend::rows_in_place<T> plain_left{on_left.data(), k}, plain_right{on_right.data(), n};
        backend::tiled_gemm_reduce<B>(q, {planes, rows, k, n}, scaled_left, scaled_right, out.data());
        const auto found = to_host<B>(q, out);
        CHECK(apart(found, wanted, scale) < tolerance<T>());
        backend::tiled_gemm_reduce<B>(q, {planes, rows, k, n}, scaled_left, scaled_right, out.data());
        CHECK(same_bits(found, to_host<B>(q, out)));
        const auto one = make_tensor<B>(q, {1, k, n, 1});
        const auto check_one = [&] { CHECK(apart(to_host<B>(q, one), product, scale) < tolerance<T>()); };
        const scaled_rows<T> once_left{on_left.data(), k, 1}, once_right{on_right.data(), n, 1};
        backend::tiled_gemm_reduce<B>(q, {1, rows, k, n}, plain_left, plain_right, one.data());
        check_one();
        backend::tiled_gemm_reduce<B>(q, {1, rows, k, n}, once_left, plain_right, one.data());
        check_one();
        backend::tiled_gemm_reduce<B>(q, {1, rows, k, n}, plain_left, once_right, one.data());
        check_one();
    }
}

TEMPLATE_LIST_TEST_CASE("planes that share a matrix are as planes with equal matrices", "[backend]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    constexpr backend::plane_group groups[]{{1, 4}, {2, 2}, {3, 1}};  // planes 0-3, 4-5, 6-7, 8, 9, 10
    constexpr std::size_t matrix_of[]{0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5}, planes = std::size(matrix_of), matrices = 6;
    for (const auto& [rows, k, n] : {std::tuple{1, 5, 3}, {70, 33, 40}, {300, 16, 32}, {1100, 20, 70}}) {
        INFO(rows << " x " << k << " x " << n);
        const auto r = static_cast<std::size_t>(rows), depth = static_cast<std::size_t>(k), width = static_cast<std::size_t>(n);
        const backend::tile_sizes shared{planes, r, depth, width, groups}, each{planes, r, depth, width};
        REQUIRE(shared.matrices() == matrices);
        const auto left = random_values<T>(r * depth, "left"), right = random_values<T>(matrices * depth * width, "right");
        std::vector<T> repeated;
        for (const std::size_t matrix : matrix_of)
            repeated.insert(repeated.end(), right.begin() + static_cast<std::ptrdiff_t>(matrix * depth * width),
                            right.begin() + static_cast<std::ptrdiff_t>((matrix + 1) * depth * width));
        const auto on_left = put<B>(q, left), on_right = put<B>(q, right), on_repeated = put<B>(q, repeated);
        const auto to = make_tensor<B>(q, {1, r, width, 1});
        const scaled_rows<T> produce{on_left.data(), depth, planes};
        const auto product = [&](const backend::tile_sizes& sizes, const tensor<B>& by) {
            backend::tiled_gemm<B>(q, sizes, produce, {by.data()}, sum_of_planes<T>{to.data(), width, planes});
            const auto values = to_host<B>(q, to);
            return std::vector<double>(values.begin(), values.end());
        };
        const double scale = std::sqrt(static_cast<double>(depth)) * planes * planes;
        const auto wanted = product(each, on_repeated);
        static_cast<void>(product(shared, on_right));
        CHECK(apart(to_host<B>(q, to), wanted, scale) < tolerance<T>());

        const auto on_other = put<B>(q, random_values<T>(r * width, "other"));
        const auto sums = make_tensor<B>(q, {planes, depth, width, 1}), few = make_tensor<B>(q, {matrices, depth, width, 1});
        const scaled_rows<T> other{on_other.data(), width, planes};
        backend::tiled_gemm_reduce<B>(q, each, produce, other, sums.data());
        backend::tiled_gemm_reduce<B>(q, shared, produce, other, few.data());
        const auto all = to_host<B>(q, sums);
        std::vector<double> added(matrices * depth * width);
        for (std::size_t p = 0; p < planes; ++p)
            for (std::size_t i = 0; i < depth * width; ++i)
                added[matrix_of[p] * depth * width + i] += static_cast<double>(all[p * depth * width + i]);
        CHECK(apart(to_host<B>(q, few), added, std::sqrt(static_cast<double>(r)) * planes * planes) < tolerance<T>());
    }
}

TEMPLATE_LIST_TEST_CASE("a second round takes all its tensors from the pool", "[backend]", test::backends) {
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

TEMPLATE_LIST_TEST_CASE("memory begins with a cache line", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    for (const std::size_t count : {1UL, 17UL, 1000UL, 600000UL}) {
        const auto made = make_tensor<B>(q, {1, count, 1, 1});
        CHECK(reinterpret_cast<std::uintptr_t>(made.data()) % 64 == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(q.scratch(count % 7, count)) % 64 == 0);
    }
}

TEMPLATE_LIST_TEST_CASE("scratch memory is kept by slot and grows", "[backend]", test::backends) {
    using B = TestType;
    typename B::queue q{2};
    auto* first = q.scratch(0, 100);
    REQUIRE(first != nullptr);
    CHECK(q.scratch(2, 50) != first);
    CHECK(q.scratch(0, 80) == first);
    CHECK(q.scratch(0, 100000) != nullptr);
    auto moved = std::move(q);
    CHECK(moved.scratch(0, 100000) != nullptr);
    moved.wait();
}
