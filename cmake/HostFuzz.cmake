# The fuzz tree has no host/, but some of host/ parses what others send or edit: that is fuzzed there all the same.
#
# hearth_host_fuzz(module stem SOURCES file … [HEADERS module …] [DEPS module …])
# makes fuzz_<module>_<stem> of src/host/<module>/<stem>_fuzz.cpp and of those files below src/host alone; HEADERS are
# modules of host/ that lend a header and nothing to link.
find_package(nlohmann_json REQUIRED)

function(hearth_host_fuzz module stem)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  set(name fuzz_${module}_${stem})
  list(TRANSFORM arg_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/src/host/)
  list(TRANSFORM arg_DEPS PREPEND hearth_)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/src/host/${module}/${stem}_fuzz.cpp ${arg_SOURCES})
  set(owners ${arg_HEADERS})
  foreach(source ${arg_SOURCES})
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME owner)
    list(APPEND owners ${owner})
  endforeach()
  list(REMOVE_DUPLICATES owners)
  foreach(owner ${owners})
    set(folder ${PROJECT_SOURCE_DIR}/src/host/${owner})
    set(include ${PROJECT_BINARY_DIR}/include/${owner})
    file(MAKE_DIRECTORY ${include}/hearth)
    file(CREATE_LINK ${folder} ${include}/hearth/${owner} SYMBOLIC)
    target_include_directories(${name} PRIVATE ${include})
  endforeach()
  target_link_libraries(${name} PRIVATE hearth_options hearth_base ${arg_DEPS} nlohmann_json::nlohmann_json)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  # Where tools/fuzz.sh looks.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/src/host/${module})
endfunction()

hearth_host_fuzz(sandbox order SOURCES sandbox/order.cpp sandbox/manifest.cpp sandbox/file.cpp HEADERS loop)
hearth_host_fuzz(sandbox manifest SOURCES sandbox/order.cpp sandbox/manifest.cpp sandbox/file.cpp HEADERS loop)
hearth_host_fuzz(probe bundle SOURCES probe/bundle.cpp DEPS codec crypto)
hearth_host_fuzz(tunnel box SOURCES tunnel/box.cpp appliance/file.cpp DEPS codec crypto identity peer)
