# Libraries that every build has, and the optional parts. An optional part is AUTO (used where found), ON (must be found) or OFF.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

# quern_part(NAME pkg-config-module "what it is for"): sets QUERN_HAVE_NAME and the target PkgConfig::NAME.
function(quern_part name module purpose)
  set(QUERN_${name} AUTO CACHE STRING "${purpose}: AUTO, ON or OFF")
  set_property(CACHE QUERN_${name} PROPERTY STRINGS AUTO ON OFF)
  set(have 0)
  if(NOT QUERN_${name} STREQUAL "OFF")
    pkg_check_modules(${name} IMPORTED_TARGET GLOBAL ${module})
    if(${name}_FOUND)
      set(have 1)
    elseif(QUERN_${name} STREQUAL "ON")
      message(FATAL_ERROR "QUERN_${name}=ON but ${module} was not found (${purpose})")
    endif()
  endif()
  set(QUERN_HAVE_${name} ${have} PARENT_SCOPE)
endfunction()

# Headers only: the libraries themselves are opened on first use (src/base/library.h).
quern_part(CAIRO cairo "plots as SVG and PNG")
quern_part(ZLIB zlib "gzip-compressed files")
quern_part(SQLITE sqlite3 "SQLite databases, and those in memory")
quern_part(POSTGRES libpq "PostgreSQL databases")
quern_part(ZIP libzip "archives of arrays (.npz)")
quern_part(REDIS hiredis "caches shared by machines")
