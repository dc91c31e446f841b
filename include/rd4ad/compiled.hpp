// rd4ad/compiled.hpp: training and scoring in xtensor<float>, compiled once in the library rd4ad::compiled. The names and types
// are those of rd4ad.hpp; the header is quick to include. Twin: tests/consumer/project/main.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/regions_json.hpp>
#include <rd4ad/score/threshold_rules.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/training_image.hpp>

// The compiled functions and classes are in inline namespaces: rd4ad::detector of this header and of rd4ad.hpp are different
// entities. One program may use both headers in different files; in one file the names are ambiguous.
namespace rd4ad::inline RD4AD_ABI::backend {
template <std::floating_point T>
struct xtensor;  // only a name here: it selects the specialisations below
}  // namespace rd4ad::inline RD4AD_ABI::backend

namespace rd4ad::inline RD4AD_ABI::image {
inline namespace compiled {
/// See image/read.hpp and image/write.hpp.
[[nodiscard]] image_u8 read(const std::filesystem::path& path);
[[nodiscard]] image_u8 decode(std::span<const std::byte> bytes, const std::string& name);
void write_png(const std::filesystem::path& path, const image_u8& from);
void write_jpeg(const std::filesystem::path& path, const image_u8& from, int quality = 90);
/// See image/fit_view.hpp.
[[nodiscard]] image_u8 to_rgb(const image_view& view);
}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI::image

namespace rd4ad::inline RD4AD_ABI::data {
inline namespace compiled {
/// See data/open.hpp; the layout is detected.
[[nodiscard]] dataset open(const std::filesystem::path& root);
/// See data/open_roi.hpp.
[[nodiscard]] region_of_interest open_roi(const std::filesystem::path& path, std::span<const std::filesystem::path> images);
}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI::data

namespace rd4ad::inline RD4AD_ABI {
inline namespace compiled {

/// See model/model.hpp. Move-only.
template <class B>
class model;
/// See score/detector.hpp. Move-only.
template <class B>
class detector;

template <>
class model<backend::xtensor<float>> {
   public:
    struct implementation;  ///< holds a model of model/model.hpp
    explicit model(std::unique_ptr<implementation> from) noexcept;
    model(model&&) noexcept;
    model& operator=(model&&) noexcept;
    ~model();

    [[nodiscard]] const model_settings& settings() const noexcept;
    [[nodiscard]] implementation& impl() noexcept { return *impl_; }

   private:
    std::unique_ptr<implementation> impl_;
};

template <>
class detector<backend::xtensor<float>> {
   public:
    explicit detector(model<backend::xtensor<float>> trained, const detector_options& options = {});
    explicit detector(const std::filesystem::path& checkpoint, const detector_options& options = {},
                      const model_options& model = {});
    detector(std::span<const std::byte> checkpoint, const std::string& name, const detector_options& options = {},
             const model_options& model = {});
    detector(detector&&) noexcept;
    detector& operator=(detector&&) noexcept;
    ~detector();

    [[nodiscard]] const model_settings& settings() const noexcept;
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept;
    void warm_up(std::span<const image::size> sizes, const warm_up_options& options = {}) const;
    [[nodiscard]] detection_result score(const image::image_u8& image) const;
    [[nodiscard]] detection_result score(const image::image_u8& image, image::image_u8 roi) const;
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_u8> images) const;
    [[nodiscard]] detection_result score(const image::image_view& frame) const;
    [[nodiscard]] detection_result score(const image::image_view& frame, image::image_u8 roi) const;
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_view> frames) const;
    void score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                     const data::region_of_interest& roi = {}, on_failure reaction = on_failure::stop,
                     const run_control& control = {}) const;
    [[nodiscard]] std::vector<outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                         const data::region_of_interest& roi = {},
                                                         on_failure reaction = on_failure::stop,
                                                         const run_control& control = {}) const;

   private:
    struct implementation;
    std::unique_ptr<implementation> impl_;
};

template <class B>
detector(model<B>) -> detector<B>;
template <class B>
detector(model<B>, detector_options) -> detector<B>;

/// The instruction set of the code that computes: baseline, v3 (AVX2) or v4 (AVX-512) of x86-64, selected by the first call that
/// needs it (core/instruction_set.hpp), or that of the environment variable RD4AD_ISA; native or flags in a library that was
/// built for one. Throws option_error, as every function that computes, for an RD4AD_ISA that the library or the processor lacks.
[[nodiscard]] std::string_view instruction_set();

/// See model/teacher_weights.hpp.
[[nodiscard]] io::tensor_file load_weights(const std::filesystem::path& path);
[[nodiscard]] io::tensor_file load_weights(std::span<const std::byte> bytes, const std::string& name,
                                           const std::shared_ptr<const void>& owner = {});
[[nodiscard]] io::tensor_file built_in_teacher(const std::filesystem::path& extra = {});

/// See model/model.hpp and model/checkpoint.hpp; for xtensor<float>.
template <class B>
[[nodiscard]] model<B> make_model(const std::string& arch, const io::tensor_file& teacher, const model_options& options = {});
template <>
model<backend::xtensor<float>> make_model<backend::xtensor<float>>(const std::string&, const io::tensor_file&,
                                                                   const model_options&);
template <class B>
[[nodiscard]] model<B> make_model_without_teacher(const std::string& arch, const model_options& options = {});
template <>
model<backend::xtensor<float>> make_model_without_teacher<backend::xtensor<float>>(const std::string&, const model_options&);
template <class B>
[[nodiscard]] model<B> load_checkpoint(const std::filesystem::path& path, const model_options& options = {});
template <>
model<backend::xtensor<float>> load_checkpoint<backend::xtensor<float>>(const std::filesystem::path&, const model_options&);
template <class B>
[[nodiscard]] model<B> load_checkpoint(std::span<const std::byte> bytes, const std::string& name,
                                       const model_options& options = {});
template <>
model<backend::xtensor<float>> load_checkpoint<backend::xtensor<float>>(std::span<const std::byte>, const std::string&,
                                                                        const model_options&);
void save_checkpoint(const std::filesystem::path& path, model<backend::xtensor<float>>& m,
                     const io::json& training = io::json::object());

/// See train/train_model.hpp.
training_log train(model<backend::xtensor<float>>& m, const data::dataset& set, const train_options& options = {});
training_log train(model<backend::xtensor<float>>& m, const image_generator& next, const train_options& options = {});
training_log train(model<backend::xtensor<float>>& m, std::span<const training_image> images, const train_options& options = {});

}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI
