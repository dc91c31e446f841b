# Settings of the project's own executables; the library's users get none of them.

# Warnings, as errors with RD4AD_WERROR; the building machine's instructions with RD4AD_NATIVE.
function(rd4ad_executable_settings target)
    set(cxx COMPILE_LANG_AND_ID:CXX,GNU,Clang)
    target_compile_options(${target} PRIVATE
        $<$<${cxx}>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<${cxx}>>:-Werror>
        $<$<AND:$<BOOL:${RD4AD_NATIVE}>,$<${cxx}>>:-march=native>)
    # g++ 12 takes "text" + std::string for a copy onto itself (GCC's bug 105651, mended in 13).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
    endif()
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
