/* What a database says of a statement that fails: a status, its own text and its own code. The codes are those of the
 * databases' documentation: SQLite's "Result and Error Codes", PostgreSQL's Appendix A. */
#include "conformance/conformance.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void sqlstate_is(const char *state)
{
    if (on != POSTGRES)
        return;
    char got[6];
    qn_sqlstate_text(got, failure.native);
    assert_string_equal(got, state);
}

static void wrong_sql(void)
{
    refused(QN_SYNTAX, "SELECT 1 FORM t WHERE x = 2", NULL, 0);
    is_the_databases_own();
    sqlstate_is("42601");
    refused(QN_SYNTAX, "SELEC 1", NULL, 0);
    is_the_databases_own();
    refused(QN_SYNTAX, "SELECT (1", NULL, 0);
    assert_int_equal(number("SELECT 7"), 7);
}

/* The place of the failure in bytes from the beginning, whether it is told in a line or so; 0: it is not told. */
static int64_t place_in(const char *sql)
{
    const char *line = sql;
    for (int64_t i = 1; i < failure.line; i++)
        line = strchr(line, '\n') + 1;
    return failure.column > 0 ? line - sql + failure.column : 0;
}

static void the_place(void)
{
    static const char lines[] = "SELECT 1 +\n   FROM 2", letters[] = "SELECT '\xC3\xB6\xC3\xB6' FROM WHERE";
    refused(QN_SYNTAX, lines, NULL, 0);
    assert_int_equal(place_in(lines), 15);
    refused(QN_SYNTAX, letters, NULL, 0);
    assert_int_equal(place_in(letters), differs() ? 0 : 20);
}

static void the_place_in_a_script(void)
{
    static const char script[] = "SELECT 1;\n\nSELECT 1 + ;\nSELECT 2";
    failure = qn_error_none();
    status_is(qn_db_script(db, script, &failure), QN_SYNTAX, script);
    assert_int_equal(place_in(script), 23);
}

static void what_is_not_there(void)
{
    run("CREATE TABLE t(x BIGINT)");
    refused(QN_NAME, "SELECT * FROM missing_table", NULL, 0);
    is_the_databases_own();
    assert_contains(failure.message, "missing_table");
    sqlstate_is("42P01");
    refused(QN_NAME, "SELECT missing_column FROM t", NULL, 0);
    assert_contains(failure.message, "missing_column");
    sqlstate_is("42703");
    refused(QN_NAME, "SELECT missing_function(1)", NULL, 0);
    assert_contains(failure.message, "missing_function");
    refused(QN_NAME, "INSERT INTO t(y) VALUES (1)", NULL, 0);
    refused(QN_NAME, "DROP TABLE missing_table", NULL, 0);
}

static void what_is_there_already(void)
{
    run("CREATE TABLE t(x BIGINT)");
    failure = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, "CREATE TABLE t(x BIGINT)", NULL, 0, &failure);
    status_is(s, QN_DATA, "CREATE TABLE");
    assert_contains(failure.message, "already exists");
    sqlstate_is("42P07");
}

static void constraints(void)
{
    run("CREATE TABLE t(x BIGINT PRIMARY KEY, y BIGINT NOT NULL CHECK (y > 0)); INSERT INTO t VALUES (1, 1)");
    refused(QN_DATA, "INSERT INTO t VALUES (1, 2)", NULL, 0);
    is_the_databases_own();
    sqlstate_is("23505");
    refused(QN_DATA, "INSERT INTO t VALUES (2, NULL)", NULL, 0);
    sqlstate_is("23502");
    refused(QN_DATA, "INSERT INTO t VALUES (3, -1)", NULL, 0);
    sqlstate_is("23514");
    refused(QN_DATA, "INSERT INTO t VALUES (4, 4), (5, 5), (1, 6)", NULL, 0);
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
}

static void foreign_keys(void)
{
    run("CREATE TABLE t(x BIGINT PRIMARY KEY); CREATE TABLE u(x BIGINT REFERENCES t(x)); INSERT INTO t VALUES (1);"
        "INSERT INTO u VALUES (1)");
    refused(QN_DATA, "INSERT INTO u VALUES (2)", NULL, 0);
    sqlstate_is("23503");
    refused(QN_DATA, "DELETE FROM t", NULL, 0);
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
}

static void division_by_zero(void)
{
    if (differs()) {
        assert_int_equal(first(on == DUCKDB ? "SELECT 1 // 0" : "SELECT 1 / 0", NULL, 0).type, QN_VALUE_NULL);
        if (on == DUCKDB)
            assert_true(isinf(real("SELECT 1 / 0")));
        return;
    }
    refused(QN_DATA, "SELECT 1 / 0", NULL, 0);
    is_the_databases_own();
    sqlstate_is("22012");
}

static void overflow(void)
{
    if (differs()) {
        assert_true(real("SELECT 9223372036854775807 + 1") == 9223372036854775808.0);
        return;
    }
    refused(QN_DATA, "SELECT CAST(9223372036854775807 AS BIGINT) + CAST(1 AS BIGINT)", NULL, 0);
    is_the_databases_own();
    sqlstate_is("22003");
}

static void a_value_that_does_not_fit_its_column(void)
{
    run("CREATE TABLE t(i BIGINT, d DATE, s SMALLINT)");
    qn_value word = qn_value_literal("word", -1), large = qn_value_i64(100000);
    if (differs()) {
        assert_int_equal(execute("INSERT INTO t(i, d, s) VALUES ($1, $1, $2)", (qn_value[]){word, large}, 2), 1);
        qn_value got = first("SELECT d FROM t", NULL, 0);
        text_is(&got, QN_VALUE_TEXT, "word");
        return;
    }
    refused(QN_DATA, "INSERT INTO t(i) VALUES ($1)", &word, 1);
    is_the_databases_own();
    refused(QN_DATA, "INSERT INTO t(d) VALUES ($1)", &word, 1);
    refused(QN_DATA, "INSERT INTO t(s) VALUES ($1)", &large, 1);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void after_an_error(void)
{
    run("CREATE TABLE t(x BIGINT PRIMARY KEY)");
    for (int i = 0; i < 3; i++) {
        qn_value one = qn_value_i64(i);
        assert_int_equal(execute("INSERT INTO t VALUES ($1)", &one, 1), 1);
        refused(QN_DATA, "INSERT INTO t VALUES ($1)", &one, 1);
        refused(QN_SYNTAX, "INSERT OUT OF t", NULL, 0);
    }
    assert_int_equal(number("SELECT count(*) FROM t"), 3);
    assert_false(qn_db_is_broken(db));
    assert_int_equal(qn_db_execute(NULL, db, "SELECT * FROM missing", NULL, 0, NULL), QN_NAME);
}

static const behaviour behaviours[] = {
    {"SQL that is wrong is QN_SYNTAX, with the database's own words and code", wrong_sql, {0}},
    {"Its place is told, in bytes",
     the_place,
     {[DUCKDB] = "DuckDB draws the place: behind what is not ASCII it is not told"}},
    {"So is the place in a script", the_place_in_a_script, {0}},
    {"A table, column or function that is not there is QN_NAME and is named", what_is_not_there, {0}},
    {"A table that is made a second time is QN_DATA", what_is_there_already, {0}},
    {"A key twice, NULL where it must not be and a CHECK that fails are QN_DATA, and nothing of the statement stays",
     constraints,
     {0}},
    {"A foreign key that names nothing is QN_DATA", foreign_keys, {0}},
    {"A division by zero is QN_DATA",
     division_by_zero,
     {SQLITE_DIFFERS("It is NULL in SQLite"), [DUCKDB] =
                                                  "In DuckDB it is NULL (//) or infinite (/, which divides doubles)"}},
    {"A whole number that overflows is QN_DATA", overflow, {SQLITE_DIFFERS("It becomes a double in SQLite")}},
    {"A value that its column cannot hold is QN_DATA",
     a_value_that_does_not_fit_its_column,
     {SQLITE_DIFFERS("SQLite stores it as it is, unless the table is STRICT")}},
    {"After an error the connection works", after_an_error, {0}},
};
const theme theme_errors = THEME("Errors", behaviours);
