// The body of rd4ad::compiled: each function of rd4ad/compiled.hpp forwards to the header-only library.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/data/open_roi.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/trainer.hpp>

// Names for the header-only library, taken before the next include makes rd4ad's own names ambiguous.
namespace {
using cpu = rd4ad::backend::xtensor<float>;
using header_model = rd4ad::model<cpu>;
using header_detector = rd4ad::detector<cpu>;
constexpr auto header_read = static_cast<rd4ad::image::image_u8 (*)(const std::filesystem::path&)>(&rd4ad::image::read);
constexpr auto header_decode = &rd4ad::image::decode;
constexpr auto header_write_png =
    static_cast<void (*)(const std::filesystem::path&, const rd4ad::image::image_u8&)>(&rd4ad::image::write_png);
constexpr auto header_write_jpeg = &rd4ad::image::write_jpeg;
constexpr auto header_to_rgb = static_cast<rd4ad::image::image_u8 (*)(const rd4ad::image::image_view&)>(&rd4ad::image::to_rgb);
constexpr auto header_open = &rd4ad::data::open;
constexpr auto header_open_roi = &rd4ad::data::open_roi;
constexpr auto header_load_weights = static_cast<rd4ad::io::tensor_file (*)(const std::filesystem::path&)>(&rd4ad::load_weights);
constexpr auto header_load_weights_in_memory =
    static_cast<rd4ad::io::tensor_file (*)(std::span<const std::byte>, const std::string&, const std::shared_ptr<const void>&)>(
        &rd4ad::load_weights);
constexpr auto header_built_in_teacher = &rd4ad::built_in_teacher;
header_model header_make_model(const std::string& arch, const rd4ad::io::tensor_file& teacher,
                               const rd4ad::model_options& options) {
    return rd4ad::make_model<cpu>(arch, teacher, options);
}
header_model header_make_model(const std::string& arch, const rd4ad::model_options& options) {
    return rd4ad::make_model_without_teacher<cpu>(arch, options);
}
header_model header_load_checkpoint(const std::filesystem::path& path, const rd4ad::model_options& options) {
    return rd4ad::load_checkpoint<cpu>(path, options);
}
header_model header_load_checkpoint(std::span<const std::byte> bytes, const std::string& name,
                                    const rd4ad::model_options& options) {
    return rd4ad::load_checkpoint<cpu>(bytes, name, options);
}
}  // namespace

#include <rd4ad/compiled.hpp>

namespace rd4ad::inline RD4AD_ABI::image {
inline namespace compiled {
image_u8 read(const std::filesystem::path& path) { return header_read(path); }
image_u8 decode(std::span<const std::byte> bytes, const std::string& name) { return header_decode(bytes, name); }
void write_png(const std::filesystem::path& path, const image_u8& from) { header_write_png(path, from); }
void write_jpeg(const std::filesystem::path& path, const image_u8& from, int quality) { header_write_jpeg(path, from, quality); }
image_u8 to_rgb(const image_view& view) { return header_to_rgb(view); }
}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI::image

namespace rd4ad::inline RD4AD_ABI::data {
inline namespace compiled {
dataset open(const std::filesystem::path& root) { return header_open(root, {}); }
region_of_interest open_roi(const std::filesystem::path& path, std::span<const std::filesystem::path> images) {
    return header_open_roi(path, images);
}
}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI::data

namespace rd4ad::inline RD4AD_ABI {
inline namespace compiled {

struct model<cpu>::implementation {
    header_model value;
};
model<cpu>::model(std::unique_ptr<implementation> from) noexcept : impl_{std::move(from)} {}
model<cpu>::model(model&&) noexcept = default;
model<cpu>& model<cpu>::operator=(model&&) noexcept = default;
model<cpu>::~model() = default;
const model_settings& model<cpu>::settings() const noexcept { return impl_->value.settings; }

struct detector<cpu>::implementation {
    header_detector value;
};
detector<cpu>::detector(model<cpu> trained, const detector_options& options)
    : impl_{new implementation{header_detector{std::move(trained.impl().value), options}}} {}
detector<cpu>::detector(const std::filesystem::path& checkpoint, const detector_options& options, const model_options& model)
    : impl_{new implementation{header_detector{checkpoint, options, model}}} {}
detector<cpu>::detector(std::span<const std::byte> checkpoint, const std::string& name, const detector_options& options,
                        const model_options& model)
    : impl_{new implementation{header_detector{checkpoint, name, options, model}}} {}
detector<cpu>::detector(detector&&) noexcept = default;
detector<cpu>& detector<cpu>::operator=(detector&&) noexcept = default;
detector<cpu>::~detector() = default;
const model_settings& detector<cpu>::settings() const noexcept { return impl_->value.settings(); }
const std::optional<rd4ad::calibration>& detector<cpu>::calibration() const noexcept { return impl_->value.calibration(); }
void detector<cpu>::warm_up(std::span<const image::size> sizes, const warm_up_options& options) const {
    impl_->value.warm_up(sizes, options);
}
detection_result detector<cpu>::score(const image::image_u8& image) const { return impl_->value.score(image); }
detection_result detector<cpu>::score(const image::image_u8& image, image::image_u8 roi) const {
    return impl_->value.score(image, std::move(roi));
}
std::vector<detection_result> detector<cpu>::score(std::span<const image::image_u8> images) const {
    return impl_->value.score(images);
}
detection_result detector<cpu>::score(const image::image_view& frame) const { return impl_->value.score(frame); }
detection_result detector<cpu>::score(const image::image_view& frame, image::image_u8 roi) const {
    return impl_->value.score(frame, std::move(roi));
}
std::vector<detection_result> detector<cpu>::score(std::span<const image::image_view> frames) const {
    return impl_->value.score(frames);
}
void detector<cpu>::score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                                const data::region_of_interest& roi, on_failure reaction, const run_control& control) const {
    impl_->value.score_files(files, use, roi, reaction, control);
}
std::vector<outcome<float>> detector<cpu>::raw_scores(std::span<const std::filesystem::path> files,
                                                      const data::region_of_interest& roi, on_failure reaction,
                                                      const run_control& control) const {
    return impl_->value.raw_scores(files, roi, reaction, control);
}

namespace {
model<cpu> to_compiled(header_model from) {
    return model<cpu>{std::unique_ptr<model<cpu>::implementation>{new model<cpu>::implementation{std::move(from)}}};
}
}  // namespace

io::tensor_file load_weights(const std::filesystem::path& path) { return header_load_weights(path); }
io::tensor_file load_weights(std::span<const std::byte> bytes, const std::string& name,
                             const std::shared_ptr<const void>& owner) {
    return header_load_weights_in_memory(bytes, name, owner);
}
io::tensor_file built_in_teacher(const std::filesystem::path& extra) { return header_built_in_teacher(extra); }

template <>
model<cpu> make_model<cpu>(const std::string& arch, const io::tensor_file& teacher, const model_options& options) {
    return to_compiled(header_make_model(arch, teacher, options));
}
template <>
model<cpu> make_model_without_teacher<cpu>(const std::string& arch, const model_options& options) {
    return to_compiled(header_make_model(arch, options));
}
template <>
model<cpu> load_checkpoint<cpu>(const std::filesystem::path& path, const model_options& options) {
    return to_compiled(header_load_checkpoint(path, options));
}
template <>
model<cpu> load_checkpoint<cpu>(std::span<const std::byte> bytes, const std::string& name, const model_options& options) {
    return to_compiled(header_load_checkpoint(bytes, name, options));
}
void save_checkpoint(const std::filesystem::path& path, model<cpu>& m, const io::json& training) {
    rd4ad::save_checkpoint(path, m.impl().value, training);
}
training_log train(model<cpu>& m, const data::dataset& set, const train_options& options) {
    return rd4ad::train(m.impl().value, set, options);
}

}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI
