// The result of score is [[nodiscard]].
// expect: ignoring return value
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/score/detector.hpp>

void drop(const rd4ad::detector<rd4ad::backend::xtensor<float>>& detector, const rd4ad::image::image_u8& image);
void drop(const rd4ad::detector<rd4ad::backend::xtensor<float>>& detector, const rd4ad::image::image_u8& image) {
    detector.score(image);
}
