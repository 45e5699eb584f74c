# One static library per layer, one test program per layer that has tests.

add_library(alkali_options INTERFACE)
target_include_directories(alkali_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(alkali_options INTERFACE -Wall -Wextra -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on "literal" + std::string: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
  target_compile_options(alkali_options INTERFACE -Wno-restrict)
endif()
if(ALKALI_WARNINGS_AS_ERRORS)
  target_compile_options(alkali_options INTERFACE -Werror)
endif()
if(ALKALI_SANITIZE)
  target_compile_options(alkali_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(alkali_options INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Sanitizers hide from GCC what it needs to see that std::regex is initialised.
    target_compile_options(alkali_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
target_link_libraries(alkali_options INTERFACE Eigen3::Eigen fmt::fmt OpenMP::OpenMP_CXX Threads::Threads)

# alkali_unity(TARGET FILES): its sources are compiled so many at a time, which halves the time of a build from nothing. What is
# private to a source (an unnamed namespace) has a name of its own within its layer therefore.
function(alkali_unity target size)
  if(ALKALI_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  endif()
endfunction()

# alkali_optimise(TARGET LEVEL): less than the release build's -O3, for what takes no time to run but some to compile.
function(alkali_optimise target level)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O${level}>)
endfunction()

if(ALKALI_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# alkali_tests(NAME sources... LIBRARIES libs...): one GoogleTest program, its cases known to ctest one by one.
# Cases whose suite name starts with "Slow" get the label "slow" and are left out of `make test`.
function(alkali_tests name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE ALKALI_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ALKALI_BINARY_DIR="${CMAKE_BINARY_DIR}")
  alkali_unity(${name} 8)
  alkali_optimise(${name} 1)
  set(environment)
  if(ALKALI_SANITIZE)
    # The MEAM driver of openkim-models frees arrays of new[] with delete; that is not ours to find.
    set(environment ENVIRONMENT "ASAN_OPTIONS=alloc_dealloc_mismatch=0")
  endif()
  gtest_discover_tests(${name} TEST_FILTER -Slow* DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 ${environment})
  gtest_discover_tests(${name} TEST_FILTER Slow* TEST_PREFIX slow. TEST_LIST ${name}_slow DISCOVERY_TIMEOUT 60 PROPERTIES LABELS slow TIMEOUT 7200)
endfunction()

# alkali_layer(NAME DEPENDS lower layers... LIBRARIES external... UNITY files)
# UNITY: sources compiled at a time, 8 unless told; 1 where they say the same of different things.
# takes every .cpp below the layer's folder except those in tests/ and plugin/ (shared objects loaded on demand).
function(alkali_layer layer)
  cmake_parse_arguments(ARG "" "UNITY" "DEPENDS;LIBRARIES" ${ARGN})
  if(NOT DEFINED ARG_UNITY)
    set(ARG_UNITY 8)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/(tests|plugin)/")
  set(dependencies alkali_options ${ARG_LIBRARIES})
  foreach(lower ${ARG_DEPENDS})
    list(APPEND dependencies alkali_${lower})
  endforeach()
  if(sources)
    add_library(alkali_${layer} STATIC ${sources})
    target_link_libraries(alkali_${layer} PUBLIC ${dependencies})
    alkali_unity(alkali_${layer} ${ARG_UNITY})
  else()
    add_library(alkali_${layer} INTERFACE)
    target_link_libraries(alkali_${layer} INTERFACE ${dependencies})
  endif()
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*/tests/*.cpp)
  list(REMOVE_DUPLICATES tests)
  if(ALKALI_TESTS AND tests)
    alkali_tests(test_${layer} SOURCES ${tests} LIBRARIES alkali_${layer})
  endif()
endfunction()
