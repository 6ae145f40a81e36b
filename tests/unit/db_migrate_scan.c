/* Where a text of SQL begins or ends a transaction, and where it only looks so. */
#include "harness/harness.h"

#include "store/migrate_int.h"

#include <string.h>

/* The place at which a text controls its transaction is that of "<": -1 where there is none. */
static void expect(const char *marked, bool sqlite, int64_t statements)
{
    char text[1000];
    const char *mark = strchr(marked, '<');
    assert_true(strlen(marked) < sizeof text);
    int64_t at = mark != NULL ? mark - marked : (int64_t)strlen(marked);
    memcpy(text, marked, (size_t)at);
    memcpy(text + at, marked + at + (mark != NULL), strlen(marked + at) + (mark == NULL));
    qni_sql_summary got = qni_sql_scan(text, sqlite);
    if (got.control != (mark != NULL ? at : -1) || (statements >= 0 && got.statement_count != statements))
        fail_msg("%s: at %lld, %lld statements", marked, (long long)got.control, (long long)got.statement_count);
}

static void both(const char *marked, int64_t statements)
{
    expect(marked, true, statements);
    expect(marked, false, statements);
}

static void words_that_control_a_transaction_are_found(void **state)
{
    (void)state;
    both("<COMMIT", 1);
    both("SELECT 1; <commit;", 2);
    both("SELECT 1;\n-- one\n<Begin; SELECT 2", 3);
    both("<END TRANSACTION", 1);
    both("<ROLLBACK", 1);
    both("<ROLLBACK WORK;", 1);
    both("<ABORT", 1);
    both("<START /* a */ TRANSACTION", 1);
    both("<PREPARE TRANSACTION 'x'", 1);
    both("/**/<BEGIN", 1);
    both(";;;<COMMIT;;", 1);
    both("SELECT 'it''s';<COMMIT", 2);
    both("SELECT \"a;b\";<COMMIT", 2);
    both("CREATE TABLE x (\"end\" INTEGER); <COMMIT", 2);
}

static void what_only_looks_like_it_is_passed_over(void **state)
{
    (void)state;
    both("", 0);
    both(" ;\n; -- COMMIT\n /* ; COMMIT; */ ", 0);
    both("SELECT 'x; COMMIT; y'", 1);
    both("INSERT INTO t VALUES ('a''; COMMIT;')", 1);
    both("SELECT \"; COMMIT;\"", 1);
    both("SELECT begin, commit FROM end", 1);
    both("SAVEPOINT a; ROLLBACK TO a; RELEASE a", 3);
    both("ROLLBACK TRANSACTION TO SAVEPOINT a", 1);
    both("PREPARE plan AS SELECT 1", 1);
    both("SELECT 1 -- it's\n; SELECT 2", 2);
    both("COMMITTED; BEGINNING", 2);
    both("SELECT $1; SELECT 'a'", 2);
    both("SELECT 'never closed; COMMIT", 1);
    both("/* never closed; COMMIT", 0);
}

static void bodies_are_part_of_their_statement(void **state)
{
    (void)state;
    both("CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE x SET a = 1; DELETE FROM y; END; SELECT 1", 2);
    both("CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END; "
         "<COMMIT",
         2);
    both("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; <BEGIN", 2);
    both("CREATE FUNCTION f(int) RETURNS int AS 'SELECT 1; COMMIT' LANGUAGE sql; SELECT 1", 2);
    both("CREATE TABLE t (a INTEGER DEFAULT (CASE WHEN 1 THEN 2 END)); <END", 2);
}

static void each_dialect_quotes_in_its_own_way(void **state)
{
    (void)state;
    /* PostgreSQL, "Lexical Structure": dollar quotes, escapes, comments that nest; SQLite, "SQL Language Expressions"
     * and "Keywords": `name`, [name]. */
    expect("DO $$ BEGIN COMMIT; END $$; SELECT 1", false, 2);
    expect("DO $body$ ; $$ ; $x$ ; BEGIN $body$; <COMMIT", false, 2);
    expect("SELECT a$b$ ; <COMMIT", false, 2);
    expect("SELECT E'it\\'s; COMMIT'; SELECT 1", false, 2);
    expect("SELECT '\\'; <COMMIT; --'", false, 2);
    expect("SELECT ARRAY['a']; <COMMIT", false, 2);
    expect("SELECT x[1]; <COMMIT", false, 2);
    expect("/* /* */ ; COMMIT; */ SELECT 1", false, 1);
    expect("/* /* */ ; <COMMIT; */ SELECT 1", true, 2);
    expect("SELECT [; COMMIT;]; SELECT `; COMMIT;`", true, 2);
    expect("SELECT '\\'; <COMMIT; --'", true, 2);
    expect("SELECT E'\\'; <COMMIT; --'", true, 2);
    expect("SELECT $$; <COMMIT; SELECT $$", true, 3);
}

static void a_place_is_a_line_and_a_column(void **state)
{
    (void)state;
    int64_t line, column;
    qni_sql_place(&line, &column, "ab\ncd", 0);
    assert_true(line == 1 && column == 1);
    qni_sql_place(&line, &column, "ab\ncd", 4);
    assert_true(line == 2 && column == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_control_a_transaction_are_found),
        cmocka_unit_test(what_only_looks_like_it_is_passed_over),
        cmocka_unit_test(bodies_are_part_of_their_statement),
        cmocka_unit_test(each_dialect_quotes_in_its_own_way),
        cmocka_unit_test(a_place_is_a_line_and_a_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
