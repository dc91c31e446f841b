// cli/collector.hpp: what a test finds, gathered for the files that are kept of it. Twin: tests/cli
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/evaluate.hpp>
#include <rd4ad/score/results.hpp>

namespace cli {

/// The files that rd4ad test leaves in --out, for the help.
extern const char* const results_help;

/// The metrics in the order of the table's columns: the key in results.json, the heading, the value, and the name where there
/// is more room.
struct metric {
    const char *key, *heading;
    std::optional<double> value;
    const char* title{heading};
};
[[nodiscard]] std::vector<metric> metrics_of(const rd4ad::evaluation& found);

/// Makes a tested_set of a data set's findings, given one by one in any order.
class collector {
   public:
    /// root: files are named from there. thumbnail_bytes: for all thumbnails of the set; 0: none are made.
    collector(const rd4ad::data::dataset& set, std::filesystem::path root, std::size_t thumbnail_bytes);

    void add(std::size_t index, const rd4ad::image::picture& photograph, const rd4ad::finding& found,
             const std::optional<rd4ad::image::picture>& mask);

    /// settings: name and value; training: the checkpoint's JSON of its training, from which losses and settings come.
    [[nodiscard]] rd4ad::tested_set finish(const rd4ad::evaluation& found, std::string summary,
                                           std::vector<std::pair<std::string, std::string>> settings,
                                           const rd4ad::io::json& training);

   private:
    const rd4ad::data::dataset& set_;
    std::filesystem::path root_;
    std::size_t thumbnail_bytes_;
    std::vector<rd4ad::tested_image> images_;
};

/// Writes results.csv, results.md and report.html into a folder. Throws io_error.
void write_results(const std::filesystem::path& folder, std::string title, std::vector<rd4ad::tested_set> sets,
                   std::size_t thumbnail_bytes);

}  // namespace cli
