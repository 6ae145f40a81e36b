/* The behaviours of databases, one database a run: `test_conformance sqlite|memory|duckdb|postgres`. --table prints the
 * page docs/conformance.md instead, --check compares it with a file. */
#include "conformance/conformance.h"
#include "harness/duckdb.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const theme *const themes[] = {&theme_opening, &theme_values,       &theme_statements, &theme_rows,
                                      &theme_errors,  &theme_transactions, &theme_insert,     &theme_connections};
enum {
    THEMES = sizeof themes / sizeof themes[0],
    CASES = 200, /* most behaviours */
    OTHERS = 8   /* most connections a test opens */
};

static const char *const names[] = {"sqlite", "memory", "duckdb", "postgres"};

database on;
qn_db *db;
qn_error failure;

static const behaviour *tested;
static bool asked;
static char url[512], folder[64];
static int64_t files; /* made so far */
static qn_db *others[OTHERS];
static int64_t other_count;
static char *kept; /* what first() read last */

/* ---- for the tests ---- */

bool differs(void)
{
    asked = true;
    return tested->differs[on] != NULL;
}

const char *url_here(void)
{
    return url;
}

const char *url_missing(char out[600])
{
    static int64_t count;
    const char *options = strchr(url, '?') != NULL ? strchr(url, '?') : "";
    if (on == POSTGRES) /* in which the database stands last before the options */
        (void)snprintf(out, 600, "%.*s_missing%s", (int)(strlen(url) - strlen(options)), url, options);
    else
        (void)snprintf(out, 600, "%s:%s/missing%lld.db", names[on], folder, (long long)++count);
    return out;
}

qn_db *open_url(const char *which, const qn_db_options *options)
{
    qn_error err = qn_error_none();
    qn_db *opened;
    assert_true(other_count < OTHERS);
    assert_ok(qn_db_open(&opened, which, options, &err), &err);
    others[other_count++] = opened;
    return opened;
}

qn_db *another(const qn_db_options *options)
{
    return open_url(url, options);
}

void run_on(qn_db *which, const char *sql)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_script(which, sql, &err), &err);
}

void run(const char *sql)
{
    run_on(db, sql);
}

int64_t execute(const char *sql, const qn_value *params, int64_t count)
{
    qn_error err = qn_error_none();
    int64_t changed = -1;
    assert_ok(qn_db_execute(&changed, db, sql, params, count, &err), &err);
    return changed;
}

static qn_value first_on(qn_db *which, const char *sql, const qn_value *params, int64_t count)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, which, sql, params, count, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    qn_value value = qn_rows_value(rows, 0);
    if (value.bytes != NULL) {
        assert_int_equal(value.bytes[value.size], '\0');
        free(kept);
        kept = malloc((size_t)value.size + 1);
        assert_non_null(kept);
        memcpy(kept, value.bytes, (size_t)value.size + 1);
        value.bytes = kept;
    }
    qn_rows_close(rows);
    return value;
}

qn_value first(const char *sql, const qn_value *params, int64_t count)
{
    return first_on(db, sql, params, count);
}

int64_t number_on(qn_db *which, const char *sql)
{
    qn_value value = first_on(which, sql, NULL, 0);
    assert_int_equal(value.type, QN_VALUE_I64);
    return value.i64;
}

int64_t number(const char *sql)
{
    return number_on(db, sql);
}

double real(const char *sql)
{
    qn_value value = first(sql, NULL, 0);
    assert_int_equal(value.type, QN_VALUE_F64);
    return value.f64;
}

qn_table *table_of(const char *sql)
{
    qn_error err = qn_error_none();
    qn_table *table;
    assert_ok(qn_db_query_table(&table, db, sql, NULL, 0, &err), &err);
    assert_non_null(table);
    return table;
}

void text_is(const qn_value *value, qn_value_type type, const char *text)
{
    assert_int_equal(value->type, type);
    assert_int_equal(value->size, strlen(text));
    assert_string_equal(value->bytes, text);
}

void status_is(qn_status got, qn_status wanted, const char *what)
{
    if (got != wanted)
        fail_msg("%s: %s where %s was expected: %s", what, qn_status_name(got), qn_status_name(wanted),
                 failure.message);
    if (wanted != QN_OK) {
        assert_int_equal(failure.code, wanted);
        assert_true(failure.message[0] != '\0');
    }
}

void refused(qn_status status, const char *sql, const qn_value *params, int64_t count)
{
    failure = qn_error_none();
    status_is(qn_db_execute(NULL, db, sql, params, count, &failure), status, sql);
}

void is_the_databases_own(void)
{
    if (failure.native == 0)
        fail_msg("there is no code with: %s", failure.message);
    if (on == POSTGRES) {
        char state[6];
        qn_sqlstate_text(state, failure.native);
        assert_int_equal(strlen(state), 5);
    }
}

const char *bytes_type(void)
{
    return on == POSTGRES ? "BYTEA" : "BLOB";
}

const char *instant_type(void)
{
    return on == POSTGRES || on == DUCKDB ? "TIMESTAMPTZ" : "TIMESTAMP";
}

const char *series(char out[200], int64_t count)
{
    if (on == POSTGRES || on == DUCKDB)
        (void)snprintf(out, 200, "generate_series(1, %lld) AS n(i)", (long long)count);
    else
        (void)snprintf(
            out, 200,
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) SELECT i FROM n) "
            "AS n",
            (long long)count);
    return out;
}

void fails_at(char out[400], int64_t row, int64_t count)
{
    char from[200];
    if (on == SQLITE || on == MEMORY)
        (void)snprintf(out, 400, "SELECT abs(CASE WHEN i = %lld THEN -9223372036854775807 - 1 ELSE i END) FROM %s",
                       (long long)row, series(from, count));
    else
        (void)snprintf(out, 400, "SELECT CAST(CASE WHEN i = %lld THEN 'x' ELSE '1' END AS BIGINT) FROM %s",
                       (long long)row, series(from, count));
}

const char *endless(void)
{
    return on == POSTGRES ? "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b "
                            "WHERE a % 7 = b % 5"
           : on == DUCKDB ? "SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE sin(i) * j > cos(j)"
                          : "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n "
                            "WHERE i < 0";
}

qn_table *rows_of(const char *csv, const char *types)
{
    qn_error err = qn_error_none();
    qn_csv_options options;
    qn_csv *reader;
    qn_table *table;
    qn_csv_options_init(&options, sizeof options);
    options.types = types;
    assert_ok(qn_csv_open_bytes(&reader, csv, (int64_t)strlen(csv), "rows", &options, &err), &err);
    assert_ok(qn_csv_read(&table, reader, -1, &err), &err);
    qn_csv_close(reader);
    assert_non_null(table);
    return table;
}

/* ---- around each test ---- */

static void empty_folder(void)
{
    DIR *in = opendir(folder);
    char path[400];
    for (const struct dirent *file; in != NULL && (file = readdir(in)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        (void)unlink(path); /* which refuses . and .. */
    }
    if (in != NULL)
        (void)closedir(in);
}

/* Opening a database of DuckDB's anew takes longer than any test: one stays open, and its tables are dropped. */
static qn_db *keeper;

void close_keeper(void)
{
    qn_db_close(keeper);
    keeper = NULL;
}

/* Drops one table, if there is one that can be dropped. */
static bool drop_one(qn_error *err)
{
    qn_table *drops = NULL;
    bool dropped = false;
    if (qn_db_query_table(
            &drops, keeper,
            "SELECT 'DROP TABLE \"' || schema_name || '\".\"' || replace(table_name, '\"', '\"\"') || '\"' "
            "FROM duckdb_tables()",
            NULL, 0, err) != QN_OK)
        return false;
    for (int64_t i = 0; i < qn_table_row_count(drops); i++) {
        int32_t code = ((const int32_t *)qn_table_values(drops, 0))[i];
        dropped = qn_db_script(keeper, qn_table_string(drops, 0, code), err) == QN_OK || dropped;
    }
    qn_table_free(drops);
    return dropped;
}

static qn_status open_duckdb(qn_error *err)
{
    qn_error none = qn_error_none();
    while (keeper != NULL && drop_one(&none)) { /* what others refer to goes last */
    }
    if (keeper == NULL) {
        empty_folder();
        (void)snprintf(url, sizeof url, "duckdb:%s/%lld.db", folder, (long long)files);
        qn_status s = qn_db_open(&keeper, url, NULL, err);
        if (s != QN_OK)
            return s;
    }
    return qn_db_open(&db, url, NULL, err);
}

static qn_status open_postgres(qn_error *err)
{
    qn_status s = qn_db_open(&db, url, NULL, err);
    if (s == QN_OK)
        s = qn_db_script(db, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public",
                         err);
    return s;
}

static int open_empty(void **state)
{
    tested = *state;
    asked = false;
    files++;
    qn_error err = qn_error_none();
    if (on == MEMORY)
        (void)snprintf(url, sizeof url, "memory:conformance%lld", (long long)files);
    else if (on == SQLITE)
        (void)snprintf(url, sizeof url, "sqlite:%s/%lld.db", folder, (long long)files);
    qn_status s = on == DUCKDB     ? open_duckdb(&err)
                  : on == POSTGRES ? open_postgres(&err)
                                   : qn_db_open(&db, url, NULL, &err);
    if (s != QN_OK)
        fprintf(stderr, "%s: %s\n", url, err.message);
    return s == QN_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    while (other_count > 0)
        qn_db_close(others[--other_count]);
    qn_db_close(db);
    db = NULL;
    free(kept);
    kept = NULL;
    if (on == SQLITE)
        empty_folder();
    return 0;
}

static void run_behaviour(void **state)
{
    (void)state;
    tested->test();
    if (!asked && tested->differs[on] != NULL)
        fail_msg("it is said to differ, which nobody looked at: %s", tested->differs[on]);
}

/* ---- the page ---- */

static void print_page(FILE *out)
{
    fputs("# What the databases have in common\n\n"
          "SQLite (`sqlite:`), the process's memory (`memory:`), DuckDB (`duckdb:`) and PostgreSQL (`postgres:`) are "
          "used through one\ninterface, `<quern/db.h>`. Each behaviour below is a test that runs on all four "
          "(`tests/conformance`): ✓ means that it is\nas the sentence says; a number, that this database differs by "
          "its nature, in the way that the note says and the test\nshows. `test_conformance --table` prints this "
          "page.\n",
          out);
    const char *notes[CASES]; /* numbered from 1 through the page, each once a theme */
    int count = 0;
    for (int t = 0; t < THEMES; t++) {
        int first_note = count;
        fprintf(out, "\n## %s\n\n| behaviour | sqlite | memory | duckdb | postgres |\n|---|---|---|---|---|\n",
                themes[t]->title);
        for (int i = 0; i < themes[t]->count; i++) {
            const behaviour *b = &themes[t]->behaviours[i];
            fprintf(out, "| %s |", b->sentence);
            for (int d = 0; d < DATABASES; d++) {
                int note = first_note;
                while (b->differs[d] != NULL && note < count && strcmp(notes[note], b->differs[d]) != 0)
                    note++;
                if (b->differs[d] == NULL)
                    fputs(" ✓ |", out);
                else
                    fprintf(out, " %d |", note + 1);
                if (b->differs[d] != NULL && note == count && count < CASES)
                    notes[count++] = b->differs[d];
            }
            fputs("\n", out);
        }
        for (int note = first_note; note < count; note++)
            fprintf(out, "%s%d. %s.\n", note == first_note ? "\n" : "", note + 1, notes[note]);
    }
}

static int check_page(const char *path)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size), *in = fopen(path, "r");
    if (out == NULL || in == NULL) {
        perror(path);
        return 1;
    }
    print_page(out);
    (void)fclose(out);
    size_t at = 0;
    for (int c; (c = getc(in)) != EOF && at <= size; at++)
        if (at == size || (char)c != page[at])
            break;
    bool same = at == size && feof(in);
    (void)fclose(in);
    free(page);
    if (!same)
        fprintf(stderr, "%s differs from what --table prints, at byte %zu: write it anew\n", path, at);
    return !same;
}

/* ---- the program ---- */

/* Whether the database is here; says loudly where not. 77: skipped. */
static int look_for(void)
{
    qn_error err = qn_error_none();
    const char *server = getenv("QUERN_TEST_POSTGRES");
    if (on == POSTGRES && server == NULL) {
        fprintf(stderr, "SKIP: no PostgreSQL is here (QUERN_TEST_POSTGRES): none of its behaviours is tested\n");
        return 77;
    }
    if (on == DUCKDB && !test_duckdb_load())
        return 77;
    (void)snprintf(url, sizeof url, "%s", on == POSTGRES ? server : on == DUCKDB ? "duckdb:" : "memory:");
    qn_status s = qn_db_open(&db, url, NULL, &err);
    qn_db_close(db);
    db = NULL;
    if (s == QN_UNAVAILABLE) {
        fprintf(stderr, "SKIP: %s: %s: none of its behaviours is tested\n", names[on], err.message);
        return 77;
    }
    if (s != QN_OK)
        fprintf(stderr, "%s: %s\n", url, err.message);
    return s == QN_OK ? 0 : 1;
}

static int run_all(void)
{
    static struct CMUnitTest tests[CASES];
    size_t count = 0;
    for (int t = 0; t < THEMES; t++) {
        for (int i = 0; i < themes[t]->count; i++) {
            assert_true(count < CASES);
            const behaviour *b = &themes[t]->behaviours[i];
            tests[count++] =
                (struct CMUnitTest){b->sentence, run_behaviour, open_empty, close_all, (void *)(uintptr_t)b};
        }
    }
    bool memory = access("/dev/shm", W_OK) == 0; /* where nothing waits for a disk */
    (void)snprintf(folder, sizeof folder, "%s/quern-conformance.XXXXXX", memory ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    int failed = _cmocka_run_group_tests(names[on], tests, count, NULL, NULL);
    close_keeper();
    empty_folder();
    (void)rmdir(folder);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        print_page(stdout);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--check") == 0)
        return check_page(argv[2]);
    for (on = 0; on < DATABASES; on++)
        if (argc >= 2 && strcmp(argv[1], names[on]) == 0)
            break;
    if (on == DATABASES) {
        fprintf(stderr, "usage: test_conformance sqlite|memory|duckdb|postgres [PATTERN]\n"
                        "       test_conformance --table | --check FILE\n");
        return 2;
    }
    if (argc == 3)
        cmocka_set_test_filter(argv[2]);
    int found = look_for();
    return found != 0 ? found : run_all();
}
