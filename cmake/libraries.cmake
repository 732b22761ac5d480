# What effnet leaves to well-kept libraries of the distribution.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(SPNG REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(MD REQUIRED IMPORTED_TARGET libmd)

add_library(effnet_libraries INTERFACE)
target_link_libraries(effnet_libraries INTERFACE
  PkgConfig::JPEG PkgConfig::SPNG PkgConfig::WEBP PkgConfig::ZLIB PkgConfig::JANSSON PkgConfig::MD Threads::Threads m)
