// cli/score_served.hpp: scores images with a model on a server; preprocesses them here. Twin: tests/cli/command.sh
#pragma once
#include <filesystem>
#include <functional>
#include <vector>

#include <rd4ad/score/detection_result.hpp>

#include "image_output.hpp"
#include "options.hpp"

namespace cli {

/// The flags that `score_served` reads.
[[nodiscard]] std::vector<flag> server_flags();

/// Receives the path of an image, its result (with the map at the network's size) or the reason why there is none, and the
/// milliseconds it took.
using served_callback =
    std::function<void(const std::filesystem::path& path, const rd4ad::outcome<rd4ad::detection_result>& result, double ms)>;

/// Scores the files on --server, in order; `show` receives the display of the model's maps before the first result. Throws
/// usage_error; io_error and format_error, whose messages begin with the address; under on_failure::stop the error of an image
/// that can't be used.
void score_served(const parsed_options& options, const std::vector<std::filesystem::path>& files,
                  const std::function<void(const map_display&)>& show, const served_callback& use, rd4ad::on_failure reaction);

}  // namespace cli
