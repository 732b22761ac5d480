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
target_link_libraries(effnet_libraries INTERFACE Threads::Threads m)

# Optional, for one command each. EFFNET_HAVE_CURL is 1 or 0 for the files in tools/.
pkg_check_modules(libcurl QUIET IMPORTED_TARGET libcurl)
if(libcurl_FOUND)
  set(EFFNET_HAVE_CURL 1)
else()
  set(EFFNET_HAVE_CURL 0)
  message(STATUS "libcurl not found: `effnet pull` is left out (Debian package: libcurl4-openssl-dev)")
endif()
