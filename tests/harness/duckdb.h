/* harness/duckdb.h: makes a DuckDB ready for a test. */
#ifndef QUERN_TEST_DUCKDB_H
#define QUERN_TEST_DUCKDB_H

#include <stdbool.h>

/* Whether databases of DuckDB's can be opened in this process; where not, says loudly what is skipped. To be called
 * before the first of them: what scripts/duckdb fetches is a module of Python's and needs its functions, which this
 * opens for all. */
bool test_duckdb_load(void);

#endif
