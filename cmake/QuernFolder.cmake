# qn_folder(NAME SOURCES files… [NEEDS folders…] [LIBRARIES targets…]): src/NAME as the static library quern_NAME.
# NEEDS may name lower floors only; scripts/check verifies that the includes agree. LIBRARIES are foreign ones; QuernLibrary and the
# installed packages learn of them from here.
function(qn_folder name)
  cmake_parse_arguments(folder "" "" "SOURCES;NEEDS;LIBRARIES" ${ARGN})
  add_library(quern_${name} STATIC ${folder_SOURCES})
  list(TRANSFORM folder_NEEDS PREPEND quern_)
  target_link_libraries(quern_${name} PUBLIC ${folder_NEEDS} PRIVATE quern_flags PUBLIC ${folder_LIBRARIES})
  target_include_directories(quern_${name} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  set_property(GLOBAL APPEND PROPERTY QUERN_FOLDERS ${name})
  if(NOT name STREQUAL "cli")
    set_property(GLOBAL APPEND PROPERTY QUERN_LIBRARIES ${folder_LIBRARIES})
  endif()
endfunction()
