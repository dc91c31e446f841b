// One variant of the part of rd4ad::compiled that computes: the header-only library behind src/compiled_variant.hpp.
#include "compiled_variant.hpp"

#include <utility>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/train_model.hpp>

namespace rd4ad::inline RD4AD_ABI::variant {

namespace {

using cpu = backend::xtensor<float>;

class detector_on_cpu final : public detector {
   public:
    explicit detector_on_cpu(rd4ad::detector<cpu> by) : by_{std::move(by)} {}

    [[nodiscard]] const model_settings& settings() const noexcept override { return by_.settings(); }
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept override { return by_.calibration(); }
    void warm_up(std::span<const image::size> sizes, const warm_up_options& options) const override {
        by_.warm_up(sizes, options);
    }
    [[nodiscard]] detection_result score(const image::image_u8& image) const override { return by_.score(image); }
    [[nodiscard]] detection_result score(const image::image_u8& image, image::image_u8 roi) const override {
        return by_.score(image, std::move(roi));
    }
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_u8> images) const override {
        return by_.score(images);
    }
    [[nodiscard]] detection_result score(const image::image_view& frame) const override { return by_.score(frame); }
    [[nodiscard]] detection_result score(const image::image_view& frame, image::image_u8 roi) const override {
        return by_.score(frame, std::move(roi));
    }
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_view> frames) const override {
        return by_.score(frames);
    }
    void score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                     const data::region_of_interest& roi, on_failure reaction, const run_control& control) const override {
        by_.score_files(files, use, roi, reaction, control);
    }
    [[nodiscard]] std::vector<outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                         const data::region_of_interest& roi, on_failure reaction,
                                                         const run_control& control) const override {
        return by_.raw_scores(files, roi, reaction, control);
    }

   private:
    rd4ad::detector<cpu> by_;
};

class model_on_cpu final : public model {
   public:
    explicit model_on_cpu(rd4ad::model<cpu> value) : value_{std::move(value)} {}

    [[nodiscard]] const model_settings& settings() const noexcept override { return value_.settings; }
    void save(const std::filesystem::path& path, const io::json& training) override { save_checkpoint(path, value_, training); }
    [[nodiscard]] training_log train(const data::dataset& set, const train_options& options) override {
        return rd4ad::train(value_, set, options);
    }
    [[nodiscard]] std::unique_ptr<detector> to_detector(const detector_options& options) override {
        return std::make_unique<detector_on_cpu>(rd4ad::detector<cpu>{std::move(value_), options});
    }

   private:
    rd4ad::model<cpu> value_;
};

std::unique_ptr<model> boxed(rd4ad::model<cpu> value) { return std::make_unique<model_on_cpu>(std::move(value)); }
std::unique_ptr<const detector> boxed(rd4ad::detector<cpu> value) { return std::make_unique<detector_on_cpu>(std::move(value)); }

constexpr table functions{
    .forward_log = [](void (*write)(const log_event&)) { set_log(write); },
    .make_model = [](const std::string& arch, const io::tensor_file& teacher,
                     const model_options& options) { return boxed(rd4ad::make_model<cpu>(arch, teacher, options)); },
    .make_model_without_teacher =
        [](const std::string& arch, const model_options& options) {
            return boxed(rd4ad::make_model_without_teacher<cpu>(arch, options));
        },
    .load_checkpoint = [](const std::filesystem::path& path,
                          const model_options& options) { return boxed(rd4ad::load_checkpoint<cpu>(path, options)); },
    .load_checkpoint_in_memory =
        [](std::span<const std::byte> bytes, const std::string& name, const model_options& options) {
            return boxed(rd4ad::load_checkpoint<cpu>(bytes, name, options));
        },
    .load_detector =
        [](const std::filesystem::path& checkpoint, const detector_options& options, const model_options& model) {
            return boxed(rd4ad::detector<cpu>{checkpoint, options, model});
        },
    .load_detector_in_memory =
        [](std::span<const std::byte> checkpoint, const std::string& name, const detector_options& options,
           const model_options& model) {
            return boxed(rd4ad::detector<cpu>{checkpoint, name, options, model});
        }};

}  // namespace

}  // namespace rd4ad::inline RD4AD_ABI::variant

extern "C" const rd4ad::variant::table* RD4AD_VARIANT_ENTRY();
extern "C" const rd4ad::variant::table* RD4AD_VARIANT_ENTRY() { return &rd4ad::variant::functions; }
