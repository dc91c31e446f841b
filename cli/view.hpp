// cli/view.hpp: the flags that say how photographs are fitted and cut into patches. Twin: tests/cli
#pragma once
#include <filesystem>
#include <vector>

#include <rd4ad/data/view.hpp>
#include <rd4ad/train/options.hpp>

#include "arguments.hpp"

namespace cli {

/// The flags that `set_view` reads.
[[nodiscard]] std::vector<flag> view_flags();

/// Puts the view that is asked for into a training's options. Throws usage_error, and option_error as check_view does.
void set_view(rd4ad::train_options& options, const arguments& given);

/// The same flags where a checkpoint has its view already: they may be left out, and are refused where they differ.
[[nodiscard]] std::vector<flag> kept_view_flags();

/// Throws option_error naming the checkpoint where a flag that is given says another thing than its view.
void check_kept_view(const arguments& given, const rd4ad::data::view& kept, const std::filesystem::path& checkpoint);

}  // namespace cli
