/* harness/duckdb.c: see duckdb.h. */
#include "harness/duckdb.h"

#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>

bool test_duckdb_load(void)
{
    qn_error err = qn_error_none();
    void *python = dlopen("libpython3.11.so.1.0", RTLD_NOW | RTLD_GLOBAL); /* stays open */
    if (qni_library_functions(NULL, QNI_LIBRARY_DUCKDB, NULL, 0, &err) == QN_OK)
        return true;
    printf("SKIPPED: nothing is tested with DuckDB here: %s%s\n", err.message,
           python == NULL ? " (there is no libpython3.11.so.1.0 either)" : "");
    return false;
}
