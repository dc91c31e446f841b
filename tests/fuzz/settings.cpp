// Reads any JSON as the parts of a checkpoint's metadata and of an exported graph's description (calibration, units of the map,
// preprocessing, region of interest, fingerprints, identity of the data set, training, input), and as the result of a probe.
#include <rd4ad/data/fingerprint.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/export/client.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/probe_result.hpp>
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
        fuzz::run([&] { static_cast<void>(rd4ad::data::fingerprints_from(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::data::identity_from(json)); });
        fuzz::run([&] { static_cast<void>(rd4ad::probe_result_from(json, "fuzz")); });
        fuzz::run([&] {
            // Filling a large mask takes seconds; its limit is image::max_image_pixels.
            const auto pixels = rd4ad::io::value_at(json, "width");
            if (pixels.is_number() && pixels > 1u << 10) return;
            static_cast<void>(rd4ad::data::roi_from(json, "fuzz"));
        });
        fuzz::run([&] { static_cast<void>(rd4ad::training_options_from(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::described_input(json, "fuzz")); });
        fuzz::run([&] { static_cast<void>(rd4ad::described_sigma(json, "fuzz")); });
    });
}
