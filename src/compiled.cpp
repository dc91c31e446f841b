// The body of rd4ad::compiled: each function of rd4ad/compiled.hpp forwards to the header-only library, those that compute to the
// variant for the best instruction set that the processor has.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad_compiled_variants.hpp>

#include <rd4ad/core/instruction_set.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/data/open_roi.hpp>
#include <rd4ad/image/fit_view.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/train/keep_images.hpp>

#include "compiled_variant.hpp"

// Names for the header-only library, taken before the next include makes rd4ad's own names ambiguous.
namespace {
constexpr auto header_read = static_cast<rd4ad::image::image_u8 (*)(const std::filesystem::path&)>(&rd4ad::image::read);
constexpr auto header_decode =
    static_cast<rd4ad::image::image_u8 (*)(std::span<const std::byte>, const std::string&)>(&rd4ad::image::decode);
constexpr auto header_write_png =
    static_cast<void (*)(const std::filesystem::path&, const rd4ad::image::image_u8&)>(&rd4ad::image::write_png);
constexpr auto header_write_jpeg = &rd4ad::image::write_jpeg;
constexpr auto header_to_rgb = static_cast<rd4ad::image::image_u8 (*)(const rd4ad::image::image_view&)>(&rd4ad::image::to_rgb);
constexpr auto header_open = &rd4ad::data::open;
constexpr auto header_open_roi = &rd4ad::data::open_roi;
constexpr auto header_keep_images_of =
    static_cast<rd4ad::data::dataset (*)(const rd4ad::image_generator&, const rd4ad::train_options&, std::string)>(
        &rd4ad::keep_images);
constexpr auto header_keep_images = static_cast<rd4ad::data::dataset (*)(
    std::span<const rd4ad::training_image>, const rd4ad::train_options&, std::size_t, std::string)>(&rd4ad::keep_images);
constexpr auto header_load_weights = static_cast<rd4ad::io::tensor_file (*)(const std::filesystem::path&)>(&rd4ad::load_weights);
constexpr auto header_load_weights_in_memory =
    static_cast<rd4ad::io::tensor_file (*)(std::span<const std::byte>, const std::string&, const std::shared_ptr<const void>&)>(
        &rd4ad::load_weights);
constexpr auto header_built_in_teacher = &rd4ad::built_in_teacher;
}  // namespace

#include <rd4ad/compiled.hpp>

#define RD4AD_DECLARE(isa) const rd4ad::variant::table* rd4ad_compiled_##isa();
extern "C" {
RD4AD_VARIANTS(RD4AD_DECLARE)
}
#undef RD4AD_DECLARE

namespace {

using cpu = rd4ad::backend::xtensor<float>;

#define RD4AD_NAME(isa) #isa,
constexpr std::string_view variant_names[]{RD4AD_VARIANTS(RD4AD_NAME)};
#undef RD4AD_NAME
#define RD4AD_ENTRY(isa) &rd4ad_compiled_##isa,
constexpr const rd4ad::variant::table* (*variant_entries[])(){RD4AD_VARIANTS(RD4AD_ENTRY)};
#undef RD4AD_ENTRY

/// The variant in use, selected by the first call. Its log is the program's.
struct selection {
    std::string_view name;
    const rd4ad::variant::table* functions;
};
const selection& selected() {
    static const selection made = [] {
        const auto index = rd4ad::select_instruction_set(variant_names);
        const auto* functions = variant_entries[index]();
        if constexpr (RD4AD_VARIANTS_ARE_SEPARATE != 0)
            functions->forward_log([](const rd4ad::log_event& event) { rd4ad::write_log(event); });
        return selection{variant_names[index], functions};
    }();
    return made;
}

}  // namespace

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
    std::unique_ptr<variant::model> value;
};
model<cpu>::model(std::unique_ptr<implementation> from) noexcept : impl_{std::move(from)} {}
model<cpu>::model(model&&) noexcept = default;
model<cpu>& model<cpu>::operator=(model&&) noexcept = default;
model<cpu>::~model() = default;
const model_settings& model<cpu>::settings() const noexcept { return impl_->value->settings(); }

struct detector<cpu>::implementation {
    std::unique_ptr<const variant::detector> value;
};
detector<cpu>::detector(model<cpu> trained, const detector_options& options)
    : impl_{new implementation{trained.impl().value->to_detector(options)}} {}
detector<cpu>::detector(const std::filesystem::path& checkpoint, const detector_options& options, const model_options& model)
    : impl_{new implementation{selected().functions->load_detector(checkpoint, options, model)}} {}
detector<cpu>::detector(std::span<const std::byte> checkpoint, const std::string& name, const detector_options& options,
                        const model_options& model)
    : impl_{new implementation{selected().functions->load_detector_in_memory(checkpoint, name, options, model)}} {}
detector<cpu>::detector(detector&&) noexcept = default;
detector<cpu>& detector<cpu>::operator=(detector&&) noexcept = default;
detector<cpu>::~detector() = default;
const model_settings& detector<cpu>::settings() const noexcept { return impl_->value->settings(); }
const std::optional<rd4ad::calibration>& detector<cpu>::calibration() const noexcept { return impl_->value->calibration(); }
void detector<cpu>::warm_up(std::span<const image::size> sizes, const warm_up_options& options) const {
    impl_->value->warm_up(sizes, options);
}
detection_result detector<cpu>::score(const image::image_u8& image) const { return impl_->value->score(image); }
detection_result detector<cpu>::score(const image::image_u8& image, image::image_u8 roi) const {
    return impl_->value->score(image, std::move(roi));
}
std::vector<detection_result> detector<cpu>::score(std::span<const image::image_u8> images) const {
    return impl_->value->score(images);
}
detection_result detector<cpu>::score(const image::image_view& frame) const { return impl_->value->score(frame); }
detection_result detector<cpu>::score(const image::image_view& frame, image::image_u8 roi) const {
    return impl_->value->score(frame, std::move(roi));
}
std::vector<detection_result> detector<cpu>::score(std::span<const image::image_view> frames) const {
    return impl_->value->score(frames);
}
void detector<cpu>::score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                                const data::region_of_interest& roi, on_failure reaction, const run_control& control) const {
    impl_->value->score_files(files, use, roi, reaction, control);
}
std::vector<outcome<float>> detector<cpu>::raw_scores(std::span<const std::filesystem::path> files,
                                                      const data::region_of_interest& roi, on_failure reaction,
                                                      const run_control& control) const {
    return impl_->value->raw_scores(files, roi, reaction, control);
}

namespace {
model<cpu> to_compiled(std::unique_ptr<variant::model> from) {
    return model<cpu>{std::make_unique<model<cpu>::implementation>(model<cpu>::implementation{std::move(from)})};
}
}  // namespace

std::string_view instruction_set() { return selected().name; }

io::tensor_file load_weights(const std::filesystem::path& path) { return header_load_weights(path); }
io::tensor_file load_weights(std::span<const std::byte> bytes, const std::string& name,
                             const std::shared_ptr<const void>& owner) {
    return header_load_weights_in_memory(bytes, name, owner);
}
io::tensor_file built_in_teacher(const std::filesystem::path& extra) { return header_built_in_teacher(extra); }

template <>
model<cpu> make_model<cpu>(const std::string& arch, const io::tensor_file& teacher, const model_options& options) {
    return to_compiled(selected().functions->make_model(arch, teacher, options));
}
template <>
model<cpu> make_model_without_teacher<cpu>(const std::string& arch, const model_options& options) {
    return to_compiled(selected().functions->make_model_without_teacher(arch, options));
}
template <>
model<cpu> load_checkpoint<cpu>(const std::filesystem::path& path, const model_options& options) {
    return to_compiled(selected().functions->load_checkpoint(path, options));
}
template <>
model<cpu> load_checkpoint<cpu>(std::span<const std::byte> bytes, const std::string& name, const model_options& options) {
    return to_compiled(selected().functions->load_checkpoint_in_memory(bytes, name, options));
}
void save_checkpoint(const std::filesystem::path& path, model<cpu>& m, const io::json& training) {
    m.impl().value->save(path, training);
}
training_log train(model<cpu>& m, const data::dataset& set, const train_options& options) {
    return m.impl().value->train(set, options);
}
training_log train(model<cpu>& m, const image_generator& next, const train_options& options) {
    return m.impl().value->train(header_keep_images_of(next, options, "images"), options);
}
training_log train(model<cpu>& m, std::span<const training_image> images, const train_options& options) {
    return m.impl().value->train(header_keep_images(images, options, 0, "images"), options);
}

}  // namespace compiled
}  // namespace rd4ad::inline RD4AD_ABI
