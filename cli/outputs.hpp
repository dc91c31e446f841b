// cli/outputs.hpp: a command's inputs and outputs: declared and checked before its work begins. Twin: tests/cli/cases/outputs.sh
#pragma once
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/io/input_paths.hpp>
#include <rd4ad/io/output_folder.hpp>

#include "options.hpp"

namespace cli {

/// --overwrite, for the commands that write files.
[[nodiscard]] std::vector<flag> overwrite_flags();

/// The paths that a command reads: the files and folders of its flags and operands, and the data sets' images and masks.
[[nodiscard]] rd4ad::io::input_paths inputs_of(const parsed_options& options, std::span<const rd4ad::data::dataset> sets = {});

/// The folder of --out, locked, writable and with space for `files` result images; null without --out. writer: the command.
/// Throws as the constructor of rd4ad::io::output_folder does.
[[nodiscard]] std::unique_ptr<rd4ad::io::output_folder> open_output(const parsed_options& options, const std::string& writer,
                                                                    const rd4ad::io::input_paths& inputs, std::size_t files = 0);

/// Checks that a command may write its output file, and can: it is no input, replaces nothing that rd4ad did not write, and its
/// folder is writable. is_own: whether an existing file is rd4ad's output of this kind. beside: the command's output folder,
/// whose announced files it must not be, or null. Throws option_error and io_error.
void check_output_file(const parsed_options& options, const std::filesystem::path& file, const rd4ad::io::input_paths& inputs,
                       const std::function<bool(const std::filesystem::path&)>& is_own,
                       const rd4ad::io::output_folder* beside = nullptr);

/// check_output_file for --coco: its file, and the file of the images beside it.
void check_coco_files(const parsed_options& options, const std::filesystem::path& file, const rd4ad::io::input_paths& inputs,
                      const rd4ad::io::output_folder* beside);

/// Ends a command's work in its output folder, and says on standard error how many files of earlier runs it removed.
void finish_output(rd4ad::io::output_folder& out);

/// The folder of a class's images, relative to --out: "" for the only class.
[[nodiscard]] std::filesystem::path image_folder_of(const rd4ad::data::dataset& set, std::size_t classes);

/// Names for result files, unique in their folder also where the file system ignores case: stem, stem-2, stem-3, ...
class result_names {
   public:
    /// The name for the results of an image, without extension. folder: relative to --out, "" for none; its names are labels and
    /// classes, which safe_name takes.
    [[nodiscard]] std::filesystem::path operator()(const std::filesystem::path& folder, const std::filesystem::path& stem);

   private:
    std::set<std::string> used_{};
};

/// Keeps the first failure to write a file until the results are printed.
class deferred_failure {
   public:
    /// Runs `work` unless an earlier one failed.
    template <class Work>
    void attempt(const Work& work) {
        if (failure_) return;
        try {
            work();
        } catch (const rd4ad::error&) {
            failure_ = std::current_exception();
        }
    }
    [[nodiscard]] bool failed() const noexcept { return failure_ != nullptr; }
    /// Throws the failure, if there is one.
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

   private:
    std::exception_ptr failure_{};
};

}  // namespace cli
