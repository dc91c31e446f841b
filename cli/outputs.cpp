// cli/outputs.cpp: collects a command's inputs and opens its outputs.
#include "outputs.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <system_error>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/safe_name.hpp>
#include <rd4ad/score/coco_file.hpp>

#include "console.hpp"

namespace cli {

namespace fs = std::filesystem;

namespace {

/// Free bytes that a command needs per image with result images, and for its other files.
constexpr std::uintmax_t bytes_per_image = 50'000, other_bytes = 1'000'000;

}  // namespace

std::vector<flag> overwrite_flags() {
    return {
        {"overwrite", "", "", "replace files in the way that rd4ad did not write, or wrote for something else; never an input"}};
}

rd4ad::io::input_paths inputs_of(const parsed_options& options, std::span<const rd4ad::data::dataset> sets) {
    rd4ad::io::input_paths inputs;
    std::error_code ignored;
    for (const fs::path path : options.input_files())
        if (!fs::is_directory(path, ignored)) inputs.add(path);
    for (const fs::path path : options.input_folders()) inputs.add(path);
    for (const fs::path path : options.operands())
        if (fs::is_directory(path, ignored))
            inputs.add(path);
        else
            inputs.add_image(path);
    for (const auto& set : sets)
        for (const auto* items : {&set.train, &set.test, &set.validation})
            for (const auto& item : *items) {
                inputs.add_image(item.image);
                if (item.mask) inputs.add_image(*item.mask);
            }
    return inputs;
}

std::unique_ptr<rd4ad::io::output_folder> open_output(const parsed_options& options, const std::string& writer,
                                                      const rd4ad::io::input_paths& inputs, std::size_t files) {
    const auto out = options.text("out");
    if (out.empty()) return nullptr;
    return std::make_unique<rd4ad::io::output_folder>(
        out, inputs,
        rd4ad::io::output_options{
            .writer = writer, .overwrite = options.has("overwrite"), .bytes = files * bytes_per_image + other_bytes});
}

void check_output_file(const parsed_options& options, const fs::path& file, const rd4ad::io::input_paths& inputs,
                       const std::function<bool(const fs::path&)>& is_own, const rd4ad::io::output_folder* beside) {
    if (file.empty()) return;
    inputs.check_file(file);
    if (beside != nullptr && beside->has_announced(file))
        throw rd4ad::option_error{rd4ad::text(file, ": --out writes this file, too; give another path")};
    rd4ad::io::check_replaceable(file, options.has("overwrite"), is_own);
    rd4ad::io::probe_folder(rd4ad::io::folder_of(file), other_bytes);
}

void check_coco_files(const parsed_options& options, const fs::path& file, const rd4ad::io::input_paths& inputs,
                      const rd4ad::io::output_folder* beside) {
    if (file.empty()) return;
    check_output_file(options, file, inputs, rd4ad::is_coco_results, beside);
    check_output_file(options, rd4ad::coco_images_path(file), inputs, rd4ad::is_coco_images, beside);
}

void finish_output(rd4ad::io::output_folder& out) {
    if (const auto removed = out.finish(); removed > 0)
        console{}.line(rd4ad::text(out.path(), ": removed ", removed, " files of an earlier run"));
}

fs::path image_folder_of(const rd4ad::data::dataset& set, std::size_t classes) {
    return classes > 1 ? fs::path{rd4ad::io::safe_name(set.name)} : fs::path{};
}

fs::path result_names::operator()(const fs::path& folder, const fs::path& stem) {
    fs::path safe_folder;
    for (const auto& part : folder) safe_folder /= rd4ad::io::safe_name(part.string());
    const auto wanted = (safe_folder / rd4ad::io::safe_name(stem.string())).string();
    auto name = wanted;
    const auto is_new = [&] {
        auto key = name;
        std::transform(key.begin(), key.end(), key.begin(),
                       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
        return used_.insert(key).second;
    };
    for (std::size_t i = 2; !is_new(); ++i) name = rd4ad::text(wanted, '-', i);
    return name;
}

}  // namespace cli
