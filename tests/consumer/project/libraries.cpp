// Uses each library that rd4ad::rd4ad brings: JSON, stb, libjpeg-turbo, libzip, xxHash, threads, OpenMP, BLAS. Compiles in a
// fraction of main.cpp's time.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/pth.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/write_pth.hpp>

namespace {

/// The sum of a product of 64 x 64 ones on two threads.
float multiplied() {
    using cpu = rd4ad::backend::xtensor<float>;
    cpu::queue queue{2};
    const std::vector<float> ones(64 * 64, 1.0f);
    std::vector<float> product(64 * 64);
    cpu::gemm(
        queue,
        {.m = 64, .n = 64, .k = 64, .a = ones.data(), .lda = 64, .b = ones.data(), .ldb = 64, .c = product.data(), .ldc = 64});
    float sum = 0;
    for (const float value : product) sum += value;
    return sum;
}

/// The number of tensors in a .pth file, a ZIP file, and a safetensors file, which has checksums, after writing them.
std::size_t stored_tensors() {
    const auto path = std::filesystem::current_path() / "one.pth";
    const std::array<float, 3> values{1, 2, 3};
    rd4ad::io::tensor_file file;
    file.insert<float>("one", {3}, values, rd4ad::io::dtype::f32);
    rd4ad::io::write_pth(path, file);
    rd4ad::io::write_safetensors("one.safetensors", file);
    const auto read = rd4ad::io::read_pth(path), checked = rd4ad::io::read_safetensors("one.safetensors");
    return read.tensors().size() + checked.tensors().size();
}

}  // namespace

int main() {
    const auto parsed = rd4ad::io::parse_json(R"({"sides": [4, 3]})", "text");
    const auto png = rd4ad::image::encode_png(rd4ad::image::make_image<std::uint8_t>(parsed["sides"][0], 3, 3));
    const auto image = rd4ad::image::decode(std::as_bytes(std::span{png}), "image");
    const auto jpeg = rd4ad::image::encode_jpeg(image);
    const auto from_jpeg = rd4ad::image::decode(std::as_bytes(std::span{jpeg}), "image");
    std::vector<int> done(8);
    rd4ad::parallel_for(done.size(), 2, [&](std::size_t i) { done[i] = 1; });
    const float sum = multiplied();
    const std::size_t tensors = stored_tensors();
    std::printf("rd4ad %s: %zu x %zu pixels, sum %.0f, %zu tensors, JPEG by %s\n", rd4ad::version, image.width, image.height,
                static_cast<double>(sum), tensors, rd4ad::image::jpeg_library().c_str());
    const bool images = image.width == 4 && image.height == 3 && from_jpeg.width == 4;
    return images && done[7] == 1 && sum == 64.0f * 64 * 64 && tensors == 2 ? 0 : 1;
}
