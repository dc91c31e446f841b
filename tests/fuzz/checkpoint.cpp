// Reads any bytes as a checkpoint, its calibration, and a resume file. Without tensors they must give an rd4ad::error.
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/train/resume.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using cpu = rd4ad::backend::xtensor<float>;
    static const fuzz::folder folder;
    static auto model = rd4ad::make_model_without_teacher<cpu>("resnet18", {.threads = 1});
    const auto path = folder.write("a.safetensors", fuzz::text(data, size));
    fuzz::run([&] { static_cast<void>(rd4ad::calibration_in(path)); });
    fuzz::run([&] { static_cast<void>(rd4ad::training_of(path)); });
    // Also without comparing checksums, which reject most changes.
    for (const bool verify : {true, false}) {
        fuzz::run([&] {
            static_cast<void>(rd4ad::load_checkpoint<cpu>(path, {.threads = 1, .verify = verify}));
            __builtin_trap();  // a file of a few thousand bytes holds no network
        });
        fuzz::run([&] { static_cast<void>(rd4ad::read_resume(path, "resnet18", {.verify = verify}, {})); });
        fuzz::run([&] {
            rd4ad::resume_state<cpu> at;
            rd4ad::scale_maps distances{8, 8, 4};
            rd4ad::load_resume<cpu>(rd4ad::io::read_safetensors(path, {.verify = verify}), path, model, at, distances);
            __builtin_trap();
        });
    }
    return 0;
}
