// cli/score_served.cpp: rd4ad score --server.
#include "score_served.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/apply_calibration.hpp>
#include <rd4ad/score/scorer.hpp>

#include "console.hpp"
#include "timing.hpp"
#include "token_file.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "kserve.hpp"
#include "white_level.hpp"
#endif

namespace cli {

std::vector<flag> server_flags() {
    return {{"server", "URL", "", "score on a KServe v2 server, for example Triton: http://host:8000"},
            {"model", "NAME", "", "the model's name on the server"},
            {"token-file", "FILE", "", "file with the token that the server wants (Authorization: Bearer TOKEN)"},
            {"tensors", "FORMAT", "auto",
             "format of the tensors in a request: json, binary, or auto: binary if the server supports it"}};
}

#if defined(RD4AD_WITH_HTTP)

namespace {

tensor_format format_of(const std::string& name) {
    return name == "json" ? tensor_format::as_json : name == "binary" ? tensor_format::binary : tensor_format::automatic;
}

}  // namespace

void score_served(const parsed_options& options, const std::vector<std::filesystem::path>& files,
                  const std::function<void(const map_display&)>& show, const served_callback& use, rd4ad::on_failure reaction) {
    const auto format = format_of(options.choice("tensors", {"auto", "json", "binary"}));
    const served_model by{options.text("server"), options.required("model"), format,
                          options.has("token-file") ? token_of(options.required("token-file")) : ""};
    constexpr std::size_t max_batch = 8;
    const std::size_t batch = by.max_batch() > 0 ? std::min(max_batch, by.max_batch()) : max_batch;
    const auto threads = options.whole("threads", 0);
    const auto& settings = by.settings();
    const rd4ad::region_options regions{.min_area = options.real("min-region-area")};
    warn_of_white_level(files, settings.preprocessing);
    show(display_of(by.largest(), by.calibration(), settings.preprocessing));
    console progress;
    const std::size_t step = rd4ad::images_per_read(settings.preprocessing, batch, files, reaction);
    rd4ad::full_chunks<rd4ad::preprocessed_image> chunks{step, files.size()};
    const auto load = [&](std::size_t first, std::size_t count) {
        auto images =
            rd4ad::preprocess_files(std::span{files}.subspan(first, count), settings.preprocessing, threads, {}, reaction);
        for (std::size_t i = 0; i < count; ++i)
            if (images[i]) by.check_roi(files[first + i], images[i]->plan.transform);
        return images;
    };
    const auto score = [&](const rd4ad::partial_chunk<rd4ad::preprocessed_image>& images) {
        const stopwatch watch;
        auto maps = rd4ad::compute_maps(
            std::span{images.values}, settings, batch, threads, by.sigma(),
            [&](const std::vector<float>& inputs, std::size_t, std::size_t) { return by.maps(inputs); },
            [&] {
                return rd4ad::text("the server's model ", options.text("model"),
                                   " gave it; export it again from a checkpoint that rd4ad score accepts");
            });
        const double ms = maps.empty() ? 0.0 : watch.ms() / static_cast<double>(maps.size());
        auto results = rd4ad::raw_results(std::move(maps), images.values);
        for (auto& one : results)
            if (by.calibration()) rd4ad::apply_calibration(one, *by.calibration(), regions);
        progress.clear();
        std::size_t done = images.first;
        for (const auto& one : images.outcomes(std::move(results))) use(files[done++], one, ms);
        progress.images(done, files.size());
    };
    rd4ad::for_each_chunk(rd4ad::prefetch::on, files.size(), step, load, [&](std::size_t, rd4ad::preprocessed_outcomes loaded) {
        for (const auto& images : chunks.add(std::move(loaded))) score(images);
    });
}

#else

void score_served(const parsed_options&, const std::vector<std::filesystem::path>&,
                  const std::function<void(const map_display&)>&, const served_callback&, rd4ad::on_failure) {
    throw rd4ad::option_error{"--server: this command is built without it: configure with -D RD4AD_HTTP=ON and build again"};
}

#endif

}  // namespace cli
