/* store/async_postgres_none.c: in a build without libpq's header submitted queries learn from the driver what is
 * missing. */
#include "store/async_int.h"

const qni_async_engine qni_async_postgres = {.one_thread = true, .body = qni_async_work};
