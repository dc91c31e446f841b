// rd4ad/backend/device/detail/cuda.hpp: the only include of the CUDA runtime and of cuBLAS: handles and error checks.
#pragma once
#include <cstddef>
#include <memory>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::device {

/// Throws device_error if a call of the CUDA runtime failed, or earlier asynchronous work.
inline void check(cudaError_t status, const char* action) {
    if (status != cudaSuccess)
        throw device_error{text("CUDA: ", action, " failed: ", cudaGetErrorString(status),
                                "; run on a machine with an NVIDIA GPU and its driver, or use another backend")};
}

/// Throws device_error if a call of cuBLAS failed.
inline void check(cublasStatus_t status, const char* action) {
    if (status != CUBLAS_STATUS_SUCCESS) throw device_error{text("cuBLAS: ", action, " failed: ", cublasGetStatusString(status))};
}

// The work itself reports its failures; a destructor cannot.
struct destroy_stream {
    void operator()(cudaStream_t stream) const noexcept { static_cast<void>(cudaStreamDestroy(stream)); }
};
struct destroy_blas {
    void operator()(cublasHandle_t blas) const noexcept { static_cast<void>(cublasDestroy(blas)); }
};

/// A stream of the current device with a cuBLAS handle. Move-only.
class stream {
   public:
    stream() {
        cudaStream_t made = nullptr;
        check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "creating a stream");
        stream_.reset(made);
        cublasHandle_t blas = nullptr;
        check(cublasCreate(&blas), "creating a handle");
        blas_.reset(blas);
        check(cublasSetStream(blas, made), "setting the stream");
        check(cublasSetMathMode(blas, CUBLAS_DEFAULT_MATH), "disabling TF32");
    }

    [[nodiscard]] cudaStream_t get() const { return stream_.get(); }
    [[nodiscard]] cublasHandle_t blas() const { return blas_.get(); }

    /// Waits for the queued work. Throws device_error if any of it failed.
    void wait() const { check(cudaStreamSynchronize(get()), "the work on a stream"); }

   private:
    std::unique_ptr<CUstream_st, destroy_stream> stream_;
    std::unique_ptr<cublasContext, destroy_blas> blas_;
};

}  // namespace rd4ad::inline RD4AD_ABI::backend::device
