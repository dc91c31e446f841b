# Finds the libraries that rd4ad uses, for the project itself and for its installed CMake package.
#
# Input: rd4ad_components, any of core, xtensor, export, onednn, thrust. RD4AD_THRUST names Thrust's system: CUDA, OMP, TBB or CPP.
# Output: rd4ad_missing, one message for each library that is not found, and these targets:
#   core:    xtensor, nlohmann_json::nlohmann_json, Threads::Threads, rd4ad::third_party_zip, rd4ad::third_party_stb,
#            rd4ad::third_party_xxhash
#   xtensor: xtensor-blas (with BLAS and LAPACK), xsimd, OpenMP::OpenMP_CXX
#   export:  rd4ad::third_party_protozero
#   onednn:  rd4ad::third_party_onednn
#   thrust:  rd4ad::third_party_thrust
set(rd4ad_missing "")

# A CMake package. The first argument names its Debian package, the others are find_package's.
macro(rd4ad_find_package debian name)
    find_package(${name} ${ARGN} QUIET)
    if(NOT ${name}_FOUND)
        list(APPEND rd4ad_missing "${name} not found: install ${debian}, or add its folder to CMAKE_PREFIX_PATH")
    endif()
endmacro()

# A library as the target rd4ad::third_party_<name>: from the CMake package that Conan (or a tool like it) writes flat into a folder of
# CMAKE_PREFIX_PATH, otherwise from a header and, unless it is empty, a library in the system's folders. The system's CMake packages
# of libzip and oneDNN are not used: Debian's require packages that no program needs.
macro(rd4ad_find_third_party name package package_target header header_folder library debian)
    if(NOT TARGET rd4ad::third_party_${name})
        find_file(rd4ad_generated NAMES ${package}-config.cmake ${package}Config.cmake PATHS ${CMAKE_PREFIX_PATH} NO_DEFAULT_PATH NO_CACHE)
        add_library(rd4ad::third_party_${name} INTERFACE IMPORTED)
        if(rd4ad_generated)
            rd4ad_find_package(${debian} ${package})
            target_link_libraries(rd4ad::third_party_${name} INTERFACE ${package_target})
        else()
            rd4ad_find_files(${name} "${header}" "${header_folder}" "${library}" ${debian})
        endif()
        unset(rd4ad_generated)
    endif()
endmacro()

function(rd4ad_find_files name header header_folder library debian)
    string(TOUPPER "RD4AD_${name}" variable)
    find_path(${variable}_INCLUDE_DIR ${header} PATH_SUFFIXES ${header_folder})
    mark_as_advanced(${variable}_INCLUDE_DIR)
    set(missing "")
    if(${variable}_INCLUDE_DIR)
        target_include_directories(rd4ad::third_party_${name} INTERFACE ${${variable}_INCLUDE_DIR})
    else()
        list(APPEND missing ${header})
    endif()
    if(library)
        find_library(${variable}_LIBRARY ${library})
        mark_as_advanced(${variable}_LIBRARY)
        if(${variable}_LIBRARY)
            target_link_libraries(rd4ad::third_party_${name} INTERFACE ${${variable}_LIBRARY})
        else()
            list(APPEND missing "the library ${library}")
        endif()
    endif()
    if(missing)
        list(JOIN missing " and " missing)
        set(rd4ad_missing ${rd4ad_missing} "${missing} not found: install ${debian}, or add its folder to CMAKE_PREFIX_PATH" PARENT_SCOPE)
    endif()
endfunction()

# Thrust for RD4AD_THRUST. For CUDA, nvcc has the toolkit's Thrust.
macro(rd4ad_find_thrust)
    if(NOT RD4AD_THRUST MATCHES "^(CUDA|OMP|TBB|CPP)$")
        list(APPEND rd4ad_missing "RD4AD_THRUST is '${RD4AD_THRUST}': the thrust backend needs CUDA, OMP, TBB or CPP")
    elseif(NOT TARGET rd4ad::third_party_thrust)
        add_library(rd4ad::third_party_thrust INTERFACE IMPORTED)
        target_compile_definitions(rd4ad::third_party_thrust INTERFACE
            THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_${RD4AD_THRUST})
        if(RD4AD_THRUST STREQUAL "CUDA")
            rd4ad_find_package("the CUDA toolkit" CUDAToolkit)
            target_link_libraries(rd4ad::third_party_thrust INTERFACE CUDA::cudart CUDA::cublas)
            # CMake 3.25 does not know nvcc's feature cuda_std_20.
            target_compile_options(rd4ad::third_party_thrust INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
        else()
            find_path(RD4AD_THRUST_INCLUDE_DIR thrust/version.h
                      HINTS ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES include/cccl targets/x86_64-linux/include/cccl include
                      DOC "Folder that holds thrust/version.h")
            mark_as_advanced(RD4AD_THRUST_INCLUDE_DIR)
            if(RD4AD_THRUST_INCLUDE_DIR)
                target_include_directories(rd4ad::third_party_thrust INTERFACE ${RD4AD_THRUST_INCLUDE_DIR})
            else()
                list(APPEND rd4ad_missing
                     "thrust/version.h not found: install libthrust-dev or the CUDA toolkit, or set RD4AD_THRUST_INCLUDE_DIR")
            endif()
        endif()
        if(RD4AD_THRUST STREQUAL "TBB")
            rd4ad_find_package(libtbb-dev TBB)
            target_link_libraries(rd4ad::third_party_thrust INTERFACE TBB::tbb)
        elseif(RD4AD_THRUST STREQUAL "OMP")
            rd4ad_find_package("a compiler with OpenMP" OpenMP COMPONENTS CXX)
            target_link_libraries(rd4ad::third_party_thrust INTERFACE OpenMP::OpenMP_CXX)
        endif()
    endif()
endmacro()

if("core" IN_LIST rd4ad_components)
    rd4ad_find_package(libxtensor-dev xtensor)
    rd4ad_find_package(nlohmann-json3-dev nlohmann_json)
    rd4ad_find_package(libc6-dev Threads)
    rd4ad_find_third_party(zip libzip libzip::zip zip.h "" zip libzip-dev)
    rd4ad_find_third_party(stb stb stb::stb stb_image.h stb "" libstb-dev)
    rd4ad_find_third_party(xxhash xxHash xxHash::xxhash xxhash.h "" "" libxxhash-dev)
endif()
if("xtensor" IN_LIST rd4ad_components)
    rd4ad_find_package(libxsimd-dev xsimd)
    rd4ad_find_package("a compiler with OpenMP" OpenMP COMPONENTS CXX)
    # xtensor-blas accepts any BLAS and LAPACK. rd4ad takes OpenBLAS unless BLA_VENDOR is set.
    if(DEFINED BLA_VENDOR)
        rd4ad_find_package("libxtensor-blas-dev and libopenblas-dev" xtensor-blas)
    else()
        set(BLA_VENDOR OpenBLAS)
        rd4ad_find_package("libxtensor-blas-dev and libopenblas-dev" xtensor-blas)
        unset(BLA_VENDOR)
    endif()
endif()
if("export" IN_LIST rd4ad_components)
    rd4ad_find_third_party(protozero protozero protozero::protozero protozero/pbf_writer.hpp "" "" libprotozero-dev)
endif()
if("onednn" IN_LIST rd4ad_components)
    rd4ad_find_third_party(onednn dnnl DNNL::dnnl oneapi/dnnl/dnnl.hpp "" dnnl libdnnl-dev)
endif()
if("thrust" IN_LIST rd4ad_components)
    rd4ad_find_thrust()
endif()
