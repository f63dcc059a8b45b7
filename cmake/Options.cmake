# Warnings, sanitizers and hardening for everything written here: link hearth_options.
add_library(hearth_options INTERFACE)
target_compile_options(hearth_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Designated initialisers may leave members at their defaults: that is what they are for.
  target_compile_options(hearth_options INTERFACE -Wno-missing-field-initializers)
  # g++ 12 sees impossible sizes in the comparison of two vectors of bytes.
  target_compile_options(hearth_options INTERFACE -Wno-stringop-overread)
else()
  target_compile_options(hearth_options INTERFACE -Wno-missing-designated-field-initializers
    -Wno-missing-field-initializers)
endif()
# Errors with the compilers that this is written with; another one's new warnings stop nobody.
if(HEARTH_WERROR AND (CMAKE_CXX_COMPILER_ID MATCHES "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13))
  target_compile_options(hearth_options INTERFACE -Werror)
endif()
if(HEARTH_SANITIZE)
  target_compile_options(hearth_options INTERFACE -fsanitize=${HEARTH_SANITIZE}
    -fno-sanitize-recover=all)
  target_link_options(hearth_options INTERFACE -fsanitize=${HEARTH_SANITIZE})
endif()
if(HEARTH_FUZZ)
  target_compile_options(hearth_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(hearth_options INTERFACE -fstack-protector-strong -fcf-protection)
  target_compile_definitions(hearth_options INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(hearth_options INTERFACE -Wl,-z,relro,-z,now)
endif()
