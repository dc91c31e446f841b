// rd4ad/compiled.hpp: the calls of a product that trains and scores in xtensor<float>, compiled once in rd4ad::compiled: the same
// names and types as rd4ad.hpp's, quick to include. Twin: tests/consumer/project/main.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/finding.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>

// What is compiled lies in inline namespaces: rd4ad::detector here and in rd4ad.hpp are two entities, so that one program may use
// both, each in files of its own. In one file the two names are ambiguous.
namespace rd4ad::backend {
template <std::floating_point T>
struct xtensor;  // here only a name to choose by
}  // namespace rd4ad::backend

namespace rd4ad::image {
inline namespace compiled {
/// As image/read.hpp's and image/write.hpp's.
[[nodiscard]] picture read(const std::filesystem::path& path);
[[nodiscard]] picture decode(std::span<const std::byte> bytes, const std::string& name);
void write_png(const std::filesystem::path& path, const picture& from);
void write_jpeg(const std::filesystem::path& path, const picture& from, int quality = 90);
}  // namespace compiled
}  // namespace rd4ad::image

namespace rd4ad::data {
inline namespace compiled {
/// As data/open.hpp's, with the layout recognised.
[[nodiscard]] dataset open(const std::filesystem::path& root);
}  // namespace compiled
}  // namespace rd4ad::data

namespace rd4ad {
inline namespace compiled {

/// As model/model.hpp's. Move-only.
template <class B>
class model;
/// As score/detector.hpp's.
template <class B>
class detector;

template <>
class model<backend::xtensor<float>> {
   public:
    struct implementation;  ///< the model of model/model.hpp
    explicit model(std::unique_ptr<implementation> made) noexcept;
    model(model&&) noexcept;
    model& operator=(model&&) noexcept;
    ~model();

    [[nodiscard]] const model_settings& settings() const noexcept;
    [[nodiscard]] implementation& inner() noexcept { return *inner_; }

   private:
    std::unique_ptr<implementation> inner_;
};

template <>
class detector<backend::xtensor<float>> {
   public:
    explicit detector(model<backend::xtensor<float>> trained, const detector_options& options = {});
    explicit detector(const std::filesystem::path& checkpoint, const detector_options& options = {},
                      const model_options& model = {});
    detector(detector&&) noexcept;
    detector& operator=(detector&&) noexcept;
    ~detector();

    [[nodiscard]] const model_settings& settings() const noexcept;
    [[nodiscard]] const std::optional<calibration>& scale() const noexcept;
    [[nodiscard]] finding score(const image::picture& photograph) const;
    [[nodiscard]] std::vector<finding> score(std::span<const image::picture> photographs) const;
    void score_files(std::span<const std::filesystem::path> files, const photographs_scored& use) const;
    [[nodiscard]] std::vector<float> scores(std::span<const std::filesystem::path> files,
                                            const std::function<void(std::size_t)>& done = {}) const;

   private:
    struct implementation;
    std::unique_ptr<implementation> inner_;
};

template <class B>
detector(model<B>) -> detector<B>;
template <class B>
detector(model<B>, detector_options) -> detector<B>;

/// As model/weights.hpp's.
[[nodiscard]] io::tensor_file load_weights(const std::filesystem::path& path);
[[nodiscard]] io::tensor_file built_in_teacher(const std::filesystem::path& extra = {});

/// As model/model.hpp's and model/checkpoint.hpp's, for xtensor<float>.
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
void save_checkpoint(const std::filesystem::path& path, model<backend::xtensor<float>>& m,
                     const io::json& training = io::json::object());

/// As train/trainer.hpp's.
training_log train(model<backend::xtensor<float>>& m, const data::dataset& set, const train_options& options = {});

}  // namespace compiled
}  // namespace rd4ad
