// cli/variant.cpp: the table of one variant of the files that compute.
#include <string>

#include "backends.hpp"
#include "computing.hpp"

namespace cli {

namespace {

std::string backend_names() {
    std::string names;
    [[maybe_unused]] const auto add = [&]<class B>() {
        names += rd4ad::text(names.empty() ? "" : ", ", B::name(), " (", B::blas_description(), ')');
    };
#if !defined(__CUDACC__)
    add.operator()<rd4ad::backend::xtensor<float>>();
#endif
#if defined(RD4AD_WITH_ONEDNN)
    add.operator()<rd4ad::backend::onednn<float>>();
#endif
#if defined(RD4AD_WITH_THRUST)
    add.operator()<rd4ad::backend::thrust<float>>();
#endif
    return names;
}

constexpr computing variant{.default_backend = default_backend,
                            .backends = backend_names,
                            .detectors_of = detectors_of,
                            .train_usage = train_usage,
                            .train = train,
                            .probe_usage = probe_usage,
                            .probe = probe,
                            .bench_usage = bench_usage,
                            .bench = bench};

}  // namespace

}  // namespace cli

extern "C" const cli::computing* RD4AD_VARIANT_ENTRY();
extern "C" const cli::computing* RD4AD_VARIANT_ENTRY() { return &cli::variant; }
