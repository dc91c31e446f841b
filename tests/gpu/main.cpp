// The main function of the tests on a GPU. Without a GPU it reports the tests as skipped.
#include <cstdio>

#include <cuda_runtime_api.h>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char* argv[]) {
    int devices = 0;
    if (const auto status = cudaGetDeviceCount(&devices); status != cudaSuccess || devices == 0) {
        std::printf("SKIPPED: no GPU (%s)\n", status == cudaSuccess ? "no device" : cudaGetErrorString(status));
        return 0;
    }
    return Catch::Session().run(argc, argv);
}
