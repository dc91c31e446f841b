# Finds cpp-httplib as httplib::httplib; without it there is no such target. Conan's and upstream's has a CMake package. Debian's states
# in its pkg-config file the options that it was compiled with, which change its classes.
find_package(httplib CONFIG QUIET)
if(NOT TARGET httplib::httplib)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(cpp-httplib QUIET IMPORTED_TARGET GLOBAL cpp-httplib)
        if(cpp-httplib_FOUND)
            add_library(httplib::httplib ALIAS PkgConfig::cpp-httplib)
        endif()
    endif()
endif()
