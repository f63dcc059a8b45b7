# The fuzz tree has no host/; what root parses is fuzzed there all the same.
set(sandbox_include ${PROJECT_BINARY_DIR}/include/sandbox)
file(MAKE_DIRECTORY ${sandbox_include}/hearth)
file(CREATE_LINK ${CMAKE_CURRENT_LIST_DIR} ${sandbox_include}/hearth/sandbox SYMBOLIC)
find_package(nlohmann_json REQUIRED)
foreach(stem order manifest)
  add_executable(fuzz_sandbox_${stem} ${CMAKE_CURRENT_LIST_DIR}/${stem}_fuzz.cpp
    ${CMAKE_CURRENT_LIST_DIR}/order.cpp ${CMAKE_CURRENT_LIST_DIR}/manifest.cpp ${CMAKE_CURRENT_LIST_DIR}/file.cpp)
  target_include_directories(fuzz_sandbox_${stem} PRIVATE ${sandbox_include})
  target_link_libraries(fuzz_sandbox_${stem} PRIVATE hearth_options hearth_base nlohmann_json::nlohmann_json)
  target_link_options(fuzz_sandbox_${stem} PRIVATE -fsanitize=fuzzer)
endforeach()
