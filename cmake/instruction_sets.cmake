# Code for several instruction sets in one program, which selects the best one when it starts (rd4ad/core/instruction_set.hpp).
#
# rd4ad_add_instruction_sets(targets NAME name SOURCES file... [LIBRARIES library...] [DEFINITIONS macro...] [OPTIONS option...])
# compiles the sources once per instruction set of RD4AD_INSTRUCTION_SETS and links each variant into one object, which it adds to the
# targets. The object has one global symbol, the variant's entry. Every other function is local to it, those of the standard library's
# headers included. So no variant, and no other part of a program, calls a function that is compiled for another processor. The entry
# initialises the variant's static objects; nothing of a variant runs when the program starts.
#
# A source defines the entry, extern "C", under the name that the macro RD4AD_VARIANT_ENTRY stands for, <name>_v3 for example. It
# returns a pointer, to a table of functions. The targets' other sources include <name>_variants.hpp, whose macro RD4AD_VARIANTS(X)
# stands for X(baseline) X(v3) X(v4); they select an entry and call it. RD4AD_VARIANTS_ARE_SEPARATE is 0 where a single variant is linked
# as any other object, and so shares the program's inline variables. Types that both sides use need one RD4AD_ISA
# (rd4ad/core/config.hpp) in the definitions of both. Inline variables and static objects exist once per variant: pass through the
# table what must be shared.
#
# Otherwise there is one variant: `native` with RD4AD_NATIVE, `flags` where the compiler's flags choose the instruction set, or where
# the platform or the compiler allows no other.
include_guard(GLOBAL)
set(RD4AD_INSTRUCTION_SETS "baseline;v3;v4" CACHE STRING
    "Instruction sets of x86-64 that the command and rd4ad::compiled hold, ascending: baseline, v3 (AVX2), v4 (AVX-512)")

# The GNU linker and objcopy; for clang CMake finds LLVM's, which lack what the variants need.
find_program(RD4AD_LD NAMES ${_CMAKE_TOOLCHAIN_PREFIX}ld.bfd ld.bfd ${_CMAKE_TOOLCHAIN_PREFIX}ld ld)
find_program(RD4AD_OBJCOPY NAMES ${_CMAKE_TOOLCHAIN_PREFIX}objcopy objcopy)
mark_as_advanced(RD4AD_LD RD4AD_OBJCOPY)

# The linker script of a variant's object: the initialisers of its static objects, which its entry calls.
set(rd4ad_variant_script [[
SECTIONS
{
    rd4ad_initialisers :
    {
        rd4ad_initialisers_begin = .;
        KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*)))
        KEEP(*(.init_array))
        rd4ad_initialisers_end = .;
    }
}
INSERT AFTER .data;
]])

# The entry of a variant, around the one of its sources.
set(rd4ad_variant_source [[
extern "C" {
using rd4ad_initialiser = void (*)(int, char**, char**);
extern __attribute__((visibility("hidden"))) const rd4ad_initialiser rd4ad_initialisers_begin[];
extern __attribute__((visibility("hidden"))) const rd4ad_initialiser rd4ad_initialisers_end[];
const void* @entry@_of_sources();
const void* @entry@();
const void* @entry@() {
    static const void* const table = [] {
        for (const auto* one = rd4ad_initialisers_begin; one != rd4ad_initialisers_end; ++one) (*one)(0, nullptr, nullptr);
        return @entry@_of_sources();
    }();
    return table;
}
}
]])

# Sets `link` and `localise` to the commands that link the objects of a variant into one object, and that leave it one global symbol.
# Its initialisers get a section of ordinary data, which no linker adds to the program's own.
function(rd4ad_variant_commands link localise output entry script)
    set(${link} ${RD4AD_LD} -r --force-group-allocation -T ${script} -o ${output} ${ARGN} PARENT_SCOPE)
    set(${localise} ${RD4AD_OBJCOPY} --keep-global-symbol=${entry}
        --rename-section rd4ad_initialisers=.data.rel.ro.rd4ad_initialisers,alloc,load,data,contents ${output} PARENT_SCOPE)
endfunction()

# Sets `reason` to why the platform, the compiler or the tools allow one variant only, "" if they allow several.
function(rd4ad_why_one_variant reason)
    set(${reason} "" PARENT_SCOPE)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    if(RD4AD_THRUST STREQUAL "CUDA")
        set(${reason} "nvcc compiles the computing files" PARENT_SCOPE)
    elseif("${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}" MATCHES "(^| )-m(arch|cpu)=")
        set(${reason} "CMAKE_CXX_FLAGS choose it" PARENT_SCOPE)
    elseif(NOT CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$" OR CMAKE_CONFIGURATION_TYPES OR NOT RD4AD_LD OR NOT RD4AD_OBJCOPY)
        set(${reason} "several need g++ or clang, the GNU binutils and a build folder with one configuration" PARENT_SCOPE)
    else()
        # Compiles and links a variant as small as possible.
        set(folder ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/rd4ad_variant_check)
        file(WRITE ${folder}/check.cpp "#if !defined(__x86_64__) || !defined(__ELF__) || defined(__SSE3__)\n#error\n#endif\n"
                                       "#include <string>\ninline std::string kept;\nextern \"C\" void* entry() { return &kept; }\n")
        file(WRITE ${folder}/script.ld "${rd4ad_variant_script}")
        rd4ad_variant_commands(link localise linked.o entry script.ld check.o)
        separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
        set(compile ${CMAKE_CXX_COMPILER} ${flags} -march=x86-64 -fno-lto -c check.cpp -o check.o)
        set(compile_v4 ${CMAKE_CXX_COMPILER} ${flags} -march=x86-64-v4 -E -x c++ /dev/null)
        foreach(step IN ITEMS compile_v4 compile link localise)
            execute_process(COMMAND ${${step}} WORKING_DIRECTORY ${folder} OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE status)
            if(NOT status EQUAL 0)
                set(${reason} "several need x86-64, ELF, -march=x86-64-v4 and a GNU ld with --force-group-allocation" PARENT_SCOPE)
                break()
            endif()
        endforeach()
    endif()
endfunction()

# Sets `variants` to the variants of this build, and says once why there is one only.
function(rd4ad_variants variants)
    get_property(known GLOBAL PROPERTY rd4ad_known_variants)
    if(NOT known)
        foreach(isa IN LISTS RD4AD_INSTRUCTION_SETS)
            if(NOT isa MATCHES "^(baseline|v3|v4)$")
                message(FATAL_ERROR "RD4AD_INSTRUCTION_SETS has '${isa}'; expected some of baseline, v3 and v4")
            endif()
        endforeach()
        set(known ${RD4AD_INSTRUCTION_SETS})
        list(SORT known)
        list(REMOVE_DUPLICATES known)
        if(RD4AD_NATIVE AND NOT RD4AD_THRUST STREQUAL "CUDA")
            set(known native)
        else()
            rd4ad_why_one_variant(reason)
            if(reason)
                message(STATUS "rd4ad: code for one instruction set, that of the compiler's flags: ${reason}")
                set(known flags)
            endif()
        endif()
        set_property(GLOBAL PROPERTY rd4ad_known_variants ${known})
    endif()
    set(${variants} ${known} PARENT_SCOPE)
endfunction()

function(rd4ad_add_instruction_sets targets)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME" "SOURCES;LIBRARIES;DEFINITIONS;OPTIONS")
    rd4ad_variants(variants)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_variants)
    list(TRANSFORM variants REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE calls)
    list(JOIN calls " " calls)
    set(separate 1)
    if(variants MATCHES "^(native|flags)$")
        set(separate 0)
    endif()
    file(CONFIGURE OUTPUT ${folder}/${arg_NAME}_variants.hpp CONTENT
         "// The variants of ${arg_NAME}, ascending. Written by cmake/instruction_sets.cmake.\n#define RD4AD_VARIANTS(X) ${calls}\n\
#define RD4AD_VARIANTS_ARE_SEPARATE ${separate}\n")
    if(NOT variants MATCHES "^(native|flags)$")
        file(CONFIGURE OUTPUT ${folder}/script.ld CONTENT "${rd4ad_variant_script}")
    endif()
    set(position_independent OFF)
    foreach(target IN LISTS targets)
        target_include_directories(${target} PRIVATE ${folder})
        if(NOT variants MATCHES "^(native|flags)$")
            target_compile_options(${target} PRIVATE -march=x86-64)  # the target's own sources run on every processor
        endif()
        get_target_property(needs_it ${target} POSITION_INDEPENDENT_CODE)
        if(needs_it)
            set(position_independent ON)
        endif()
    endforeach()
    set(march_baseline x86-64)
    set(march_v3 x86-64-v3)
    set(march_v4 x86-64-v4)
    foreach(isa IN LISTS variants)
        set(entry ${arg_NAME}_${isa})
        add_library(${entry} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
        target_link_libraries(${entry} PRIVATE ${arg_LIBRARIES})
        target_compile_definitions(${entry} PRIVATE ${arg_DEFINITIONS})
        rd4ad_compile_options(${entry})
        target_compile_options(${entry} PRIVATE ${arg_OPTIONS})
        set_target_properties(${entry} PROPERTIES UNITY_BUILD_BATCH_SIZE 0 CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
        if(position_independent)
            set_target_properties(${entry} PROPERTIES POSITION_INDEPENDENT_CODE ON)
        endif()
        if(isa MATCHES "^(native|flags)$")
            target_compile_definitions(${entry} PRIVATE RD4AD_VARIANT_ENTRY=${entry})
            foreach(target IN LISTS targets)
                target_sources(${target} PRIVATE $<TARGET_OBJECTS:${entry}>)
            endforeach()
            continue()
        endif()

        # Symbols of the kind "unique" would stay global whatever objcopy is told. The objects are linked as they are, so not by
        # link-time optimisation. Hidden functions are called directly in position-independent code.
        target_compile_options(${entry} PRIVATE -march=${march_${isa}} -fno-lto $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
        target_compile_definitions(${entry} PRIVATE RD4AD_VARIANT_ENTRY=${entry}_of_sources)
        set_target_properties(${entry} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
        file(CONFIGURE OUTPUT ${folder}/${entry}.cpp CONTENT "${rd4ad_variant_source}" @ONLY)
        target_sources(${entry} PRIVATE ${folder}/${entry}.cpp)
        set_source_files_properties(${folder}/${entry}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
        set(object ${folder}/${entry}.o)
        rd4ad_variant_commands(link localise ${object} ${entry} ${folder}/script.ld $<TARGET_OBJECTS:${entry}>)
        add_custom_command(OUTPUT ${object} COMMAND ${link} COMMAND ${localise}
                           DEPENDS ${entry} $<TARGET_OBJECTS:${entry}> ${folder}/script.ld
                           COMMENT "Linking the variant ${entry}" COMMAND_EXPAND_LISTS VERBATIM)
        add_custom_target(${entry}_object DEPENDS ${object})  # one target builds it for all
        set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
        foreach(target IN LISTS targets)
            target_sources(${target} PRIVATE ${object})
            add_dependencies(${target} ${entry}_object)
        endforeach()
    endforeach()
endfunction()
