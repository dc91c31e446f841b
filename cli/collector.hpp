// cli/collector.hpp: collects the results of a test for its files and its report. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/score/evaluate.hpp>
#include <rd4ad/score/results.hpp>

namespace cli {

/// Help about the files that rd4ad test writes to --out.
extern const char* const results_help;

/// One metric: its key in results.json, its column heading, its value, and its full name.
struct metric {
    const char *key, *heading;
    std::optional<double> value;
    const char* title{heading};
};

/// The metrics in the order of the table's columns.
[[nodiscard]] std::vector<metric> metrics_of(const rd4ad::evaluation& found);

/// Collects a data set's results into a tested_set.
class collector {
   public:
    /// root: file names are relative to it. thumbnail_bytes: the limit for all thumbnails of the set; 0: no thumbnails.
    collector(const rd4ad::data::dataset& set, std::filesystem::path root, std::size_t thumbnail_bytes);

    /// Adds the image of an index, in the order of the evaluation.
    void add(std::size_t index, const rd4ad::image::image_u8& image, const rd4ad::detection_result& result,
             const std::optional<rd4ad::image::image_u8>& mask);

    /// by: the detector's calibration; settings: names and values; training: the checkpoint's JSON about its training, which has
    /// losses, suspects and more settings; limits: of a probe of the model.
    [[nodiscard]] rd4ad::tested_set finish(const rd4ad::evaluation& found, const std::optional<rd4ad::calibration>& by,
                                           std::string summary, std::vector<std::pair<std::string, std::string>> settings,
                                           const rd4ad::io::json& training, std::optional<rd4ad::probe_result> limits);

   private:
    /// The path below the root, for display.
    [[nodiscard]] std::string name_of(const rd4ad::data::item& item) const;

    const rd4ad::data::dataset& set_;
    std::filesystem::path root_;
    std::size_t thumbnail_bytes_;
    std::vector<rd4ad::tested_image> images_;
};

/// The files that write_results writes.
inline constexpr const char* result_files[]{"results.json", "results.csv", "results.md", "report.html"};

/// Writes results.json, results.csv, results.md and report.html. Throws as rd4ad::io::output_folder::write does.
void write_results(rd4ad::io::output_folder& out, const rd4ad::io::json& result, std::string title,
                   std::vector<rd4ad::tested_set> sets, std::size_t thumbnail_bytes);

}  // namespace cli
