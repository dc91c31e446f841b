// Each scheme against the definition of what it computes, along one direction.
#include <rd4ad/nn/convolution/schemes.hpp>

#include <array>
#include <vector>

#include <support/catch.hpp>
#include <support/gradient_check.hpp>

namespace {

using namespace rd4ad;
using namespace rd4ad::nn;

/// The weight of each product: product i of a strided scheme below 2 has the middle tap's, of the others each its own.
template <class Scheme>
std::size_t weight_of(std::size_t product) {
    if constexpr (Scheme::products == Scheme::distinct)
        return product;
    else
        return product < 2 ? 0 : product - 1;
}

/// The results of one tile by the scheme.
template <class Scheme>
std::vector<double> results(const std::vector<double>& d, const std::vector<double>& w) {
    std::array<double, Scheme::products> v{};
    std::array<double, Scheme::distinct> u{};
    Scheme::input_transform(d.data(), 1, v.data());
    Scheme::weight_transform(w.data(), 1, u.data());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] *= u[weight_of<Scheme>(i)];
    std::vector<double> y(Scheme::results);
    Scheme::output_transform(v.data(), 1, y.data());
    return y;
}

template <class Scheme>
void check_places() {
    std::vector<int> planes(Scheme::planes), matrices(Scheme::distinct * Scheme::distinct);
    for (std::size_t i = 0; i < Scheme::products; ++i)
        for (std::size_t j = 0; j < Scheme::products; ++j) ++planes[Scheme::plane(i, j)];
    for (std::size_t a = 0; a < Scheme::distinct; ++a)
        for (std::size_t b = 0; b < Scheme::distinct; ++b) ++matrices[Scheme::matrix(a, b)];
    CHECK(planes == std::vector<int>(planes.size(), 1));
    CHECK(matrices == std::vector<int>(matrices.size(), 1));

    std::vector<std::size_t> matrix_of_plane;
    std::size_t matrix = 0;
    for (const auto& group : Scheme::groups)
        for (std::size_t m = 0; m < group.matrices; ++m, ++matrix)
            matrix_of_plane.insert(matrix_of_plane.end(), group.planes, matrix);
    REQUIRE(matrix_of_plane.size() == Scheme::planes);
    for (std::size_t i = 0; i < Scheme::products; ++i)
        for (std::size_t j = 0; j < Scheme::products; ++j)
            CHECK(matrix_of_plane[Scheme::plane(i, j)] == Scheme::matrix(weight_of<Scheme>(i), weight_of<Scheme>(j)));
}

/// <transform(x), y> = <x, adjoint(y)>.
template <class Transform, class Adjoint>
void check_adjoint(std::size_t in, std::size_t out, const Transform& transform, const Adjoint& adjoint) {
    const auto x = test::numbers(11, in), y = test::numbers(12, out);
    std::vector<double> there(out), back(in);
    transform(x.data(), there.data());
    adjoint(y.data(), back.data());
    CHECK(test::dot(there, y) == Approx(test::dot(x, back)).epsilon(1e-13));
}

}  // namespace

TEMPLATE_TEST_CASE("a scheme of stride 1 is the convolution", "[nn]", schemes::two, schemes::four) {
    const auto d = test::numbers(1, TestType::reach), w = test::numbers(2, 3);
    const auto y = results<TestType>(d, w);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == Approx(w[0] * d[i] + w[1] * d[i + 1] + w[2] * d[i + 2]).epsilon(1e-12));
    check_places<TestType>();
}

TEST_CASE("the scheme of stride 2 is the convolution", "[nn]") {
    const auto d = test::numbers(1, schemes::strided::reach), w = test::numbers(2, 3);
    const auto y = results<schemes::strided>(d, w);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(y[i] == Approx(w[0] * d[2 * i] + w[1] * d[2 * i + 1] + w[2] * d[2 * i + 2]).epsilon(1e-12));
    check_places<schemes::strided>();
}

TEST_CASE("the scheme back from stride 2 is the gradient of the input", "[nn]") {
    const auto slope = test::numbers(1, schemes::strided_back::reach), w = test::numbers(2, 3);
    const auto dx = results<schemes::strided_back>(slope, {w[2], w[1], w[0]});
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(dx[2 * i] == Approx(w[1] * slope[i]).epsilon(1e-12));
        CHECK(dx[2 * i + 1] == Approx(w[2] * slope[i] + w[0] * slope[i + 1]).epsilon(1e-12));
    }
    check_places<schemes::strided_back>();
}

TEMPLATE_TEST_CASE("the transforms of gradients are the adjoints", "[nn]", schemes::two, schemes::four, schemes::strided) {
    check_adjoint(
        TestType::products, TestType::results, [](const double* x, double* y) { TestType::output_transform(x, 1, y); },
        [](const double* x, double* y) { TestType::gradient_transform(x, 1, y); });
    check_adjoint(
        3, TestType::distinct, [](const double* x, double* y) { TestType::weight_transform(x, 1, y); },
        [](const double* x, double* y) { TestType::weight_gradient_transform(x, 1, y); });
}
