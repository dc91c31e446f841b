// The body of rd4ad::compiled: each of rd4ad/compiled.hpp's calls handed to the library's own.
#include <utility>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/model/weights.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/trainer.hpp>

// The library's own, by names of this file: after the next include rd4ad's are ambiguous.
namespace {
using cpu = rd4ad::backend::xtensor<float>;
using own_model = rd4ad::model<cpu>;
using own_detector = rd4ad::detector<cpu>;
constexpr auto own_read = static_cast<rd4ad::image::picture (*)(const std::filesystem::path&)>(&rd4ad::image::read);
constexpr auto own_decode = &rd4ad::image::decode;
constexpr auto own_png =
    static_cast<void (*)(const std::filesystem::path&, const rd4ad::image::picture&)>(&rd4ad::image::write_png);
constexpr auto own_jpeg = &rd4ad::image::write_jpeg;
constexpr auto own_open = &rd4ad::data::open;
constexpr auto own_load_weights = &rd4ad::load_weights;
constexpr auto own_built_in_teacher = &rd4ad::built_in_teacher;
own_model own_make(const std::string& arch, const rd4ad::io::tensor_file& teacher, const rd4ad::model_options& options) {
    return rd4ad::make_model<cpu>(arch, teacher, options);
}
own_model own_make(const std::string& arch, const rd4ad::model_options& options) {
    return rd4ad::make_model_without_teacher<cpu>(arch, options);
}
own_model own_load(const std::filesystem::path& path, const rd4ad::model_options& options) {
    return rd4ad::load_checkpoint<cpu>(path, options);
}
}  // namespace

#include <rd4ad/compiled.hpp>

namespace rd4ad::image {
inline namespace compiled {
picture read(const std::filesystem::path& path) { return own_read(path); }
picture decode(std::span<const std::byte> bytes, const std::string& name) { return own_decode(bytes, name); }
void write_png(const std::filesystem::path& path, const picture& from) { own_png(path, from); }
void write_jpeg(const std::filesystem::path& path, const picture& from, int quality) { own_jpeg(path, from, quality); }
}  // namespace compiled
}  // namespace rd4ad::image

namespace rd4ad::data {
inline namespace compiled {
dataset open(const std::filesystem::path& root) { return own_open(root, {}); }
}  // namespace compiled
}  // namespace rd4ad::data

namespace rd4ad {
inline namespace compiled {

struct model<cpu>::implementation {
    own_model own;
};
model<cpu>::model(std::unique_ptr<implementation> made) noexcept : inner_{std::move(made)} {}
model<cpu>::model(model&&) noexcept = default;
model<cpu>& model<cpu>::operator=(model&&) noexcept = default;
model<cpu>::~model() = default;
const model_settings& model<cpu>::settings() const noexcept { return inner_->own.settings; }

struct detector<cpu>::implementation {
    own_detector own;
};
detector<cpu>::detector(model<cpu> trained, const detector_options& options)
    : inner_{new implementation{own_detector{std::move(trained.inner().own), options}}} {}
detector<cpu>::detector(const std::filesystem::path& checkpoint, const detector_options& options, const model_options& model)
    : inner_{new implementation{own_detector{checkpoint, options, model}}} {}
detector<cpu>::detector(detector&&) noexcept = default;
detector<cpu>& detector<cpu>::operator=(detector&&) noexcept = default;
detector<cpu>::~detector() = default;
const model_settings& detector<cpu>::settings() const noexcept { return inner_->own.settings(); }
const std::optional<calibration>& detector<cpu>::scale() const noexcept { return inner_->own.scale(); }
finding detector<cpu>::score(const image::picture& photograph) const { return inner_->own.score(photograph); }
std::vector<finding> detector<cpu>::score(std::span<const image::picture> photographs) const {
    return inner_->own.score(photographs);
}
void detector<cpu>::score_files(std::span<const std::filesystem::path> files, const photographs_scored& use) const {
    inner_->own.score_files(files, use);
}
std::vector<float> detector<cpu>::scores(std::span<const std::filesystem::path> files,
                                         const std::function<void(std::size_t)>& done) const {
    return inner_->own.scores(files, done);
}

namespace {
model<cpu> faced(own_model own) {
    return model<cpu>{std::unique_ptr<model<cpu>::implementation>{new model<cpu>::implementation{std::move(own)}}};
}
}  // namespace

io::tensor_file load_weights(const std::filesystem::path& path) { return own_load_weights(path); }
io::tensor_file built_in_teacher(const std::filesystem::path& extra) { return own_built_in_teacher(extra); }

template <>
model<cpu> make_model<cpu>(const std::string& arch, const io::tensor_file& teacher, const model_options& options) {
    return faced(own_make(arch, teacher, options));
}
template <>
model<cpu> make_model_without_teacher<cpu>(const std::string& arch, const model_options& options) {
    return faced(own_make(arch, options));
}
template <>
model<cpu> load_checkpoint<cpu>(const std::filesystem::path& path, const model_options& options) {
    return faced(own_load(path, options));
}
void save_checkpoint(const std::filesystem::path& path, model<cpu>& m, const io::json& training) {
    rd4ad::save_checkpoint(path, m.inner().own, training);
}
training_log train(model<cpu>& m, const data::dataset& set, const train_options& options) {
    return rd4ad::train(m.inner().own, set, options);
}

}  // namespace compiled
}  // namespace rd4ad
