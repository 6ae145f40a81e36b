# qn_folder(NAME SOURCES files… [NEEDS folders…] [LIBRARIES targets…]): src/NAME as the static library quern_NAME.
# NEEDS may name lower floors only; scripts/check verifies that the includes agree.
function(qn_folder name)
  cmake_parse_arguments(folder "" "" "SOURCES;NEEDS;LIBRARIES" ${ARGN})
  add_library(quern_${name} STATIC ${folder_SOURCES})
  list(TRANSFORM folder_NEEDS PREPEND quern_)
  target_link_libraries(quern_${name} PUBLIC ${folder_NEEDS} PRIVATE quern_flags PUBLIC ${folder_LIBRARIES})
  target_include_directories(quern_${name} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
endfunction()
