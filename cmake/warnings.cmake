# Settings of the project's own executables; the library's users get none of them.

# Warnings, as errors with RD4AD_WERROR; the building machine's instructions with RD4AD_NATIVE.
function(rd4ad_executable_settings target)
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion>
        $<$<AND:$<BOOL:${RD4AD_WERROR}>,$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>>:-Werror>
        $<$<AND:$<BOOL:${RD4AD_NATIVE}>,$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>>:-march=native>)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
