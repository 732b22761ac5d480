# The two libraries, both from the same objects.

add_library(effnet_shared SHARED $<TARGET_OBJECTS:effnet_objects>)
add_library(effnet::effnet ALIAS effnet_shared)
set_target_properties(effnet_shared PROPERTIES OUTPUT_NAME effnet EXPORT_NAME effnet LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_include_directories(effnet_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(effnet_shared PRIVATE effnet_options effnet_libraries)
if(NOT EFFNET_SANITIZE AND NOT EFFNET_FUZZ)
  # clang keeps the sanitizers' symbols for the program, so only a plain build can ask for this.
  target_link_options(effnet_shared PRIVATE -Wl,--no-undefined)
endif()

# An archive cannot hide what one of its objects needs of another. So the objects are first joined into one, and then every
# hidden symbol is made local: only effnet_* names reach the program that links it.
set(joined ${CMAKE_CURRENT_BINARY_DIR}/effnet_joined.o)
add_custom_command(OUTPUT ${joined}
  COMMAND ${CMAKE_LINKER} -r -o ${joined} $<TARGET_OBJECTS:effnet_objects>
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${joined}
  DEPENDS effnet_objects $<TARGET_OBJECTS:effnet_objects>
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Joining the library's objects")
set_source_files_properties(${joined} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_library(effnet_static STATIC ${joined})
add_library(effnet::effnet_static ALIAS effnet_static)
set_target_properties(effnet_static PROPERTIES OUTPUT_NAME effnet LINKER_LANGUAGE C)
target_include_directories(effnet_static INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(effnet_static INTERFACE
  $<BUILD_INTERFACE:effnet_libraries> $<INSTALL_INTERFACE:effnet::dependencies>)
