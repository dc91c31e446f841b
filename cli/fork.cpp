// cli/fork.cpp: the table of flags, and what each becomes.
#include "fork.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>

#include "arguments.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

enum class takes { nothing, one, several };

/// A flag of theirs with the spellings that its parser takes.
struct fork_flag {
    const char* key;
    takes values;
    std::vector<std::string> spellings;
};

const std::vector<fork_flag>& fork_flags() {
    static const std::vector<fork_flag> flags{
        {"action-type", takes::one, {"--action-type"}},
        {"dataset", takes::one, {"--dataset"}},
        {"checkpoint", takes::one, {"--checkpoint"}},
        {"class-names", takes::several, {"-cl", "--class-names"}},
        {"input-size", takes::one, {"-inp", "--inp", "--input-size"}},
        {"batch-size", takes::one, {"-bs", "--bs", "--batch-size"}},
        {"lr", takes::one, {"--lr"}},
        {"epochs", takes::one, {"--epochs"}},
        {"multimodal", takes::nothing, {"--multimodal"}},
        {"patches-per-row", takes::one, {"--patches-per-row"}},
        {"patches-per-column", takes::one, {"--patches-per-column"}},
        {"crop-width", takes::one, {"--crop-width"}},
        {"crop-height", takes::one, {"--crop-height"}},
        {"save-segmentation-images", takes::nothing, {"--save-segmentation-images"}},
        {"viz", takes::nothing, {"--viz"}},
        {"train-split-percent", takes::one, {"--train-split-percent"}},
        {"comparison-bboxes", takes::one, {"-cmp-bboxes", "--cmp-bboxes", "--comparison-bboxes"}},
        {"pred-threshold", takes::one, {"--pred-threshold"}},
        {"run-name", takes::one, {"-run", "--run-name"}},
        {"load-preds", takes::nothing, {"--load-preds"}},
        {"gpu", takes::one, {"--gpu"}},
        {"no-cuda", takes::nothing, {"--no-cuda"}},
        {"comparison-images", takes::one, {"-cmp", "--comparison-images"}}};
    return flags;
}

const fork_flag* find_flag(const std::string& spelling) {
    for (const auto& one : fork_flags())
        if (std::find(one.spellings.begin(), one.spellings.end(), spelling) != one.spellings.end()) return &one;
    return nullptr;
}

bool is_flag(const std::string& word) {
    return word.size() > 1 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9') && word[1] != '.';
}

/// Where a data set of theirs lies: RD4AD_DATASETS/NAME, else datasets/NAME here or beside this folder.
std::string folder_of(const std::string& dataset) {
    std::vector<fs::path> places{fs::path{"datasets"} / dataset, fs::path{".."} / "datasets" / dataset};
    if (const char* given = std::getenv("RD4AD_DATASETS"); given && *given) places = {fs::path{given} / dataset};
    std::string tried;
    for (const auto& place : places) {
        std::error_code ignored;
        if (fs::exists(place, ignored)) return place.string();
        tried += (tried.empty() ? "" : " or ") + place.string();
    }
    throw usage_error{"--dataset " + dataset + ": there is no folder " + tried +
                      "; give the folder by --data, or set RD4AD_DATASETS"};
}

}  // namespace

bool is_fork_spelling(const std::vector<std::string>& words) {
    return !words.empty() && is_flag(words.front()) && std::any_of(words.begin(), words.end(), [](const auto& word) {
        return find_flag(word.substr(0, word.find('='))) != nullptr;
    });
}

translated from_fork_spelling(const std::vector<std::string>& words) {
    std::map<std::string, std::vector<std::string>> given;
    std::vector<std::string> own;
    for (std::size_t i = 0; i < words.size();) {
        const auto equals = is_flag(words[i]) ? words[i].find('=') : std::string::npos;
        const auto spelling = words[i].substr(0, equals);
        const auto* flag = find_flag(spelling);
        if (flag == nullptr) {
            own.push_back(words[i++]);
            continue;
        }
        auto& values = given[flag->key];
        values.clear();
        if (equals != std::string::npos) values.push_back(words[i].substr(equals + 1));
        ++i;
        if (flag->values == takes::nothing || equals != std::string::npos) continue;
        // their documents write an action with dashes, too
        const auto is_value = [&](const std::string& word) { return !is_flag(word) || word.starts_with("--norm-"); };
        while (i < words.size() && is_value(words[i]) && (flag->values == takes::several || values.empty()))
            values.push_back(words[i++]);
        if (values.empty()) throw usage_error{spelling + " has no value"};
    }
    const auto has = [&](const char* key) { return given.contains(key); };
    const auto value = [&](const char* key, const std::string& otherwise) {
        return has(key) ? given.at(key).front() : otherwise;
    };
    const auto own_has = [&](const std::string& name) {
        return std::any_of(own.begin(), own.end(),
                           [&](const auto& word) { return word == name || word.starts_with(name + "="); });
    };

    auto action = value("action-type", "norm-train");
    action.erase(0, action.find_first_not_of('-') == std::string::npos ? 0 : action.find_first_not_of('-'));
    const std::map<std::string, std::string> verbs{{"norm-train", "train"},
                                                   {"norm-test", "test"},
                                                   {"norm-patches-test", "test"},
                                                   {"norm-test-fps", "fps"},
                                                   {"norm-compare-to-matroid", "compare"},
                                                   {"norm-patches-compare-to-matroid", "compare"}};
    const auto found = verbs.find(action);
    if (found == verbs.end()) {
        std::string known;
        for (const auto& [name, verb] : verbs) known += (known.empty() ? "" : ", ") + name;
        throw usage_error{"--action-type " + action + ": expected one of " + known};
    }
    const auto& verb = found->second;

    translated made{.words = {verb}, .ignored = {}};
    const auto put = [&](const std::string& name, const std::string& text) {
        if (own_has("--" + name)) return;
        made.words.push_back("--" + name);
        if (!text.empty()) made.words.push_back(text);
    };
    const auto dataset = value("dataset", "mvtec");
    if (!own_has("--data")) put("data", folder_of(dataset));
    std::string classes;
    if (has("class-names"))
        for (const auto& one : given.at("class-names")) classes += (classes.empty() ? "" : ",") + one;
    else if (dataset == "mvtec" && !has("multimodal"))
        classes = "all";
    if (!classes.empty()) put("class-names", classes);
    if (has("multimodal")) put("multimodal", "");

    if (has("train-split-percent") && std::strtod(value("train-split-percent", "").c_str(), nullptr) != 1.0)
        throw usage_error{"--train-split-percent " + value("train-split-percent", "") +
                          ": the split is the data set's own here; give another one as a list, --data FILE.csv"};
    for (const char* key : {"patches-per-row", "patches-per-column"})
        if (const auto count = value(key, "0"); count != "0") put(key, count);
    if (verb == "train") {
        put("inp", value("input-size", "256"));
        put("bs", value("batch-size", "8"));
        put("lr", value("lr", "0.0025"));
        put("epochs", value("epochs", "40"));
        put("fit", dataset == "bsd" ? "pad" : "short-side");
        if (has("crop-width") || has("crop-height")) {
            const auto width = value("crop-width", value("crop-height", "")), height = value("crop-height", width);
            if (width != height)
                throw usage_error{"--crop-width " + width + " --crop-height " + height +
                                  ": the cut-out is a square here; give one size"};
            put("crop", width);
        }
        put("out", has("run-name") ? "checkpoints/" + value("run-name", "") : "checkpoints");
    } else {
        put("checkpoint", value("checkpoint", "checkpoints"));
    }
    if (verb == "test" && (has("save-segmentation-images") || has("viz"))) {
        put("save-segmentation-images", "");
        put("out", "results");
    }
    if (verb == "compare") {
        if (!has("comparison-bboxes") && !own_has("--cmp-coco"))
            throw usage_error{"--action-type " + action + " needs --cmp-bboxes FILE"};
        if (has("comparison-bboxes")) put("cmp-bboxes", value("comparison-bboxes", ""));
        if (has("pred-threshold")) put("pred-threshold", value("pred-threshold", ""));
        if (has("save-segmentation-images") || has("viz")) put("out", "results");
    }
    if (verb == "fps") put("bs", "1");
    for (const char* key : {"load-preds", "gpu", "no-cuda", "comparison-images"})
        if (has(key)) made.ignored.push_back(std::string{"--"} + key);
    made.words.insert(made.words.end(), own.begin(), own.end());
    return made;
}

}  // namespace cli
