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

namespace rd4ad::test {

#if defined(RD4AD_WITH_THRUST)
using backends = std::tuple<backend::thrust<float>, backend::thrust<double>>;
using double_backends = std::tuple<backend::thrust<double>>;
#elif defined(RD4AD_WITH_ONEDNN)
using backends = std::tuple<backend::xtensor<float>, backend::xtensor<double>, backend::onednn<float>>;
using double_backends = std::tuple<backend::xtensor<double>>;
#else
using backends = std::tuple<backend::xtensor<float>, backend::xtensor<double>>;
using double_backends = std::tuple<backend::xtensor<double>>;
#endif

}  // namespace rd4ad::test
