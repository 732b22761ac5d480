# make install: the command, both libraries, the header, package files, the default model, manual pages, completion.
# Every file that names another does so relative to its own place, so the tree may be moved, or staged with DESTDIR.
include(CMakePackageConfigHelpers)

set(effnet_cmakedir ${CMAKE_INSTALL_LIBDIR}/cmake/effnet)
set(effnet_pcdir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
list(JOIN effnet_requires " " effnet_pc_requires)

install(TARGETS effnet RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS effnet_shared EXPORT effnetShared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS effnet_static EXPORT effnetStatic ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/effnet.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(EXPORT effnetShared NAMESPACE effnet:: DESTINATION ${effnet_cmakedir})
install(EXPORT effnetStatic NAMESPACE effnet:: DESTINATION ${effnet_cmakedir})
configure_package_config_file(cmake/effnetConfig.cmake.in effnetConfig.cmake INSTALL_DESTINATION ${effnet_cmakedir})
write_basic_package_version_file(effnetConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/effnetConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/effnetConfigVersion.cmake
  DESTINATION ${effnet_cmakedir})

file(RELATIVE_PATH effnet_pc_prefix /${effnet_pcdir} /)
string(REGEX REPLACE "/$" "" effnet_pc_prefix "${effnet_pc_prefix}")
configure_file(cmake/effnet.pc.in effnet.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/effnet.pc DESTINATION ${effnet_pcdir})

install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/effnet/models)
install(FILES man/effnet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES man/effnet.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES completion/effnet.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME effnet)
install(FILES LICENSE NOTICE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
