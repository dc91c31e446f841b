// rd4ad/backend/thrust/detail/thrust.hpp: the only include of Thrust; THRUST_DEVICE_SYSTEM says where its algorithms run.
#pragma once
#include <cstddef>

#include <thrust/device_free.h>
#include <thrust/device_malloc.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#include <omp.h>
#endif

namespace rd4ad::backend::device {

/// Where Thrust's device algorithms run in this build.
enum class thrust_system { cuda, omp, tbb, cpp };

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
inline constexpr thrust_system here = thrust_system::cuda;
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
inline constexpr thrust_system here = thrust_system::omp;
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
inline constexpr thrust_system here = thrust_system::tbb;
#else
inline constexpr thrust_system here = thrust_system::cpp;
#endif

}  // namespace rd4ad::backend::device
