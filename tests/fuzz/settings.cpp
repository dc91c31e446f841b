// Reads any JSON as the parts of a checkpoint's metadata and of an exported graph's description: calibration, units of the map,
// preprocessing, training, input.
#include <rd4ad/export/client.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/train/settings_json.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string content{fuzz::text(data, size)};
    fuzz::run([&] {
        rd4ad::io::tensor_file file;
        file.metadata["map"] = content;
        static_cast<void>(rd4ad::map_units_of(file));
    });
    return fuzz::run([&] {
        const auto json = rd4ad::io::parse_json(content, "fuzz");
        fuzz::run([&] { static_cast<void>(rd4ad::calibration_from(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::data::preprocessing_from(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::training_options_from(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::described_input(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::described_sigma(json, "fuzz")); });
    });
}
