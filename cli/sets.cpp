// cli/sets.cpp: flags to data sets and checkpoints.
#include "sets.hpp"

#include <algorithm>
#include <system_error>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/duplicates.hpp>

namespace cli {

namespace fs = std::filesystem;

std::vector<flag> set_flags() {
    std::string layouts = "auto";
    for (const auto name : rd4ad::data::layouts) layouts += ", " + std::string{name};
    return {{"data", "DIR", "", "the data set's folder"},
            {"dataset", "LAYOUT", "auto", "how it is laid out: " + layouts},
            {"class-names", "A,B", "", "these classes of a whole set, or all, each with a model of its own"},
            {"multimodal", "", "", "one model for all classes, or for those of --class-names"}};
}

std::vector<rd4ad::data::dataset> open_sets(const arguments& given) {
    const fs::path root = given.required("data");
    std::vector<std::string> layouts{"auto"};
    layouts.insert(layouts.end(), rd4ad::data::layouts.begin(), rd4ad::data::layouts.end());
    rd4ad::data::open_options options;
    options.layout = given.choice("dataset", layouts);
    auto names = given.list("class-names");
    std::vector<rd4ad::data::dataset> sets;
    const bool together = given.given("multimodal");
    if (names.empty() && !together) {
        sets.push_back(rd4ad::data::open(root, options));
        return sets;
    }
    if (names.empty() || names == std::vector<std::string>{"all"}) names = rd4ad::data::class_names(root, options);
    for (const auto& name : names) sets.push_back(rd4ad::data::open_class(root, name, options));
    if (!together) return sets;
    rd4ad::data::dataset all;
    all.name = fs::absolute(root / ".").lexically_normal().parent_path().filename().string();
    for (auto& one : sets) {
        all.train.insert(all.train.end(), one.train.begin(), one.train.end());
        all.test.insert(all.test.end(), one.test.begin(), one.test.end());
    }
    return {all};
}

std::string duplicates_warning(const rd4ad::data::dataset& of) {
    const auto found = rd4ad::data::duplicates(of);
    if (found.empty()) return "";
    return "warning: " + of.name + ": " + std::to_string(found.size()) +
           " of its test images were trained on, which flatters the metrics; the first: " + found.front().test.string() + " is " +
           found.front().train.string();
}

fs::path checkpoint_in(const fs::path& folder, const rd4ad::data::dataset& of) {
    return folder / ((of.name.empty() ? "model" : of.name) + ".safetensors");
}

fs::path find_checkpoint(const fs::path& file_or_folder, const rd4ad::data::dataset& of) {
    std::error_code ignored;
    if (!fs::is_directory(file_or_folder, ignored)) {
        if (!fs::exists(file_or_folder, ignored))
            throw rd4ad::io_error{file_or_folder.string() + ": no such file; give the checkpoint that rd4ad train wrote"};
        return file_or_folder;
    }
    const auto wanted = checkpoint_in(file_or_folder, of);
    if (fs::exists(wanted, ignored)) return wanted;
    std::vector<fs::path> there;
    for (const auto& entry : fs::directory_iterator{file_or_folder})
        if (entry.path().extension() == ".safetensors" && entry.path().stem().extension() != ".resume")
            there.push_back(entry.path());
    if (there.size() == 1) return there.front();
    std::sort(there.begin(), there.end());
    std::string names;
    for (const auto& one : there) names += (names.empty() ? "" : ", ") + one.filename().string();
    throw rd4ad::io_error{file_or_folder.string() + ": expected the checkpoint " + wanted.filename().string() + ", found " +
                          (names.empty() ? "none" : names) + "; give the file itself"};
}

}  // namespace cli
