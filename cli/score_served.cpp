// cli/score_served.cpp: rd4ad score --server.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/train/images.hpp>

#include "console.hpp"
#include "score_served.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "kserve.hpp"
#endif

namespace cli {

std::vector<flag> server_flags() {
    return {{"server", "URL", "", "score on a KServe v2 server, such as Triton, instead of here: http://host:8000"},
            {"model", "NAME", "", "the model's name on the server"},
            {"tensors", "FORM", "auto", "how they travel to the server: json, binary, or auto: binary where it knows that"}};
}

#if defined(RD4AD_WITH_HTTP)

int score_served(const arguments& given, const std::vector<std::filesystem::path>& files, const scored_photograph& show) {
    const auto form = given.choice("tensors", {"auto", "json", "binary"});
    const served_model by{given.text("server"), given.required("model"),
                          form == "json"     ? tensor_form::json
                          : form == "binary" ? tensor_form::binary
                                             : tensor_form::automatic};
    constexpr std::size_t most = 8;
    const std::size_t batch = by.largest_batch() > 0 ? std::min(most, by.largest_batch()) : most;
    const auto threads = given.whole("threads", 0);
    console shown;
    const auto& settings = by.settings();
    rd4ad::work_through(
        rd4ad::making::ahead, files.size(), rd4ad::photographs_at_once(settings.view, batch, files.front()),
        [&](std::size_t first, std::size_t count) {
            return rd4ad::fit_files(std::span{files}.subspan(first, count), settings.view, threads);
        },
        [&](std::size_t first, const std::vector<rd4ad::fitted_photograph>& photographs) {
            const auto began = std::chrono::steady_clock::now();
            const auto maps =
                rd4ad::maps_by(photographs, settings, batch, threads, by.sigma(),
                               [&](const std::vector<float>& inputs, std::size_t, std::size_t) { return by.maps(inputs); });
            const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count() /
                              static_cast<double>(photographs.size());
            shown.clear();
            for (std::size_t i = 0; i < photographs.size(); ++i) {
                const auto& place = photographs[i].how.place;
                show(files[first + i], {.score = rd4ad::score_of(maps[i], place), .map = maps[i], .place = place}, ms);
            }
            std::fflush(stdout);
            const std::size_t done = first + photographs.size();
            shown.bar(static_cast<double>(done) / static_cast<double>(files.size()),
                      "image " + std::to_string(done) + "/" + std::to_string(files.size()));
        });
    return 0;
}

#else

int score_served(const arguments&, const std::vector<std::filesystem::path>&, const scored_photograph&) {
    throw rd4ad::option_error{"--server: this command is built without it: configure with -D RD4AD_HTTP=ON and build again"};
}

#endif

}  // namespace cli
