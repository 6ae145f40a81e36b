/* Connecting, and what a connection is asked. */
#include "conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void refuse_url(qn_status status, const char *url, const qn_db_options *options)
{
    qn_db *none;
    failure = qn_error_none();
    status_is(qn_db_open(&none, url, options, &failure), status, url);
    assert_null(none);
}

static void it_is_known_by_its_kind_and_url(void)
{
    static const char *const kinds[] = {"sqlite", "memory", "duckdb", "postgres"};
    assert_string_equal(qn_db_kind(db), kinds[on]);
    assert_int_equal(strncmp(qn_db_url(db), kinds[on], strlen(kinds[on])), 0);
    assert_false(qn_db_is_broken(db));
    assert_int_equal(qn_db_depth(db), 0);
}

static void it_answers_a_ping(void)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_ping(db, &err), &err);
    assert_int_equal(number("SELECT 7"), 7);
}

static void what_is_not_there_is_made(void)
{
    char url[600];
    url_missing(url);
    if (differs()) {
        refuse_url(QN_NO_INPUT, url, NULL);
        assert_contains(failure.message, "does not exist");
        is_the_databases_own();
        return;
    }
    qn_db *made = open_url(url, NULL);
    run_on(made, "CREATE TABLE t(x BIGINT)");
    assert_int_equal(number_on(made, "SELECT count(*) FROM t"), 0);
    if (on != MEMORY)
        assert_int_equal(access(strchr(url, ':') + 1, R_OK), 0);
}

static void what_is_not_there_is_not_made_for_reading(void)
{
    char url[600];
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.read_only = true;
    url_missing(url);
    if (differs()) {
        (void)open_url(url, &options);
        return;
    }
    refuse_url(QN_NO_INPUT, url, &options);
    if (on != POSTGRES) {
        assert_contains(failure.message, strchr(url, ':') + 1);
        assert_int_not_equal(access(strchr(url, ':') + 1, F_OK), 0);
    }
}

static void what_cannot_be_reached_is_said(void)
{
    if (differs()) {
        (void)open_url("memory:/missing/folder/x", NULL);
        return;
    }
    if (on == POSTGRES) {
        refuse_url(QN_UNAVAILABLE, "postgres://quern:tell-nobody@/d?host=%2Fmissing%2Ffolder", NULL);
        assert_null(strstr(failure.message, "tell-nobody"));
    } else {
        char url[64];
        (void)snprintf(url, sizeof url, "%s:/missing/folder/x.db", on == SQLITE ? "sqlite" : "duckdb");
        refuse_url(QN_NO_INPUT, url, NULL);
    }
    assert_contains(failure.message, "/missing/folder");
}

static void a_wrong_password(void)
{
    if (differs())
        return;
    char url[600];
    const char *rest = strstr(url_here(), "@");
    assert_non_null(rest);
    (void)snprintf(url, sizeof url, "postgres://guarded:wr%%20ong%s", rest); /* a role of scripts/postgres */
    refuse_url(QN_PERMISSION, url, NULL);
    is_the_databases_own();
    assert_null(strstr(failure.message, "wr ong"));
    assert_null(strstr(failure.message, "wr%20ong"));
    assert_contains(failure.message, "guarded");
    (void)snprintf(url, sizeof url, "postgres://guarded:secret%%20word%s", rest);
    qn_db *let_in = open_url(url, NULL);
    assert_null(strstr(qn_db_url(let_in), "secret"));
    assert_contains(qn_db_url(let_in), "guarded:***@");
}

static void what_is_no_database_is_said(void)
{
    if (differs())
        return;
    char path[] = "/tmp/quern-conformance-file.XXXXXX", url[64];
    int file = mkstemp(path);
    static const char text[] = "ticker,price\nNVDA,187.2\n";
    assert_true(file >= 0);
    for (int i = 0; i < 400; i++)
        assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    (void)close(file);
    (void)snprintf(url, sizeof url, "%s:%s", on == SQLITE ? "sqlite" : "duckdb", path);
    qn_db *opened;
    failure = qn_error_none();
    status_is(qn_db_open(&opened, url, NULL, &failure), QN_DATA, url);
    assert_contains(failure.message, path);
    (void)unlink(path);
}

static void an_option_that_there_is_not_is_refused_by_name(void)
{
    char url[600];
    (void)snprintf(url, sizeof url, "%s%cfrobnicate=1", url_here(), strchr(url_here(), '?') != NULL ? '&' : '?');
    refuse_url(QN_INVALID, url, NULL);
    assert_contains(failure.message, "frobnicate");
}

static void a_connection_that_only_reads_cannot_change_anything(void)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.read_only = true;
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (1)");
    if (on == DUCKDB) { /* which opens a file for reading alone only where nobody writes */
        qn_db_close(db);
        db = NULL;
        close_keeper();
    }
    qn_db *reader = another(&options);
    if (on == DUCKDB)
        db = another(&options);
    assert_int_equal(number_on(reader, "SELECT x FROM t"), 1);
    static const char *const texts[] = {"INSERT INTO t VALUES (2)", "DELETE FROM t", "CREATE TABLE u(x BIGINT)",
                                        "DROP TABLE t"};
    for (int i = 0; i < 4; i++) {
        failure = qn_error_none();
        status_is(qn_db_execute(NULL, reader, texts[i], NULL, 0, &failure), QN_PERMISSION, texts[i]);
        is_the_databases_own();
    }
    assert_int_equal(number_on(reader, "SELECT count(*) FROM t"), 1);
    if (on == DUCKDB)
        db = NULL;
}

static void closing_undoes_what_was_not_committed(void)
{
    qn_error err = qn_error_none();
    qn_db *leaving;
    run("CREATE TABLE t(x BIGINT)");
    assert_ok(qn_db_open(&leaving, url_here(), NULL, &err), &err);
    run_on(leaving, "INSERT INTO t VALUES (1)");
    assert_ok(qn_db_begin(leaving, QN_DB_WRITE, &err), &err);
    run_on(leaving, "INSERT INTO t VALUES (2)");
    qn_db_close(leaving);
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
}

static void what_a_file_holds_is_there_when_it_is_opened_again(void)
{
    qn_error err = qn_error_none();
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (41)");
    qn_db_close(db);
    db = NULL;
    close_keeper();
    assert_ok(qn_db_open(&db, url_here(), NULL, &err), &err);
    if (differs())
        refused(QN_NAME, "SELECT x FROM t", NULL, 0);
    else
        assert_int_equal(number("SELECT x + 1 FROM t"), 42);
}

#define NO_PASSWORD "A file has no password, but its mode"
static const behaviour behaviours[] = {
    {"A connection says its kind and its URL", it_is_known_by_its_kind_and_url, {0}},
    {"A connection answers a ping", it_answers_a_ping, {0}},
    {"A database that is not there is made",
     what_is_not_there_is_made,
     {[POSTGRES] = "A server's databases are made by CREATE DATABASE: opening one that is not there is QN_NO_INPUT"}},
    {"A database that is not there is not made where it is opened for reading alone: QN_NO_INPUT",
     what_is_not_there_is_not_made_for_reading,
     {[MEMORY] = "One in memory begins with its first connection, whatever that is for"}},
    {"What cannot be reached is said, without the password: QN_NO_INPUT for a folder, QN_UNAVAILABLE for a server",
     what_cannot_be_reached_is_said,
     {[MEMORY] = "A name in memory is no path: there is nothing to be reached"}},
    {"A wrong password is QN_PERMISSION, and no password is repeated or shown",
     a_wrong_password,
     {[SQLITE] = NO_PASSWORD, [MEMORY] = NO_PASSWORD, [DUCKDB] = NO_PASSWORD}},
    {"A file that is no database of its kind is QN_DATA",
     what_is_no_database_is_said,
     {[MEMORY] = "There is no file", [POSTGRES] = "There is no file"}},
    {"An option that there is not is refused by its name: QN_INVALID",
     an_option_that_there_is_not_is_refused_by_name,
     {0}},
    {"A connection for reading alone can change nothing: QN_PERMISSION",
     a_connection_that_only_reads_cannot_change_anything,
     {0}},
    {"Closing undoes what was not committed", closing_undoes_what_was_not_committed, {0}},
    {"What was stored is there when it is opened again",
     what_a_file_holds_is_there_when_it_is_opened_again,
     {[MEMORY] = "A database in memory ends with its last connection"}},
};
const theme theme_opening = THEME("Opening", behaviours);
