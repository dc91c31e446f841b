# Settings of the project's own executables; the library's users get none of them.

# Warnings, as errors with RD4AD_WERROR; the building machine's instructions with RD4AD_NATIVE.
function(rd4ad_executable_settings target)
    set(cxx COMPILE_LANG_AND_ID:CXX,GNU,Clang)
    target_compile_options(${target} PRIVATE
        $<$<${cxx}>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<${cxx}>>:-Werror>
        $<$<AND:$<BOOL:${RD4AD_NATIVE}>,$<${cxx}>>:-march=native>)
    # nvcc's own warnings, and g++'s on what nvcc hands to it; the rest are found where g++ and clang read the same headers.
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-unknown-pragmas>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings>)
    # g++ 12's optimiser takes "text" + std::string for a copy onto itself (GCC's bug 105651), a loop that a check before
    # it keeps from running for one that writes beyond a vector's end, and the undefined lanes that its own AVX-512
    # functions hand on for values that are used (GCC's bug 105593). clang and the sanitizers look for the true ones.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE
            $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict;-Wno-stringop-overflow;-Wno-maybe-uninitialized>
            $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wno-restrict,-Wno-stringop-overflow,-Wno-maybe-uninitialized>)
    endif()
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
