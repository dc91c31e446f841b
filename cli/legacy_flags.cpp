// cli/legacy_flags.cpp: the table of the fork's flags with the translation of each.
#include "legacy_flags.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include <rd4ad/core/text.hpp>

#include "options.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// The commands of the fork's actions.
const std::map<std::string, std::string>& actions() {
    static const std::map<std::string, std::string> table{{"norm-train", "train"},
                                                          {"norm-test", "test"},
                                                          {"norm-patches-test", "test"},
                                                          {"norm-test-fps", "fps"},
                                                          {"norm-compare-to-matroid", "compare"},
                                                          {"norm-patches-compare-to-matroid", "compare"}};
    return table;
}

/// A command line of the fork under translation. Flags are named by their first spelling, without dashes.
class legacy_line {
   public:
    explicit legacy_line(const std::vector<std::string>& args);

    /// True if the fork's flag is on the command line.
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    [[nodiscard]] std::string value(const std::string& name, const std::string& fallback = "") const {
        return has(name) ? values_.at(name).front() : fallback;
    }
    [[nodiscard]] std::vector<std::string> values(const std::string& name) const {
        return has(name) ? values_.at(name) : std::vector<std::string>{};
    }
    /// True if rd4ad's flag is on the command line.
    [[nodiscard]] bool forwards(const std::string& name) const;

    [[nodiscard]] const std::string& action() const noexcept { return action_; }
    [[nodiscard]] bool is(const char* command) const { return translation_.args.front() == command; }
    [[nodiscard]] std::string dataset() const { return value("dataset", "mvtec"); }

    /// Adds a flag of rd4ad unless the command line has it already.
    void put(const std::string& name, const std::string& text = "");
    void ignore(const std::string& name) { translation_.ignored.push_back("--" + name); }

    /// The translation, with the forwarded flags at its end.
    [[nodiscard]] legacy_translation finish() &&;

   private:
    void select_command();

    std::map<std::string, std::vector<std::string>> values_{};
    std::vector<std::string> forwarded_{};
    std::string action_{};
    legacy_translation translation_{};
};

using translate = std::function<void(legacy_line&)>;

enum class takes { nothing, one, several };

/// One flag of the fork: its spellings, its values, and its translation, which also runs for an absent flag.
struct legacy_flag {
    std::vector<std::string> spellings;
    takes values;
    translate apply;

    [[nodiscard]] std::string name() const { return spellings.front().substr(2); }
};

void no_translation(legacy_line&) {}

/// Adds a switch of rd4ad if the command line has the fork's switch.
translate switch_flag(const char* name) {
    return [=](legacy_line& line) {
        if (line.has(name)) line.put(name);
    };
}

/// For one command: adds the value under rd4ad's name, or the fork's default.
translate value_flag(const char* name, const char* command, const char* flag, const char* fallback) {
    return [=](legacy_line& line) {
        if (line.is(command)) line.put(flag, line.value(name, fallback));
    };
}

/// For one command: adds the value under rd4ad's name if the command line has the fork's flag.
translate optional_flag(const char* name, const char* command, const char* flag) {
    return [=](legacy_line& line) {
        if (line.is(command) && line.has(name)) line.put(flag, line.value(name));
    };
}

/// Adds a number of patches unless it is 0.
translate patches_flag(const char* name) {
    return [=](legacy_line& line) {
        if (const auto count = line.value(name, "0"); count != "0") line.put(name, count);
    };
}

/// Reports the flag as ignored.
translate ignored_flag(const char* name) {
    return [=](legacy_line& line) {
        if (line.has(name)) line.ignore(name);
    };
}

/// RD4AD_DATASETS/NAME, or else datasets/NAME here or in the parent folder.
std::string dataset_folder(const std::string& dataset) {
    std::vector<fs::path> folders{fs::path{"datasets"} / dataset, fs::path{".."} / "datasets" / dataset};
    if (const char* root = std::getenv("RD4AD_DATASETS"); root != nullptr && *root != '\0') folders = {fs::path{root} / dataset};
    std::vector<std::string> names;
    for (const auto& folder : folders) {
        std::error_code ignored;
        if (fs::exists(folder, ignored)) return folder.string();
        names.push_back(folder.string());
    }
    throw usage_error{rd4ad::text("--dataset ", dataset, ": there is no folder ", join_names(names, " or "),
                                  "; give the folder by --data, or set RD4AD_DATASETS")};
}

void translate_dataset(legacy_line& line) {
    if (!line.forwards("data")) line.put("data", dataset_folder(line.dataset()));
}

void translate_classes(legacy_line& line) {
    std::string names;
    for (const auto& one : line.values("class-names")) names += (names.empty() ? "" : ",") + one;
    if (names.empty() && line.dataset() == "mvtec" && !line.has("multimodal")) names = "all";
    if (!names.empty()) line.put("class-names", names);
}

void check_split(legacy_line& line) {
    const auto share = line.value("train-split-percent", "1");
    if (std::strtod(share.c_str(), nullptr) != 1.0)
        throw usage_error{rd4ad::text("--train-split-percent ", share,
                                      ": the data set defines the split here; give another split as a list, --data FILE.csv")};
}

void translate_batch_size(legacy_line& line) {
    if (line.is("train")) line.put("bs", line.value("batch-size", "8"));
    if (line.is("fps")) line.put("bs", "1");
}

void translate_checkpoint(legacy_line& line) {
    if (!line.is("train")) line.put("checkpoint", line.value("checkpoint", "checkpoints"));
}

/// --crop-width and --crop-height; the fork's fit depends on the data set.
void translate_fit(legacy_line& line) {
    if (!line.is("train")) return;
    line.put("fit", line.dataset() == "bsd" ? "pad" : "short-side");
    if (!line.has("crop-width") && !line.has("crop-height")) return;
    const auto width = line.value("crop-width", line.value("crop-height")), height = line.value("crop-height", width);
    if (width != height)
        throw usage_error{
            rd4ad::text("--crop-width ", width, " --crop-height ", height, ": a crop is a square here; give one size")};
    line.put("crop", width);
}

void translate_run_name(legacy_line& line) {
    if (line.is("train")) line.put("out", line.has("run-name") ? "checkpoints/" + line.value("run-name") : "checkpoints");
}

void translate_boxes(legacy_line& line) {
    if (!line.is("compare")) return;
    if (line.has("comparison-bboxes"))
        line.put("cmp-bboxes", line.value("comparison-bboxes"));
    else if (!line.forwards("cmp-coco"))
        throw usage_error{rd4ad::text("--action-type ", line.action(), " needs --cmp-bboxes FILE")};
}

/// --save-segmentation-images and --viz.
void translate_images(legacy_line& line) {
    if (!line.has("save-segmentation-images") && !line.has("viz")) return;
    if (line.is("test")) line.put("save-segmentation-images");
    if (line.is("test") || line.is("compare")) line.put("out", "results");
}

/// The fork's flags. The order is that of the translation.
const std::vector<legacy_flag>& legacy_flags() {
    static const std::vector<legacy_flag> table{
        {{"--action-type"}, takes::one, no_translation},  // selects the command
        {{"--dataset"}, takes::one, translate_dataset},
        {{"--class-names", "-cl"}, takes::several, translate_classes},
        {{"--multimodal"}, takes::nothing, switch_flag("multimodal")},
        {{"--train-split-percent"}, takes::one, check_split},
        {{"--patches-per-row"}, takes::one, patches_flag("patches-per-row")},
        {{"--patches-per-column"}, takes::one, patches_flag("patches-per-column")},
        {{"--checkpoint"}, takes::one, translate_checkpoint},
        {{"--input-size", "--inp", "-inp"}, takes::one, value_flag("input-size", "train", "inp", "256")},
        {{"--batch-size", "--bs", "-bs"}, takes::one, translate_batch_size},
        {{"--lr"}, takes::one, value_flag("lr", "train", "lr", "0.0025")},
        {{"--epochs"}, takes::one, value_flag("epochs", "train", "epochs", "40")},
        {{"--crop-width"}, takes::one, translate_fit},
        {{"--crop-height"}, takes::one, no_translation},  // see --crop-width
        {{"--run-name", "-run"}, takes::one, translate_run_name},
        {{"--comparison-bboxes", "--cmp-bboxes", "-cmp-bboxes"}, takes::one, translate_boxes},
        {{"--pred-threshold"}, takes::one, optional_flag("pred-threshold", "compare", "pred-threshold")},
        {{"--save-segmentation-images"}, takes::nothing, translate_images},
        {{"--viz"}, takes::nothing, no_translation},  // see --save-segmentation-images
        {{"--load-preds"}, takes::nothing, ignored_flag("load-preds")},
        {{"--gpu"}, takes::one, ignored_flag("gpu")},
        {{"--no-cuda"}, takes::nothing, ignored_flag("no-cuda")},
        {{"--comparison-images", "-cmp"}, takes::one, ignored_flag("comparison-images")}};
    return table;
}

const legacy_flag* find_flag(const std::string& spelling) {
    for (const auto& one : legacy_flags())
        if (std::find(one.spellings.begin(), one.spellings.end(), spelling) != one.spellings.end()) return &one;
    return nullptr;
}

/// True for "-x" and "--x", false for a negative number.
bool is_flag(const std::string& arg) {
    return arg.size() > 1 && arg[0] == '-' && !(arg[1] >= '0' && arg[1] <= '9') && arg[1] != '.';
}

/// True for a value; the fork's documents also write actions with dashes.
bool is_value(const std::string& arg) { return !is_flag(arg) || arg.starts_with("--norm-"); }

legacy_line::legacy_line(const std::vector<std::string>& args) {
    for (std::size_t i = 0; i < args.size();) {
        const auto& arg = args[i++];
        const auto equals = is_flag(arg) ? arg.find('=') : arg.npos;
        const auto spelling = arg.substr(0, equals);
        const auto* flag = find_flag(spelling);
        if (flag == nullptr) {
            forwarded_.push_back(arg);
            continue;
        }
        auto& values = values_[flag->name()];
        values.clear();
        if (equals != arg.npos) values.push_back(arg.substr(equals + 1));
        if (flag->values == takes::nothing || equals != arg.npos) continue;
        while (i < args.size() && is_value(args[i]) && (flag->values == takes::several || values.empty()))
            values.push_back(args[i++]);
        if (values.empty()) throw usage_error{spelling + " has no value"};
    }
    select_command();
}

void legacy_line::select_command() {
    action_ = value("action-type", "norm-train");
    action_.erase(0, std::min(action_.find_first_not_of('-'), action_.size()));
    const auto found = actions().find(action_);
    if (found == actions().end()) {
        std::vector<std::string> names;
        for (const auto& [name, command] : actions()) names.push_back(name);
        throw usage_error{rd4ad::text("--action-type ", action_, ": expected one of ", join_names(names))};
    }
    translation_.args = {found->second};
    if (found->second == "train") translation_.args.insert(translation_.args.end(), {"--recipe", "paper"});  // the fork's, too
}

bool legacy_line::forwards(const std::string& name) const {
    return std::any_of(forwarded_.begin(), forwarded_.end(),
                       [flag = "--" + name](const std::string& arg) { return arg == flag || arg.starts_with(flag + "="); });
}

void legacy_line::put(const std::string& name, const std::string& text) {
    if (forwards(name)) return;
    translation_.args.push_back("--" + name);
    if (!text.empty()) translation_.args.push_back(text);
}

legacy_translation legacy_line::finish() && {
    translation_.args.insert(translation_.args.end(), forwarded_.begin(), forwarded_.end());
    return std::move(translation_);
}

}  // namespace

bool has_legacy_flags(const std::vector<std::string>& args) {
    return !args.empty() && is_flag(args.front()) && std::any_of(args.begin(), args.end(), [](const std::string& arg) {
        return find_flag(arg.substr(0, arg.find('='))) != nullptr;
    });
}

legacy_translation from_legacy(const std::vector<std::string>& args) {
    legacy_line line{args};
    for (const auto& flag : legacy_flags()) flag.apply(line);
    return std::move(line).finish();
}

}  // namespace cli
