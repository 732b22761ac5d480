# Compiler settings that every target shares. No -ffast-math and no contraction: a fused multiply-add happens only where a
# kernel asks for one, so results do not depend on the compiler.
add_library(effnet_options INTERFACE)
target_compile_options(effnet_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -ffp-contract=off
  -Wno-string-conversion) # clang's word against assert(!"text")
if(EFFNET_WERROR)
  target_compile_options(effnet_options INTERFACE -Werror)
endif()
if(EFFNET_SANITIZE)
  # Undefined behaviour ends the program; without that it would only be printed, and its test pass.
  target_compile_options(effnet_options INTERFACE
    -fsanitize=${EFFNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(effnet_options INTERFACE -fsanitize=${EFFNET_SANITIZE})
endif()
if(EFFNET_FUZZ)
  # Edge counters in the library itself; only the fuzz targets get libFuzzer's main.
  target_compile_options(effnet_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(effnet_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(EFFNET_COVERAGE)
  target_compile_options(effnet_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(effnet_options INTERFACE --coverage)
endif()
