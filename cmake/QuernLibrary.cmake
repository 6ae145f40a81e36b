# libquern, made of the objects of every folder of src/ but the command's. Both libraries show qn_ names and no others: the shared one by its
# version script, the static one because its objects are joined into one whose hidden names are made local.
get_property(folders GLOBAL PROPERTY QUERN_FOLDERS)
list(REMOVE_ITEM folders cli)
get_property(foreign GLOBAL PROPERTY QUERN_LIBRARIES)
list(APPEND foreign m)
list(REMOVE_DUPLICATES foreign)
list(TRANSFORM folders REPLACE "(.+)" "$<TARGET_OBJECTS:quern_\\1>" OUTPUT_VARIABLE objects)

# SOVERSION is raised with every change after which a program that is already compiled might not run (scripts/abi tells), and for no other
# reason; QUERN_0 in quern.map goes with it. See docs/upgrade.md.
add_library(quern_shared SHARED ${objects})
set_target_properties(quern_shared PROPERTIES
  OUTPUT_NAME quern EXPORT_NAME quern VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE C
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/quern.map)
target_link_libraries(quern_shared PRIVATE $<BUILD_INTERFACE:quern_flags> ${foreign})
# nodelete: threads that outlive a dlclose still call what hears of their end (base/thread.c).
target_link_options(quern_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/quern.map -Wl,-z,nodelete)
if(NOT QUERN_SANITIZE AND NOT QUERN_FUZZ) # the sanitizers' own names are resolved in the program
  target_link_options(quern_shared PRIVATE -Wl,-z,defs)
endif()

set(joined ${PROJECT_BINARY_DIR}/quern.o)
add_custom_command(OUTPUT ${joined}
  COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${joined} ${objects}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${joined}
  DEPENDS ${objects} COMMENT "Joining the objects of libquern.a" COMMAND_EXPAND_LISTS VERBATIM)
set_source_files_properties(${joined} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
add_library(quern_static STATIC ${joined})
set_target_properties(quern_static PROPERTIES OUTPUT_NAME quern LINKER_LANGUAGE C)
target_link_libraries(quern_static PRIVATE ${foreign})

foreach(library quern_shared quern_static)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
