// tests/support/backends.hpp: the backends that the typed tests run on.
#pragma once
#include <tuple>

#include <rd4ad/backend/xtensor.hpp>
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif
#if defined(RD4AD_WITH_THRUST)
#include <rd4ad/backend/thrust.hpp>
#endif

namespace test {

#if defined(RD4AD_WITH_THRUST)
using backends = std::tuple<rd4ad::backend::thrust<float>, rd4ad::backend::thrust<double>>;
using double_backends = std::tuple<rd4ad::backend::thrust<double>>;
#else
using backends = std::tuple<rd4ad::backend::xtensor<float>, rd4ad::backend::xtensor<double>>;
using double_backends = std::tuple<rd4ad::backend::xtensor<double>>;
#endif

}  // namespace test
