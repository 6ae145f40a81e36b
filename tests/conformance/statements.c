/* Statements and their parameters; texts that are kept prepared; what a statement has changed. */
#include "conformance/conformance.h"

#include <stdio.h>
#include <string.h>

static void a_parameter_stands_wherever_its_number_does(void)
{
    qn_value values[] = {qn_value_i64(10), qn_value_i64(3)};
    assert_int_equal(first("SELECT $2 - $1 + $2 * 100 - $1", values, 2).i64, 3 - 10 + 300 - 10);
    qn_value many[12];
    for (int i = 0; i < 12; i++)
        many[i] = qn_value_i64(1 << i);
    assert_int_equal(first("SELECT $12 + $1 + $11 + $2 + $10 + $3 + $9 + $4 + $8 + $5 + $7 + $6", many, 12).i64, 4095);
}

static void as_many_values_as_parameters(void)
{
    qn_value values[] = {qn_value_i64(1), qn_value_i64(2), qn_value_i64(3)};
    for (int64_t given = 0; given < 4; given += given == 1 ? 2 : 1) {
        refused(QN_INVALID, "SELECT CAST($1 AS BIGINT) + CAST($2 AS BIGINT)", given > 0 ? values : NULL, given);
        assert_contains(failure.message, "2");
    }
    refused(QN_INVALID, "SELECT 1", values, 1);
    refused(QN_INVALID, "SELECT $1", NULL, 0);
    assert_int_equal(first("SELECT $1 + $2", values, 2).i64, 3);
}

static void a_value_is_never_part_of_the_text(void)
{
    static const char text[] = "'); DROP TABLE t; --";
    qn_value value = qn_value_text(text, -1);
    run("CREATE TABLE t(x TEXT)");
    assert_int_equal(execute("INSERT INTO t VALUES ($1)", &value, 1), 1);
    qn_value got = first("SELECT x FROM t", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, text);
    got = first("SELECT x FROM t WHERE x = $1", &value, 1);
    text_is(&got, QN_VALUE_TEXT, text);
    assert_int_equal(number("SELECT count(*) FROM t WHERE x = '$1'"), 0);
}

static void a_null_takes_the_type_of_its_place(void)
{
    qn_value null = qn_value_null();
    run("CREATE TABLE t(n BIGINT, d DATE); INSERT INTO t VALUES (1, '2026-02-13'), (NULL, NULL)");
    assert_int_equal(first("SELECT count(*) FROM t WHERE n = $1", &null, 1).i64, 0);
    assert_int_equal(first("SELECT count(*) FROM t WHERE d > $1", &null, 1).i64, 0);
    assert_int_equal(first("SELECT count(*) FROM t WHERE coalesce(n, $1) IS NULL", &null, 1).i64, 1);
    assert_int_equal(execute("UPDATE t SET n = $1, d = $2", (qn_value[]){null, null}, 2), 2);
    assert_int_equal(number("SELECT count(*) FROM t WHERE n IS NULL AND d IS NULL"), 2);
}

static void several_statements(void)
{
    run("CREATE TABLE t(x BIGINT)");
    refused(QN_INVALID, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", NULL, 0);
    refused(QN_INVALID, "SELECT 1; SELECT 2", NULL, 0);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    assert_int_equal(execute("INSERT INTO t VALUES (3) ; ", NULL, 0), 1);
    assert_int_equal(execute("/* one */ INSERT INTO t VALUES (4) -- and no more;\n", NULL, 0), 1);
    assert_int_equal(execute("INSERT INTO t VALUES (5); -- nothing", NULL, 0), 1);
    assert_int_equal(number("SELECT count(*) FROM t WHERE 'a;b' = 'a;b'"), 3);
}

static void no_statement(void)
{
    static const char *const texts[] = {"", "  \n\t", "-- nothing", "/* nothing */", ";"};
    for (int i = 0; i < 5; i++)
        refused(QN_INVALID, texts[i], NULL, 0);
    assert_int_equal(number("SELECT 7"), 7);
}

static void a_kept_text_sees_a_changed_table(void)
{
    run("CREATE TABLE t(a BIGINT); INSERT INTO t VALUES (1)");
    for (int64_t columns = 1; columns <= 3; columns++) {
        qn_table *table = table_of("SELECT * FROM t");
        assert_int_equal(qn_table_column_count(table), columns);
        assert_int_equal(qn_table_row_count(table), 1);
        qn_table_free(table);
        if (columns < 3)
            run(columns == 1 ? "ALTER TABLE t ADD COLUMN b BIGINT" : "ALTER TABLE t ADD COLUMN c TEXT");
    }
    run("DROP TABLE t; CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('x')");
    qn_value got = first("SELECT * FROM t", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, "x");
}

static void a_kept_text_is_refused_when_its_table_is_gone(void)
{
    run("CREATE TABLE t(a BIGINT)");
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    run("DROP TABLE t");
    refused(QN_NAME, "SELECT count(*) FROM t", NULL, 0);
    run("CREATE TABLE t(a BIGINT)");
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void one_text_with_values_of_several_types(void)
{
    run("CREATE TABLE t(x DOUBLE PRECISION)");
    qn_value values[] = {qn_value_i64(2), qn_value_f64(2.5), qn_value_null(), qn_value_literal("3", -1),
                         qn_value_i64(4)};
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5; i++)
            assert_int_equal(execute("INSERT INTO t VALUES ($1)", values + i, 1), 1);
    assert_true(real("SELECT sum(x) FROM t") == 23);
    qn_value got = first("SELECT CAST($1 AS TEXT)", values, 1);
    text_is(&got, QN_VALUE_TEXT, "2");
    qn_value word = qn_value_text("word", -1);
    got = first("SELECT CAST($1 AS TEXT)", &word, 1);
    text_is(&got, QN_VALUE_TEXT, "word");
}

static void more_texts_than_are_kept(void)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_count = 3;
    qn_db *few = another(&options);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
            char sql[40];
            (void)snprintf(sql, sizeof sql, "SELECT %d + 1", i);
            assert_int_equal(number_on(few, sql), i + 1);
        }
    }
}

static void rows_changed(void)
{
    assert_int_equal(execute("CREATE TABLE t(x BIGINT)", NULL, 0), 0);
    assert_int_equal(execute("INSERT INTO t VALUES (1), (2), (3)", NULL, 0), 3);
    assert_int_equal(execute("UPDATE t SET x = x + 1 WHERE x > 1", NULL, 0), 2);
    assert_int_equal(execute("UPDATE t SET x = 0 WHERE x > 100", NULL, 0), 0);
    assert_int_equal(execute("SELECT x FROM t", NULL, 0), 0);
    assert_int_equal(execute("DELETE FROM t", NULL, 0), 3);
    assert_int_equal(execute("DROP TABLE t", NULL, 0), 0);
}

static void rows_that_a_change_gives_back(void)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more;
    run("CREATE TABLE t(x BIGINT)");
    assert_ok(qn_db_query(&rows, db, "INSERT INTO t VALUES (1), (2) RETURNING x * 10 AS y", NULL, 0, &err), &err);
    assert_string_equal(qn_rows_column_name(rows, 0), "y");
    int64_t sum = 0;
    for (;;) {
        assert_ok(qn_rows_next(&more, rows, &err), &err);
        if (!more)
            break;
        sum += qn_rows_value(rows, 0).i64;
    }
    assert_int_equal(sum, 30);
    assert_int_equal(qn_rows_changed(rows), 2);
    qn_rows_close(rows);
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
}

static void a_statement_without_rows_has_no_columns(void)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more = true;
    run("CREATE TABLE t(x BIGINT)");
    assert_ok(qn_db_query(&rows, db, "INSERT INTO t VALUES (1), (2)", NULL, 0, &err), &err);
    assert_int_equal(qn_rows_column_count(rows), 0);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_false(more);
    assert_int_equal(qn_rows_changed(rows), 2);
    qn_rows_close(rows);
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
}

static void a_script_runs_all_of_its_statements(void)
{
    run("-- first\nCREATE TABLE t(x TEXT);\n\nINSERT INTO t VALUES ('a;b');; SELECT * FROM t; INSERT INTO t VALUES "
        "('it''s'); /* ; */");
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
    run("");
    run(" -- nothing\n");
}

static void a_script_ends_at_its_first_error(void)
{
    run("CREATE TABLE t(x BIGINT)");
    failure = qn_error_none();
    status_is(qn_db_script(db, "INSERT INTO t VALUES (1); INSERT INTO missing VALUES (2); INSERT INTO t VALUES (3)",
                           &failure),
              QN_NAME, "the script");
    assert_contains(failure.message, "missing");
    assert_int_equal(number("SELECT count(*) FROM t WHERE x = 3"), 0);
    assert_int_equal(number("SELECT count(*) FROM t"), differs() ? 0 : 1);
}

static const behaviour behaviours[] = {
    {"A parameter stands wherever its number does, twice and out of order",
     a_parameter_stands_wherever_its_number_does,
     {0}},
    {"There are as many values as parameters: QN_INVALID", as_many_values_as_parameters, {0}},
    {"A value is never part of the text", a_value_is_never_part_of_the_text, {0}},
    {"NULL takes the type of the place where it stands", a_null_takes_the_type_of_its_place, {0}},
    {"Several statements are refused before any runs; a semicolon and comments at the end are none: QN_INVALID",
     several_statements,
     {0}},
    {"A text without a statement is refused: QN_INVALID", no_statement, {0}},
    {"A text that is kept prepared sees that its table has changed", a_kept_text_sees_a_changed_table, {0}},
    {"A text that is kept prepared is refused when its table is gone, and works when it is back: QN_NAME",
     a_kept_text_is_refused_when_its_table_is_gone,
     {0}},
    {"One text takes values of one type after another", one_text_with_values_of_several_types, {0}},
    {"More texts than are kept work all the same", more_texts_than_are_kept, {0}},
    {"A statement says how many rows it has changed", rows_changed, {0}},
    {"INSERT … RETURNING gives its rows, and says how many it has changed", rows_that_a_change_gives_back, {0}},
    {"A statement that gives no rows has no columns", a_statement_without_rows_has_no_columns, {0}},
    {"A script runs all of its statements", a_script_runs_all_of_its_statements, {0}},
    {"A script ends at its first error; what ran before has taken effect",
     a_script_ends_at_its_first_error,
     {[POSTGRES] = "PostgreSQL runs a script outside a transaction as one transaction: nothing has taken effect"}},
};
const theme theme_statements = THEME("Statements", behaviours);
