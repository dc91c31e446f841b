// cli/components.cpp: the parts that this command was built with.
#include "components.hpp"

#include <filesystem>
#include <system_error>

#include <rd4ad/image/read.hpp>
#include <rd4ad/model/data_folders.hpp>
#include <rd4ad/model/teacher_weights.hpp>

#include "computing.hpp"
#include "ranks.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "http.hpp"
#include "http_server.hpp"
#endif

namespace cli {

namespace {

/// The folder that has the built-in teacher.
std::string data_folder() {
    std::error_code ignored;
    for (const auto& folder : rd4ad::data_folders())
        if (std::filesystem::exists(folder / rd4ad::built_in_teacher_file, ignored)) return folder.string();
    return "not found; set RD4AD_DATA to the folder share/rd4ad";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> components() {
    return {
        {"JPEG decoder", rd4ad::image::jpeg_library()},
            {"TIFF decoder", rd4ad::image::tiff_library().empty() ? "none" : rd4ad::image::tiff_library()},
            {"WebP decoder", rd4ad::image::webp_library().empty() ? "none" : rd4ad::image::webp_library()},
            {"code for", join_names(instruction_sets())}, {"backends", selected_variant().backends()},
#if defined(RD4AD_WITH_EXPORT)
            {"export", "ONNX, Triton"},
#else
            {"export", "none"},
#endif
#if defined(RD4AD_WITH_HTTP)
            {"HTTP", http_library() + ", " + http_server_library()},
#else
            {"HTTP", "none"},
#endif
            {"MPI", mpi_library()}, {
            "data files", data_folder()
        }
    };
}

}  // namespace cli
