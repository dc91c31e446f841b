// The compiler names the concept that a backend without gemm lacks.
// expect: (satisfaction of|does not satisfy) .+HasGemm
#include <rd4ad/backend/xtensor.hpp>

struct no_gemm : rd4ad::backend::xtensor<float> {
    static void gemm(queue&, const rd4ad::backend::gemm_call<float>&) = delete;
};

static_assert(rd4ad::Backend<no_gemm>);
