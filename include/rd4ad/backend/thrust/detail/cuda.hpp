// rd4ad/backend/thrust/detail/cuda.hpp: the only include of CUDA's runtime and of cuBLAS, with their handles and errors.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <rd4ad/core/error.hpp>

namespace rd4ad::backend::device {

/// device_error if a call of CUDA's runtime failed, or work before it.
inline void check(cudaError_t status, const char* what) {
    if (status != cudaSuccess)
        throw device_error{std::string{"CUDA: "} + what + " failed: " + cudaGetErrorString(status) +
                           "; run where an NVIDIA GPU and its driver are, or take another backend"};
}

/// device_error if a call of cuBLAS failed.
inline void check(cublasStatus_t status, const char* what) {
    if (status != CUBLAS_STATUS_SUCCESS)
        throw device_error{std::string{"cuBLAS: "} + what + " failed: " + cublasGetStatusString(status)};
}

// their failures were reported by the work itself; a destructor has nobody to tell
struct destroy_stream {
    void operator()(cudaStream_t stream) const noexcept { static_cast<void>(cudaStreamDestroy(stream)); }
};
struct destroy_blas {
    void operator()(cublasHandle_t blas) const noexcept { static_cast<void>(cublasDestroy(blas)); }
};

/// A stream of the current device, and cuBLAS on it. Move-only.
class stream {
   public:
    stream() {
        cudaStream_t made = nullptr;
        check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "making a stream");
        stream_.reset(made);
        cublasHandle_t blas = nullptr;
        check(cublasCreate(&blas), "making a handle");
        blas_.reset(blas);
        check(cublasSetStream(blas, made), "taking the stream");
        check(cublasSetMathMode(blas, CUBLAS_DEFAULT_MATH), "asking for products without TF32");
    }

    [[nodiscard]] cudaStream_t get() const { return stream_.get(); }
    [[nodiscard]] cublasHandle_t blas() const { return blas_.get(); }

    /// Waits for the work so far; device_error if any of it failed.
    void wait() const { check(cudaStreamSynchronize(get()), "the work on a stream"); }

   private:
    std::unique_ptr<CUstream_st, destroy_stream> stream_;
    std::unique_ptr<cublasContext, destroy_blas> blas_;
};

}  // namespace rd4ad::backend::device
