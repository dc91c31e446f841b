// cli/train_report.hpp: what rd4ad train prints, and the pages of suspects beside the checkpoint. Twin:
// tests/cli/cases/outputs.sh
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include <rd4ad/data/items.hpp>
#include <rd4ad/io/input_paths.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>

#include "console.hpp"

namespace cli {

/// Prints the teacher's name, and how to get one that detects more.
void print_teacher(const std::string& teacher, std::string_view arch);

/// Prints what variants of the images cost; nothing without variants.
void print_augmentation(const rd4ad::augmentation& by);

/// The callback that shows a training's progress.
[[nodiscard]] std::function<void(const rd4ad::training_progress&)> show_on(console& progress, const std::string& name);

/// Prints a line about a finished training.
void print_result(const std::string& name, std::string_view arch, const rd4ad::train_options& training,
                  const rd4ad::training_log& log);

/// Names the images that --skip-bad left out.
void print_skipped(const std::string& name, const rd4ad::training_log& log);

/// Throws option_error if a page of suspects of this training would be an input, or replace a file that is no such page without
/// training.overwrite.
void check_suspects_pages(const rd4ad::data::dataset& set, const rd4ad::train_options& training,
                          const rd4ad::io::input_paths& inputs);

/// Names the good images of each product that look unlike the others, and shows them in a page beside the checkpoint. Throws as
/// rd4ad::update_suspects_report does.
void report_suspects(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::train_options& training,
                     const rd4ad::training_log& log);

/// Prints the threshold of each product, or why there is none.
void print_calibration(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::training_log& log);

}  // namespace cli
