/* conformance.h: behaviours that all databases share, and where one differs by its nature.
 *
 * A behaviour is a sentence, a test, and for each database that differs the sentence that says how. The test asks
 * differs() and then shows what the sentence says: one that has a sentence and was not asked, or was asked and has
 * none, fails. Each test finds an empty database in `db`. */
#ifndef QUERN_TEST_CONFORMANCE_H
#define QUERN_TEST_CONFORMANCE_H

#include "harness/harness.h"

#include <quern/db.h>

typedef enum database {
    SQLITE,
    MEMORY,
    DUCKDB,
    POSTGRES,
    DATABASES,
} database;

typedef struct behaviour {
    const char *sentence;
    void (*test)(void);
    const char *differs[DATABASES]; /* NULL: it does not */
} behaviour;

typedef struct theme {
    const char *title;
    const behaviour *behaviours;
    int count;
} theme;
#define THEME(title, list)                                   \
    {                                                        \
        title, list, (int)(sizeof(list) / sizeof((list)[0])) \
    }

extern const theme theme_opening, theme_values, theme_statements, theme_rows, theme_errors, theme_transactions,
    theme_insert, theme_connections;

/* SQLite's sentence counts for the memory, which is SQLite as well. */
#define SQLITE_DIFFERS(sentence) [SQLITE] = (sentence), [MEMORY] = (sentence)

/* ---- what runs ---- */

extern database on;
extern qn_db *db;

/* Whether the database differs in the behaviour that is tested. */
bool differs(void);

/* The URL of the database that is tested; and of one beside it that is not there (any number of them). */
const char *url_here(void);
const char *url_missing(char out[600]);

/* A further connection to the same database; closed after the test. options NULL: the defaults. */
qn_db *another(const qn_db_options *options);
qn_db *open_url(const char *url, const qn_db_options *options);

/* Closes what keeps the database open beside `db` and the test's own connections. */
void close_keeper(void);

/* ---- statements that must work ---- */

void run(const char *sql);                                               /* a script, on db */
void run_on(qn_db *which, const char *sql);                              /* the same */
int64_t execute(const char *sql, const qn_value *params, int64_t count); /* rows changed */
int64_t number(const char *sql);                                         /* of the first row and column */
int64_t number_on(qn_db *which, const char *sql);
double real(const char *sql);
/* The first row and column; its text is kept until the next call. */
qn_value first(const char *sql, const qn_value *params, int64_t count);
qn_table *table_of(const char *sql);
void text_is(const qn_value *value, qn_value_type type, const char *text);

/* ---- statements that must not ---- */

/* Runs a statement on db that fails with this status, and leaves what it says in `failure`. */
extern qn_error failure;
void refused(qn_status status, const char *sql, const qn_value *params, int64_t count);
void status_is(qn_status got, qn_status wanted, const char *what);
/* The message holds the database's own text, and native its code. */
void is_the_databases_own(void);

/* ---- words in which dialects differ ---- */

const char *bytes_type(void);   /* BYTEA or BLOB */
const char *instant_type(void); /* a timestamp that knows its zone */
/* What stands behind FROM for the whole numbers 1 … count in a column i. */
const char *series(char out[200], int64_t count);
/* A query of so many rows, one of which fails with QN_DATA. */
void fails_at(char out[400], int64_t row, int64_t count);
/* A query that takes hours and little memory. */
const char *endless(void);

/* A table of rows to insert, from CSV. types: "x=f64,when=date" or NULL. */
qn_table *rows_of(const char *csv, const char *types);

#endif
