// A score that nobody looks at is a mistake.
// expect: ignoring return value
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/score.hpp>

void drop(const rd4ad::detector<rd4ad::backend::xtensor<float>>& detector, const rd4ad::image::picture& photograph);
void drop(const rd4ad::detector<rd4ad::backend::xtensor<float>>& detector, const rd4ad::image::picture& photograph) {
    detector.score(photograph);
}
