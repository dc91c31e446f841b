// Each transform against the convolution by its definition, along one direction.
#include <rd4ad/nn/convolution/winograd_transforms.hpp>

#include <array>
#include <cstddef>
#include <vector>

#include <support/catch.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;
using namespace rd4ad::nn;

/// The weight of a product. Products 0 and 1 of stride 2 share the middle tap; every other product has its own weight.
template <class Transform>
std::size_t weight_of(std::size_t product) {
    if constexpr (Transform::transformed_tile == Transform::weight_tile)
        return product;
    else
        return product < 2 ? 0 : product - 1;
}

/// The outputs of one tile.
template <class Transform>
std::vector<double> outputs(const std::vector<double>& d, const std::vector<double>& w) {
    std::array<double, Transform::transformed_tile> v{};
    std::array<double, Transform::weight_tile> u{};
    Transform::input_transform(d.data(), 1, v.data());
    Transform::weight_transform(w.data(), 1, u.data());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] *= u[weight_of<Transform>(i)];
    std::vector<double> y(Transform::output_tile);
    Transform::output_transform(v.data(), 1, y.data());
    return y;
}

/// Every plane and matrix index occurs once, and the groups assign to each plane the matrix of its weights.
template <class Transform>
void check_planes_and_matrices() {
    std::vector<int> planes(Transform::planes), matrices(Transform::weight_tile * Transform::weight_tile);
    for (std::size_t i = 0; i < Transform::transformed_tile; ++i)
        for (std::size_t j = 0; j < Transform::transformed_tile; ++j) ++planes[Transform::plane(i, j)];
    for (std::size_t a = 0; a < Transform::weight_tile; ++a)
        for (std::size_t b = 0; b < Transform::weight_tile; ++b) ++matrices[Transform::matrix(a, b)];
    CHECK(planes == std::vector<int>(planes.size(), 1));
    CHECK(matrices == std::vector<int>(matrices.size(), 1));

    std::vector<std::size_t> matrix_of_plane;
    std::size_t matrix = 0;
    for (const auto& group : Transform::groups)
        for (std::size_t m = 0; m < group.matrices; ++m, ++matrix)
            matrix_of_plane.insert(matrix_of_plane.end(), group.planes, matrix);
    REQUIRE(matrix_of_plane.size() == Transform::planes);
    for (std::size_t i = 0; i < Transform::transformed_tile; ++i)
        for (std::size_t j = 0; j < Transform::transformed_tile; ++j)
            CHECK(matrix_of_plane[Transform::plane(i, j)] == Transform::matrix(weight_of<Transform>(i), weight_of<Transform>(j)));
}

/// <transform(x), y> = <x, adjoint(y)>.
template <class Transform, class Adjoint>
void check_adjoint(std::size_t in, std::size_t out, const Transform& transform, const Adjoint& adjoint) {
    const auto x = test::seeded_values(11, in), y = test::seeded_values(12, out);
    std::vector<double> transformed(out), back(in);
    transform(x.data(), transformed.data());
    adjoint(y.data(), back.data());
    CHECK(test::dot(transformed, y) == Approx(test::dot(x, back)).epsilon(1e-13));
}

}  // namespace

TEMPLATE_TEST_CASE("a transform of stride 1 computes the convolution", "[nn]", winograd::f2x2_3x3, winograd::f4x4_3x3) {
    const auto d = test::seeded_values(1, TestType::input_tile), w = test::seeded_values(2, 3);
    const auto y = outputs<TestType>(d, w);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == Approx(w[0] * d[i] + w[1] * d[i + 1] + w[2] * d[i + 2]).epsilon(1e-12));
    check_planes_and_matrices<TestType>();
}

TEST_CASE("the transform of stride 2 computes the convolution", "[nn]") {
    const auto d = test::seeded_values(1, winograd::f2x2_3x3_s2::input_tile), w = test::seeded_values(2, 3);
    const auto y = outputs<winograd::f2x2_3x3_s2>(d, w);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(y[i] == Approx(w[0] * d[2 * i] + w[1] * d[2 * i + 1] + w[2] * d[2 * i + 2]).epsilon(1e-12));
    check_planes_and_matrices<winograd::f2x2_3x3_s2>();
}

TEST_CASE("the backward transform of stride 2 computes the input gradient", "[nn]") {
    const auto slope = test::seeded_values(1, winograd::f2x2_3x3_s2_backward::input_tile), w = test::seeded_values(2, 3);
    const auto dx = outputs<winograd::f2x2_3x3_s2_backward>(slope, {w[2], w[1], w[0]});
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(dx[2 * i] == Approx(w[1] * slope[i]).epsilon(1e-12));
        CHECK(dx[2 * i + 1] == Approx(w[2] * slope[i] + w[0] * slope[i + 1]).epsilon(1e-12));
    }
    check_planes_and_matrices<winograd::f2x2_3x3_s2_backward>();
}

TEMPLATE_TEST_CASE("the gradient transforms are the adjoints", "[nn]", winograd::f2x2_3x3, winograd::f4x4_3x3,
                   winograd::f2x2_3x3_s2) {
    check_adjoint(
        TestType::transformed_tile, TestType::output_tile,
        [](const double* x, double* y) { TestType::output_transform(x, 1, y); },
        [](const double* x, double* y) { TestType::gradient_transform(x, 1, y); });
    check_adjoint(
        3, TestType::weight_tile, [](const double* x, double* y) { TestType::weight_transform(x, 1, y); },
        [](const double* x, double* y) { TestType::weight_gradient_transform(x, 1, y); });
}
