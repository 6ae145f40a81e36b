/* store/postgres_none.c: a build without libpq's header knows its URLs, and says what is missing. */
#include "store/store_int.h"

#include "base/library.h"

static qn_status open_none(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err)
{
    (void)base;
    (void)url;
    *out = NULL;
    return qni_library_functions(NULL, QNI_LIBRARY_POSTGRES, NULL, 0, err);
}

const qni_driver qni_driver_postgres = {.name = "postgres", .open = open_none};
