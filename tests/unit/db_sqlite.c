/* SQLite's own ways, through quern/db.h: its files, its options, its types, its errors, databases in memory. What is
 * expected comes from SQLite's documentation, and from Python's sqlite3 module where two have to understand one file.
 */
#include "harness/harness.h"

#include <quern/db.h>
#include <quern/table.h>

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As https://sqlite.org/rescode.html has them: a build without SQLite's header has this test as well. */
enum {
    SQLITE_ERROR = 1,
    SQLITE_BUSY = 5,
    SQLITE_READONLY = 8,
    SQLITE_INTERRUPT = 9,
    SQLITE_CANTOPEN = 14,
    SQLITE_TOOBIG = 18,
    SQLITE_MISMATCH = 20,
    SQLITE_NOTADB = 26,
    SQLITE_CONSTRAINT_CHECK = 275,
    SQLITE_CONSTRAINT_FOREIGNKEY = 787,
    SQLITE_CONSTRAINT_NOTNULL = 1299,
    SQLITE_CONSTRAINT_PRIMARYKEY = 1555,
    SQLITE_CONSTRAINT_UNIQUE = 2067,
    SQLITE_CONSTRAINT_DATATYPE = 3091,
};

static char folder[] = "/tmp/quern-sqlite-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static qn_status try_open(qn_db **out, const char *url, qn_error *err)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    return qn_db_open(out, url, &options, err);
}

static qn_db *open_url(const char *url)
{
    qn_db *db;
    qn_error err;
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    return db;
}

/* "sqlite:FOLDER/NAME"; good until the next call. */
static const char *in_folder(const char *name)
{
    static char url[256];
    (void)snprintf(url, sizeof url, "sqlite:%s/%s", folder, name);
    return url;
}

static void run(qn_db *db, const char *sql)
{
    qn_error err;
    assert_ok(qn_db_execute(NULL, db, sql, NULL, 0, &err), &err);
}

static qn_status try_run(qn_db *db, const char *sql, qn_error *err)
{
    return qn_db_execute(NULL, db, sql, NULL, 0, err);
}

static int show(char *out, size_t room, const qn_value *v)
{
    static const char *const names[] = {"null", "bool", "i64", "f64", "text", "bytes", "date", "timestamp", "decimal"};
    switch (v->type) {
    case QN_VALUE_NULL:
        return snprintf(out, room, "null");
    case QN_VALUE_F64:
        return snprintf(out, room, "f64 %.17g", v->f64);
    case QN_VALUE_TEXT:
    case QN_VALUE_BYTES:
        assert_int_equal(v->bytes[v->size], 0);
        return snprintf(out, room, "%s %.*s", names[v->type], (int)v->size, v->bytes);
    default:
        return snprintf(out, room, "%s %" PRId64, names[v->type], v->i64);
    }
}

/* All rows as text: "i64 1|text a;i64 2|null". Good until the next call. */
static const char *gives_with(qn_db *db, const char *sql, const qn_value *params, int64_t count)
{
    static char text[4096];
    qn_rows *rows;
    qn_error err;
    assert_ok(qn_db_query(&rows, db, sql, params, count, &err), &err);
    size_t at = 0;
    text[0] = '\0';
    for (;;) {
        bool more;
        assert_ok(qn_rows_next(&more, rows, &err), &err);
        if (!more)
            break;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", at > 0 ? ";" : "");
        for (int64_t c = 0; c < qn_rows_column_count(rows); c++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s", c > 0 ? "|" : "");
            qn_value v = qn_rows_value(rows, c);
            at += (size_t)show(text + at, sizeof text - at, &v);
        }
    }
    qn_rows_close(rows);
    return text;
}

static const char *gives(qn_db *db, const char *sql)
{
    return gives_with(db, sql, NULL, 0);
}

static const char *gives_one(qn_db *db, const char *sql, qn_value value)
{
    return gives_with(db, sql, &value, 1);
}

/* ---- connecting ---- */

static void options_are_checked_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *url, *pieces[3];
    } cases[] = {
        {"x.db?jurnal=wal", {"jurnal", "did you mean journal", "synchronous"}},
        {"x.db?cache=shared", {"cache", "mode", "synchronous"}},
        {"x.db?mode=memory", {"memory", "mode", "ro, rw, rwc or frozen"}},
        {"x.db?journal=off", {"off", "journal", "truncate"}},
        {"x.db?synchronous=2", {"2", "synchronous", "extra"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_db *db;
        qn_error err;
        assert_int_equal(try_open(&db, in_folder(cases[i].url), &err), QN_INVALID);
        assert_null(db);
        for (int p = 0; p < 3; p++)
            assert_contains(err.message, cases[i].pieces[p]);
    }
    qn_db *db;
    qn_error err;
    assert_int_equal(try_open(&db, "memory:a?mode=ro", &err), QN_INVALID);
    assert_contains(err.message, "mode");
}

static void the_mode_says_whether_a_file_is_made(void **state)
{
    (void)state;
    qn_db *db;
    qn_error err;
    assert_int_equal(try_open(&db, in_folder("mode.db?mode=rw"), &err), QN_NO_INPUT);
    assert_contains(err.message, "mode.db");
    assert_int_equal(try_open(&db, in_folder("mode.db?mode=ro"), &err), QN_NO_INPUT);
    assert_int_equal(err.native, SQLITE_CANTOPEN);
    assert_int_equal(try_open(&db, in_folder("none/mode.db"), &err), QN_NO_INPUT);
    assert_contains(err.message, "folder");
    assert_int_equal(try_open(&db, in_folder("none/mode.db?mode=ro"), &err), QN_NO_INPUT);

    db = open_url(in_folder("mode.db"));
    run(db, "CREATE TABLE t (x)");
    run(db, "INSERT INTO t VALUES (7)");
    qn_db_close(db);
    db = open_url(in_folder("mode.db?mode=rw"));
    run(db, "INSERT INTO t VALUES (8)");
    qn_db_close(db);
    db = open_url(in_folder("mode.db?mode=ro"));
    assert_string_equal(gives(db, "SELECT x FROM t"), "i64 7;i64 8");
    assert_int_equal(try_run(db, "INSERT INTO t VALUES (9)", &err), QN_PERMISSION);
    assert_int_equal(err.native, SQLITE_READONLY);
    qn_db_close(db);
}

static void read_only_connections_change_nothing(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.read_only = true;
    qn_db *db;
    qn_error err;
    assert_int_equal(qn_db_open(&db, in_folder("absent.db"), &options, &err), QN_NO_INPUT);
    qn_db_close(open_url(in_folder("empty.db")));
    assert_ok(qn_db_open(&db, in_folder("empty.db"), &options, &err), &err);
    assert_int_equal(try_run(db, "CREATE TABLE t (x)", &err), QN_PERMISSION);
    qn_db_close(db);

    qn_db *writer = open_url("memory:read_only");
    run(writer, "CREATE TABLE t (x)");
    assert_ok(qn_db_open(&db, "memory:read_only", &options, &err), &err);
    assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 0");
    assert_int_equal(try_run(db, "INSERT INTO t VALUES (1)", &err), QN_PERMISSION);
    qn_db_close(db);
    qn_db_close(writer);
    assert_ok(qn_db_open(&db, "memory:", &options, &err), &err);
    assert_int_equal(try_run(db, "CREATE TABLE t (x)", &err), QN_PERMISSION);
    qn_db_close(db);
}

static void copy_file(const char *to, const char *from)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    assert_true(size > 0 && size < sizeof bytes);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* What a process leaves that ends inside of a transaction: some of its pages in the file, and how they were before in
 * the journal. */
static void a_file_that_was_left_in_the_middle_of_writing_says_what_to_do(void **state)
{
    (void)state;
    char path[4][128];
    static const char *const names[] = {"spilling.db", "spilling.db-journal", "left.db", "left.db-journal"};
    qn_error err = qn_error_none();
    for (int i = 0; i < 4; i++)
        (void)snprintf(path[i], sizeof path[i], "%s", strchr(in_folder(names[i]), ':') + 1);
    qn_db *db = open_url(in_folder("spilling.db"));
    run(db, "CREATE TABLE t (x)");
    run(db, "INSERT INTO t VALUES ('before')");
    qn_db_close(db);
    db = open_url(in_folder("spilling.db"));
    run(db, "PRAGMA cache_size = 1");
    run(db, "PRAGMA cache_spill = 1");
    run(db, "BEGIN");
    run(db, "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100)"
            " INSERT INTO t SELECT hex(zeroblob(1000)) FROM c");
    copy_file(path[2], path[0]);
    copy_file(path[3], path[1]);
    run(db, "ROLLBACK");
    qn_db_close(db);
    char url[512];
    (void)snprintf(url, sizeof url, "%s?mode=ro", in_folder("left.db"));
    assert_int_equal(try_open(&db, url, &err), QN_PERMISSION);
    assert_contains(err.message, "open it once for writing");
    qn_db_close(open_url(in_folder("left.db")));
    db = open_url(url);
    assert_string_equal(gives(db, "SELECT * FROM t"), "text before");
    qn_db_close(db);
}

static void what_is_no_database_is_refused_when_it_is_opened(void **state)
{
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/text.db", folder);
    static const char *const texts[] = {"x,y\n1,2\n", "SQLite format 4, of which nobody has heard so far"};
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        for (int n = 0; n < (i == 0 ? 1 : 100); n++)
            (void)fputs(texts[i], f);
        assert_int_equal(fclose(f), 0);
        qn_db *db;
        qn_error err;
        assert_int_equal(try_open(&db, in_folder("text.db"), &err), QN_DATA);
        assert_null(db);
        assert_contains(err.message, "text.db");
        assert_contains(err.message, "no SQLite database");
        assert_int_equal(err.native, SQLITE_NOTADB);
        assert_int_equal(try_open(&db, in_folder("text.db?mode=ro"), &err), QN_DATA);
    }
    qn_db *db;
    qn_error err;
    assert_int_equal(mkdir(strcat(path, ".d"), 0755), 0);
    assert_int_not_equal(try_open(&db, in_folder("text.db.d"), &err), QN_OK);
    assert_contains(err.message, "text.db.d");
    assert_int_not_equal(try_open(&db, in_folder("text.db.d?mode=ro"), &err), QN_OK);
    assert_contains(err.message, "folder");
}

static void a_path_that_is_too_long_is_refused_with_the_reason(void **state)
{
    (void)state;
    char url[2200] = "sqlite:/tmp/";
    qn_db *db;
    qn_error err;
    memset(url + strlen(url), 'a', 400);
    assert_int_equal(try_open(&db, url, &err), QN_IO);
    assert_contains(err.message, "File name too long");
    (void)snprintf(url, sizeof url, "memory:");
    memset(url + strlen(url), 'a', 2000);
    assert_int_equal(try_open(&db, url, &err), QN_INVALID);
    assert_contains(err.message, "too long");
}

static void names_that_mean_something_to_sqlite_are_files_too(void **state)
{
    (void)state;
    static const char *const names[] = {"file:x%3fmode=memory", "a%25b.db", "%C3%A4 b.db", "it's.db"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        qn_db *db = open_url(in_folder(names[i]));
        run(db, "CREATE TABLE t (x)");
        qn_db_close(db);
        db = open_url(in_folder(names[i]));
        assert_string_equal(gives(db, "SELECT name FROM sqlite_schema"), "text t");
        qn_db_close(db);
    }
    char before[512];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    qn_db *db = open_url("sqlite:file:x?mode=rwc");
    run(db, "CREATE TABLE t (x)");
    qn_db_close(db);
    assert_int_equal(access("file:x", F_OK), 0);
    assert_int_equal(chdir(before), 0);
}

static void the_journal_is_kept_in_the_file(void **state)
{
    (void)state;
    qn_db *db = open_url(in_folder("wal.db?journal=wal&synchronous=off"));
    assert_string_equal(gives(db, "PRAGMA journal_mode"), "text wal");
    assert_string_equal(gives(db, "PRAGMA synchronous"), "i64 0");
    qn_db_close(db);
    db = open_url(in_folder("wal.db"));
    assert_string_equal(gives(db, "PRAGMA journal_mode"), "text wal");
    qn_db *other;
    qn_error err;
    run(db, "CREATE TABLE t (x)");
    assert_int_equal(try_open(&other, in_folder("wal.db?journal=delete"), &err), QN_BUSY);
    qn_db_close(db);
    db = open_url(in_folder("wal.db?journal=truncate&synchronous=extra"));
    assert_string_equal(gives(db, "PRAGMA journal_mode"), "text truncate");
    assert_string_equal(gives(db, "PRAGMA synchronous"), "i64 3");
    qn_db_close(db);
}

static void *open_in_wal(void *user)
{
    qn_db *db;
    qn_error err;
    qn_status s = qn_db_open(&db, user, NULL, &err);
    if (s == QN_OK)
        s = qn_db_execute(NULL, db, "CREATE TABLE IF NOT EXISTS t (x)", NULL, 0, &err);
    if (s == QN_OK)
        s = qn_db_execute(NULL, db, "INSERT INTO t VALUES (1)", NULL, 0, &err);
    if (s != QN_OK)
        (void)fprintf(stderr, "%s\n", err.message);
    qn_db_close(db);
    return s == QN_OK ? user : NULL;
}

static void many_may_make_a_file_and_choose_its_journal_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        char url[256];
        (void)snprintf(url, sizeof url, "sqlite:%s/together%d.db?journal=wal&synchronous=off", folder, round);
        pthread_t threads[8];
        for (int i = 0; i < 8; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, open_in_wal, url), 0);
        bool all = true;
        for (int i = 0; i < 8; i++) {
            void *result;
            assert_int_equal(pthread_join(threads[i], &result), 0);
            all = all && result != NULL;
        }
        assert_true(all);
        qn_db *db = open_url(url);
        assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 8");
        qn_db_close(db);
    }
}

typedef struct occupier {
    const char *url;
    atomic_bool begun, over;
    bool worked;
} occupier;

/* Holds the file for writing half of the time. */
static void *keep_writing(void *user)
{
    occupier *w = user;
    qn_db *db;
    qn_error err;
    qn_status s = qn_db_open(&db, w->url, NULL, &err);
    while (s == QN_OK && !atomic_load(&w->over)) {
        s = qn_db_begin(db, QN_DB_WRITE, &err);
        if (s == QN_OK)
            s = qn_db_execute(NULL, db, "CREATE TABLE IF NOT EXISTS t (x)", NULL, 0, &err);
        atomic_store(&w->begun, true);
        (void)usleep(1000);
        if (s == QN_OK)
            s = qn_db_commit(db, &err);
        (void)usleep(1000);
    }
    if (s != QN_OK)
        (void)fprintf(stderr, "%s\n", err.message);
    w->worked = s == QN_OK;
    atomic_store(&w->begun, true);
    qn_db_close(db);
    return NULL;
}

static void a_journal_is_chosen_as_soon_as_nobody_holds_the_file(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        char url[256], wal[256];
        (void)snprintf(url, sizeof url, "sqlite:%s/held%d.db?synchronous=off", folder, round);
        (void)snprintf(wal, sizeof wal, "sqlite:%s/held%d.db?synchronous=off&journal=wal", folder, round);
        occupier w = {.url = url};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, keep_writing, &w), 0);
        while (!atomic_load(&w.begun))
            (void)sched_yield();
        qn_db *db;
        qn_error err;
        qn_status s = qn_db_open(&db, wal, NULL, &err);
        atomic_store(&w.over, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_ok(s, &err);
        assert_true(w.worked);
        qn_db_close(db);
    }
}

static void a_file_that_was_replaced_breaks_the_connection(void **state)
{
    (void)state;
    qn_db *db = open_url(in_folder("gone.db"));
    qn_error err;
    run(db, "CREATE TABLE t (x)");
    assert_ok(qn_db_ping(db, &err), &err);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/gone.db", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(qn_db_ping(db, &err), QN_CLOSED);
    assert_contains(err.message, "gone.db");
    assert_true(qn_db_is_broken(db));
    qn_db_close(db);
    db = open_url("memory:");
    assert_ok(qn_db_ping(db, &err), &err);
    qn_db_close(db);
}

/* ---- values ---- */

static void values_are_stored_as_what_they_are(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    const char *sql = "SELECT typeof($1), $1";
    assert_string_equal(gives_one(db, sql, qn_value_null()), "text null|null");
    assert_string_equal(gives_one(db, sql, qn_value_bool(true)), "text integer|i64 1");
    assert_string_equal(gives_one(db, sql, qn_value_i64(INT64_MIN)), "text integer|i64 -9223372036854775808");
    assert_string_equal(gives_one(db, sql, qn_value_f64(0.1)), "text real|f64 0.10000000000000001");
    assert_string_equal(gives_one(db, sql, qn_value_f64((double)INFINITY)), "text real|f64 inf");
    assert_string_equal(gives_one(db, sql, qn_value_f64((double)NAN)), "text null|null");
    assert_string_equal(gives_one(db, sql, qn_value_text("12", -1)), "text text|text 12");
    assert_string_equal(gives_one(db, sql, qn_value_text("", -1)), "text text|text ");
    assert_string_equal(gives_one(db, sql, qn_value_bytes("\xFF\x01", 2)), "text blob|bytes \xFF\x01");
    assert_string_equal(gives_one(db, sql, qn_value_bytes("", 0)), "text blob|bytes ");
    assert_string_equal(gives_one(db, sql, qn_value_date(20497)), "text text|text 2026-02-13");
    assert_string_equal(gives_one(db, sql, qn_value_timestamp(INT64_C(1770993000500000))),
                        "text text|text 2026-02-13 14:30:00.5");
    assert_string_equal(gives_one(db, sql, qn_value_decimal("12.50", -1)), "text text|text 12.50");
    assert_string_equal(gives_one(db, "SELECT length($1), hex($1)", qn_value_bytes("a\0b", 3)), "i64 3|text 610062");
    assert_string_equal(gives(db, "SELECT CAST(x'610062' AS TEXT)"), "text a");
    qn_error err;
    qn_value late = qn_value_date(INT64_C(4000000));
    assert_int_equal(qn_db_execute(NULL, db, sql, &late, 1, &err), QN_INVALID);
    assert_contains(err.message, "9999");
    qn_db_close(db);
}

static void literals_are_what_they_look_like(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"7", "integer"},
        {"-7", "integer"},
        {"0", "integer"},
        {"1.5", "real"},
        {"1e3", "real"},
        {"-0.5", "real"},
        {"007", "text"},
        {"+7", "text"},
        {" 7", "text"},
        {"7 ", "text"},
        {"nan", "text"},
        {"inf", "text"},
        {"-inf", "text"},
        {"", "text"},
        {"-", "text"},
        {"0x10", "text"},
        {"1,5", "text"},
        {"NVDA", "text"},
        {"2026-02-13", "text"},
        {"1e", "text"},
        {"9223372036854775807", "integer"},
        {"9223372036854775808", "real"},
    };
    qn_db *db = open_url("memory:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "text %s", cases[i][1]);
        assert_string_equal(gives_one(db, "SELECT typeof($1)", qn_value_literal(cases[i][0], -1)), expected);
    }
    run(db, "CREATE TABLE t (code TEXT, n INTEGER)");
    run(db, "INSERT INTO t VALUES ('660', 7), ('007', 8)");
    assert_string_equal(gives_one(db, "SELECT n FROM t WHERE code = $1", qn_value_literal("660", -1)), "i64 7");
    assert_string_equal(gives_one(db, "SELECT n FROM t WHERE code = $1", qn_value_literal("007", -1)), "i64 8");
    assert_string_equal(gives_one(db, "SELECT code FROM t WHERE n = $1", qn_value_literal("7", -1)), "text 660");
    assert_string_equal(gives_one(db, "SELECT code FROM t LIMIT $1", qn_value_literal("1", -1)), "text 660");
    qn_db_close(db);
}

static void declared_types_come_back(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (d DATE, s timestamp, m DATETIME, b BOOLEAN, c Bool, z TIMESTAMP(6), n NUMERIC)");
    qn_error err;
    const qn_value row[] = {
        qn_value_date(-1),
        qn_value_timestamp(-1),
        qn_value_timestamp(INT64_C(86400000000)),
        qn_value_bool(false),
        qn_value_bool(true),
        qn_value_timestamp(0),
        qn_value_decimal("12.50", -1),
    };
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7)", row, 7, &err), &err);
    assert_string_equal(gives(db, "SELECT * FROM t"), "date -1|timestamp -1|timestamp 86400000000|bool 0|bool 1|"
                                                      "timestamp 0|f64 12.5");
    /* What does not fit stays what SQLite says that it is; so does what is no column. */
    run(db, "DELETE FROM t");
    run(db, "INSERT INTO t VALUES ('2026-02-30', 17, 'soon', 2, 'yes', '2026-02-13', 1)");
    assert_string_equal(gives(db, "SELECT * FROM t"),
                        "text 2026-02-30|i64 17|text soon|i64 2|text yes|timestamp 1770940800000000|i64 1");
    assert_string_equal(gives(db, "SELECT date('2026-02-13'), CAST(1 AS BOOL)"), "text 2026-02-13|i64 1");
    run(db, "CREATE TABLE near (a DATES, b UPDATE_DATE, c TIMESTAMPED)");
    run(db, "INSERT INTO near VALUES ('2026-02-13', '2026-02-13', '2026-02-13 00:00:00')");
    assert_string_equal(gives(db, "SELECT * FROM near"), "text 2026-02-13|text 2026-02-13|text 2026-02-13 00:00:00");
    qn_db_close(db);
}

static void a_table_gets_the_types_of_the_values(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (d DATE, n, x REAL, s TEXT, b BOOL, w TIMESTAMP)");
    run(db,
        "INSERT INTO t VALUES (NULL, 1, 0.5, 'a', 1, '2026-02-13 14:30:00'), ('1970-01-02', 2.5, NULL, 'b', 0, NULL)");
    qn_table *t;
    qn_error err;
    assert_ok(qn_db_query_table(&t, db, "SELECT * FROM t ORDER BY rowid", NULL, 0, &err), &err);
    static const qn_type types[] = {QN_TYPE_DATE,   QN_TYPE_F64,  QN_TYPE_F64,
                                    QN_TYPE_STRING, QN_TYPE_BOOL, QN_TYPE_TIMESTAMP};
    for (int64_t c = 0; c < 6; c++)
        assert_int_equal(qn_table_column_type(t, c), types[c]);
    assert_int_equal(qn_table_row_count(t), 2);
    assert_true(qn_table_is_missing(t, 0, 0));
    assert_int_equal(((const int32_t *)qn_table_values(t, 0))[1], 1);
    assert_true(qn_table_f64(t, 1)[0] == 1 && qn_table_f64(t, 1)[1] == 2.5);
    assert_string_equal(qn_table_source(t), "memory:");
    qn_table_free(t);
    qn_db_close(db);
}

static void text_that_is_not_utf8_is_bytes(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    assert_string_equal(gives(db, "SELECT CAST(x'C3A4' AS TEXT), CAST(x'E4' AS TEXT)"), "text \xC3\xA4|bytes \xE4");
    qn_db_close(db);
}

static void databases_in_utf16_are_read_as_utf8(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "PRAGMA encoding = 'UTF-16le'");
    run(db, "CREATE TABLE \"\xC3\xA4\" (\"\xE2\x82\xAC\" TEXT, d DATE, b BLOB)");
    const qn_value row[] = {qn_value_text("\xF0\x9F\x8C\xBE", -1), qn_value_date(1), qn_value_bytes("\xFF\0\x01", 3)};
    qn_error err;
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO \"\xC3\xA4\" VALUES ($1, $2, $3)", row, 3, &err), &err);
    assert_string_equal(gives(db, "SELECT * FROM \"\xC3\xA4\""), "text \xF0\x9F\x8C\xBE|date 1|bytes \xFF");
    assert_string_equal(gives(db, "SELECT hex(b), length(\"\xE2\x82\xAC\") FROM \"\xC3\xA4\""), "text FF0001|i64 1");
    qn_db_close(db);
}

static void a_megabyte_goes_in_and_out(void **state)
{
    (void)state;
    enum {
        SIZE = 1 << 20
    };
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    uint64_t seed = test_seed(7);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)('a' + test_random_below(&seed, 26));
    qn_db *db = open_url(in_folder("large.db?synchronous=off"));
    run(db, "CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB)");
    const qn_value row[] = {qn_value_text(bytes, SIZE), qn_value_bytes(bytes, SIZE)};
    qn_error err;
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO t VALUES ($1, $2)", row, 2, &err), &err);
    assert_int_equal(qn_db_execute(NULL, db, "INSERT INTO t VALUES ($1, $2)", row, 2, &err), QN_DATA);
    assert_int_equal(err.native, SQLITE_CONSTRAINT_PRIMARYKEY);
    qn_rows *rows;
    assert_ok(qn_db_query(&rows, db, "SELECT k, v FROM t WHERE k = $1", row, 1, &err), &err);
    bool more;
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    for (int c = 0; c < 2; c++) {
        qn_value v = qn_rows_value(rows, c);
        assert_int_equal(v.type, c == 0 ? QN_VALUE_TEXT : QN_VALUE_BYTES);
        assert_int_equal(v.size, SIZE);
        assert_memory_equal(v.bytes, bytes, SIZE);
    }
    qn_rows_close(rows);
    assert_int_equal(try_run(db, "SELECT zeroblob(2000000000)", &err), QN_LIMIT);
    assert_int_equal(err.native, SQLITE_TOOBIG);
    qn_db_close(db);
    free(bytes);
}

/* ---- statements ---- */

static void parameters_stand_where_their_numbers_say(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    const qn_value v[] = {qn_value_i64(1), qn_value_text("two", -1), qn_value_i64(3)};
    qn_error err;
    assert_string_equal(gives_with(db, "SELECT $2, $1, $2", v, 2), "text two|i64 1|text two");
    assert_string_equal(gives_with(db, "SELECT $3, $1", v, 3), "i64 3|i64 1");
    assert_string_equal(gives_with(db, "SELECT ?, ?", v, 2), "i64 1|text two");
    assert_string_equal(gives_with(db, "SELECT ?2, ?1, ?2", v, 2), "text two|i64 1|text two");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $3", v, 2, &err), QN_INVALID);
    assert_contains(err.message, "3 parameters");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $1, ?", v, 2, &err), QN_INVALID);
    assert_contains(err.message, "both");
    static const char *const named[] = {
        "SELECT :day", "SELECT @day", "SELECT $day", "SELECT $0", "SELECT $99999999999999999999", "SELECT $1x"};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        assert_int_equal(qn_db_execute(NULL, db, named[i], v, 1, &err), QN_INVALID);
        assert_contains(err.message, named[i] + strlen("SELECT "));
    }
    qn_db_close(db);
}

static void values_are_copied_when_a_query_begins(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (x)");
    run(db, "INSERT INTO t VALUES (1), (2)");
    char text[] = "kept", bytes[] = "here";
    const qn_value v[] = {qn_value_text(text, -1), qn_value_bytes(bytes, 4), qn_value_literal(text, -1)};
    qn_rows *rows;
    qn_error err;
    assert_ok(qn_db_query(&rows, db, "SELECT x, $1, $2, $3 FROM t", v, 3, &err), &err);
    memset(text, '!', 4);
    memset(bytes, '!', 4);
    for (int i = 0; i < 2; i++) {
        bool more;
        assert_ok(qn_rows_next(&more, rows, &err), &err);
        assert_memory_equal(qn_rows_value(rows, 1).bytes, "kept", 5);
        assert_memory_equal(qn_rows_value(rows, 2).bytes, "here", 5);
        assert_memory_equal(qn_rows_value(rows, 3).bytes, "kept", 5);
    }
    qn_rows_close(rows);
    qn_db_close(db);
}

static void errors_carry_sqlites_code_text_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        qn_status status;
        int native;
        int64_t column; /* -1: none to be told */
        const char *piece;
    } cases[] = {
        {"SELEC 1", QN_SYNTAX, SQLITE_ERROR, 1, "near \"SELEC\": syntax error"},
        {"SELECT 1 FROM", QN_SYNTAX, SQLITE_ERROR, -1, "incomplete input"},
        {"SELECT 'open", QN_SYNTAX, SQLITE_ERROR, 8, "unrecognized token"},
        {"SELECT x FROM nosuch", QN_NAME, SQLITE_ERROR, -1, "no such table: nosuch"},
        {"SELECT a, nosuch FROM t", QN_NAME, SQLITE_ERROR, 11, "no such column: nosuch"},
        {"SELECT \"nosuch\" FROM t", QN_NAME, SQLITE_ERROR, 8, "no such column: nosuch"},
        {"SELECT nosuch(1)", QN_NAME, SQLITE_ERROR, -1, "no such function: nosuch"},
        {"INSERT INTO t (nosuch) VALUES (1)", QN_NAME, SQLITE_ERROR, -1, "no column named nosuch"},
        {"INSERT INTO t VALUES (1, 2, 3, 4)", QN_SYNTAX, SQLITE_ERROR, -1, "values were supplied"},
        {"SELECT abs(1, 2)", QN_SYNTAX, SQLITE_ERROR, -1, "wrong number of arguments"},
        {"SELECT abs(-9223372036854775807 - 1)", QN_DATA, SQLITE_ERROR, -1, "integer overflow"},
        {"INSERT INTO t (a) VALUES (1)", QN_DATA, SQLITE_CONSTRAINT_UNIQUE, -1, "UNIQUE constraint failed: t.a"},
        {"INSERT INTO t (b) VALUES (NULL)", QN_DATA, SQLITE_CONSTRAINT_NOTNULL, -1, "NOT NULL constraint failed"},
        {"INSERT INTO t (c) VALUES (-1)", QN_DATA, SQLITE_CONSTRAINT_CHECK, -1, "CHECK constraint failed"},
        {"INSERT INTO child VALUES (99)", QN_DATA, SQLITE_CONSTRAINT_FOREIGNKEY, -1, "FOREIGN KEY constraint failed"},
        {"INSERT INTO strict VALUES ('x')", QN_DATA, SQLITE_CONSTRAINT_DATATYPE, -1, "INT"},
        {"INSERT INTO k VALUES ('x')", QN_DATA, SQLITE_MISMATCH, -1, "datatype mismatch"},
        {"CREATE TABLE t (x)", QN_DATA, SQLITE_ERROR, -1, "already exists"},
        {"DELETE FROM sqlite_schema", QN_PERMISSION, SQLITE_ERROR, -1, "may not be modified"},
        {"COMMIT", QN_INVALID, SQLITE_ERROR, -1, "no transaction is active"},
        {"ATTACH '/nonexistent/folder/x.db' AS x", QN_IO, SQLITE_CANTOPEN, -1, "unable to open"},
    };
    qn_db *db = open_url("memory:");
    qn_error err;
    assert_ok(qn_db_script(db,
                           "CREATE TABLE t (a UNIQUE, b NOT NULL DEFAULT 0, c CHECK (c > 0));"
                           "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
                           "CREATE TABLE child (of REFERENCES parent (id));"
                           "CREATE TABLE strict (x INT) STRICT;"
                           "CREATE TABLE k (id INTEGER PRIMARY KEY);"
                           "INSERT INTO t (a) VALUES (1)",
                           &err),
              &err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_status s = try_run(db, cases[i].sql, &err);
        if (s != cases[i].status || err.native != cases[i].native)
            print_error("%s: %s, %d, %s\n", cases[i].sql, qn_status_name(s), err.native, err.message);
        assert_int_equal(s, cases[i].status);
        assert_int_equal(err.native, cases[i].native);
        assert_contains(err.message, cases[i].piece);
        assert_contains(err.message, "(memory:)");
        if (cases[i].column > 0)
            assert_int_equal(err.column, cases[i].column);
    }
    qn_db_close(db);
}

static void one_statement_is_neither_none_nor_two(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_error err;
    static const char *const none[] = {"", " ", ";", "-- nothing", "/* nothing */ ;"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(try_run(db, none[i], &err), QN_INVALID);
    static const char *const two[] = {"SELECT 1; SELECT 2", "SELECT 1; rubbish", ";; SELECT 1; SELECT 2",
                                      "CREATE TABLE t (x); INSERT INTO t VALUES (1)"};
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        assert_int_equal(try_run(db, two[i], &err), QN_INVALID);
        assert_contains(err.message, "more than one statement: give them one at a time");
    }
    assert_string_equal(gives(db, "SELECT 1 ; -- and that is all\n"), "i64 1");
    assert_string_equal(gives(db, "SELECT name FROM sqlite_schema"), "");
    qn_db_close(db);
}

static void changes_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t changed;
    } cases[] = {
        {"CREATE TABLE t (x)", 0},
        {"INSERT INTO t VALUES (1), (2), (3)", 3},
        {"SELECT count(*) FROM t", 0},
        {"UPDATE t SET x = x + 1 WHERE x > 1", 2},
        {"CREATE INDEX i ON t (x)", 0},
        {"UPDATE t SET x = 0 WHERE x > 100", 0},
        {"INSERT INTO t VALUES (7) RETURNING x", 1},
        {"DELETE FROM t", 4},
        {"PRAGMA user_version = 7", 0},
        {"DROP TABLE t", 0},
    };
    qn_db *db = open_url("memory:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t changed;
        qn_error err;
        assert_ok(qn_db_execute(&changed, db, cases[i].sql, NULL, 0, &err), &err);
        assert_int_equal(changed, cases[i].changed);
    }
    qn_db_close(db);
}

static void a_kept_statement_follows_its_table(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (x)");
    run(db, "INSERT INTO t VALUES (1)");
    assert_string_equal(gives(db, "SELECT * FROM t"), "i64 1");
    run(db, "ALTER TABLE t ADD COLUMN day DATE DEFAULT '1970-01-03'");
    assert_string_equal(gives(db, "SELECT * FROM t"), "i64 1|date 2");
    run(db, "ALTER TABLE t DROP COLUMN x");
    assert_string_equal(gives(db, "SELECT * FROM t"), "date 2");
    run(db, "DROP TABLE t");
    qn_error err;
    assert_int_equal(try_run(db, "SELECT * FROM t", &err), QN_NAME);
    qn_db_close(db);
}

static void statements_of_every_kind_can_be_executed(void **state)
{
    (void)state;
    qn_db *db = open_url(in_folder("kinds.db?synchronous=off"));
    run(db, "CREATE TABLE t (x)");
    run(db, "VACUUM");
    run(db, "PRAGMA user_version = 42");
    assert_string_equal(gives(db, "PRAGMA user_version"), "i64 42");
    run(db, "ATTACH ':memory:' AS other");
    run(db, "CREATE TABLE other.u (y)");
    run(db, "ANALYZE");
    run(db, "EXPLAIN SELECT * FROM t");
    run(db, "DETACH other");
    assert_string_equal(gives(db, "PRAGMA foreign_keys"), "i64 1");
    qn_error err;
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(try_run(db, "VACUUM", &err), QN_INVALID);
    qn_db_rollback(db);
    qn_db_close(db);
}

static void a_script_says_where_it_failed(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_error err;
    assert_ok(qn_db_script(db, "  ;; -- nothing\n/* nor here */", &err), &err);
    assert_ok(qn_db_script(db, "CREATE TABLE t (x UNIQUE);\nSELECT * FROM t; INSERT INTO t VALUES (1)", &err), &err);
    assert_int_equal(qn_db_script(db, "INSERT INTO t VALUES (2);\n-- a comment; with a semicolon\n  SELEC 1;", &err),
                     QN_SYNTAX);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    assert_int_equal(qn_db_script(db, "INSERT INTO t VALUES (3);\nINSERT INTO t\nVALUES (1);", &err), QN_DATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 1);
    assert_int_equal(err.native, SQLITE_CONSTRAINT_UNIQUE);
    assert_int_equal(qn_db_script(db, "INSERT INTO t VALUES (4);\nSELECT x,\n nosuch FROM t", &err), QN_NAME);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 2);
    assert_int_equal(qn_db_script(db, "SELECT $1", &err), QN_INVALID);
    assert_string_equal(gives(db, "SELECT x FROM t ORDER BY x"), "i64 1;i64 2;i64 3;i64 4");
    qn_db_close(db);
}

/* ---- transactions ---- */

static void a_reading_transaction_writes_nothing(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (x)");
    qn_error err;
    static const char *const writing[] = {"INSERT INTO t VALUES (1)", "CREATE TABLE u (x)", "CREATE TEMP TABLE u (x)",
                                          "PRAGMA user_version = 3"};
    for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++) {
        assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err);
        assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 0");
        assert_int_equal(try_run(db, writing[i], &err), QN_PERMISSION);
        qn_db_rollback(db);
        assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err);
        assert_int_equal(qn_db_script(db, writing[i], &err), QN_PERMISSION);
        qn_db_rollback(db);
    }
    run(db, "INSERT INTO t VALUES (1)");
    assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 1");
    qn_db_close(db);
}

static void a_statement_that_fails_leaves_the_outer_scope_whole(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_error err;
    run(db, "CREATE TABLE t (x UNIQUE)");
    assert_true(qn_db_can(db, QN_DB_SAVEPOINTS));
    assert_false(qn_db_can(db, QN_DB_MANY_WRITERS));
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run(db, "INSERT INTO t VALUES (1)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run(db, "INSERT INTO t VALUES (2)");
    assert_int_equal(try_run(db, "INSERT INTO t VALUES (1)", &err), QN_DATA);
    assert_int_equal(qn_db_commit(db, &err), QN_DATA);
    run(db, "INSERT INTO t VALUES (3)");
    assert_ok(qn_db_commit(db, &err), &err);
    assert_string_equal(gives(db, "SELECT x FROM t"), "i64 1;i64 3");
    qn_db_close(db);
}

static void a_deferred_key_fails_the_commit(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_error err;
    assert_ok(qn_db_script(db,
                           "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
                           "CREATE TABLE child (of REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
                           &err),
              &err);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run(db, "INSERT INTO child VALUES (7)");
    assert_int_equal(qn_db_commit(db, &err), QN_DATA);
    assert_int_equal(err.native, SQLITE_CONSTRAINT_FOREIGNKEY);
    assert_int_equal(qn_db_depth(db), 0);
    assert_string_equal(gives(db, "SELECT count(*) FROM child"), "i64 0");
    qn_db_close(db);
}

/* ---- many rows ---- */

static qn_table *read_csv(const char *text)
{
    qn_csv *csv;
    qn_table *t;
    qn_error err;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "rows.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    qn_csv_close(csv);
    return t;
}

static void a_table_is_inserted_whole(void **state)
{
    (void)state;
    qn_table *t = read_csv("day,n,x,who,ok,\"od\"\"d.name\",at\n"
                           "2026-02-13,1,0.5,ann,true,7,2026-02-13T14:30:00\n"
                           "NA,-2,NA,\"b\"\"o\",NA,8,NA\n");
    qn_db *db = open_url("memory:");
    qn_error err;
    run(db, "CREATE TABLE \"my rows\" (at TIMESTAMP, day DATE, n INT, x REAL, who TEXT, ok BOOL, \"od\"\"d.name\","
            " extra DEFAULT 'e')");
    assert_ok(qn_db_insert(db, "my rows", t, &err), &err);
    assert_string_equal(gives(db, "SELECT * FROM \"my rows\""),
                        "timestamp 1770993000000000|date 20497|i64 1|f64 0.5|text ann|bool 1|i64 7|text e;"
                        "null|null|i64 -2|null|text b\"o|null|i64 8|text e");
    assert_ok(qn_db_insert(db, "main.my rows", t, &err), &err);
    assert_string_equal(gives(db, "SELECT count(*), typeof(at) FROM \"my rows\""), "i64 4|text text");
    assert_int_equal(qn_db_insert(db, "nosuch", t, &err), QN_NAME);
    assert_contains(err.message, "no such table: nosuch");
    assert_int_equal(qn_db_insert(db, "x; DROP TABLE t", t, &err), QN_NAME);
    run(db, "CREATE TABLE narrow (day)");
    assert_int_equal(qn_db_insert(db, "narrow", t, &err), QN_NAME);
    assert_contains(err.message, "has no column named n");
    assert_int_equal(qn_db_insert(db, "a.b.c", t, &err), QN_INVALID);
    qn_table_free(t);
    qn_db_close(db);
}

static void a_row_that_does_not_fit_is_named_and_nothing_stays(void **state)
{
    (void)state;
    qn_table *t = read_csv("x,y\n1,2\n3,4\n1,5\n");
    qn_db *db = open_url("memory:");
    qn_error err;
    run(db, "CREATE TABLE t (x UNIQUE, y)");
    assert_int_equal(qn_db_insert(db, "t", t, &err), QN_DATA);
    assert_contains(err.message, "row 3: UNIQUE constraint failed: t.x");
    assert_int_equal(err.native, SQLITE_CONSTRAINT_UNIQUE);
    assert_string_equal(err.file, "rows.csv");
    assert_int_equal(err.line, 4);
    assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 0");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run(db, "INSERT INTO t VALUES (100, 0)");
    assert_int_equal(qn_db_insert(db, "t", t, &err), QN_DATA);
    qn_db_rollback(db);
    assert_string_equal(gives(db, "SELECT count(*) FROM t"), "i64 0");
    qn_table_free(t);
    qn_db_close(db);
}

/* ---- in memory ---- */

static void databases_in_memory_are_private_or_shared_by_name(void **state)
{
    (void)state;
    qn_db *a = open_url("memory:"), *b = open_url("memory:");
    qn_error err;
    run(a, "CREATE TABLE t (x)");
    assert_int_equal(try_run(b, "SELECT * FROM t", &err), QN_NAME);
    qn_db_close(a);
    qn_db_close(b);
    a = open_url("memory:one %26 two%3f");
    b = open_url("memory:one %26 two%3f");
    qn_db *c = open_url("memory:other");
    run(a, "CREATE TABLE t (x)");
    run(b, "INSERT INTO t VALUES (7)");
    assert_string_equal(gives(a, "SELECT x FROM t"), "i64 7");
    assert_int_equal(try_run(c, "SELECT * FROM t", &err), QN_NAME);
    assert_string_equal(qn_db_kind(a), "memory");
    qn_db_close(a);
    assert_string_equal(gives(b, "SELECT x FROM t"), "i64 7");
    qn_db_close(b);
    a = open_url("memory:one %26 two%3f");
    assert_int_equal(try_run(a, "SELECT * FROM t", &err), QN_NAME);
    qn_db_close(a);
    qn_db_close(c);
}

static void what_is_not_committed_is_seen_by_nobody(void **state)
{
    (void)state;
    char file[256];
    (void)snprintf(file, sizeof file, "%s", in_folder("isolated.db"));
    const char *const urls[] = {"memory:isolated", file};
    for (int i = 0; i < 2; i++) {
        const char *url = urls[i];
        qn_db *writer = open_url(url), *reader;
        qn_error err;
        assert_ok(try_open(&reader, url, &err), &err);
        run(writer, "CREATE TABLE t (x)");
        assert_ok(qn_db_begin(reader, QN_DB_READ, &err), &err);
        assert_string_equal(gives(reader, "SELECT count(*) FROM t"), "i64 0");
        assert_ok(qn_db_begin(writer, QN_DB_WRITE, &err), &err);
        run(writer, "INSERT INTO t VALUES (1)");
        assert_string_equal(gives(reader, "SELECT count(*) FROM t"), "i64 0");
        assert_ok(qn_db_commit(reader, &err), &err);
        qn_rows *rows;
        qn_status s = qn_db_query(&rows, reader, "SELECT count(*) FROM t", NULL, 0, &err);
        bool more;
        if (s == QN_OK) { /* a file's readers go on while one writes; in memory they wait */
            assert_ok(qn_rows_next(&more, rows, &err), &err);
            assert_int_equal(qn_rows_value(rows, 0).i64, 0);
        } else {
            assert_int_equal(s, QN_BUSY);
            assert_int_equal(i, 0);
        }
        qn_rows_close(rows);
        qn_db_rollback(writer);
        assert_string_equal(gives(reader, "SELECT count(*) FROM t"), "i64 0");
        qn_db_close(reader);
        qn_db_close(writer);
    }
}

enum {
    COUNTERS = 6,
    ROUNDS = 40
};

static void *count_up(void *user)
{
    qn_db *db;
    qn_error err = qn_error_none();
    qn_status s = qn_db_open(&db, user, NULL, &err);
    for (int i = 0; s == QN_OK && i < ROUNDS; i++) {
        s = qn_db_begin(db, QN_DB_WRITE, &err);
        if (s != QN_OK)
            break;
        qn_rows *rows = NULL;
        bool more = false;
        int64_t n = 0;
        s = qn_db_query(&rows, db, "SELECT n, n FROM t", NULL, 0, &err);
        if (s == QN_OK)
            s = qn_rows_next(&more, rows, &err);
        if (s == QN_OK && more)
            n = qn_rows_value(rows, 0).i64;
        qn_rows_close(rows);
        const qn_value next[] = {qn_value_i64(n + 1)};
        if (s == QN_OK)
            s = qn_db_execute(NULL, db, "UPDATE t SET n = $1", next, 1, &err);
        if (s == QN_OK && i % 4 != 3) {
            s = qn_db_commit(db, &err);
        } else {
            qn_db_rollback(db);
        }
    }
    if (s != QN_OK)
        (void)fprintf(stderr, "%s: %s\n", qn_status_name(s), err.message);
    qn_db_close(db);
    return s == QN_OK ? user : NULL;
}

/* Read, add one, write: lost updates and what was rolled back would show in the sum. */
static void threads_that_share_a_database_in_memory_lose_no_update(void **state)
{
    (void)state;
    static char url[] = "memory:counted";
    qn_db *db = open_url(url);
    run(db, "CREATE TABLE t (n)");
    run(db, "INSERT INTO t VALUES (0)");
    pthread_t threads[COUNTERS];
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, url), 0);
    bool all = true;
    for (int i = 0; i < COUNTERS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        all = all && result != NULL;
    }
    assert_true(all);
    char expected[32];
    (void)snprintf(expected, sizeof expected, "i64 %d", COUNTERS * ROUNDS * 3 / 4);
    assert_string_equal(gives(db, "SELECT n FROM t"), expected);
    qn_db_close(db);
}

/* ---- being stopped ---- */

static const char endless[] = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c";

typedef struct interrupter {
    qn_db *db;
    atomic_bool begun, over;
} interrupter;

/* Again and again, for nobody can tell from outside when a statement is under way. */
static void *keep_interrupting(void *user)
{
    interrupter *i = user;
    while (!atomic_load(&i->over)) {
        qn_db_interrupt(i->db);
        (void)usleep(50);
    }
    return NULL;
}

/* As often as can be. */
static void *storm(void *user)
{
    interrupter *i = user;
    while (!atomic_load(&i->over)) {
        qn_db_interrupt(i->db);
        atomic_store(&i->begun, true);
    }
    return NULL;
}

static qn_status run_interrupted(qn_db *db, const char *sql, bool script, qn_error *err)
{
    interrupter i = {.db = db};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_interrupting, &i), 0);
    qn_status s = script ? qn_db_script(db, sql, err) : try_run(db, sql, err);
    atomic_store(&i.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return s;
}

static void an_interrupt_ends_what_runs(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_error err;
    assert_int_equal(run_interrupted(db, endless, false, &err), QN_INTERRUPTED);
    assert_int_equal(err.native, SQLITE_INTERRUPT);
    assert_int_equal(run_interrupted(db, endless, true, &err), QN_INTERRUPTED);
    assert_string_equal(gives(db, "SELECT 1"), "i64 1"); /* and nothing after it */
    qn_db_interrupt(db);
    assert_string_equal(gives(db, "SELECT 1"), "i64 1");
    qn_db_close(db);
}

static void an_interrupt_ends_the_wait_for_a_lock(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = INT64_MAX;
    qn_db *holder = open_url("memory:held"), *db;
    qn_error err;
    run(holder, "CREATE TABLE t (x)");
    assert_ok(qn_db_begin(holder, QN_DB_WRITE, &err), &err);
    run(holder, "INSERT INTO t VALUES (1)");
    assert_ok(qn_db_open(&db, "memory:held", &options, &err), &err);
    assert_int_equal(run_interrupted(db, "INSERT INTO t VALUES (2)", false, &err), QN_INTERRUPTED);
    qn_db_rollback(holder);
    run(db, "INSERT INTO t VALUES (3)");
    qn_db_close(db);
    qn_db_close(holder);
}

/* Whatever the interrupts hit, a commit or a rollback too: what was committed is there, and nothing else. */
static void interrupts_leave_a_connection_whole(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    run(db, "CREATE TABLE t (x)");
    interrupter i = {.db = db};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, storm, &i), 0);
    while (!atomic_load(&i.begun))
        (void)sched_yield();
    int64_t kept = 0;
    for (int n = 0; n < 1000; n++) {
        if (qn_db_begin(db, QN_DB_WRITE, NULL) != QN_OK)
            continue;
        if (try_run(db, "INSERT INTO t VALUES (1)", NULL) == QN_OK && n % 3 != 0)
            kept += qn_db_commit(db, NULL) == QN_OK;
        else
            qn_db_rollback(db);
    }
    atomic_store(&i.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(qn_db_is_broken(db));
    char expected[32];
    (void)snprintf(expected, sizeof expected, "i64 %" PRId64, kept);
    assert_string_equal(gives(db, "SELECT count(*) FROM t"), expected);
    qn_db_close(db);
}

/* SQLite itself forgets one that comes while none of the statements is under way. */
static void an_interrupt_between_two_statements_ends_a_script(void **state)
{
    (void)state;
    char text[4096] = "";
    for (size_t n = 0; n < 400; n++)
        (void)memcpy(text + n * 9, "SELECT 1;", 10);
    qn_db *db = open_url("memory:");
    qn_error err = qn_error_none();
    for (int n = 0; n < 5000 && strstr(err.message, "after this statement") == NULL; n++)
        (void)run_interrupted(db, text, true, &err);
    assert_contains(err.message, "after this statement");
    assert_int_equal(err.code, QN_INTERRUPTED);
    qn_db_close(db);
}

static void rows_that_are_open_are_interrupted_as_well(void **state)
{
    (void)state;
    qn_db *db = open_url("memory:");
    qn_rows *rows;
    qn_error err;
    assert_ok(qn_db_query(&rows, db, "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c",
                          NULL, 0, &err),
              &err);
    bool more = true;
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    qn_db_interrupt(db);
    qn_status s = QN_OK;
    for (int i = 0; s == QN_OK && i < 3; i++)
        s = qn_rows_next(&more, rows, &err);
    assert_int_equal(s, QN_INTERRUPTED);
    qn_rows_close(rows);
    qn_db_close(db);
}

static void a_statement_has_its_time(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_timeout_ms = 20;
    options.busy_timeout_ms = INT64_MAX;
    qn_db *db, *holder;
    qn_error err;
    assert_ok(qn_db_open(&db, "memory:timed", &options, &err), &err);
    assert_int_equal(try_run(db, endless, &err), QN_TIMEOUT);
    assert_contains(err.message, "longer than its limit of 20 ms");
    assert_int_equal(err.native, SQLITE_INTERRUPT);
    assert_int_equal(qn_db_script(db, endless, &err), QN_TIMEOUT);
    assert_string_equal(gives(db, "SELECT 1"), "i64 1");
    holder = open_url("memory:timed"); /* and waiting for a lock is part of it */
    run(holder, "CREATE TABLE t (x)");
    assert_ok(qn_db_begin(holder, QN_DB_WRITE, &err), &err);
    run(holder, "INSERT INTO t VALUES (1)");
    assert_int_equal(try_run(db, "INSERT INTO t VALUES (2)", &err), QN_TIMEOUT);
    qn_db_rollback(holder);
    run(db, "INSERT INTO t VALUES (2)");
    qn_db_close(holder);
    qn_db_close(db);
}

static void a_lock_is_waited_for_as_long_as_was_said(void **state)
{
    (void)state;
    qn_db *holder = open_url("memory:busy"), *db;
    qn_error err;
    run(holder, "CREATE TABLE t (x)");
    assert_ok(qn_db_begin(holder, QN_DB_WRITE, &err), &err);
    assert_ok(try_open(&db, "memory:busy", &err), &err);
    assert_int_equal(try_run(db, "INSERT INTO t VALUES (1)", &err), QN_BUSY);
    assert_int_equal(err.native & 0xFF, SQLITE_BUSY);
    assert_contains(err.message, "busy_timeout_ms");
    assert_int_equal(qn_db_begin(db, QN_DB_WRITE, &err), QN_BUSY);
    assert_int_equal(qn_db_depth(db), 0);
    qn_db_close(db);
    qn_db_close(holder);
}

/* ---- others ---- */

static bool python(const char *program)
{
    char path[160], command[320];
    (void)snprintf(path, sizeof path, "%s/program.py", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fprintf(f, "import os, sqlite3\nos.chdir('%s')\n%s", folder, program);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(command, sizeof command, "python3 %s", path);
    return system(command) == 0;
}

static void pythons_module_and_this_read_each_others_values(void **state)
{
    (void)state;
    if (system("python3 -c 'import sqlite3' 2> /dev/null") != 0) {
        print_message("SKIPPED: there is no python3 with sqlite3, so nobody else reads and writes the file\n");
        skip();
    }
    qn_db *db = open_url(in_folder("ours.db"));
    qn_error err;
    run(db, "CREATE TABLE t (i INT, f REAL, s TEXT, b BLOB, d DATE, w TIMESTAMP, o BOOL, n)");
    const qn_value row[] = {
        qn_value_i64(INT64_MIN),     qn_value_f64(0.1),    qn_value_text("\xC3\xA4\"'\n", -1),
        qn_value_bytes("\0\xFF", 2), qn_value_date(20497), qn_value_timestamp(INT64_C(1770993000250000)),
        qn_value_bool(true),         qn_value_null()};
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8)", row, 8, &err), &err);
    qn_db_close(db);
    /* Python's own converters for DATE and TIMESTAMP have to understand what stands there. */
    assert_true(python("import datetime\n"
                       "c = sqlite3.connect('ours.db', detect_types=sqlite3.PARSE_DECLTYPES)\n"
                       "r = c.execute('SELECT * FROM t').fetchone()\n"
                       "assert r == (-2**63, 0.1, '\\u00e4\"\\'\\n', b'\\x00\\xff', datetime.date(2026, 2, 13),\n"
                       "             datetime.datetime(2026, 2, 13, 14, 30, 0, 250000), 1, None), r\n"
                       "c = sqlite3.connect('theirs.db')\n"
                       "c.execute('CREATE TABLE t (i INT, f REAL, s TEXT, b BLOB, d DATE, w TIMESTAMP, o BOOL, n)')\n"
                       "c.execute('INSERT INTO t VALUES (?,?,?,?,?,?,?,?)',\n"
                       "          (2**63 - 1, -1e300, 'caf\\u00e9', b'xyz', datetime.date(1999, 12, 31),\n"
                       "           datetime.datetime(2000, 2, 29, 23, 59, 59, 999999), False, None))\n"
                       "c.commit()\n"));
    db = open_url(in_folder("theirs.db?mode=ro"));
    assert_string_equal(gives(db, "SELECT * FROM t"),
                        "i64 9223372036854775807|f64 -1.0000000000000001e+300|text caf\xC3\xA9|bytes xyz|date 10956|"
                        "timestamp 951868799999999|bool 0|null");
    qn_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked_and_named),
        cmocka_unit_test(the_mode_says_whether_a_file_is_made),
        cmocka_unit_test(read_only_connections_change_nothing),
        cmocka_unit_test(a_file_that_was_left_in_the_middle_of_writing_says_what_to_do),
        cmocka_unit_test(what_is_no_database_is_refused_when_it_is_opened),
        cmocka_unit_test(a_path_that_is_too_long_is_refused_with_the_reason),
        cmocka_unit_test(names_that_mean_something_to_sqlite_are_files_too),
        cmocka_unit_test(the_journal_is_kept_in_the_file),
        cmocka_unit_test(many_may_make_a_file_and_choose_its_journal_at_once),
        cmocka_unit_test(a_journal_is_chosen_as_soon_as_nobody_holds_the_file),
        cmocka_unit_test(a_file_that_was_replaced_breaks_the_connection),
        cmocka_unit_test(values_are_stored_as_what_they_are),
        cmocka_unit_test(literals_are_what_they_look_like),
        cmocka_unit_test(declared_types_come_back),
        cmocka_unit_test(a_table_gets_the_types_of_the_values),
        cmocka_unit_test(text_that_is_not_utf8_is_bytes),
        cmocka_unit_test(databases_in_utf16_are_read_as_utf8),
        cmocka_unit_test(a_megabyte_goes_in_and_out),
        cmocka_unit_test(parameters_stand_where_their_numbers_say),
        cmocka_unit_test(values_are_copied_when_a_query_begins),
        cmocka_unit_test(errors_carry_sqlites_code_text_and_place),
        cmocka_unit_test(one_statement_is_neither_none_nor_two),
        cmocka_unit_test(changes_are_counted),
        cmocka_unit_test(a_kept_statement_follows_its_table),
        cmocka_unit_test(statements_of_every_kind_can_be_executed),
        cmocka_unit_test(a_script_says_where_it_failed),
        cmocka_unit_test(a_reading_transaction_writes_nothing),
        cmocka_unit_test(a_statement_that_fails_leaves_the_outer_scope_whole),
        cmocka_unit_test(a_deferred_key_fails_the_commit),
        cmocka_unit_test(a_table_is_inserted_whole),
        cmocka_unit_test(a_row_that_does_not_fit_is_named_and_nothing_stays),
        cmocka_unit_test(databases_in_memory_are_private_or_shared_by_name),
        cmocka_unit_test(what_is_not_committed_is_seen_by_nobody),
        cmocka_unit_test(threads_that_share_a_database_in_memory_lose_no_update),
        cmocka_unit_test(an_interrupt_ends_what_runs),
        cmocka_unit_test(an_interrupt_ends_the_wait_for_a_lock),
        cmocka_unit_test(interrupts_leave_a_connection_whole),
        cmocka_unit_test(an_interrupt_between_two_statements_ends_a_script),
        cmocka_unit_test(rows_that_are_open_are_interrupted_as_well),
        cmocka_unit_test(a_statement_has_its_time),
        cmocka_unit_test(a_lock_is_waited_for_as_long_as_was_said),
        cmocka_unit_test(pythons_module_and_this_read_each_others_values),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so nothing of it is tested\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
