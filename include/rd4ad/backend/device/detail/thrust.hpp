// rd4ad/backend/device/detail/thrust.hpp: the only include of Thrust. THRUST_DEVICE_SYSTEM selects where its algorithms run.
#pragma once
#include <cstddef>

#include <thrust/device_free.h>
#include <thrust/device_malloc.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::device {

/// The systems that Thrust's device algorithms run on.
enum class thrust_system { cuda, omp, tbb, cpp };

/// The system of this build.
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
inline constexpr thrust_system current_system = thrust_system::cuda;
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
inline constexpr thrust_system current_system = thrust_system::omp;
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
inline constexpr thrust_system current_system = thrust_system::tbb;
#else
inline constexpr thrust_system current_system = thrust_system::cpp;
#endif

}  // namespace rd4ad::inline RD4AD_ABI::backend::device
