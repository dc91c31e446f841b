// cli/backend_detectors.cpp: the backends' detectors.
#include "backends.hpp"
#include "detector.hpp"
#include "ranks.hpp"

namespace cli {

namespace {

template <rd4ad::Backend B>
class detector_on final : public detector {
   public:
    detector_on(const std::filesystem::path& checkpoint, const rd4ad::detector_options& options,
                const rd4ad::model_options& model)
        : by_{checkpoint, options, model} {}

    [[nodiscard]] const rd4ad::model_settings& settings() const override { return by_.settings(); }
    [[nodiscard]] const rd4ad::architecture& arch() const override { return by_.arch(); }
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const override { return by_.calibration(); }
    [[nodiscard]] const rd4ad::product_calibrations& calibrations() const override { return by_.calibrations(); }
    [[nodiscard]] std::vector<rd4ad::detection_result> score(std::span<const rd4ad::image::image_u8> images) const override {
        return by_.score(images);
    }
    [[nodiscard]] std::vector<rd4ad::detection_result> score_preprocessed(
        std::span<const rd4ad::preprocessed_image> images) const override {
        return by_.score_preprocessed(images);
    }
    void score_files(std::span<const std::filesystem::path> files, const rd4ad::results_callback& use,
                     const rd4ad::data::region_of_interest& roi, rd4ad::on_failure reaction) const override {
        by_.score_files(files, use, roi, reaction, {}, ranks());
    }
    [[nodiscard]] std::vector<rd4ad::detection_result> score_inputs(const std::vector<float>& inputs) const override {
        return by_.score_inputs(inputs);
    }
    [[nodiscard]] std::vector<rd4ad::outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                                const rd4ad::data::region_of_interest& roi,
                                                                rd4ad::on_failure reaction,
                                                                const rd4ad::run_control& control) const override {
        return by_.raw_scores(files, roi, reaction, control);
    }
    [[nodiscard]] rd4ad::evaluation evaluate(const rd4ad::data::dataset& set, std::size_t batch,
                                             const rd4ad::evaluation_callback& scored, const rd4ad::data::region_of_interest& roi,
                                             rd4ad::on_failure reaction) const override {
        return rd4ad::evaluate(by_, set, batch, scored, roi, reaction, {}, ranks());
    }

   private:
    rd4ad::detector<B> by_;
};

template <rd4ad::Backend B>
std::unique_ptr<const detector> load(const std::filesystem::path& checkpoint, const rd4ad::detector_options& options,
                                     const rd4ad::model_options& model) {
    return std::make_unique<detector_on<B>>(checkpoint, options, model);
}

}  // namespace

backend_detectors detectors_of(const parsed_options& options) {
    backend_detectors found{};
    with_backend(options, [&]<class B>() {
        found = {&load<B>, std::string{B::name()}, B::blas_description()};
        return 0;
    });
    return found;
}

}  // namespace cli
