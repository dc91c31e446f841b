// cli/service.hpp: the answers of rd4ad serve: who may ask, KServe v2, scores, feedback and metrics. Twin:
// tests/cli/cases/serve.sh
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include <rd4ad/io/input_paths.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/serve/metrics.hpp>
#include <rd4ad/serve/model_repository.hpp>
#include <rd4ad/serve/served_model.hpp>

#include "detector.hpp"
#include "http_server.hpp"

namespace cli {

/// Settings of a service.
struct service_options {
    std::string host{"127.0.0.1"};                   ///< that it listens on: a loopback host checks the header Host
    std::string token{};                             ///< that requests must have; "": none
    std::size_t max_pixels{50'000'000};              ///< of an image
    std::size_t decoders{1};                         ///< images decoded at once
    std::chrono::milliseconds deadline{10000};       ///< of a request, from its arrival
    std::filesystem::path feedback{};                ///< folder of the images that were judged wrongly; "": none are kept
    bool overwrite{false};                           ///< replace files in that folder that rd4ad did not write
    rd4ad::io::input_paths inputs{};                 ///< that the service reads: no image is kept among them
    std::size_t max_feedback{std::size_t{1} << 30};  ///< bytes of that folder
    std::string page{};                              ///< the page at /
};

/// The folder of --feedback, locked for one image or the check at the start. Throws as the constructor of
/// rd4ad::io::output_folder does.
[[nodiscard]] rd4ad::io::output_folder feedback_folder(const service_options& options);

/// Checks before the service starts that feedback can be kept: the folder is no input and can be written, and the lists of the
/// models' images would replace no file that rd4ad did not write. Throws as rd4ad::io::output_folder does.
void check_feedback(const service_options& options, const rd4ad::serve::model_files& models);

/// Whether the host is a name or an address of this machine alone.
[[nodiscard]] bool is_loopback(const std::string& host);

/// Answers requests by the models of a folder. Several threads may call every member at once.
class service {
   public:
    using model = rd4ad::serve::served_model<detector>;
    using repository = rd4ad::serve::model_repository<model>;

    service(service_options options, const repository& models, rd4ad::serve::metric_set& to);

    /// The metrics of a service and its models.
    [[nodiscard]] static std::vector<rd4ad::serve::metric_family> metric_families();

    /// Refuses a request before its body is read: another site's, of an unknown path or method, or without the token.
    [[nodiscard]] std::optional<server_answer> refuse(const server_request& request) const;
    /// Answers a request that `refuse` let pass.
    [[nodiscard]] server_answer answer(const server_request& request);
    /// Counts an answered request.
    void count(const server_event& of);
    /// Makes the service state that it is not ready: it ends when its requests are answered.
    void drain() noexcept { is_draining_ = true; }

   private:
    using clock = std::chrono::steady_clock;
    struct end_of_turn {
        void operator()(std::counting_semaphore<>* of) const { of->release(); }
    };

    [[nodiscard]] server_answer answer_by(const server_request& request);
    [[nodiscard]] server_answer list_models() const;
    [[nodiscard]] server_answer metadata(const model& of) const;
    [[nodiscard]] server_answer configuration(const model& of) const;
    [[nodiscard]] server_answer infer(model& by, const server_request& request);
    [[nodiscard]] server_answer score(model& by, const server_request& request);
    [[nodiscard]] server_answer keep_feedback(const model& by, const server_request& request);
    [[nodiscard]] server_answer metrics_text();
    [[nodiscard]] clock::time_point deadline_of(const server_request& request) const;
    /// A turn to decode an image, which ends with the pointer; null at the deadline.
    [[nodiscard]] std::unique_ptr<std::counting_semaphore<>, end_of_turn> decoder(clock::time_point deadline);
    void check_image(const std::string& bytes) const;

    service_options options_;
    const repository& models_;
    rd4ad::serve::metric_set& metrics_;
    std::counting_semaphore<> decoders_;
    std::mutex feedback_{};
    std::atomic<bool> is_draining_{false};
};

}  // namespace cli
