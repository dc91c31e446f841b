# Checks the library's layers: cmake -D root=<repository> -P floors.cmake
#   - a header includes no header of a higher folder, and no cycle connects two folders;
#   - no folder includes or names the detail of another folder; nor do the command, the benchmarks and the examples;
#   - no header prints;
#   - the tests that a header's first lines name exist.
set(rank_core 0)
set(rank_data 1)
set(rank_image 1)
set(rank_io 1)
set(rank_metrics 1)
set(rank_backend 2)
set(rank_nn 3)
set(rank_model 4)
set(rank_score 5)
set(rank_train 6)
set(rank_export 7)
set(folders core data image io metrics backend nn model score train export)
set(namespaces_backend "|cpu|dnn|device")  # namespaces inside rd4ad::backend

set(include ${root}/include/rd4ad)
file(GLOB_RECURSE headers RELATIVE ${include} ${include}/*.hpp)
file(GLOB_RECURSE users RELATIVE ${root} ${root}/cli/*.[ch]pp ${root}/benchmarks/*.cpp ${root}/examples/*.cpp ${root}/src/*.cpp)
set(problems "")

# Includes.
set(edges "")
foreach(header IN LISTS headers)
    string(REGEX MATCH "^[a-z]+" folder ${header})
    if(NOT DEFINED rank_${folder})
        continue()  # rd4ad.hpp and the faces of the compiled library
    endif()
    file(STRINGS ${include}/${header} lines REGEX "^#include <rd4ad/")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^#include <rd4ad/([a-z0-9]+).*" "\\1" other "${line}")
        if(NOT DEFINED rank_${other} OR rank_${other} GREATER rank_${folder})
            string(APPEND problems "\n  include of a higher folder in rd4ad/${header}: ${line}")
        elseif(NOT other STREQUAL folder)
            list(APPEND edges ${folder}:${other})
        endif()
    endforeach()
endforeach()

# Cycles between folders: remove each folder that includes none of the remaining folders; the folders that stay form cycles.
list(REMOVE_DUPLICATES edges)
set(remaining ${folders})
set(removed TRUE)
while(removed)
    set(removed FALSE)
    foreach(folder IN LISTS remaining)
        set(includes ${edges})
        list(FILTER includes INCLUDE REGEX "^${folder}:")
        if(NOT includes)
            list(REMOVE_ITEM remaining ${folder})
            list(FILTER edges EXCLUDE REGEX ":${folder}$")
            set(removed TRUE)
        endif()
    endforeach()
endwhile()
if(remaining)
    list(JOIN edges ", " edges)
    string(APPEND problems "\n  include cycle between folders: ${edges}")
endif()

# Details of other folders.
macro(find_foreign_detail path own)
    foreach(folder IN LISTS folders)
        if(NOT folder STREQUAL "${own}")
            file(STRINGS ${path} lines REGEX
                 "^([^/]|/[^/])*((^|[^A-Za-z0-9_])(${folder}${namespaces_${folder}})(::|_)detail([^A-Za-z0-9_]|$)|<rd4ad/${folder}/(.*/)?detail/)")
            foreach(line IN LISTS lines)
                cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${root} OUTPUT_VARIABLE name)
                string(APPEND problems "\n  detail of the folder ${folder} in ${name}: ${line}")
            endforeach()
        endif()
    endforeach()
endmacro()
foreach(header IN LISTS headers)
    string(REGEX MATCH "^[a-z]+" own ${header})
    set(path ${include}/${header})
    find_foreign_detail(${path} ${own})
endforeach()
foreach(user IN LISTS users)
    set(path ${root}/${user})
    find_foreign_detail(${path} "")
endforeach()

# The library never prints.
foreach(header IN LISTS headers)
    file(STRINGS ${include}/${header} lines REGEX
         "^([^/]|/[^/])*((^|[^A-Za-z0-9_])(v?f?printf|f?puts|putchar|perror) *\\(|[^A-Za-z0-9_](cout|cerr|clog)([^A-Za-z0-9_]|$)|<iostream>|<print>)")
    foreach(line IN LISTS lines)
        string(APPEND problems "\n  a header that prints, rd4ad/${header}: ${line}")
    endforeach()
endforeach()

# Twins.
foreach(header IN LISTS headers)
    file(READ ${include}/${header} text LIMIT 400)
    string(REGEX MATCHALL "tests/[a-z0-9_/]+(\\.cpp)?" tests "${text}")
    foreach(test IN LISTS tests)
        if(NOT EXISTS ${root}/${test})
            string(APPEND problems "\n  missing test of rd4ad/${header}: ${test}")
        endif()
    endforeach()
endforeach()

if(problems)
    message(FATAL_ERROR "The library's layers:${problems}")
endif()
