// cli/train_report.cpp: prints what rd4ad train does and found.
#include "train_report.hpp"

#include <cstdio>
#include <filesystem>
#include <set>
#include <utility>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/suspects_report.hpp>
#include <rd4ad/score/threshold_rules.hpp>
#include <rd4ad/train/roles.hpp>

#include "calibration_text.hpp"
#include "failures.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Names the good images of one product that look unlike the others, and shows them in a page beside the checkpoint.
void report_suspects(const rd4ad::suspects_report& found, const fs::path& page, bool overwrite) {
    if (!found.suspects.empty()) {
        print_line(rd4ad::text(found.title, ": ", rd4ad::headline_of(found)));
        for (const auto& one : found.suspects) print_line("  " + rd4ad::suspect_line(one));
        for (const auto& sentence : rd4ad::advice_of(found)) print_line("  " + sentence);
        std::fflush(stdout);
    }
    if (rd4ad::update_suspects_report(page, found, overwrite)) print_line(rd4ad::text("  their pictures: ", page));
}

}  // namespace

void print_teacher(const std::string& teacher, std::string_view arch) {
    const bool from_imagenet = teacher != rd4ad::built_in_teacher_name && teacher != "none";
    const auto hint =
        from_imagenet ? std::string{}
                      : rd4ad::text("; ImageNet weights detect more: rd4ad fetch ", arch, ", then --teacher ", arch, "-imagenet");
    print_line(rd4ad::text("teacher: ", teacher, hint));
    flush_output();
}

void print_augmentation(const rd4ad::augmentation& by) {
    const std::size_t variants = rd4ad::variants_of(by).size();
    if (variants == 1) return;
    print_line(rd4ad::text("augmentation ", to_string(by), ": ", variants,
                           " variants of each image, so the teacher's features take ", variants, " times the time and memory"));
    flush_output();
}

std::function<void(const rd4ad::training_progress&)> show_on(console& progress, const std::string& name) {
    return [&progress, name](const rd4ad::training_progress& p) {
        const auto speed = rd4ad::text(fixed(p.images_per_second, 1), " images/s");
        if (p.epoch == 0) {
            progress.bar(static_cast<double>(p.step) / static_cast<double>(p.steps),
                         rd4ad::text(name, ": teacher's features, ", speed));
            return;
        }
        const auto fold = p.fold == 0 ? std::string{} : rd4ad::text("fold ", p.fold, '/', p.folds, ", ");
        const auto line = rd4ad::text(name, ": ", fold, "epoch ", p.epoch, '/', p.epochs, ", loss ", fixed(p.loss, 4), ", ",
                                      speed, ", ", duration_text(p.seconds_left), " left");
        const auto done = static_cast<double>((p.epoch - 1) * p.steps + p.step);
        progress.bar(done / static_cast<double>(p.epochs * p.steps), line);
        if (p.step == p.steps) progress.log(line);
    };
}

void print_result(const std::string& name, std::string_view arch, const rd4ad::train_options& training,
                  const rd4ad::training_log& log) {
    print_line(rd4ad::text(name, ": ", arch, ", ", log.training_images, " images, ", log.steps, " steps, loss ",
                           log.losses.empty() ? "none" : fixed(log.losses.back(), 5), ", ", duration_text(log.seconds), ": ",
                           training.checkpoint));
}

void print_skipped(const std::string& name, const rd4ad::training_log& log) {
    if (log.skipped.empty()) return;
    print_line(rd4ad::text(name, ": left out ", log.skipped.size(), " images that can't be used:"));
    for (const auto& one : log.skipped) std::printf("%s\n", failure_list::row(one.image, one.reason).c_str());
}

void report_suspects(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::train_options& training,
                     const rd4ad::training_log& log) {
    auto calibrations = rd4ad::calibrations_from(calibration, name);
    const bool several = rd4ad::per_product(calibrations);
    if (several || calibrations.empty())
        report_suspects({}, rd4ad::suspects_path(training.checkpoint), training.overwrite);  // an earlier page
    for (auto& [product, by] : calibrations) {
        rd4ad::suspects_report found{.title = several ? rd4ad::text(name, ", ", product) : name,
                                     .by = std::move(by),
                                     .left_out = training.without_suspects};
        for (const auto& one : log.suspects)
            if (!several || one.product == product) found.suspects.push_back(one);
        report_suspects(found, rd4ad::suspects_path(training.checkpoint, product), training.overwrite);
    }
}

void print_calibration(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::training_log& log) {
    const auto found = rd4ad::calibrations_from(calibration, name);
    for (const auto& [product, by] : found) print_calibration(rd4ad::text(name, product.empty() ? "" : ", ", product), by);
    if (found.empty())
        print_line(rd4ad::text(name, ": no threshold: ", log.validation_images, " validation images and ", log.training_images,
                               " training images, expected at least 2 of the first or ", rd4ad::least_cross_fitted,
                               " of the second; set it with rd4ad calibrate"));
    std::fflush(stdout);
}

void check_suspects_pages(const rd4ad::data::dataset& set, const rd4ad::train_options& training,
                          const rd4ad::io::input_paths& inputs) {
    std::set<std::string> products{""};
    for (const auto& one : set.train) products.insert(one.product);
    for (const auto& product : products) {
        const auto page = rd4ad::suspects_path(training.checkpoint, product);
        inputs.check_file(page);
        rd4ad::io::check_replaceable(page, training.overwrite, rd4ad::is_suspects_report);
    }
}

}  // namespace cli
