// cli/service_scores.cpp: the service's answers with scores: KServe's infer, images, and images that were judged wrongly.
#include "service.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/image/write_tiff.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/apply_calibration.hpp>
#include <rd4ad/score/colour_range.hpp>
#include <rd4ad/score/regions_json.hpp>
#include <rd4ad/serve/infer.hpp>

#include "image_output.hpp"
#include "service_answers.hpp"
#include "sha256.hpp"

namespace cli {

namespace {

constexpr const char* posted_image = "the posted image";

std::span<const std::byte> bytes_of(const std::string& body) { return std::as_bytes(std::span{body}); }

/// The refusal of a request that the queue did not compute.
server_answer not_computed(rd4ad::serve::queue_status status) {
    if (status == rd4ad::serve::queue_status::late) return problem(504, "the deadline passed before the result");
    return problem(503, status == rd4ad::serve::queue_status::full ? "the model's queue is full; try again" : "the model ends");
}

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The forms of an answer to a scored image; text is JSON.
enum class score_form { text, overlay, map, tiff, none };

/// The form that the header Accept names first; JSON without one.
score_form form_of(std::string accept) {
    if (accept.empty()) return score_form::text;
    for (std::size_t at = 0; at < accept.size();) {
        const auto end = std::min(accept.find(',', at), accept.size());
        auto type = accept.substr(at, end - at);
        type.resize(std::min(type.find(';'), type.size()));
        std::erase(type, ' ');
        if (type == "application/json" || type == "application/*" || type == "*/*") return score_form::text;
        if (type == "image/png" || type == "image/*") return score_form::overlay;
        if (type == "application/octet-stream") return score_form::map;
        if (type == "image/tiff") return score_form::tiff;
        at = end + 1;
    }
    return score_form::none;
}

/// The map over the image, raw scores, as rd4ad::detector returns it with map_size::image.
rd4ad::image::image_f32 map_of_image(const detector& by, const rd4ad::detection_result& result) {
    auto map = rd4ad::image::restore_map(result.transform, result.map);
    if (const auto& mask = by.settings().roi.mask) rd4ad::data::limit_map(map, *mask);
    return map;
}

/// The colours of a result's heat map: by the model's threshold, without one by the map.
rd4ad::colour_range colours_of_result(const detector& by, const std::string& product, const rd4ad::detection_result& result) {
    const auto found = by.calibrations().find(product);
    if (found != by.calibrations().end()) return rd4ad::colours_of(found->second);
    const auto [low, high] = std::minmax_element(result.map.pixels.begin(), result.map.pixels.end());
    return {*low, std::max(*high, *low + 1e-6f)};
}

server_answer overlay_answer(const std::string& body, std::uint32_t white_level, const rd4ad::image::image_f32& map,
                             const rd4ad::colour_range& colours) {
    const auto small =
        rd4ad::image::no_larger_than(rd4ad::image::decode(bytes_of(body), posted_image, white_level), max_image_side);
    const auto drawn = rd4ad::image::overlay(small, map, colours.low, colours.high);
    return {.type = "image/png", .body = text_of(rd4ad::image::encode_png(drawn))};
}

server_answer map_answer(const rd4ad::image::image_f32& map) {
    return {.type = "application/octet-stream",
            .body = text_of(std::as_bytes(std::span{map.pixels})),
            .headers = {{"X-Rd4ad-Width", std::to_string(map.width)},
                        {"X-Rd4ad-Height", std::to_string(map.height)},
                        {"X-Rd4ad-Datatype", "FP32"}}};
}

/// The heat map for a page: an image of grey values, their raw scores, and the colours' range.
rd4ad::io::json heat_json(const rd4ad::detection_result& result, const rd4ad::colour_range& colours) {
    const auto map = rd4ad::map_over_image(result);
    const auto made =
        rd4ad::image::make_thumbnail(rd4ad::image::make_image<std::uint8_t>(8, 8, 1), map, std::nullopt, std::size_t{1} << 20);
    return {{"jpeg", rd4ad::io::base64(std::as_bytes(std::span{made.map}))},
            {"low", made.low},
            {"high", made.high},
            {"colours", {colours.low, colours.high}}};
}

/// The ending of an image file's name, by its first bytes.
std::string ending_of(std::string_view bytes) {
    constexpr std::pair<std::string_view, const char*> known[]{{"\x89PNG", ".png"}, {"\xFF\xD8", ".jpg"}, {"BM", ".bmp"},
                                                               {"P5", ".pgm"},      {"P6", ".ppm"},       {"II*", ".tif"},
                                                               {"II+", ".tif"},     {"MM", ".tif"},       {"RIFF", ".webp"}};
    for (const auto& [begin, ending] : known)
        if (bytes.starts_with(begin)) return ending;
    return ".tga";
}

/// The bytes of all files in a folder and its sub-folders.
std::size_t bytes_in(const std::filesystem::path& folder) {
    std::size_t sum = 0;
    std::error_code failed;
    for (std::filesystem::recursive_directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed))
        if (at->is_regular_file(failed)) sum += at->file_size(failed);
    return sum;
}

/// The CSV list of the images kept for a model, which rd4ad calibrate --labelled takes. folder: holds good and defect.
std::string feedback_list(const std::filesystem::path& folder) {
    std::string list = "path,label,split\n";
    for (const char* label : {"good", "defect"}) {
        std::vector<std::string> names;
        std::error_code failed;
        for (const auto& one : std::filesystem::directory_iterator{folder / label, failed})
            if (const auto name = one.path().filename().string(); !name.starts_with('.')) names.push_back(name);
        std::sort(names.begin(), names.end());
        for (const auto& name : names)
            list += rd4ad::text(folder.filename().string(), '/', label, '/', name, ',', label, ",test\n");
    }
    return list;
}

}  // namespace

rd4ad::io::output_folder feedback_folder(const service_options& options) {
    constexpr std::uintmax_t space = 1'000'000;
    return {options.feedback, options.inputs, {.writer = "serve", .overwrite = options.overwrite, .bytes = space}};
}

void check_feedback(const service_options& options, const rd4ad::serve::model_files& models) {
    if (options.feedback.empty()) return;
    auto to = feedback_folder(options);
    for (const auto& [name, file] : models.checkpoints) to.announce(name + ".csv");
}

service::clock::time_point service::deadline_of(const server_request& request) const {
    auto most = options_.deadline;
    if (const auto given = request.parameter("timeout_ms"); !given.empty()) {
        const auto wanted = parse_whole(given);
        if (!wanted || *wanted == 0) throw rd4ad::option_error{"timeout_ms is no whole number of milliseconds from 1 on"};
        most = std::min(most, std::chrono::milliseconds{std::min<std::size_t>(*wanted, 1 << 30)});
    }
    return clock::now() + most;
}

server_answer service::metadata(const model& of) const {
    auto inputs = rd4ad::io::json::array(), outputs = rd4ad::io::json::array();
    const auto limits = of.limits();
    if (of.infer_problem().empty())
        inputs.push_back(
            {{"name", rd4ad::scoring_graph::input}, {"datatype", "FP32"}, {"shape", {-1, 3, limits.height, limits.width}}});
    for (const auto& name : of.outputs()) {
        rd4ad::io::json shape{-1, 1};
        if (name == rd4ad::scoring_graph::map) shape.insert(shape.end(), {limits.height, limits.width});
        outputs.push_back({{"name", name}, {"datatype", "FP32"}, {"shape", shape}});
    }
    return json_answer({{"name", of.name()},
                        {"versions", rd4ad::io::json::array({"1"})},
                        {"platform", "rd4ad"},
                        {"inputs", inputs},
                        {"outputs", outputs}});
}

server_answer service::configuration(const model& of) const {
    if (of.description().is_null()) return problem(400, of.infer_problem());
    return json_answer({{"name", of.name()},
                        {"platform", "rd4ad"},
                        {"max_batch_size", of.limits().max_batch},
                        {"parameters", {{rd4ad::description_key, {{"string_value", rd4ad::io::dump_json(of.description())}}}}}});
}

server_answer service::infer(model& by, const server_request& request) {
    if (!by.infer_problem().empty()) return problem(400, by.infer_problem());
    const auto deadline = deadline_of(request);
    const auto header = request.headers.find("inference-header-content-length");
    const std::optional<std::string> length = header == request.headers.end() ? std::nullopt : std::optional{header->second};
    auto content = [&] {  // as JSON a body takes several times its bytes
        const auto turn = decoder(deadline);
        return turn ? std::optional{rd4ad::serve::read_infer_request(request.body, length, by.limits(), by.outputs())}
                    : std::nullopt;
    }();
    if (!content) return problem(503, "too many bodies are read; try again");
    const auto found = by.infer(std::exchange(content->inputs, {}), content->count, deadline);
    if (found.status != rd4ad::serve::queue_status::done) return not_computed(found.status);
    auto body = rd4ad::serve::write_infer_answer(by.name(), *content, *found.result);
    server_answer made{.body = std::move(body.bytes)};
    if (body.json_bytes == made.body.size()) return made;
    made.type = "application/octet-stream";
    made.headers.emplace_back("Inference-Header-Content-Length", std::to_string(body.json_bytes));
    return made;
}

void service::check_image(const std::string& bytes) const {
    const auto size = rd4ad::image::read_size(bytes_of(bytes), posted_image);
    if (size.width > options_.max_pixels / std::max<std::size_t>(size.height, 1))
        throw rd4ad::option_error{rd4ad::text(posted_image, " has ", size.width, " x ", size.height,
                                              " pixels, this service takes ", options_.max_pixels, " in all")};
}

std::unique_ptr<std::counting_semaphore<>, service::end_of_turn> service::decoder(clock::time_point deadline) {
    return std::unique_ptr<std::counting_semaphore<>, end_of_turn>{decoders_.try_acquire_until(deadline) ? &decoders_ : nullptr};
}

server_answer service::score(model& by, const server_request& request) {
    const auto form = form_of(request.header("accept"));
    if (form == score_form::none)
        return problem(406,
                       "Accept: give application/json, image/png (the heat map over the image), or image/tiff or "
                       "application/octet-stream (the map)");
    const auto deadline = deadline_of(request);
    check_image(request.body);
    auto image = [&] {
        const auto turn = decoder(deadline);
        return turn ? std::optional{rd4ad::preprocess_bytes(bytes_of(request.body), posted_image,
                                                            by.detector().settings().preprocessing)}
                    : std::nullopt;
    }();
    if (!image) return problem(503, "too many images are decoded; try again");
    image->name = posted_image;
    image->product = request.parameter("product");
    const auto product = image->product;
    const auto found = by.score(std::move(*image), deadline);
    if (found.status != rd4ad::serve::queue_status::done) return not_computed(found.status);
    const auto& result = found.result->front();
    const auto colours = colours_of_result(by.detector(), product, result);
    if (form == score_form::map) return map_answer(map_of_image(by.detector(), result));
    if (form == score_form::tiff) {
        const auto encoded = rd4ad::image::encode_tiff(map_of_image(by.detector(), result));
        return {.type = "image/tiff", .body = text_of(std::as_bytes(std::span{encoded}))};
    }
    if (form == score_form::overlay) {
        const auto turn = decoder(deadline);
        if (!turn) return problem(503, "too many images are decoded; try again");
        const auto white_level = by.detector().settings().preprocessing.white_level;
        return overlay_answer(request.body, white_level, map_of_image(by.detector(), result), colours);
    }
    auto fields = rd4ad::to_json(result);
    fields["model"] = by.name();
    fields["ms"] = found.ms;
    fields["width"] = result.transform.source_width;
    fields["height"] = result.transform.source_height;
    if (request.parameter("heat") == "1") fields["heat"] = heat_json(result, colours);
    return json_answer(fields);
}

server_answer service::keep_feedback(const model& by, const server_request& request) {
    if (options_.feedback.empty()) return problem(403, "the service keeps no images; start it with --feedback DIR");
    const auto label = request.parameter("label");
    if (label != "good" && label != "defect") return problem(400, "label is neither good nor defect");
    check_image(request.body);
    if (const auto turn = decoder(deadline_of(request)))
        static_cast<void>(rd4ad::image::decode(bytes_of(request.body), posted_image));
    else
        return problem(503, "too many images are decoded; try again");
    const auto name = sha256_of(bytes_of(request.body)).substr(0, 32) + ending_of(request.body);
    const std::filesystem::path own{by.name()};
    const std::lock_guard only{feedback_};
    if (bytes_in(options_.feedback) + request.body.size() > options_.max_feedback)
        return problem(507, "the folder of --feedback is full; calibrate with its images, then move them away");
    try {
        auto to = feedback_folder(options_);  // anew for each image: the folder may have been moved away
        to.write(own / label / name, bytes_of(request.body));
        std::error_code ignored;
        std::filesystem::remove(options_.feedback / own / (label == "good" ? "defect" : "good") / name, ignored);
        to.write(by.name() + ".csv", std::string_view{feedback_list(options_.feedback / own)});
    } catch (const rd4ad::error& failure) {
        return problem(500, failure.what());
    }
    metrics_.add("rd4ad_feedback_total", {{"model", by.name()}, {"label", label}});
    return json_answer({{"model", by.name()}, {"label", label}, {"file", name}});
}

}  // namespace cli
