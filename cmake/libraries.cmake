# What effnet leaves to well-kept libraries of the distribution.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# The library's own needs, by their pkg-config names; effnet.pc and effnetConfig.cmake repeat this list for static linking.
set(effnet_requires libjpeg spng libwebp zlib jansson nettle)
add_library(effnet_libraries INTERFACE)
foreach(module ${effnet_requires})
  pkg_check_modules(${module} REQUIRED QUIET IMPORTED_TARGET ${module})
  target_link_libraries(effnet_libraries INTERFACE PkgConfig::${module})
endforeach()
target_link_libraries(effnet_libraries INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})

# Optional, for some commands, and loaded by these at run time. EFFNET_HAVE_CURL and EFFNET_HAVE_CAIRO are 1 or 0 for the files
# in tools/, EFFNET_HAVE_MPI chooses a file of src/train/ranks/.
function(find_optional module have what package)
  pkg_check_modules(${module} QUIET IMPORTED_TARGET ${module})
  if(${module}_FOUND)
    set(${have} 1 PARENT_SCOPE)
  else()
    set(${have} 0 PARENT_SCOPE)
    message(STATUS "${module} not found: ${what} left out (Debian package: ${package})")
  endif()
endfunction()
find_optional(libcurl EFFNET_HAVE_CURL "`effnet pull` is" libcurl4-openssl-dev)
find_optional(cairo EFFNET_HAVE_CAIRO "plots are" libcairo2-dev)
find_optional(ompi-c EFFNET_HAVE_MPI "training on several machines is" libopenmpi-dev)
