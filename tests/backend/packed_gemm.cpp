// Products on packed matrices and reductions without packing, against triple loops in long double.
#include <rd4ad/backend/cpu/packed_gemm.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <support/catch.hpp>
#include <support/values.hpp>

namespace {

namespace cpu = rd4ad::backend::cpu;
namespace test = rd4ad::test;

/// Largest error of a sum of `depth` products in T.
template <class T>
double tolerance(std::size_t depth) {
    return (sizeof(T) == sizeof(float) ? 1e-6 : 1e-15) * 8 * std::sqrt(static_cast<double>(depth));
}

struct product_sizes {
    std::size_t m, n, k;
};
// a fraction of a register tile, whole tiles, whole tiles and a fraction; k larger than one step along k
constexpr product_sizes cases[]{{1, 1, 1}, {12, 32, 5}, {13, 33, 7}, {5, 19, 70}, {24, 64, 64}, {31, 96, 500}, {48, 40, 900}};

}  // namespace

TEMPLATE_TEST_CASE("a product on packed matrices equals a triple loop", "[backend]", float, double) {
    using T = TestType;
    for (const auto& [m, n, k] : cases)
        for (const bool transposed : {false, true}) {
            INFO(m << " x " << n << " x " << k << (transposed ? ", transposed" : ""));
            const auto a = test::normal_values<T>(1, m * k), b = test::normal_values<T>(2, k * n);
            std::vector<long double> expected(m * n);  // sums in double would have errors of the tolerance's size
            for (std::size_t i = 0; i < m; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    for (std::size_t p = 0; p < k; ++p)
                        expected[i * n + j] +=
                            static_cast<long double>(a[i * k + p]) * (transposed ? b[j * k + p] : b[p * n + j]);
            std::vector<T> packed(cpu::packed_count<T>(k, n)), c(m * n, T{-7});
            cpu::packed_products<T>::pack(2, {.k = k, .n = n}, {b.data(), transposed}, packed.data());
            cpu::packed_gemm<T>(m, n, k, a.data(), k, packed.data(), 0, cpu::panel_count<T>(n), c.data(), n);
            CHECK(test::largest_difference(c, expected) < tolerance<T>(k));
        }
}

TEMPLATE_TEST_CASE("a reduction equals the product with the transposed matrix", "[backend]", float, double) {
    using T = TestType;
    for (const auto& [k, n, rows] : cases)
        for (const bool accumulate : {false, true}) {
            INFO(k << " x " << n << " over " << rows << (accumulate ? " rows, added" : " rows"));
            const auto a = test::normal_values<T>(3, rows * k), b = test::normal_values<T>(4, rows * n);
            std::vector<T> c(k * n, T{2});
            std::vector<long double> expected(k * n, accumulate ? 2 : 0);
            for (std::size_t i = 0; i < k; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    for (std::size_t r = 0; r < rows; ++r)
                        expected[i * n + j] += static_cast<long double>(a[r * k + i]) * b[r * n + j];
            cpu::gemm_tn_rows<T>(0, k, n, rows, a.data(), k, b.data(), n, c.data(), accumulate);
            CHECK(test::largest_difference(c, expected) < tolerance<T>(rows));
        }
}
