// cli/dataset_flags.cpp: opens data sets and finds checkpoints.
#include "dataset_flags.hpp"

#include <algorithm>
#include <system_error>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/duplicates.hpp>
#include <rd4ad/io/safe_name.hpp>

#include "console.hpp"

namespace cli {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> layout_names() {
    std::vector<std::string> names{"auto"};
    names.insert(names.end(), rd4ad::data::layouts.begin(), rd4ad::data::layouts.end());
    return names;
}

/// All classes as one data set with the folder's name; each class is a product.
rd4ad::data::dataset joined(const fs::path& root, const std::vector<rd4ad::data::dataset>& sets) {
    return rd4ad::data::join(fs::absolute(root / ".").lexically_normal().parent_path().filename().string(), sets);
}

/// The options of --recursive and --masks.
rd4ad::data::open_options open_options_of(const parsed_options& options) {
    using rd4ad::data::mask_choice;
    const auto masks = options.choice("masks", {"auto", "nonzero", "zero"});
    return {.recursive = options.has("recursive"),
            .masks = masks == "nonzero" ? mask_choice::nonzero
                     : masks == "zero"  ? mask_choice::zero
                                        : mask_choice::automatic};
}

/// The same with the layout of --dataset.
rd4ad::data::open_options layout_options(const parsed_options& options) {
    auto made = open_options_of(options);
    made.layout = options.choice("dataset", layout_names());
    return made;
}

/// Names the folders of a whole data set that hold no class.
void state_other_folders(const fs::path& root, const std::vector<std::string>& folders) {
    if (!folders.empty()) console{}.line(rd4ad::text(root, ": left out, no data set: ", join_names(folders)));
}

/// The checkpoints in a folder, without the files for --resume.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator{folder})
        if (entry.path().extension() == ".safetensors" && entry.path().stem().extension() != ".resume")
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::vector<flag> dataset_flags() {
    return {{"data", "DIR", "", "folder of the data set"},
            {"dataset", "LAYOUT", "auto", "layout of the data set: " + join_names(layout_names())},
            {"class-names", "A,B", "", "classes of the data set, or all; one model per class"},
            {"multimodal", "", "", "one model for all classes, or for those of --class-names, with a threshold for each"},
            {"recursive", "", "", "folders of images include their sub-folders"},
            {"masks", "PIXELS", "auto",
             "defects in mask files: nonzero (not black), zero (black), or auto: nonzero, but not if most masks look inverted"}};
}

void state_files(const std::string& name, const rd4ad::data::file_listing& files, const std::vector<std::string>& notes) {
    const auto begin = name.empty() ? std::string{} : rd4ad::text(name, ": ");
    console out;
    out.line(rd4ad::text(begin, rd4ad::data::summary(files)));
    std::string assumed;
    for (const auto& note : notes) assumed += rd4ad::text(assumed.empty() ? "read as: " : "; ", note);
    if (!assumed.empty()) out.line(begin + assumed);
}

namespace {

void state_set(const rd4ad::data::dataset& set) { state_files(set.name, set.files, set.notes); }

}  // namespace

rd4ad::io::json files_json(const rd4ad::data::dataset& of) {
    auto files = rd4ad::data::to_json(of.files);
    files["notes"] = of.notes;
    return files;
}

rd4ad::data::dataset open_dataset(const fs::path& root, const parsed_options& options) {
    auto set = rd4ad::data::open(root, open_options_of(options));
    state_set(set);
    return set;
}

std::vector<rd4ad::data::dataset> open_datasets(const parsed_options& options, rd4ad::on_failure bad_masks, bool needs_training) {
    const fs::path root = options.required("data");
    auto layout = layout_options(options);
    layout.bad_masks = bad_masks;
    layout.needs_training = needs_training;
    auto names = options.list("class-names");
    const bool together = options.has("multimodal");
    std::vector<rd4ad::data::dataset> sets;
    if (names.empty() && !together) {
        sets.push_back(rd4ad::data::open(root, layout));
    } else {
        if (names.empty() || names == std::vector<std::string>{"all"}) {
            names = rd4ad::data::class_names(root, layout);
            state_other_folders(root, rd4ad::data::folders_without_category(root, layout));
        }
        for (const auto& name : names) sets.push_back(rd4ad::data::open_class(root, name, layout));
    }
    if (together) sets = {joined(root, sets)};
    for (const auto& set : sets) state_set(set);
    return sets;
}

std::string duplicates_warning(const rd4ad::data::dataset& of) {
    const auto found = rd4ad::data::duplicates(of);
    if (found.empty()) return "";
    return rd4ad::text("warning: ", of.name, ": ", found.size(),
                       " of its test images were trained on, which makes the metrics too good; the first: ",
                       rd4ad::io::row_text(found.front().test.string()), " is ",
                       rd4ad::io::row_text(found.front().train.string()));
}

fs::path checkpoint_in(const fs::path& folder, const rd4ad::data::dataset& of) {
    return folder / ((of.name.empty() ? "model" : rd4ad::io::safe_name(of.name)) + ".safetensors");
}

fs::path find_checkpoint(const fs::path& file_or_folder, const rd4ad::data::dataset& of) {
    std::error_code ignored;
    if (!fs::is_directory(file_or_folder, ignored)) {
        if (fs::exists(file_or_folder, ignored)) return file_or_folder;
        throw rd4ad::io_error{rd4ad::text(file_or_folder, ": no such file; give the checkpoint that rd4ad train wrote")};
    }
    const auto expected = checkpoint_in(file_or_folder, of);
    if (fs::exists(expected, ignored)) return expected;
    const auto files = checkpoints_in(file_or_folder);
    if (files.size() == 1) return files.front();
    std::vector<std::string> names;
    for (const auto& one : files) names.push_back(one.filename().string());
    throw rd4ad::io_error{rd4ad::text(file_or_folder, ": expected the checkpoint ", expected.filename(), ", found ",
                                      names.empty() ? "none" : join_names(names), "; give the file itself")};
}

}  // namespace cli
