/* db_postgres.h: what the files of the test of PostgreSQL's driver share. All run beside the server of
 * scripts/postgres. */
#ifndef QUERN_TEST_DB_POSTGRES_H
#define QUERN_TEST_DB_POSTGRES_H

#include <quern/db.h>

/* A connection to the server's database; NULL options are the defaults. */
qn_db *test_connect(const qn_db_options *options);

/* Runs statements that must work. */
void test_run(qn_db *db, const char *sql);

/* The whole number in the first column of a query's only row. */
int64_t test_number(qn_db *db, const char *sql);

/* What psql prints for the texts (count), one after another in a session whose zone is UTC and whose dates are ISO:
 * unaligned, tuples only. The line of a text is at lines[i] in what is returned; free both. */
char *test_psql(char **lines, const char *const *texts, int64_t count);

/* Runs the tests of db_postgres_types.c: how many failed. */
int test_types(void);

#endif
