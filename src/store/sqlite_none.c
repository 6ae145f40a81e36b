/* store/sqlite_none.c: a build without SQLite's header knows its URLs, and says what is missing. */
#include "store/store_int.h"

#include "base/library.h"

static qn_status open_none(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err)
{
    (void)base;
    (void)url;
    *out = NULL;
    return qni_library_functions(NULL, QNI_LIBRARY_SQLITE, NULL, 0, err);
}

const qni_driver qni_driver_sqlite = {.name = "sqlite", .open = open_none};
const qni_driver qni_driver_memory = {.name = "memory", .open = open_none};
