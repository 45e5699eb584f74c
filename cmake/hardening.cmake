# What makes faults that are left harder to exploit, as Debian builds its packages: tables of functions that are read-only once the program
# runs (RELRO, resolved at its start), checks of the stack's end and of copies whose room is known, code at places of its own (PIE).
# The kernels read nothing foreign, and a few nanoseconds count there: they are left without checks of the stack. Whoever changes this
# looks at `alkali benchmark` before and after.
option(ALKALI_HARDENING "Compile and link with the hardening flags of Debian" ON)
set(hot_targets alkali_kernels)

set(ALKALI_HARDENED OFF)
if(ALKALI_HARDENING AND NOT ALKALI_SANITIZE AND NOT ALKALI_FUZZ AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(ALKALI_HARDENED ON)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
  target_compile_options(alkali_options INTERFACE $<$<NOT:$<IN_LIST:$<TARGET_PROPERTY:NAME>,${hot_targets}>>:-fstack-protector-strong>)
  # Needs optimisation, or the C library warns.
  target_compile_options(alkali_options INTERFACE $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
  target_link_options(alkali_options INTERFACE -Wl,-z,relro,-z,now)
endif()
