/* SQLite's files where the world is against them: the disk is full, the folder or the file cannot be written, another
 * process holds the lock, a process dies in the middle, the file is cut off or damaged. What changes the process, its
 * user or its limits happens in a child. */
#define _GNU_SOURCE /* unshare */
#include "harness/harness.h"

#include <quern/db.h>
#include <quern/table.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SQLITE_FULL = 13, /* https://sqlite.org/rescode.html */
    SKIPPED = 77,
    NOBODY = 65534,
};

static char folder[] = "/tmp/quern-disk-XXXXXX";
static char url[256]; /* what url_of made last */

static const char *url_of(const char *name)
{
    (void)snprintf(url, sizeof url, "sqlite:%s/%s", folder, name);
    return url;
}

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", folder, folder);
    return system(command);
}

/* Without waiting for locks. */
static qn_status try_open(qn_db **out, const char *at, qn_error *err)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    return qn_db_open(out, at, &options, err);
}

static qn_db *open_url(const char *at)
{
    qn_db *db;
    qn_error err;
    assert_ok(qn_db_open(&db, at, NULL, &err), &err);
    return db;
}

static qn_status try_run(qn_db *db, const char *sql, qn_error *err)
{
    return qn_db_execute(NULL, db, sql, NULL, 0, err);
}

static void run(qn_db *db, const char *sql)
{
    qn_error err;
    assert_ok(try_run(db, sql, &err), &err);
}

/* The first number that a query gives; -1: an error. */
static int64_t number(qn_db *db, const char *sql)
{
    qn_table *t;
    qn_error err;
    if (qn_db_query_table(&t, db, sql, NULL, 0, &err) != QN_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    int64_t n = qn_table_column_type(t, 0) == QN_TYPE_I64 ? ((const int64_t *)qn_table_values(t, 0))[0] : -1;
    qn_table_free(t);
    return n;
}

static int64_t rows_of(qn_db *db)
{
    return number(db, "SELECT count(*) FROM t");
}

static bool is_whole(qn_db *db)
{
    return number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0;
}

#define MANY_ROWS                                                                                              \
    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) INSERT INTO t SELECT i, " \
    "hex(zeroblob(200)) FROM c"

/* A database with as many rows of half a kilobyte. */
static void make_rows(const char *name)
{
    char at[320];
    (void)snprintf(at, sizeof at, "%s?synchronous=off", url_of(name));
    qn_db *db = open_url(at);
    run(db, "CREATE TABLE t (i INTEGER, s TEXT)");
    run(db, MANY_ROWS);
    qn_db_close(db);
}

/* In a child nothing of cmocka works: what does not hold is printed, and the child fails. */
#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            (void)fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, err.message); \
            return 1;                                                                               \
        }                                                                                           \
    } while (0)

static int in_child(int (*body)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- no room ---- */

/* A table, then more than fits: it fails as a whole, and what was there before stays. */
static int fill(const char *at, int native)
{
    qn_db *db;
    qn_error err = qn_error_none();
    CHECK(qn_db_open(&db, at, NULL, &err) == QN_OK);
    CHECK(try_run(db, "CREATE TABLE t (i, s)", &err) == QN_OK);
    CHECK(try_run(db, "INSERT INTO t VALUES (0, 'first')", &err) == QN_OK);
    CHECK(qn_db_begin(db, QN_DB_WRITE, &err) == QN_OK);
    CHECK(try_run(db, "INSERT INTO t VALUES (1, 'second')", &err) == QN_OK);
    qn_status s = try_run(db, MANY_ROWS, &err);
    if (s == QN_OK)
        s = qn_db_commit(db, &err);
    else
        qn_db_rollback(db);
    CHECK(s == QN_IO);
    CHECK(native == 0 ? err.native != 0 : err.native == native);
    CHECK(!qn_db_is_broken(db) && qn_db_depth(db) == 0);
    CHECK(rows_of(db) == 1 && is_whole(db));
    CHECK(try_run(db, "UPDATE t SET s = 'again'", &err) == QN_OK);
    qn_db_close(db);
    return 0;
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        (void)close(fd);
    return done;
}

/* A file system of its own that holds 256 KiB. */
static int fill_the_disk(void)
{
    char users[64], groups[64];
    (void)snprintf(users, sizeof users, "0 %d 1", (int)getuid());
    (void)snprintf(groups, sizeof groups, "0 %d 1", (int)getgid());
    bool own = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
               write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
    if (!own && unshare(CLONE_NEWNS) != 0)
        return SKIPPED;
    if (mount("none", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
        mount("tmpfs", path_of("small"), "tmpfs", 0, "size=256k") != 0)
        return SKIPPED;
    int result = fill(url_of("small/full.db"), SQLITE_FULL);
    return result != 0 ? result : fill(url_of("small/wal.db?journal=wal"), SQLITE_FULL);
}

static void a_full_disk_undoes_the_transaction(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("small"), 0755), 0);
    int result = in_child(fill_the_disk);
    if (result == SKIPPED) {
        print_message("SKIPPED: no small file system can be made here (unshare, mount), so none is filled\n");
        skip();
    }
    assert_int_equal(result, 0);
}

/* The system's own limit on a file's size: EFBIG where a full disk has ENOSPC. */
static int exceed_the_limit(void)
{
    const struct rlimit limit = {.rlim_cur = 128 << 10, .rlim_max = 128 << 10};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    int result = fill(url_of("limited.db"), 0);
    return result != 0 ? result : fill(url_of("limited_wal.db?journal=wal"), 0);
}

static void a_file_that_may_not_grow_undoes_the_transaction(void **state)
{
    (void)state;
    assert_int_equal(in_child(exceed_the_limit), 0);
}

static void a_database_at_its_own_limit_undoes_the_transaction(void **state)
{
    (void)state;
    static const char *const urls[] = {"memory:", "memory:limited", url};
    (void)url_of("pages.db?synchronous=off");
    for (int i = 0; i < 3; i++) {
        qn_db *db = open_url(urls[i]);
        qn_error err;
        run(db, "CREATE TABLE t (i, s)");
        run(db, "PRAGMA max_page_count = 20");
        assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
        run(db, "INSERT INTO t VALUES (1, 'x')");
        assert_int_equal(try_run(db, MANY_ROWS, &err), QN_IO);
        assert_int_equal(err.native, SQLITE_FULL);
        assert_contains(err.message, "full");
        assert_int_equal(qn_db_commit(db, &err), QN_IO);
        assert_int_equal(rows_of(db), 0);
        qn_db_close(db);
    }
}

/* ---- no right ---- */

static int use_what_is_not_ours(void)
{
    qn_db *db;
    qn_error err = qn_error_none();
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return SKIPPED;
    CHECK(try_open(&db, url_of("locked/new.db"), &err) == QN_PERMISSION);
    CHECK(strstr(err.message, "its folder cannot be written") != NULL);
    CHECK(try_open(&db, url_of("locked/read.db"), &err) == QN_PERMISSION);
    CHECK(strstr(err.message, "mode=ro") != NULL && strstr(err.message, "locked/read.db") != NULL);
    CHECK(try_open(&db, url_of("locked/none.db"), &err) == QN_PERMISSION);
    CHECK(try_open(&db, url_of("locked/none.db?mode=ro"), &err) == QN_PERMISSION);
    CHECK(try_open(&db, url_of("locked/read.db?mode=ro"), &err) == QN_OK);
    CHECK(rows_of(db) == 2000);
    CHECK(try_run(db, "DELETE FROM t", &err) == QN_PERMISSION);
    qn_db_close(db);
    CHECK(try_open(&db, url_of("locked/write.db"), &err) == QN_OK);
    CHECK(rows_of(db) == 2000);
    CHECK(try_run(db, "DELETE FROM t", &err) == QN_PERMISSION);
    CHECK(strstr(err.message, "folder cannot be written") != NULL);
    CHECK(rows_of(db) == 2000);
    qn_db_close(db);
    return 0;
}

static void what_may_not_be_written_is_said_before_it_is_tried(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"locked/read.db", 0444}, {"locked/write.db", 0666}, {"locked/none.db", 0000}};
    assert_int_equal(mkdir(path_of("locked"), 0755), 0);
    for (int i = 0; i < 3; i++) {
        make_rows(files[i].name);
        assert_int_equal(chmod(path_of(files[i].name), files[i].mode), 0);
    }
    assert_int_equal(chmod(path_of("locked"), 0555), 0);
    int result = in_child(use_what_is_not_ours);
    assert_int_equal(chmod(path_of("locked"), 0755), 0);
    if (result == SKIPPED) {
        print_message("SKIPPED: root cannot become nobody here, so nothing is forbidden to it\n");
        skip();
    }
    assert_int_equal(result, 0);
}

/* ---- other processes ---- */

/* A child that runs `sql` in the database at `at`, says so, and then waits for a byte before it ends as it should. */
typedef struct helper {
    pid_t pid;
    int said, told; /* ends of pipes: what it says, what it is told */
} helper;

static int hold(const char *at, const char *sql, int say, int listen)
{
    qn_db *db;
    qn_error err = qn_error_none();
    char byte = 'x';
    CHECK(qn_db_open(&db, at, NULL, &err) == QN_OK);
    CHECK(qn_db_script(db, sql, &err) == QN_OK);
    CHECK(write(say, &byte, 1) == 1);
    CHECK(read(listen, &byte, 1) == 1);
    CHECK(try_run(db, "COMMIT", &err) == QN_OK);
    qn_db_close(db);
    return 0;
}

static helper start_helper(const char *at, const char *sql)
{
    int up[2], down[2];
    char byte;
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    helper h = {.pid = fork(), .said = up[0], .told = down[1]};
    if (h.pid == 0) {
        (void)close(down[1]); /* so that it ends where the test does */
        _exit(hold(at, sql, up[1], down[0]));
    }
    (void)close(up[1]);
    (void)close(down[0]);
    assert_int_equal(read(h.said, &byte, 1), 1);
    return h;
}

static int end_helper(const helper *h)
{
    int status;
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    (void)close(h->said);
    (void)close(h->told);
    return status;
}

static void another_process_keeps_its_lock_until_it_commits(void **state)
{
    (void)state;
    make_rows("shared.db");
    helper h = start_helper(url_of("shared.db?synchronous=off"), "BEGIN IMMEDIATE; DELETE FROM t WHERE i > 1000");
    qn_db *hasty, *patient = open_url(url);
    qn_error err;
    assert_ok(try_open(&hasty, url, &err), &err);
    assert_int_equal(qn_db_begin(hasty, QN_DB_WRITE, &err), QN_BUSY);
    assert_int_equal(rows_of(hasty), 2000);
    assert_int_equal(write(h.told, "x", 1), 1);
    assert_ok(qn_db_begin(patient, QN_DB_WRITE, &err), &err);
    assert_int_equal(rows_of(patient), 1000);
    assert_ok(qn_db_commit(patient, &err), &err);
    qn_db_close(patient);
    assert_int_equal(end_helper(&h), 0);
    assert_int_equal(rows_of(hasty), 1000);
    qn_db_close(hasty);

    h = start_helper(url, "BEGIN EXCLUSIVE; DELETE FROM t");
    assert_int_equal(try_open(&hasty, url, &err), QN_BUSY);
    assert_null(hasty);
    assert_int_equal(write(h.told, "x", 1), 1);
    assert_int_equal(end_helper(&h), 0);
}

static void what_a_killed_process_had_not_committed_is_undone(void **state)
{
    (void)state;
    static const char *const files[] = {"killed.db?synchronous=off", "killed_wal.db?journal=wal&synchronous=off"};
    make_rows("killed.db");
    make_rows("killed_wal.db");
    for (int i = 0; i < 2; i++) {
        /* So small a cache that the file, or its log, is written to before the commit. */
        helper h =
            start_helper(url_of(files[i]), "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE t SET s = upper(s || i);"
                                           "INSERT INTO t VALUES (-1, 'half done')");
        assert_int_equal(kill(h.pid, SIGKILL), 0);
        int status = end_helper(&h);
        assert_true(WIFSIGNALED(status));
        qn_db *db = open_url(url);
        assert_int_equal(number(db, "SELECT count(*) FROM t WHERE s = hex(zeroblob(200))"), 2000);
        assert_int_equal(rows_of(db), 2000);
        assert_true(is_whole(db));
        qn_db_close(db);
    }
}

/* ---- damage ---- */

static int64_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* Opens and reads everything, and writes: any status of a damaged file, but the first that is not QN_OK. */
static qn_status use_damaged(const char *at, qn_error *err)
{
    qn_db *db;
    qn_table *t;
    qn_status s = try_open(&db, at, err);
    if (s != QN_OK)
        return s;
    s = qn_db_query_table(&t, db, "SELECT * FROM t WHERE length(s) > 0", NULL, 0, err);
    qn_table_free(t);
    qn_status written = try_run(db, "INSERT INTO t VALUES (7, 'x')", s == QN_OK ? err : NULL);
    qn_db_close(db);
    return s != QN_OK ? s : written;
}

static void a_file_that_was_cut_off_is_bad_data(void **state)
{
    (void)state;
    make_rows("whole.db");
    int64_t size = size_of(path_of("whole.db"));
    for (int64_t left = 1; left < 8; left++) {
        make_rows("cut.db");
        assert_int_equal(truncate(path_of("cut.db"), size * left / 8 - left), 0);
        qn_error err;
        assert_int_equal(use_damaged(url_of("cut.db?synchronous=off"), &err), QN_DATA);
        assert_contains(err.message, "cut.db");
        assert_int_equal(unlink(path_of("cut.db")), 0);
    }
}

static void copy_damaged(const char *bytes, int64_t size, uint64_t *seed)
{
    int fd = open(path_of("damaged.db"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, (size_t)size), size);
    for (int i = 0; i < 12; i++) {
        /* Every second time in the first pages, where the schema and the inner pages of the tree are. */
        int64_t at = test_random_below(seed, i % 2 == 0 ? size : 3 * 4096);
        uint64_t noise = test_random(seed);
        assert_int_equal(pwrite(fd, &noise, (size_t)(1 + i % 8), at), 1 + i % 8);
    }
    assert_int_equal(close(fd), 0);
}

static void a_damaged_file_is_bad_data_and_never_a_crash(void **state)
{
    (void)state;
    make_rows("sound.db");
    int64_t size = size_of(path_of("sound.db"));
    char *bytes = malloc((size_t)size);
    assert_non_null(bytes);
    int fd = open(path_of("sound.db"), O_RDONLY);
    assert_int_equal(read(fd, bytes, (size_t)size), size);
    assert_int_equal(close(fd), 0);
    uint64_t seed = test_seed(11);
    int found = 0;
    int64_t rounds = test_effort(40, 2000);
    for (int64_t i = 0; i < rounds; i++) {
        copy_damaged(bytes, size, &seed);
        qn_error err = qn_error_none();
        qn_status s = use_damaged(url_of("damaged.db?synchronous=off"), &err);
        bool known = s == QN_OK || s == QN_DATA || s == QN_NAME || s == QN_LIMIT || s == QN_PERMISSION;
        if (!known)
            print_error("%s: %s\n", qn_status_name(s), err.message);
        assert_true(known);
        found += s == QN_DATA;
        (void)unlink(path_of("damaged.db-journal"));
    }
    assert_true(found > rounds / 4);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_undoes_the_transaction),
        cmocka_unit_test(a_file_that_may_not_grow_undoes_the_transaction),
        cmocka_unit_test(a_database_at_its_own_limit_undoes_the_transaction),
        cmocka_unit_test(what_may_not_be_written_is_said_before_it_is_tried),
        cmocka_unit_test(another_process_keeps_its_lock_until_it_commits),
        cmocka_unit_test(what_a_killed_process_had_not_committed_is_undone),
        cmocka_unit_test(a_file_that_was_cut_off_is_bad_data),
        cmocka_unit_test(a_damaged_file_is_bad_data_and_never_a_crash),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so nothing happens to its files\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
