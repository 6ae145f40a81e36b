/* What is PostgreSQL's own: connecting, errors, statements that the server forgets, what is left of a query, and that
 * every refused request for memory is told. Beside the server of scripts/postgres. */
#include "harness/harness.h"

#include "db_postgres.h"

#include <quern/log.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    URL = 512
};

static const char *server(void)
{
    return getenv("QUERN_TEST_POSTGRES");
}

qn_db *test_connect(const qn_db_options *options)
{
    qn_db *db;
    qn_error err;
    assert_ok(qn_db_open(&db, server(), options, &err), &err);
    return db;
}

void test_run(qn_db *db, const char *sql)
{
    qn_error err;
    assert_ok(qn_db_script(db, sql, &err), &err);
}

int64_t test_number(qn_db *db, const char *sql)
{
    qn_rows *rows;
    qn_error err;
    bool more;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    int64_t number = qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    return number;
}

char *test_psql(char **lines, const char *const *texts, int64_t count)
{
    char path[] = "/tmp/quern-psql.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *script = fdopen(fd, "w");
    (void)fprintf(
        script,
        "SET timezone TO 'UTC'; SET datestyle TO ISO; SET bytea_output TO hex; SET intervalstyle TO postgres;\n");
    for (int64_t i = 0; i < count; i++)
        (void)fprintf(script, "%s;\n", texts[i]);
    assert_int_equal(fclose(script), 0);
    char command[2 * URL];
    const char *psql = getenv("QUERN_TEST_PSQL");
    (void)snprintf(command, sizeof command, "'%s' -X -A -t -q -v ON_ERROR_STOP=1 -f %s '%s' 2>&1",
                   psql != NULL ? psql : "psql", path, server());
    FILE *output = popen(command, "r");
    assert_non_null(output);
    enum {
        ROOM = 1 << 18
    };
    char *all = calloc(1, ROOM);
    size_t size = fread(all, 1, ROOM - 1, output);
    int status = pclose(output);
    (void)unlink(path);
    if (status != 0)
        fail_msg("psql: %s", all);
    char *at = all;
    for (int64_t i = 0; i < count; i++) {
        assert_true(at < all + size);
        lines[i] = at;
        at = strchr(at, '\n');
        assert_non_null(at);
        *at++ = '\0';
    }
    return all;
}

static void assert_fails(qn_db *db, const char *sql, qn_status status, const char *piece)
{
    qn_error err = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, sql, NULL, 0, &err);
    if (s != status)
        fail_msg("%s: %s, not %s: %s", sql, qn_status_name(s), qn_status_name(status), err.message);
    assert_contains(err.message, piece);
}

/* Opens what must not open; the message must not hold `hidden`. */
static void assert_no_entry(const char *url, const qn_db_options *options, qn_status status, const char *piece,
                            const char *hidden)
{
    qn_db *db;
    qn_error err;
    qn_status s = qn_db_open(&db, url, options, &err);
    if (s != status)
        fail_msg("%s: %s, not %s: %s", url, qn_status_name(s), qn_status_name(status), err.message);
    assert_null(db);
    assert_contains(err.message, piece);
    for (const char *p = err.message; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || strncmp(p, "  ", 2) == 0)
            fail_msg("not one sentence: %s", err.message);
    if (hidden != NULL && strstr(err.message, hidden) != NULL)
        fail_msg("a password is in: %s", err.message);
}

/* The server's URL with another user and, perhaps, something appended. */
static const char *url_as(char out[URL], const char *user, const char *more)
{
    (void)snprintf(out, URL, "postgres://%s%s%s", user, strchr(server(), '@'), more);
    return out;
}

/* ---- connecting ---- */

static void a_wrong_password_is_refused_and_not_told(void **state)
{
    (void)state;
    char url[URL];
    qn_db *db;
    qn_error err;
    assert_ok(qn_db_open(&db, url_as(url, "guarded:secret%20word", ""), NULL, &err), &err);
    assert_null(strstr(qn_db_url(db), "secret"));
    qn_db_close(db);
    assert_ok(qn_db_open(&db, url_as(url, "guarded", "&password=secret%20word"), NULL, &err), &err);
    assert_null(strstr(qn_db_url(db), "secret"));
    qn_db_close(db);
    assert_no_entry(url_as(url, "guarded:swordfish", ""), NULL, QN_PERMISSION, "28P01", "swordfish");
    assert_no_entry(url_as(url, "guarded:sword%20fish", ""), NULL, QN_PERMISSION, "guarded", "fish");
    assert_no_entry(url_as(url, "guarded", "&password=swordfish"), NULL, QN_PERMISSION, "28P01", "swordfish");
    assert_no_entry(url_as(url, "guarded", ""), NULL, QN_PERMISSION, "password", NULL);
    assert_no_entry(url_as(url, "guarded", "&sslpassword=swordfish&sslmode=swordfish"), NULL, QN_INVALID, "sslmode",
                    "swordfish");
    assert_no_entry(url_as(url, "guarded:swordfish", "&sslmode=swordfish"), NULL, QN_INVALID, "sslmode", "swordfish");
}

static void a_password_in_the_options_counts_and_is_not_told(void **state)
{
    (void)state;
    char url[URL];
    qn_db *db;
    qn_error err;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.password = "secret word";
    for (int i = 0; i < 2; i++) {
        assert_ok(qn_db_open(&db, url_as(url, i == 0 ? "guarded" : "guarded:swordfish", ""), &options, &err), &err);
        assert_ok(qn_db_ping(db, &err), &err);
        qn_db_close(db);
    }
    options.password = "swordfish";
    assert_no_entry(url_as(url, "guarded:secret%20word", ""), &options, QN_PERMISSION, "28P01", "swordfish");
    assert_int_equal(qn_db_open(&db, "memory:", &options, &err), QN_INVALID);
    assert_contains(err.message, "memory:: only a server asks for a password");
}

static void what_is_not_there_is_told_by_its_url(void **state)
{
    (void)state;
    char url[URL];
    assert_no_entry("postgres://quern@/quern?host=%2Fno%2Fsuch%2Ffolder", NULL, QN_UNAVAILABLE, "/no/such/folder",
                    NULL);
    assert_no_entry("postgres://quern@/nowhere", NULL, QN_UNAVAILABLE, "postgres://quern@/nowhere", NULL);
    assert_no_entry(url_as(url, "nobody_of_that_name", ""), NULL, QN_PERMISSION, "nobody_of_that_name", NULL);
    (void)snprintf(url, sizeof url, "postgres://quern@/no_such_database%s", strchr(server(), '?'));
    assert_no_entry(url, NULL, QN_NO_INPUT, "3D000", NULL);
    assert_no_entry(url_as(url, "quern", "&no_such_option=1"), NULL, QN_INVALID, "no_such_option", NULL);
    assert_no_entry(url_as(url, "quern", "&options=-c%20work_mem%3Dblue"), NULL, QN_INVALID, "work_mem", NULL);
    qn_db *db = test_connect(NULL);
    test_run(db, "ALTER ROLE guarded CONNECTION LIMIT 0");
    assert_no_entry(url_as(url, "guarded:secret%20word", ""), NULL, QN_LIMIT, "53300", "secret");
    test_run(db, "ALTER ROLE guarded CONNECTION LIMIT -1");
    qn_db_close(db);
}

static void a_server_that_never_answers_is_given_up(void **state)
{
    (void)state;
    char folder[] = "/tmp/quern-hole.XXXXXX", url[URL];
    assert_non_null(mkdtemp(folder));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.connect_timeout_ms = 50;
    (void)snprintf(url, sizeof url, "postgres://quern:hush@/quern?host=%s", folder);
    assert_no_entry(url, &options, QN_TIMEOUT, "50 ms", "hush");
    assert_int_equal(close(listener), 0);
    assert_int_equal(unlink(address.sun_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_session_is_the_same_whatever_the_server_is_set_to(void **state)
{
    (void)state;
    char url[URL];
    qn_db *db;
    qn_error err;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.application = "the test";
    options.read_only = true;
    assert_int_equal(setenv("PGDATESTYLE", "SQL, DMY", 1), 0);
    assert_int_equal(setenv("PGTZ", "Asia/Tokyo", 1), 0);
    assert_ok(qn_db_open(&db, url_as(url, "quern", "&options=-c%20work_mem%3D5MB"), &options, &err), &err);
    assert_int_equal(unsetenv("PGDATESTYLE"), 0);
    assert_int_equal(unsetenv("PGTZ"), 0);
    assert_int_equal(test_number(db, "SELECT (current_setting('datestyle') LIKE 'ISO%')::int"), 1);
    assert_int_equal(test_number(db, "SELECT (current_setting('work_mem') = '5MB')::int"), 1);
    assert_int_equal(test_number(db, "SELECT (current_setting('application_name') = 'the test')::int"), 1);
    assert_int_equal(test_number(db, "SELECT (current_setting('client_encoding') = 'UTF8')::int"), 1);
    assert_int_equal(test_number(db, "SELECT (current_setting('lock_timeout') = '5s')::int"), 1);
    assert_fails(db, "CREATE TABLE never (i int)", QN_PERMISSION, "read-only");
    qn_db_close(db);
    db = test_connect(NULL);
    assert_int_equal(test_number(db, "SELECT (current_setting('timezone') = 'UTC')::int"), 1);
    assert_int_equal(test_number(db, "SELECT (current_setting('application_name') = 'quern')::int"), 1);
    qn_db_close(db);
}

static char last_line[1024];

static void the_server_looks_whether_we_are_still_there(void **state)
{
    (void)state;
    static const char ask[] = "SELECT setting::int FROM pg_settings WHERE name = 'client_connection_check_interval'";
    char url[URL];
    qn_error err;
    qn_db *db = test_connect(NULL);
    bool known = test_number(db, "SELECT current_setting('server_version_num')::int") >= 140000;
    if (known)
        assert_int_equal(test_number(db, ask), 1000);
    qn_db_close(db);
    if (!known)
        return;
    assert_ok(qn_db_open(&db, url_as(url, "quern", "&options=-c%20client_connection_check_interval%3D7s"), NULL, &err),
              &err);
    assert_int_equal(test_number(db, ask), 7000);
    qn_db_close(db);
}

static void keep_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)user;
    (void)level;
    (void)size;
    (void)snprintf(last_line, sizeof last_line, "%s", line);
}

static void warnings_of_the_server_go_to_the_log(void **state)
{
    (void)state;
    static const qn_log_sink sink = {.write = keep_line};
    qn_db *db = test_connect(NULL);
    qn_log_set(QN_LOG_WARN, &sink);
    test_run(db, "DO $$ BEGIN RAISE NOTICE 'not this'; RAISE WARNING 'mind the gap'; RAISE NOTICE 'nor this'; END $$");
    qn_log_set(QN_LOG_WARN, NULL);
    assert_contains(last_line, "mind the gap");
    qn_db_close(db);
}

/* ---- errors ---- */

static void errors_have_the_status_that_their_sqlstate_means(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        qn_status status;
        const char *sqlstate;
        int64_t column;
    } cases[] = {
        {"SELEC 1", QN_SYNTAX, "42601", 1},
        {"SELECT * FROM no_such_table", QN_NAME, "42P01", 15},
        {"SELECT nope FROM pg_class", QN_NAME, "42703", 8},
        {"SELECT 'ü€😀', nope", QN_NAME, "42703", 21},
        {"SELECT no_such_function(1)", QN_NAME, "42883", 8},
        {"SELECT 1::no_such_type", QN_NAME, "42704", 11},
        {"DROP SCHEMA no_such_schema", QN_NAME, "3F000", 0},
        {"SELECT 1/0", QN_DATA, "22012", 0},
        {"SELECT 'a'::int", QN_DATA, "22P02", 8},
        {"CREATE TABLE pg_temp.e AS SELECT 1 AS a, 2 AS a", QN_DATA, "42701", 0},
        {"SELECT (SELECT generate_series(1, 2))", QN_DATA, "21000", 0},
        {"VACUUM no_such_table", QN_NAME, "42P01", 0},
        {"DO $$ BEGIN RAISE EXCEPTION 'mine'; END $$", QN_DATA, "P0001", 0},
        {"DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", QN_BUSY, "40001", 0},
        {"DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", QN_BUSY, "40P01", 0},
        {"DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", QN_IO, "53100", 0},
        {"DO $$ BEGIN RAISE SQLSTATE '53200'; END $$", QN_NOMEM, "53200", 0},
        {"DO $$ BEGIN RAISE SQLSTATE '08006'; END $$", QN_DATA, "08006", 0},
        {"SELECT repeat('x', 1 << 30)", QN_LIMIT, "54000", 0},
        {"SELECT 1; SELECT 2", QN_INVALID, "42601", 0},
    };
    qn_db *db = test_connect(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        char sqlstate[6];
        qn_status s = qn_db_execute(NULL, db, cases[i].sql, NULL, 0, &err);
        qn_sqlstate_text(sqlstate, err.native);
        if (s != cases[i].status || strcmp(sqlstate, cases[i].sqlstate) != 0 || err.column != cases[i].column)
            fail_msg("%s: %s %s at %d: %s", cases[i].sql, qn_status_name(s), sqlstate, (int)err.column, err.message);
        assert_contains(err.message, cases[i].sqlstate);
        assert_false(qn_db_is_broken(db));
    }
    qn_error err;
    qn_value two[] = {qn_value_i64(1), qn_value_i64(2)};
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $1::int", two, 2, &err), QN_INVALID);
    assert_contains(err.message, "1 parameter");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT '$2', $1::int -- $2", two, 2, &err), QN_INVALID);
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $2::int", two, 1, &err), QN_INVALID);
    assert_fails(db, " /* nothing */ ;", QN_INVALID, "no statement");
    qn_db_close(db);
}

static void a_key_of_a_megabyte_is_beyond_a_limit(void **state)
{
    (void)state;
    enum {
        SIZE = 1 << 20
    };
    char *key = malloc(SIZE);
    uint64_t seed = test_seed(7);
    for (int i = 0; i < SIZE; i++)
        key[i] = (char)('a' + test_random_below(&seed, 26));
    qn_db *db = test_connect(NULL);
    qn_error err;
    test_run(db, "DROP TABLE IF EXISTS keys; CREATE TABLE keys (k text PRIMARY KEY)");
    qn_value value = qn_value_text(key, SIZE);
    assert_int_equal(qn_db_execute(NULL, db, "INSERT INTO keys VALUES ($1)", &value, 1, &err), QN_LIMIT);
    assert_contains(err.message, "maximum size is 8191 (SQLSTATE 54000)");
    test_run(db, "ALTER TABLE keys DROP CONSTRAINT keys_pkey");
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO keys VALUES ($1)", &value, 1, &err), &err);
    assert_int_equal(test_number(db, "SELECT length(k) FROM keys"), SIZE);
    free(key);
    qn_db_close(db);
}

static void a_deferred_constraint_fails_where_nobody_asks_further(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    test_run(db, "DROP TABLE IF EXISTS late; CREATE TABLE late (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
                 "INSERT INTO late VALUES (1)");
    assert_fails(db, "INSERT INTO late VALUES (1)", QN_DATA, "23505");
    assert_int_equal(test_number(db, "SELECT count(*) FROM late"), 1);
    qn_error err;
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO late VALUES (1)", NULL, 0, &err), &err);
    assert_int_equal(qn_db_commit(db, &err), QN_DATA);
    assert_contains(err.message, "23505");
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(test_number(db, "SELECT count(*) FROM late"), 1);
    qn_db_close(db);
}

static void a_script_tells_the_line_where_it_failed(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    qn_error err;
    test_run(db, "DROP TABLE IF EXISTS part");
    assert_int_equal(
        qn_db_script(db, "CREATE TABLE part (i int);\n\nINSERT INTO part VALUES (1);\n  SELECT 'ü', nope;\n", &err),
        QN_NAME);
    assert_int_equal(err.line, 4);
    assert_int_equal(err.column, 16);
    /* no position comes with what fails while it runs: the statement's beginning is told */
    assert_int_equal(qn_db_script(db,
                                  "SELECT ';' AS \"a;b\", $x$ ; $y$ ; $x$, E'\\';' -- ;\n;;\n/* ; /* ; */ ; */\n"
                                  "SELECT 1;\n   SELECT (1) / 0; SELECT 3",
                                  &err),
                     QN_DATA);
    assert_int_equal(err.line, 5);
    assert_int_equal(err.column, 4);
    assert_contains(err.message, "division by zero");
    test_run(db, "");
    test_run(db, " -- nothing\n");
    assert_int_equal(test_number(db, "SELECT 5"), 5);
    qn_db_close(db);
}

static void copy_as_text_is_refused_and_the_connection_goes_on(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    qn_error err;
    test_run(db, "DROP TABLE IF EXISTS piped; CREATE TABLE piped (i int)");
    static const char *const texts[] = {"COPY piped FROM STDIN", "COPY piped TO STDOUT",
                                        "COPY (SELECT generate_series(1, 100000)) TO STDOUT (FORMAT binary)"};
    for (int i = 0; i < 3; i++) {
        assert_fails(db, texts[i], QN_INVALID, "qn_db_insert");
        assert_int_equal(qn_db_script(db, texts[i], &err), QN_INVALID);
        assert_contains(err.message, "qn_db_insert");
        assert_int_equal(test_number(db, "SELECT count(*) FROM piped"), 0);
    }
    assert_false(qn_db_is_broken(db));
    qn_db_close(db);
}

/* ---- what the server forgets, and what becomes of it ---- */

static int64_t column_count(qn_db *db, const char *sql)
{
    qn_rows *rows;
    qn_error err;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    int64_t count = qn_rows_column_count(rows);
    qn_rows_close(rows);
    return count;
}

static void a_plan_whose_columns_changed_is_made_anew(void **state)
{
    (void)state;
    static const char star[] = "SELECT * FROM shifting";
    qn_error err;
    qn_db *db = test_connect(NULL), *other = test_connect(NULL);
    test_run(db, "DROP TABLE IF EXISTS shifting; CREATE TABLE shifting (a int)");
    assert_int_equal(column_count(db, star), 1);
    test_run(other, "ALTER TABLE shifting ADD COLUMN b text");
    assert_int_equal(column_count(db, star), 2);
    /* inside a transaction the error stands, and the next one finds the new columns */
    test_run(other, "ALTER TABLE shifting ADD COLUMN c date");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_fails(db, star, QN_SYNTAX, "0A000");
    qn_db_rollback(db);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(column_count(db, star), 3);
    assert_ok(qn_db_commit(db, &err), &err);
    qn_db_close(other);
    qn_db_close(db);
}

static void a_text_whose_parameters_have_other_types_now_is_prepared_anew(void **state)
{
    (void)state;
    static const char insert[] = "INSERT INTO reborn VALUES ($1)", find[] = "SELECT count(*) FROM reborn WHERE a = $1";
    const qn_value null = qn_value_null(), one = qn_value_literal("1", -1);
    qn_error err;
    qn_rows *rows;
    qn_db *db = test_connect(NULL), *other = test_connect(NULL);
    static const char *const types[] = {"int", "text", "date"};
    for (int i = 0; i < 3; i++) {
        char make[128];
        (void)snprintf(make, sizeof make, "DROP TABLE IF EXISTS reborn; CREATE TABLE reborn (a %s)", types[i]);
        test_run(other, make);
        assert_ok(qn_db_execute(NULL, db, insert, &null, 1, &err), &err);
        if (i == 2)
            break;
        assert_ok(qn_db_query(&rows, db, find, &one, 1, &err), &err);
        qn_rows_close(rows);
    }
    /* what is wrong in a new table's terms is told so */
    assert_int_equal(qn_db_execute(NULL, db, find, &one, 1, &err), QN_DATA);
    assert_contains(err.message, "22007");
    test_run(other, "DROP TABLE reborn");
    assert_int_equal(qn_db_execute(NULL, db, insert, &null, 1, &err), QN_NAME);
    /* inside a transaction the error stands, and the next run finds the new type */
    test_run(other, "CREATE TABLE reborn (a text)");
    assert_ok(qn_db_execute(NULL, db, insert, &null, 1, &err), &err);
    test_run(other, "DROP TABLE reborn; CREATE TABLE reborn (a int)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(qn_db_execute(NULL, db, insert, &null, 1, &err), QN_DATA);
    assert_contains(err.message, "42804");
    qn_db_rollback(db);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_execute(NULL, db, insert, &null, 1, &err), &err);
    assert_ok(qn_db_commit(db, &err), &err);
    qn_db_close(other);
    qn_db_close(db);
}

/* The same class of errors from within is the statement's own: what it has done is not done twice. */
static void what_fails_inside_of_a_function_is_not_run_again(void **state)
{
    (void)state;
    qn_error err;
    qn_db *db = test_connect(NULL);
    test_run(db, "CREATE SEQUENCE attempts; CREATE FUNCTION attempt() RETURNS int LANGUAGE plpgsql AS "
                 "$$ BEGIN PERFORM nextval('attempts'); EXECUTE 'SELECT nothing'; RETURN 1; END $$");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT attempt()", NULL, 0, &err), QN_NAME);
    assert_int_equal(test_number(db, "SELECT last_value FROM attempts"), 1);
    test_run(db, "DROP FUNCTION attempt(); DROP SEQUENCE attempts");
    qn_db_close(db);
}

static void several_statements_are_refused_with_what_to_do(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    assert_fails(db, "SELECT 1; SELECT 2", QN_INVALID, "give them one at a time");
    qn_db_close(db);
}

static void a_cursor_of_the_same_name_may_have_other_columns(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    test_run(db, "BEGIN; DECLARE c CURSOR FOR SELECT 1");
    assert_int_equal(test_number(db, "FETCH FROM c"), 1);
    test_run(db, "CLOSE c; DECLARE c CURSOR FOR SELECT 'other', 2, 3 UNION ALL SELECT 'more', 4, 5");
    assert_fails(db, "FETCH FROM c", QN_DATA, "run it again");
    assert_int_equal(column_count(db, "FETCH FROM c"), 3);
    test_run(db, "ROLLBACK");
    qn_db_close(db);
}

static void statements_that_the_server_was_told_to_forget_are_prepared_again(void **state)
{
    (void)state;
    static const char *const ways[] = {"DISCARD ALL", "DEALLOCATE ALL", "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"};
    qn_error err;
    qn_db *db = test_connect(NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_number(db, "SELECT 41 + 1"), 42);
        assert_ok(qn_db_execute(NULL, db, ways[i], NULL, 0, &err), &err);
        assert_int_equal(test_number(db, "SELECT 41 + 1"), 42);
    }
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(test_number(db, "SELECT 41 + 1"), 42);
    test_run(db, "DEALLOCATE ALL");
    assert_int_equal(test_number(db, "SELECT 41 + 1"), 42);
    assert_ok(qn_db_commit(db, &err), &err);
    qn_db_close(db);
}

static void texts_that_are_no_longer_kept_are_forgotten_by_the_server(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_count = 4;
    qn_db *db = test_connect(&options);
    char sql[64];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(sql, sizeof sql, "SELECT %d", i);
        assert_int_equal(test_number(db, sql), i);
    }
    assert_true(test_number(db, "SELECT count(*) FROM pg_prepared_statements") <= 40);
    qn_db_close(db);
}

static void one_text_serves_parameters_of_several_types(void **state)
{
    (void)state;
    static const qn_value values[] = {{.type = QN_VALUE_I64, .i64 = 7},
                                      {.type = QN_VALUE_F64, .f64 = 7.5},
                                      {.type = QN_VALUE_LITERAL, .bytes = "7 and no zero", .size = 1},
                                      {.type = QN_VALUE_DECIMAL, .bytes = "7.25", .size = 4},
                                      {.type = QN_VALUE_NULL}};
    static const qn_value_type types[] = {QN_VALUE_I64, QN_VALUE_F64, QN_VALUE_TEXT, QN_VALUE_DECIMAL, QN_VALUE_TEXT};
    qn_db *db = test_connect(NULL);
    qn_error err;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5; i++) {
            qn_rows *rows;
            bool more;
            assert_ok(qn_db_query(&rows, db, "SELECT $1", &values[i], 1, &err), &err);
            assert_ok(qn_rows_next(&more, rows, &err), &err);
            assert_int_equal(qn_rows_column_type(rows, 0), types[i]);
            assert_true((qn_rows_value(rows, 0).type == QN_VALUE_NULL) == (values[i].type == QN_VALUE_NULL));
            qn_rows_close(rows);
        }
    }
    qn_db_close(db);
}

static void the_rest_of_a_large_result_is_given_up(void **state)
{
    (void)state;
    qn_error err;
    qn_rows *rows;
    bool more;
    qn_db *db = test_connect(NULL);
    assert_ok(qn_db_query(&rows, db, "SELECT generate_series(1, 1000000000000)", NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_int_equal(qn_rows_value(rows, 0).i64, 1);
    qn_rows_close(rows);
    assert_int_equal(test_number(db, "SELECT 2"), 2);
    /* inside a transaction that would end it, so the rows are taken to their end */
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    test_run(db, "DROP TABLE IF EXISTS kept; CREATE TABLE kept (i int)");
    assert_ok(qn_db_query(&rows, db, "SELECT generate_series(1, 100000)", NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    qn_rows_close(rows);
    /* and what changes data is never cut short */
    assert_ok(qn_db_query(&rows, db, "INSERT INTO kept SELECT generate_series(1, 20000) RETURNING i", NULL, 0, &err),
              &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    qn_rows_close(rows);
    assert_ok(qn_db_commit(db, &err), &err);
    assert_ok(qn_db_query(&rows, db, "UPDATE kept SET i = i + 1 RETURNING i", NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    qn_rows_close(rows);
    assert_int_equal(test_number(db, "SELECT sum(i) FROM kept WHERE i > 20000"), 20001);
    test_run(db, "DROP TABLE kept");
    qn_db_close(db);
}

static void an_error_among_the_rows_comes_with_them(void **state)
{
    (void)state;
    qn_error err;
    qn_rows *rows;
    qn_table *table;
    bool more = true;
    qn_db *db = test_connect(NULL);
    static const char late[] = "SELECT 1 / (5000 - i) FROM generate_series(1, 100000) AS i";
    assert_ok(qn_db_query(&rows, db, late, NULL, 0, &err), &err);
    int64_t count = 0;
    qn_status s;
    while ((s = qn_rows_next(&more, rows, &err)) == QN_OK && more)
        count++;
    assert_int_equal(s, QN_DATA);
    assert_contains(err.message, "division by zero");
    assert_true(count < 5000);
    qn_rows_close(rows);
    assert_int_equal(qn_db_query_table(&table, db, late, NULL, 0, &err), QN_DATA);
    assert_null(table);
    assert_int_equal(test_number(db, "SELECT 3"), 3);
    int64_t changed;
    test_run(db, "DROP TABLE IF EXISTS counted; CREATE TABLE counted (i int)");
    assert_ok(qn_db_execute(&changed, db, "INSERT INTO counted SELECT generate_series(1, 12)", NULL, 0, &err), &err);
    assert_int_equal(changed, 12);
    assert_ok(qn_db_execute(&changed, db, "SELECT * FROM counted", NULL, 0, &err), &err);
    assert_int_equal(changed, 0);
    assert_ok(qn_db_execute(&changed, db, "CREATE TABLE pg_temp.copied AS SELECT * FROM counted", NULL, 0, &err), &err);
    assert_int_equal(changed, 0);
    qn_db_close(db);
}

/* ---- times and interruptions ---- */

static void a_statement_that_takes_too_long_times_out(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_timeout_ms = 20;
    options.busy_timeout_ms = -1;
    qn_db *db = test_connect(&options), *other = test_connect(NULL);
    qn_error err;
    assert_fails(db, "SELECT pg_sleep(60)", QN_TIMEOUT, "57014");
    assert_int_equal(test_number(db, "SELECT 4"), 4);
    test_run(other, "DROP TABLE IF EXISTS held; CREATE TABLE held (i int)");
    assert_ok(qn_db_begin(other, QN_DB_WRITE, &err), &err);
    test_run(other, "LOCK TABLE held");
    assert_fails(db, "SELECT * FROM held", QN_BUSY, "55P03");
    assert_ok(qn_db_commit(other, &err), &err);
    assert_fails(other, "DO $$ BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(60); END $$",
                 QN_INTERRUPTED, "57014");
    qn_db_close(other);
    qn_db_close(db);
}

typedef struct interruption {
    qn_db *victim;
    int64_t pid;
} interruption;

/* Waits, over a connection of its own, until the victim sleeps in the server, and interrupts it. */
static void *interrupt(void *user)
{
    const interruption *of = user;
    qn_db *db = test_connect(NULL);
    qn_value pid = qn_value_i64(of->pid);
    qn_error err;
    for (bool asleep = false; !asleep;) {
        qn_rows *rows;
        assert_ok(qn_db_query(&rows, db, "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'",
                              &pid, 1, &err),
                  &err);
        assert_ok(qn_rows_next(&asleep, rows, &err), &err);
        qn_rows_close(rows);
    }
    qn_db_interrupt(of->victim);
    qn_db_close(db);
    return NULL;
}

static void another_thread_can_interrupt(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    qn_db_interrupt(db); /* nothing runs: nothing happens */
    interruption of = {db, test_number(db, "SELECT pg_backend_pid()")};
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        qn_error err;
        assert_int_equal(pthread_create(&thread, NULL, interrupt, &of), 0);
        if (i == 0)
            assert_fails(db, "SELECT pg_sleep(60)", QN_INTERRUPTED, "57014");
        else
            assert_int_equal(qn_db_script(db, "SELECT 1; SELECT pg_sleep(60)", &err), QN_INTERRUPTED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(test_number(db, "SELECT 6"), 6);
    }
    qn_db_close(db);
}

/* ---- connections that end ---- */

static void a_connection_that_the_server_ended_is_broken(void **state)
{
    (void)state;
    qn_error err;
    qn_db *db = test_connect(NULL), *other = test_connect(NULL);
    qn_value pid = qn_value_i64(test_number(db, "SELECT pg_backend_pid()"));
    assert_ok(qn_db_execute(NULL, other, "SELECT pg_terminate_backend($1::int, 60000)", &pid, 1, &err), &err);
    assert_fails(db, "SELECT 1", QN_CLOSED, "");
    assert_true(qn_db_is_broken(db));
    assert_fails(db, "SELECT 1", QN_CLOSED, "lost");
    assert_int_equal(qn_db_ping(db, &err), QN_CLOSED);
    qn_db_close(db);
    /* in the middle of a transaction, and by its own hand */
    db = test_connect(NULL);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_fails(db, "SELECT pg_terminate_backend(pg_backend_pid())", QN_CLOSED, "57P01");
    assert_int_equal(qn_db_commit(db, &err), QN_CLOSED);
    assert_int_equal(qn_db_depth(db), 0);
    assert_true(qn_db_is_broken(db));
    qn_db_close(db);
    assert_ok(qn_db_ping(other, &err), &err);
    qn_db_close(other);
}

static void after_a_restart_of_the_server_only_new_connections_work(void **state)
{
    (void)state;
    const char *restart = getenv("QUERN_TEST_POSTGRES_RESTART");
    if (restart == NULL) {
        print_message("SKIPPED: this server cannot be restarted (QUERN_TEST_POSTGRES_RESTART)\n");
        skip();
    }
    char command[URL];
    qn_error err;
    qn_rows *rows;
    bool more;
    qn_db *idle = test_connect(NULL), *pinged = test_connect(NULL), *reading = test_connect(NULL);
    assert_ok(qn_db_query(&rows, reading, "SELECT generate_series(1, 1000000000000)", NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    (void)snprintf(command, sizeof command, "%s immediate", restart);
    assert_int_equal(system(command), 0);
    qn_log_set(QN_LOG_ERROR, NULL); /* the server's farewell is a warning */
    qn_status s;
    while ((s = qn_rows_next(&more, rows, &err)) == QN_OK && more) {
    }
    if (s != QN_CLOSED)
        fail_msg("%s: %s", qn_status_name(s), err.message);
    qn_rows_close(rows);
    assert_true(qn_db_is_broken(reading));
    assert_int_equal(qn_db_ping(pinged, &err), QN_CLOSED);
    assert_true(qn_db_is_broken(pinged));
    assert_fails(idle, "SELECT 1", QN_CLOSED, "");
    assert_true(qn_db_is_broken(idle));
    qn_db *fresh = test_connect(NULL);
    assert_int_equal(test_number(fresh, "SELECT 8"), 8);
    qn_db_close(fresh);
    qn_log_set(QN_LOG_WARN, NULL);
    qn_db_close(idle);
    qn_db_close(pinged);
    qn_db_close(reading);
}

/* ---- memory ---- */

static qn_status everything(const qn_allocator *allocator, void *user)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.application = "sweep";
    qn_db *db;
    qn_table *table = NULL;
    qn_rows *rows = NULL;
    qn_value values[] = {qn_value_i64(3), qn_value_text("three", -1), qn_value_literal("3.25", -1)};
    (void)user;
    qn_status s = qn_db_open(&db, server(), &options, NULL);
    if (s != QN_OK)
        return s;
    s = qn_db_query(&rows, db, "SELECT $1 AS i, $2::text AS t, $3::numeric AS n, 'a'::sweep_mood AS m", values, 3,
                    NULL);
    bool more;
    if (s == QN_OK)
        s = qn_rows_next(&more, rows, NULL);
    qn_rows_close(rows);
    if (s == QN_OK)
        s = qn_db_query_table(&table, db, "SELECT i::float8 AS f, i::text AS s FROM generate_series(1, 20) AS i", NULL,
                              0, NULL);
    if (s == QN_OK)
        s = qn_db_insert(db, "swept", table, NULL);
    if (s == QN_OK)
        s = qn_db_script(db, "SELECT 1; SELECT 2", NULL);
    qn_table_free(table);
    qn_db_close(db);
    return s;
}

static void every_refused_request_for_memory_is_told_and_nothing_is_left(void **state)
{
    (void)state;
    qn_db *db = test_connect(NULL);
    test_run(db, "DROP TABLE IF EXISTS swept; CREATE TABLE swept (f float8, s text);"
                 "DROP TYPE IF EXISTS sweep_mood; CREATE TYPE sweep_mood AS ENUM ('a')");
    assert_true(test_fault_sweep(everything, NULL, 300) > 20);
    assert_int_equal(test_number(db, "SELECT count(*) FROM swept"), 20);
    qn_db_close(db);
}

int main(void)
{
    static const struct CMUnitTest own[] = {
        cmocka_unit_test(a_wrong_password_is_refused_and_not_told),
        cmocka_unit_test(a_password_in_the_options_counts_and_is_not_told),
        cmocka_unit_test(what_is_not_there_is_told_by_its_url),
        cmocka_unit_test(a_server_that_never_answers_is_given_up),
        cmocka_unit_test(a_session_is_the_same_whatever_the_server_is_set_to),
        cmocka_unit_test(the_server_looks_whether_we_are_still_there),
        cmocka_unit_test(warnings_of_the_server_go_to_the_log),
        cmocka_unit_test(errors_have_the_status_that_their_sqlstate_means),
        cmocka_unit_test(a_key_of_a_megabyte_is_beyond_a_limit),
        cmocka_unit_test(a_deferred_constraint_fails_where_nobody_asks_further),
        cmocka_unit_test(a_script_tells_the_line_where_it_failed),
        cmocka_unit_test(copy_as_text_is_refused_and_the_connection_goes_on),
        cmocka_unit_test(a_plan_whose_columns_changed_is_made_anew),
        cmocka_unit_test(a_text_whose_parameters_have_other_types_now_is_prepared_anew),
        cmocka_unit_test(what_fails_inside_of_a_function_is_not_run_again),
        cmocka_unit_test(several_statements_are_refused_with_what_to_do),
        cmocka_unit_test(a_cursor_of_the_same_name_may_have_other_columns),
        cmocka_unit_test(statements_that_the_server_was_told_to_forget_are_prepared_again),
        cmocka_unit_test(texts_that_are_no_longer_kept_are_forgotten_by_the_server),
        cmocka_unit_test(one_text_serves_parameters_of_several_types),
        cmocka_unit_test(the_rest_of_a_large_result_is_given_up),
        cmocka_unit_test(an_error_among_the_rows_comes_with_them),
        cmocka_unit_test(a_statement_that_takes_too_long_times_out),
        cmocka_unit_test(another_thread_can_interrupt),
        cmocka_unit_test(a_connection_that_the_server_ended_is_broken),
        cmocka_unit_test(after_a_restart_of_the_server_only_new_connections_work),
        cmocka_unit_test(every_refused_request_for_memory_is_told_and_nothing_is_left),
    };
    if (server() == NULL) {
        print_message("SKIPPED: no PostgreSQL server (QUERN_TEST_POSTGRES; scripts/postgres starts one): the driver is "
                      "NOT tested\n");
        return 0;
    }
    if (!qn_has("postgres")) {
        print_message("SKIPPED: this Quern has no PostgreSQL (libpq-dev): the driver is NOT tested\n");
        return 0;
    }
    int failed = cmocka_run_group_tests(own, NULL, NULL);
    return failed + test_types();
}
