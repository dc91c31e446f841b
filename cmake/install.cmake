# Installs the headers, the CMake package and the built-in teacher. cli/CMakeLists.txt installs the command.
include(CMakePackageConfigHelpers)

set(rd4ad_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rd4ad)
set(rd4ad_data_dir ${CMAKE_INSTALL_DATADIR}/rd4ad)
foreach(component IN ITEMS core xtensor export onednn thrust mpi rd4ad)
    set_target_properties(rd4ad_${component} PROPERTIES EXPORT_NAME ${component})
endforeach()
install(TARGETS rd4ad_core rd4ad_xtensor rd4ad_export rd4ad_onednn rd4ad_thrust rd4ad_mpi rd4ad_rd4ad EXPORT rd4adTargets FILE_SET HEADERS)
set(rd4ad_arch_independent ARCH_INDEPENDENT)
set(rd4ad_compiled_components "")  # the optional libraries and backends that rd4ad::compiled calls
if(RD4AD_COMPILED)
    foreach(format IN ITEMS jpeg tiff webp)
        get_target_property(definitions rd4ad::third_party_${format} INTERFACE_COMPILE_DEFINITIONS)
        if(definitions)
            list(APPEND rd4ad_compiled_components ${format})
        endif()
    endforeach()
    if(RD4AD_ONEDNN)
        list(APPEND rd4ad_compiled_components onednn)
    endif()
    if(RD4AD_THRUST)
        list(APPEND rd4ad_compiled_components thrust)
    endif()
    set_target_properties(rd4ad_compiled PROPERTIES EXPORT_NAME compiled)
    set_target_properties(rd4ad_c PROPERTIES EXPORT_NAME c)
    install(TARGETS rd4ad_compiled rd4ad_c EXPORT rd4adTargets FILE_SET HEADERS)
    file(RELATIVE_PATH rd4ad_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # an installation can be moved
    configure_file(${CMAKE_CURRENT_LIST_DIR}/rd4ad.pc.in ${PROJECT_BINARY_DIR}/rd4ad.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/rd4ad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
    set(rd4ad_arch_independent "")
endif()
install(EXPORT rd4adTargets NAMESPACE rd4ad:: DESTINATION ${rd4ad_cmake_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rd4adConfig.cmake.in ${PROJECT_BINARY_DIR}/rd4adConfig.cmake
                              INSTALL_DESTINATION ${rd4ad_cmake_dir} PATH_VARS rd4ad_data_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rd4adConfigVersion.cmake COMPATIBILITY SameMajorVersion ${rd4ad_arch_independent})
install(FILES ${PROJECT_BINARY_DIR}/rd4adConfig.cmake ${PROJECT_BINARY_DIR}/rd4adConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/rd4adDependencies.cmake DESTINATION ${rd4ad_cmake_dir})

if(EXISTS ${PROJECT_SOURCE_DIR}/share/rd4ad)
    install(DIRECTORY share/rd4ad/ DESTINATION ${rd4ad_data_dir})
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
