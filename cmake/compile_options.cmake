# Compile options of the project's executables. The library's users get none of them.

# Warnings; RD4AD_WERROR makes them errors.
function(rd4ad_add_warnings target)
    set(cxx COMPILE_LANG_AND_ID:CXX,GNU,Clang)
    target_compile_options(${target} PRIVATE
        $<$<${cxx}>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<${cxx}>>:-Werror>)
    # nvcc's warnings, and those of g++ on the code that nvcc generates. The other warnings appear where g++ and clang compile
    # the same headers.
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-unknown-pragmas>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings>)
    # False warnings of g++ 12: it reports overlapping copies in "text" + std::string (GCC's bug 105651), writes past the end of a
    # vector in loops that an earlier check excludes, and undefined lanes of its AVX-512 functions (GCC's bug 105593). clang and
    # the sanitizers find the true cases.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE
            $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict;-Wno-stringop-overflow;-Wno-maybe-uninitialized>
            $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wno-restrict,-Wno-stringop-overflow,-Wno-maybe-uninitialized>)
    endif()
endfunction()

# The building machine's instruction set, with RD4AD_NATIVE. Not for NVIDIA's GPUs: nvcc supports no SIMD types of the processor, and
# its objects must have the same inline namespace as the others.
function(rd4ad_target_this_machine target)
    if(RD4AD_THRUST STREQUAL "CUDA")
        return()
    endif()
    target_compile_options(${target} PRIVATE $<$<AND:$<BOOL:${RD4AD_NATIVE}>,$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>>:-march=native>)
endfunction()

# All options of an executable or library that the project builds.
function(rd4ad_compile_options target)
    rd4ad_add_warnings(${target})
    rd4ad_target_this_machine(${target})
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# Sets `result` to the sources, of those that follow, with a line that matches `pattern`.
function(rd4ad_sources_with result pattern)
    set(matching "")
    foreach(source IN LISTS ARGN)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
        file(STRINGS ${source} lines REGEX "${pattern}" LIMIT_COUNT 1)
        if(lines)
            list(APPEND matching ${source})
        endif()
    endforeach()
    set(${result} ${matching} PARENT_SCOPE)
endfunction()

# Writes the file `path`, which includes the sources that follow: a unity build for CUDA, which CMake 3.25 lacks.
function(rd4ad_write_unity_source path)
    list(TRANSFORM ARGN REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE includes)
    list(JOIN includes "" includes)
    file(CONFIGURE OUTPUT ${path} CONTENT "${includes}" @ONLY)
endfunction()
