# cmake -D mcs= -D mono= -D library= -D source= -D run= -P csharp.cmake: compiles the example in C# and scores a file and its pixels.
if(NOT mcs OR NOT mono)
    message("SKIPPED: Mono's mcs or mono not found (mono-mcs, mono-runtime)")
    return()
endif()
set(program ${run}/ScoreImage.exe)
execute_process(COMMAND ${mcs} -unsafe -warnaserror -out:${program} ${source} COMMAND_ERROR_IS_FATAL ANY)
configure_file(${run}/part.ppm ${run}/part.file COPYONLY)
cmake_path(GET library PARENT_PATH folder)
execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${folder} ${mono} ${program} ${run}/parts.safetensors ${run}/part.file ${run}/part.ppm
                OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
set(facts "raw score ([0-9.]+), score ([0-9.]+), anomalous (True|False)")
if(NOT output MATCHES "part[.]file: ${facts}\n.*part[.]ppm: ${facts}\n" OR NOT CMAKE_MATCH_1 STREQUAL CMAKE_MATCH_4)
    message(FATAL_ERROR "expected one raw score of a file and of its pixels, found: ${output}")
endif()

# An error's message comes from the library.
execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${folder} ${mono} ${program} ${run}/absent.safetensors
                RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(status EQUAL 0 OR NOT output MATCHES "absent[.]safetensors")
    message(FATAL_ERROR "expected an exception that names absent.safetensors, found: ${output}")
endif()
