#include <rd4ad/backend/xtensor/panel_gemm.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>

namespace {

namespace host = rd4ad::backend::host;

template <class T>
std::vector<T> normals(std::size_t count, std::uint64_t seed) {
    rd4ad::random source{seed};
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(source.normal());
    return values;
}

template <class T>
void check_close(const std::vector<T>& found, const std::vector<long double>& wanted, std::size_t depth) {
    const double tolerance = (sizeof(T) == sizeof(float) ? 1e-6 : 1e-15) * 8 * std::sqrt(static_cast<double>(depth));
    long double worst = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) worst = std::max(worst, std::fabs(found[i] - wanted[i]));
    CHECK(static_cast<double>(worst) < tolerance);
}

struct sizes {
    std::size_t m, n, k;
};
// whole register tiles, less than one, one more than some; deeper than a panel is read at once
constexpr sizes cases[]{{1, 1, 1}, {12, 32, 5}, {13, 33, 7}, {5, 19, 70}, {24, 64, 64}, {31, 96, 500}, {48, 40, 900}};

}  // namespace

TEMPLATE_TEST_CASE("a product by panels is the product", "[backend]", float, double) {
    using T = TestType;
    for (const auto& [m, n, k] : cases)
        for (const bool transposed : {false, true}) {
            INFO(m << " x " << n << " x " << k << (transposed ? ", transposed" : ""));
            const auto a = normals<T>(m * k, 1), b = normals<T>(k * n, 2);
            std::vector<long double> wanted(m * n);  // sums of their own in double would be as far off as the tolerance
            for (std::size_t i = 0; i < m; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    for (std::size_t p = 0; p < k; ++p)
                        wanted[i * n + j] += static_cast<long double>(a[i * k + p]) * (transposed ? b[j * k + p] : b[p * n + j]);
            std::vector<T> panels(host::panel_count<T>(k, n)), c(m * n, T{-7});
            host::panel_products<T>::lay_out(2, {1, 0, k, n}, {b.data(), transposed}, panels.data());
            host::multiply_panels<T>(m, n, k, a.data(), k, panels.data(), 0, host::panels_of<T>(n), c.data(), n);
            check_close(c, wanted, k);
        }
}

TEMPLATE_TEST_CASE("a reducing product is the product of the transposed", "[backend]", float, double) {
    using T = TestType;
    for (const auto& [k, n, rows] : cases)
        for (const bool add : {false, true}) {
            INFO(k << " x " << n << " over " << rows << (add ? ", added" : ""));
            const auto a = normals<T>(rows * k, 3), b = normals<T>(rows * n, 4);
            std::vector<T> c(k * n, T{2});
            std::vector<long double> wanted(k * n, add ? 2 : 0);
            for (std::size_t i = 0; i < k; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    for (std::size_t r = 0; r < rows; ++r)
                        wanted[i * n + j] += static_cast<long double>(a[r * k + i]) * b[r * n + j];
            host::reduce_rows<T>(0, k, n, rows, a.data(), k, b.data(), n, c.data(), add);
            check_close(c, wanted, rows);
        }
}
