// rd4ad/backend/detail/blas.hpp: the only include of xtensor-blas, and the two functions of OpenBLAS that it does not declare.
#pragma once
#ifndef HAVE_CBLAS
#define HAVE_CBLAS 1
#endif
#include <complex>

#if __has_include(<xflens/cxxblas/cxxblas.cxx>)
#include <xflens/cxxblas/cxxblas.cxx>
#else
#include <flens/cxxblas/cxxblas.cxx>
#endif

extern "C" {
void openblas_set_num_threads(int);
char* openblas_get_corename(void);
}
