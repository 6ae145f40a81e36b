/* bench/dbread.c: how fast does a query's result become a table of doubles? Ten million of them, in ten columns and in
 * one, by qn_db_query_table, beside row at a time through each database's own library, which is taken to be the plain
 * way that its documentation shows, row after row and cell after cell:
 *    PostgreSQL  PQexec, then PQgetvalue and strtod of each cell
 *    DuckDB      duckdb_query, then duckdb_value_double for each cell
 *    SQLite      sqlite3_step, sqlite3_column_double
 * and beside faster ways to read row by row that take more care:
 *    PostgreSQL  single-row mode in text; single-row mode with binary results
 *    DuckDB      chunks, whose cells are read row by row
 * For PostgreSQL also COPY TO STDOUT in binary, whose rows are dropped as they come: about the server alone, which no
 * way of reading can beat.
 * And for information how fast a table goes in: qn_db_insert beside a prepared INSERT for each row, all in one
 * transaction.
 *
 * The doubles are fractions k/1000003, which have 16 or 17 digits as measured ones do, and stand in a table made
 * before: for PostgreSQL one that is unlogged and was vacuumed, so that a query does nothing but read and send it.
 *
 * Run as `scripts/postgres build/…/bench_dbread`, with QUERN_DUCKDB_LIB where DuckDB is. --only sqlite|duckdb|postgres
 * takes one database, --doubles N less than ten million; both stand before the other arguments. Peers keep what they
 * read in columns that double as they grow, as a plain program does. */
#include "bench/common.h"

#include <quern/db.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_dbread: %s: %s\n", what, why);
    exit(1);
}

/* ---- what a reader keeps ---- */

enum {
    WIDE = 10 /* most columns */
};

typedef struct sink {
    double *columns[WIDE];
    int64_t column_count, rows, capacity;
} sink;

static void grow(sink *s)
{
    s->capacity = s->capacity == 0 ? 1024 : 2 * s->capacity;
    for (int64_t c = 0; c < s->column_count; c++) {
        s->columns[c] = realloc(s->columns[c], (size_t)s->capacity * sizeof(double));
        if (s->columns[c] == NULL)
            die("a peer", "no memory");
    }
}

/* ---- the peers' functions, as their documentation declares them ---- */

typedef struct pg_conn pg_conn;
typedef struct pg_result pg_result;
static struct {
    pg_conn *(*PQconnectdb)(const char *);
    int (*PQstatus)(const pg_conn *);
    pg_result *(*PQexec)(pg_conn *, const char *);
    int (*PQsendQueryParams)(pg_conn *, const char *, int, const unsigned *, const char *const *, const int *,
                             const int *, int);
    int (*PQsetSingleRowMode)(pg_conn *);
    pg_result *(*PQgetResult)(pg_conn *);
    int (*PQntuples)(const pg_result *);
    char *(*PQgetvalue)(const pg_result *, int, int);
    int (*PQgetCopyData)(pg_conn *, char **, int);
    void (*PQfreemem)(void *);
    void (*PQclear)(pg_result *);
    void (*PQfinish)(pg_conn *);
} pq;

typedef struct duck_result { /* duckdb_result */
    uint64_t counts[3];
    void *fields[3];
} duck_result;
static struct {
    int (*duckdb_open)(const char *, void **);
    int (*duckdb_connect)(void *, void **);
    int (*duckdb_query)(void *, const char *, duck_result *);
    void (*duckdb_destroy_result)(duck_result *);
    uint64_t (*duckdb_row_count)(duck_result *);
    double (*duckdb_value_double)(duck_result *, uint64_t, uint64_t);
    void *(*duckdb_fetch_chunk)(duck_result);
    uint64_t (*duckdb_data_chunk_get_size)(void *);
    void *(*duckdb_data_chunk_get_vector)(void *, uint64_t);
    void *(*duckdb_vector_get_data)(void *);
    uint64_t *(*duckdb_vector_get_validity)(void *);
    void (*duckdb_destroy_data_chunk)(void **);
    void (*duckdb_disconnect)(void **);
    void (*duckdb_close)(void **);
} duck;

static struct {
    int (*sqlite3_open)(const char *, void **);
    int (*sqlite3_prepare_v2)(void *, const char *, int, void **, const char **);
    int (*sqlite3_step)(void *);
    double (*sqlite3_column_double)(void *, int);
    int (*sqlite3_finalize)(void *);
    int (*sqlite3_close)(void *);
} lite;

static const char *const pq_names[] = {"PQconnectdb",        "PQstatus",    "PQexec",    "PQsendQueryParams",
                                       "PQsetSingleRowMode", "PQgetResult", "PQntuples", "PQgetvalue",
                                       "PQgetCopyData",      "PQfreemem",   "PQclear",   "PQfinish"};
static const char *const duck_names[] = {"duckdb_open",
                                         "duckdb_connect",
                                         "duckdb_query",
                                         "duckdb_destroy_result",
                                         "duckdb_row_count",
                                         "duckdb_value_double",
                                         "duckdb_fetch_chunk",
                                         "duckdb_data_chunk_get_size",
                                         "duckdb_data_chunk_get_vector",
                                         "duckdb_vector_get_data",
                                         "duckdb_vector_get_validity",
                                         "duckdb_destroy_data_chunk",
                                         "duckdb_disconnect",
                                         "duckdb_close"};
static const char *const lite_names[] = {"sqlite3_open",          "sqlite3_prepare_v2", "sqlite3_step",
                                         "sqlite3_column_double", "sqlite3_finalize",   "sqlite3_close"};

/* Fills a struct of pointers, in the order of the names. */
static bool load(void *out, size_t size, const char *library, const char *const *names)
{
    void *handle = dlopen(library, RTLD_NOW);
    for (size_t i = 0; handle != NULL && i < size / sizeof(void *); i++) {
        void *function = dlsym(handle, names[i]);
        if (function == NULL)
            die(library, names[i]);
        memcpy((char *)out + i * sizeof(void *), &function, sizeof function);
    }
    return handle != NULL;
}

/* ---- a database under measurement ---- */

typedef struct subject {
    const char *name, *url;
    qn_db *db;
    void *native; /* the peer's own connection */
    const char *query;
    int64_t rows, columns;
    qn_table *table; /* to insert */
} subject;

static void must(qn_status s, const qn_error *err, const char *what)
{
    if (s != QN_OK)
        die(what, err->message);
}

static void script(const subject *s, const char *sql)
{
    qn_error err = qn_error_none();
    must(qn_db_script(s->db, sql, &err), &err, s->name);
}

static void read_ours(void *user)
{
    const subject *s = user;
    qn_error err = qn_error_none();
    qn_table *table;
    must(qn_db_query_table(&table, s->db, s->query, NULL, 0, &err), &err, s->name);
    if (qn_table_row_count(table) != s->rows || qn_table_f64(table, s->columns - 1) == NULL)
        die(s->name, "another number of rows, or no doubles");
    bench_keep(qn_table_f64(table, 0));
    qn_table_free(table);
}

static void finish(sink *k, const subject *s)
{
    if (k->rows != s->rows)
        die(s->name, "the peer has read another number of rows");
    bench_keep(k->columns[0]);
    for (int64_t c = 0; c < k->column_count; c++)
        free(k->columns[c]);
}

static double from_network(const char *bytes)
{
    uint64_t bits;
    double value;
    memcpy(&bits, bytes, sizeof bits);
    bits = __builtin_bswap64(bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void take_pq_row(sink *k, const pg_result *result, int row, bool binary)
{
    if (k->rows == k->capacity)
        grow(k);
    for (int c = 0; c < (int)k->column_count; c++) {
        const char *bytes = pq.PQgetvalue(result, row, c);
        k->columns[c][k->rows] = binary ? from_network(bytes) : strtod(bytes, NULL);
    }
    k->rows++;
}

static void read_pq_whole(void *user)
{
    const subject *s = user;
    sink k = {.column_count = s->columns};
    pg_result *result = pq.PQexec(s->native, s->query);
    for (int r = 0; r < pq.PQntuples(result); r++)
        take_pq_row(&k, result, r, false);
    pq.PQclear(result);
    finish(&k, s);
}

static void read_pq_rows(const subject *s, bool binary)
{
    sink k = {.column_count = s->columns};
    if (!pq.PQsendQueryParams(s->native, s->query, 0, NULL, NULL, NULL, NULL, binary) ||
        !pq.PQsetSingleRowMode(s->native))
        die(s->name, "the peer cannot ask");
    for (pg_result *result; (result = pq.PQgetResult(s->native)) != NULL; pq.PQclear(result))
        for (int r = 0; r < pq.PQntuples(result); r++)
            take_pq_row(&k, result, r, binary);
    finish(&k, s);
}

static void read_pq_text(void *user)
{
    read_pq_rows(user, false);
}

static void read_pq_binary(void *user)
{
    read_pq_rows(user, true);
}

/* What the server sends, dropped: a message for each row and one at the end. */
static void read_pq_copy(void *user)
{
    const subject *s = user;
    char sql[80], *row;
    int64_t messages = 0;
    (void)snprintf(sql, sizeof sql, "COPY read%lld TO STDOUT (FORMAT binary)", (long long)s->columns);
    pq.PQclear(pq.PQexec(s->native, sql));
    for (; pq.PQgetCopyData(s->native, &row, 0) > 0; messages++)
        pq.PQfreemem(row);
    for (pg_result *result; (result = pq.PQgetResult(s->native)) != NULL;)
        pq.PQclear(result);
    if (messages != s->rows + 1)
        die(s->name, "COPY has sent another number of rows");
}

static void duck_query(const subject *s, const char *sql, duck_result *out)
{
    if (duck.duckdb_query(s->native, sql, out) != 0)
        die(s->name, "the peer's query fails");
}

static void read_duck_cells(void *user)
{
    const subject *s = user;
    sink k = {.column_count = s->columns};
    duck_result result;
    duck_query(s, s->query, &result);
    for (uint64_t r = 0, rows = duck.duckdb_row_count(&result); r < rows; r++, k.rows++) {
        if (k.rows == k.capacity)
            grow(&k);
        for (int64_t c = 0; c < k.column_count; c++)
            k.columns[c][k.rows] = duck.duckdb_value_double(&result, (uint64_t)c, r);
    }
    duck.duckdb_destroy_result(&result);
    finish(&k, s);
}

static void read_duck_chunks(void *user)
{
    const subject *s = user;
    sink k = {.column_count = s->columns};
    duck_result result;
    duck_query(s, s->query, &result);
    for (void *chunk; (chunk = duck.duckdb_fetch_chunk(result)) != NULL; duck.duckdb_destroy_data_chunk(&chunk)) {
        for (uint64_t r = 0, rows = duck.duckdb_data_chunk_get_size(chunk); r < rows; r++, k.rows++) {
            if (k.rows == k.capacity)
                grow(&k);
            for (int64_t c = 0; c < k.column_count; c++) {
                void *vector = duck.duckdb_data_chunk_get_vector(chunk, (uint64_t)c);
                const uint64_t *valid = duck.duckdb_vector_get_validity(vector);
                const double *values = duck.duckdb_vector_get_data(vector);
                k.columns[c][k.rows] = valid == NULL || (valid[r / 64] >> (r % 64) & 1) != 0 ? values[r] : 0;
            }
        }
    }
    duck.duckdb_destroy_result(&result);
    finish(&k, s);
}

static void read_lite(void *user)
{
    const subject *s = user;
    sink k = {.column_count = s->columns};
    void *statement;
    if (lite.sqlite3_prepare_v2(s->native, s->query, -1, &statement, NULL) != 0)
        die(s->name, "the peer cannot prepare");
    while (lite.sqlite3_step(statement) == 100) {
        if (k.rows == k.capacity)
            grow(&k);
        for (int c = 0; c < (int)k.column_count; c++)
            k.columns[c][k.rows] = lite.sqlite3_column_double(statement, c);
        k.rows++;
    }
    (void)lite.sqlite3_finalize(statement);
    finish(&k, s);
}

/* ---- filling ---- */

/* `kind` is "TABLE", or what the database calls another kind of table. */
static char *make_sql(const subject *s, const char *kind, const char *from)
{
    static char sql[2000];
    int at = snprintf(sql, sizeof sql, "CREATE %s read%lld AS SELECT ", kind, (long long)s->columns);
    for (int64_t c = 0; c < s->columns; c++)
        at += snprintf(sql + at, sizeof sql - (size_t)at,
                       "%sCAST(CAST(i AS BIGINT) * 7919 %% 1000003 + %lld AS DOUBLE PRECISION) / 1000003 AS c%lld",
                       c > 0 ? ", " : "", (long long)c, (long long)c);
    (void)snprintf(sql + at, sizeof sql - (size_t)at, " FROM %s", from);
    return sql;
}

static void insert_ours(void *user)
{
    const subject *s = user;
    qn_error err = qn_error_none();
    script(s, "DELETE FROM written");
    must(qn_db_insert(s->db, "written", s->table, &err), &err, s->name);
}

static qn_status insert_each(void *user, qn_db *db, qn_error *err)
{
    const subject *s = user;
    qn_status status = QN_OK;
    for (int64_t r = 0; status == QN_OK && r < qn_table_row_count(s->table); r++) {
        const qn_value values[2] = {qn_value_f64(qn_table_f64(s->table, 0)[r]),
                                    qn_value_f64(qn_table_f64(s->table, 1)[r])};
        status = qn_db_execute(NULL, db, "INSERT INTO written VALUES ($1, $2)", values, 2, err);
    }
    return status;
}

static void insert_rows(void *user)
{
    const subject *s = user;
    qn_error err = qn_error_none();
    script(s, "DELETE FROM written");
    must(qn_db_transact(s->db, QN_DB_WRITE, insert_each, user, &err), &err, s->name);
}

static void set_rows(subject *s, int64_t rows)
{
    double *x = malloc((size_t)rows * sizeof *x);
    qn_error err = qn_error_none();
    if (x == NULL)
        die(s->name, "no memory");
    for (int64_t i = 0; i < rows; i++)
        x[i] = (double)i / 3;
    qn_table_free(s->table);
    must(qn_table_from_f64(&s->table, (const char *const[]){"x", "y"}, (const double *const[]){x, x}, 2, rows, NULL,
                           &err),
         &err, "a table");
    free(x);
}

static void measure_insert(bench *b, subject *s)
{
    char title[64];
    int64_t rows = b->quick ? 200 : 1000000, few = b->quick ? 200 : 100000;
    script(s, "CREATE TABLE written(x DOUBLE PRECISION, y DOUBLE PRECISION)");
    (void)snprintf(title, sizeof title, "%s in, %lld rows of 2", s->name, (long long)few);
    set_rows(s, few);
    (void)bench_compare(b, title, (bench_side){"quern", insert_ours, s},
                        (bench_side){"a prepared INSERT each", insert_rows, s}, (double)few, "rows");
    (void)snprintf(title, sizeof title, "%s in, %lld rows of 2", s->name, (long long)rows);
    set_rows(s, rows);
    (void)bench_measure(b, title, (bench_side){"quern", insert_ours, s}, (double)rows, "rows");
    script(s, "DROP TABLE written");
    qn_table_free(s->table);
    s->table = NULL;
}

/* ---- one database after the other ---- */

static void measure_read(bench *b, subject *s, const bench_side *peers, int peer_count)
{
    for (int i = 0; i < peer_count; i++) {
        char title[64];
        (void)snprintf(title, sizeof title, "%s, %lld rows of %lld", s->name, (long long)s->rows,
                       (long long)s->columns);
        (void)bench_compare(b, title, (bench_side){"quern", read_ours, s}, peers[i], (double)(s->rows * s->columns),
                            "doubles");
    }
}

static int64_t doubles = 10000000; /* that a query gives */

static void set_shape(const bench *b, subject *s, bool wide)
{
    s->columns = wide ? WIDE : 1;
    s->rows = (b->quick ? 10000 : doubles) / s->columns;
    s->query = wide ? "SELECT * FROM read10" : "SELECT * FROM read1";
}

static void open_ours(subject *s)
{
    qn_error err = qn_error_none();
    must(qn_db_open(&s->db, s->url, NULL, &err), &err, s->name);
}

static void measure_postgres(bench *b)
{
    subject s = {.name = "PostgreSQL", .url = getenv("QUERN_TEST_POSTGRES")};
    if (s.url == NULL || !load(&pq, sizeof pq, "libpq.so.5", pq_names)) {
        bench_no_peer("PostgreSQL (started by scripts/postgres)", "postgresql-15 libpq5");
        return;
    }
    open_ours(&s);
    s.native = pq.PQconnectdb(s.url);
    if (pq.PQstatus(s.native) != 0)
        die(s.name, "the peer cannot connect");
    for (int wide = 1; wide >= 0; wide--) {
        char from[80];
        set_shape(b, &s, wide);
        (void)snprintf(from, sizeof from, "generate_series(1, %lld) AS n(i)", (long long)s.rows);
        script(&s, make_sql(&s, "UNLOGGED TABLE", from));
        script(&s, wide ? "VACUUM ANALYZE read10" : "VACUUM ANALYZE read1");
        const bench_side peers[] = {{"PQexec, text, strtod", read_pq_whole, &s},
                                    {"single rows, text, strtod", read_pq_text, &s},
                                    {"single rows, binary", read_pq_binary, &s},
                                    {"COPY, binary, dropped", read_pq_copy, &s}};
        measure_read(b, &s, peers, 4);
        script(&s, wide ? "DROP TABLE read10" : "DROP TABLE read1");
    }
    measure_insert(b, &s);
    pq.PQfinish(s.native);
    qn_db_close(s.db);
}

static void measure_duckdb(bench *b)
{
    const char *library = getenv("QUERN_DUCKDB_LIB");
    subject s = {.name = "DuckDB", .url = "duckdb:"};
    (void)dlopen("libpython3.11.so.1.0", RTLD_NOW | RTLD_GLOBAL); /* for the library inside Python's wheel */
    if (!load(&duck, sizeof duck, library != NULL ? library : "libduckdb.so", duck_names)) {
        bench_no_peer("DuckDB", "none; QUERN_DUCKDB_LIB says where it is");
        return;
    }
    void *database;
    open_ours(&s);
    if (duck.duckdb_open(NULL, &database) != 0 || duck.duckdb_connect(database, &s.native) != 0)
        die(s.name, "the peer cannot connect");
    for (int wide = 1; wide >= 0; wide--) {
        char from[80];
        duck_result none;
        set_shape(b, &s, wide);
        (void)snprintf(from, sizeof from, "generate_series(1, %lld) AS n(i)", (long long)s.rows);
        script(&s, make_sql(&s, "TABLE", from));
        duck_query(&s, make_sql(&s, "TABLE", from), &none);
        duck.duckdb_destroy_result(&none);
        const bench_side peers[] = {{"duckdb_value_double", read_duck_cells, &s},
                                    {"chunks, cell by cell", read_duck_chunks, &s}};
        measure_read(b, &s, peers, 2);
    }
    measure_insert(b, &s);
    duck.duckdb_disconnect(&s.native);
    duck.duckdb_close(&database);
    qn_db_close(s.db);
}

static void measure_sqlite(bench *b)
{
    char path[] = "/tmp/quern-bench-XXXXXX", url[64];
    int file = mkstemp(path);
    subject s = {.name = "SQLite", .url = url};
    if (file < 0)
        die(path, "a temporary file");
    (void)close(file);
    if (!load(&lite, sizeof lite, "libsqlite3.so.0", lite_names)) {
        bench_no_peer("SQLite", "libsqlite3-0");
        return;
    }
    (void)snprintf(url, sizeof url, "sqlite:%s?synchronous=off", path);
    open_ours(&s);
    if (lite.sqlite3_open(path, &s.native) != 0)
        die(s.name, "the peer cannot connect");
    for (int wide = 1; wide >= 0; wide--) {
        char from[160];
        set_shape(b, &s, wide);
        (void)snprintf(
            from, sizeof from,
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) SELECT i FROM n)",
            (long long)s.rows);
        script(&s, make_sql(&s, "TABLE", from));
        const bench_side peers[] = {{"step, column_double", read_lite, &s}};
        measure_read(b, &s, peers, 1);
    }
    measure_insert(b, &s);
    (void)lite.sqlite3_close(s.native);
    qn_db_close(s.db);
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    const char *only = "";
    bench b;
    while (argc > 2 && (strcmp(argv[1], "--only") == 0 || strcmp(argv[1], "--doubles") == 0)) {
        if (argv[1][2] == 'o')
            only = argv[2];
        else
            doubles = strtoll(argv[2], NULL, 10);
        argv[2] = argv[0];
        argv += 2;
        argc -= 2;
    }
    bench_begin(&b, "dbread", argc, argv);
    if (b.samples > 7)
        b.samples = 7; /* each takes seconds */
    if (*only == '\0' || strcmp(only, "postgres") == 0)
        measure_postgres(&b);
    if (*only == '\0' || strcmp(only, "duckdb") == 0)
        measure_duckdb(&b);
    if (*only == '\0' || strcmp(only, "sqlite") == 0)
        measure_sqlite(&b);
    return bench_end(&b);
}
