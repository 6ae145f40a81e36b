/* Migrations on every database that is here: each once, in order, whole or not at all; what is refused; the way back.
 */
#include "unit/db_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a body on an empty store of each kind. */
static void on_each(void (*body)(qn_db *db, store_kind kind))
{
    for (int kind = 0; kind < STORE_KINDS; kind++)
        if (store_is_here((store_kind)kind)) {
            qn_db *db = fresh_store((store_kind)kind);
            body(db, (store_kind)kind);
            qn_db_close(db);
        }
}

#define ONE                                                    \
    {                                                          \
        1, "one", "CREATE TABLE a (x INTEGER)", "DROP TABLE a" \
    }
#define TWO                                                                                             \
    {                                                                                                   \
        2, "two", "CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (7)", "DELETE FROM a; DROP TABLE b" \
    }
#define THREE                                          \
    {                                                  \
        3, "three", "CREATE TABLE c (x INTEGER)", NULL \
    }

static void migrate_to(qn_db *db, const qn_migrations *list, int64_t to, int64_t expected)
{
    qn_error err = qn_error_none();
    int64_t count = -1;
    assert_ok(qn_migrate(&count, db, list, to, NULL, &err), &err);
    assert_int_equal(count, expected);
}

/* Fails with this status, having applied this many; what it says is left in `failure`. */
static qn_error failure;
static void refused(qn_status status, qn_db *db, const qn_migrations *list, int64_t to, int64_t expected)
{
    int64_t count = -1;
    failure = qn_error_none();
    qn_status got = qn_migrate(&count, db, list, to, NULL, &failure);
    if (got != status)
        fail_msg("%s, not %s: %s", qn_status_name(got), qn_status_name(status), failure.message);
    assert_int_equal(failure.code, status);
    assert_int_equal(count, expected);
    assert_int_equal(qn_db_depth(db), 0);
}

static void journal_is(qn_db *db, const char *expected)
{
    char *names = text_of(db, "SELECT name FROM quern_migrations ORDER BY number");
    assert_string_equal(names, expected);
    free(names);
}

static void states_are(qn_db *db, const qn_migrations *list, const char *expected)
{
    qn_error err = qn_error_none();
    qn_migrate_report *report;
    char got[400] = "";
    assert_ok(qn_migrate_status(&report, db, list, &err), &err);
    for (int64_t i = 0; i < qn_migrate_report_count(report); i++) {
        const qn_migration_entry *e = qn_migrate_report_at(report, i);
        size_t at = strlen(got);
        (void)snprintf(got + at, sizeof got - at, "%lld %s %s%s|", (long long)e->number, e->name,
                       qn_migration_state_name(e->state), e->can_roll_back ? "" : "!");
        bool applied = e->state != QN_MIGRATION_PENDING && e->state != QN_MIGRATION_LATE;
        assert_int_equal(e->applied_at != 0, applied);
        if (applied) /* between the years 2025 and 2100 */
            assert_in_range(e->applied_at, INT64_C(1735689600000000), INT64_C(4102444800000000));
    }
    assert_string_equal(got, expected);
    qn_migrate_report_free(report);
}

/* ---- forward ---- */

static void once_in_order(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_migrations *list = LIST(THREE, ONE, TWO);
    states_are(db, list, "1 one pending|2 two pending|3 three pending!|");
    assert_false(has_table(db, "quern_migrations"));
    migrate_to(db, list, -1, 3);
    assert_int_equal(number(db, "SELECT x FROM a"), 7);
    assert_true(has_table(db, "b") && has_table(db, "c"));
    journal_is(db, "one|two|three|");
    states_are(db, list, "1 one applied|2 two applied|3 three applied!|");
    migrate_to(db, list, -1, 0);
    assert_int_equal(number(db, "SELECT count(*) FROM a"), 1);
    /* hashlib.blake2b(b"CREATE TABLE a (x INTEGER)", digest_size=32).hexdigest() */
    char *sum = text_of(db, "SELECT checksum FROM quern_migrations WHERE number = 1");
    assert_string_equal(sum, "2127f798118e4d63bb061b30364994a4d2cb9949b642d44647270d5dfda3d369|");
    free(sum);
    char *version = text_of(db, "SELECT version FROM quern_migrations WHERE number = 3");
    assert_int_equal(strncmp(version, qn_version(), strlen(qn_version())), 0);
    free(version);
    qn_migrations_free(list);
}

static void each_is_applied_once_and_in_order(void **state)
{
    (void)state;
    on_each(once_in_order);
}

static void note_number(void *user, const qn_migration *migration)
{
    char *notes = user;
    size_t at = strlen(notes);
    (void)snprintf(notes + at, 100 - at, "%s ", migration->name);
}

static void up_to_a_number(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_migrations *list = LIST(ONE, TWO, THREE);
    migrate_to(db, list, 2, 2);
    states_are(db, list, "1 one applied|2 two applied|3 three pending!|");
    refused(QN_INVALID, db, list, 1, 0);
    assert_contains(failure.message, " is at 2, above 1: rolling back leads there");
    refused(QN_INVALID, db, list, 4, 0);
    assert_string_equal(failure.message, "there is no migration 4: the last is 3");
    refused(QN_INVALID, db, list, 0, 0);
    refused(QN_INVALID, db, list, -2, 0);
    migrate_to(db, list, 2, 0);
    char notes[100] = "";
    qn_error err = qn_error_none();
    qn_migrate_options o;
    qn_migrate_options_init(&o, sizeof o);
    o.done = note_number;
    o.user = notes;
    assert_ok(qn_migrate(NULL, db, list, -1, &o, &err), &err);
    assert_string_equal(notes, "three ");
    qn_migrations_free(list);
}

static void a_number_says_where_to_stop(void **state)
{
    (void)state;
    on_each(up_to_a_number);
}

static void midway(qn_db *db, store_kind kind)
{
    qn_migrations *list = LIST(
        ONE,
        {2, "bad", "CREATE TABLE b (x INTEGER);\nINSERT INTO a VALUES (1);\nINSERT INTO nowhere VALUES (2);\n", NULL},
        THREE);
    refused(QN_NAME, db, list, -1, 1);
    assert_contains(failure.message, "migration 2 \"bad\": ");
    assert_contains(failure.message, "nowhere");
    assert_contains(failure.message, "Nothing of it stays: the store is at 1 as before");
    if (kind != DUCKDB)
        assert_int_equal(failure.line, 3);
    assert_false(has_table(db, "b"));
    assert_int_equal(number(db, "SELECT count(*) FROM a"), 0);
    journal_is(db, "one|");
    qn_migrations_free(list);
    list = LIST(ONE, TWO, THREE); /* the fault put right: what was never applied may change */
    migrate_to(db, list, -1, 2);
    qn_migrations_free(list);
}

static void one_that_fails_midway_leaves_nothing(void **state)
{
    (void)state;
    on_each(midway);
}

static void first_fails(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_migrations *list = LIST({5, "bad", "CREATE TABLE a (x INTEGER); SELECT x FROM nowhere", NULL});
    refused(QN_NAME, db, list, -1, 0);
    assert_contains(failure.message, "the store is at 0 as before");
    assert_false(has_table(db, "a"));
    assert_false(has_table(db, "quern_migrations"));
    qn_migrations_free(list);
}

static void a_first_one_that_fails_leaves_no_journal(void **state)
{
    (void)state;
    on_each(first_fails);
}

/* ---- what is refused before anything is done ---- */

static void history_differs(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_migrations *list =
        LIST({10, "one", "CREATE TABLE a (x INTEGER)", NULL}, {20, "two", "CREATE TABLE b (x INTEGER)", NULL});
    migrate_to(db, list, -1, 2);
    qn_migrations_free(list);

    list = LIST({10, "one", "CREATE TABLE a (x INTEGER )", NULL}, {20, "two", "CREATE TABLE b (x INTEGER)", NULL},
                {30, "new", "CREATE TABLE c (x INTEGER)", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, "migration 10 \"one\" has changed since it was applied to ");
    states_are(db, list, "10 one changed!|20 two applied!|30 new pending!|");
    qn_migrations_free(list);

    list = LIST({20, "two", "CREATE TABLE b (x INTEGER)", NULL}, {30, "new", "CREATE TABLE c (x INTEGER)", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, "migration 10 \"one\", applied to ");
    assert_contains(failure.message, "is not among these");
    states_are(db, list, "10 one missing!|20 two applied!|30 new pending!|");
    qn_migrations_free(list);

    list = LIST({10, "one", "CREATE TABLE a (x INTEGER)", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, " is at 20, these migrations end at 10: a newer version made it");
    states_are(db, list, "10 one applied!|20 two newer!|");
    qn_migrations_free(list);

    list = LIST({10, "one", "CREATE TABLE a (x INTEGER)", NULL}, {15, "late", "CREATE TABLE c (x INTEGER)", NULL},
                {20, "two", "CREATE TABLE b (x INTEGER)", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, "migration 15 \"late\" is new, and ");
    states_are(db, list, "10 one applied!|15 late late!|20 two applied!|");
    qn_migrations_free(list);
    assert_false(has_table(db, "c"));

    list = LIST({10, "renamed", "CREATE TABLE a (x INTEGER)", NULL}, {20, "two", "CREATE TABLE b (x INTEGER)", NULL});
    migrate_to(db, list, -1, 0); /* a name is only a name */
    qn_migrations_free(list);
}

static void a_store_with_another_history_is_refused(void **state)
{
    (void)state;
    on_each(history_differs);
}

static void own_transaction(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_migrations *list = LIST(ONE, {2, "two", "INSERT INTO a VALUES (1);\n  COMMIT; DROP TABLE a", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, "migration 2 \"two\": COMMIT: a migration is one transaction");
    assert_true(failure.line == 2 && failure.column == 3);
    assert_false(has_table(db, "a"));
    migrate_to(db, list, 1, 1);
    qn_migrations_free(list);
    list = LIST(ONE, {2, "two", " -- nothing\n;", NULL});
    refused(QN_DATA, db, list, -1, 0);
    assert_contains(failure.message, "migration 2 \"two\" has no statement");
    qn_migrations_free(list);
}

static void text_that_ends_its_transaction_is_refused_before_anything_is_done(void **state)
{
    (void)state;
    on_each(own_transaction);
}

/* Texts that nobody would write, and that the scan cannot see through. */
static void what_ends_its_transaction_after_all_is_said(void **state)
{
    (void)state;
    static const char hidden[] =
        "CREATE TABLE t (x INTEGER); CREATE TRIGGER begin AFTER INSERT ON t BEGIN SELECT 1; END; "
        "COMMIT";
    static const char *const rests[] = {"", "; BEGIN"};
    for (int i = 0; i < 2 && store_is_here(SQLITE); i++) {
        char text[300];
        (void)snprintf(text, sizeof text, "%s%s", hidden, rests[i]);
        qn_db *db = fresh_store(SQLITE);
        qn_migrations *list = LIST({1, "one", text, NULL});
        refused(QN_DATA, db, list, -1, 0);
        assert_contains(
            failure.message,
            "its text ended the transaction in which it ran. What it did may stay, and the journal lacks it");
        qn_db_close(db);
        db = open_store(SQLITE, NULL);
        states_are(db, list, "1 one pending!|");
        qn_migrations_free(list);
        qn_db_close(db);
    }
    if (!store_is_here(POSTGRES))
        return;
    for (int i = 0; i < 2; i++) {
        char text[300];
        (void)snprintf(text, sizeof text, "CREATE TABLE t (x int); SELECT '\\'' ; COMMIT%s; SELECT '\\''", rests[i]);
        qn_db *db = fresh_store(POSTGRES);
        run(db, "SET standard_conforming_strings = off; SET escape_string_warning = off; SET backslash_quote = on");
        qn_migrations *list = LIST({1, "one", text, NULL});
        refused(QN_DATA, db, list, -1, 0);
        assert_contains(
            failure.message,
            "its text ended the transaction in which it ran. What it did may stay, and the journal lacks it");
        qn_db_close(db);
        db = open_store(POSTGRES, NULL);
        states_are(db, list, "1 one pending!|");
        qn_migrations_free(list);
        qn_db_close(db);
    }
}

static void what_cannot_be_in_a_transaction_says_so(void **state)
{
    (void)state;
    static const char *const texts[] = {[SQLITE] = "VACUUM", [MEMORY] = "VACUUM", [POSTGRES] = "VACUUM"};
    for (int kind = 0; kind < DUCKDB; kind++) {
        if (!store_is_here((store_kind)kind))
            continue;
        qn_db *db = fresh_store((store_kind)kind);
        qn_migrations *list = LIST({1, "one", texts[kind], NULL});
        int64_t count;
        assert_int_not_equal(qn_migrate(&count, db, list, -1, NULL, &failure), QN_OK);
        assert_contains(failure.message, "A migration is one transaction: do that by itself");
        qn_migrations_free(list);
        qn_db_close(db);
    }
}

static void wrong_calls(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_error err = qn_error_none();
    qn_migrations *list = LIST(ONE);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    int64_t count = 7;
    assert_int_equal(qn_migrate(&count, db, list, -1, NULL, &err), QN_INVALID);
    assert_int_equal(count, 0);
    assert_contains(err.message, "a transaction is open");
    qn_db_rollback(db);
    qn_migrate_options o;
    qn_migrate_options_init(&o, sizeof o);
    o.lock_timeout_ms = -2;
    assert_int_equal(qn_migrate(NULL, db, list, -1, &o, &err), QN_INVALID);
    qn_migrations_free(list);
    list = list_of(NULL, 0);
    migrate_to(db, list, -1, 0); /* nothing to do is done */
    qn_migrations_free(list);
}

static void a_call_that_cannot_be_is_refused(void **state)
{
    (void)state;
    on_each(wrong_calls);
}

/* Another version of the program, between two migrations of ours. */
static void rewrite_history(void *user, const qn_migration *migration)
{
    (void)migration;
    run(user, "UPDATE quern_migrations SET checksum = 'another'");
}

static void the_history_is_looked_at_again_before_each(void **state)
{
    (void)state;
    static const store_kind kinds[] = {SQLITE, POSTGRES};
    qn_migrations *list = LIST(ONE, TWO, THREE);
    for (int i = 0; i < 2; i++) {
        if (!store_is_here(kinds[i]))
            continue;
        qn_error err = qn_error_none();
        int64_t count;
        qn_db *db = fresh_store(kinds[i]), *other = open_store(kinds[i], NULL);
        qn_migrate_options o;
        qn_migrate_options_init(&o, sizeof o);
        o.done = rewrite_history;
        o.user = other;
        assert_int_equal(qn_migrate(&count, db, list, -1, &o, &err), QN_DATA);
        assert_contains(err.message, "migration 1 \"one\" has changed since");
        assert_int_equal(count, 1);
        assert_false(has_table(db, "b"));
        qn_db_close(other);
        qn_db_close(db);
    }
    qn_migrations_free(list);
}

/* ---- stores that cannot be written ---- */

static void only_read(store_kind kind)
{
    qn_db_options o;
    qn_db_options_init(&o, sizeof o);
    o.read_only = true;
    qn_migrations *list = LIST(ONE, TWO, THREE), *less = LIST(ONE, TWO);
    qn_db *db = fresh_store(kind);
    run(db, "CREATE TABLE other (x INTEGER)");
    qn_db_close(db);
    db = open_store(kind, &o);
    states_are(db, less, "1 one pending|2 two pending|");
    refused(QN_PERMISSION, db, less, -1, 0);
    qn_db_close(db);
    db = open_store(kind, NULL);
    assert_false(has_table(db, "quern_migrations"));
    migrate_to(db, less, -1, 2);
    qn_db_close(db);
    db = open_store(kind, &o);
    migrate_to(db, less, -1, 0); /* as it should be */
    states_are(db, list, "1 one applied|2 two applied|3 three pending!|");
    refused(QN_PERMISSION, db, list, -1, 0);
    qn_db_close(db);
    qn_migrations_free(less);
    qn_migrations_free(list);
}

static void a_store_that_is_only_read_can_be_looked_at(void **state)
{
    (void)state;
    static const store_kind kinds[] = {SQLITE, POSTGRES, DUCKDB};
    for (int i = 0; i < 3; i++)
        if (store_is_here(kinds[i]))
            only_read(kinds[i]);
}

static void a_locked_store_is_waited_for_so_long(void **state)
{
    (void)state;
    static const char *const locks[] = {
        [SQLITE] = "SELECT 1", [POSTGRES] = "SELECT pg_advisory_xact_lock(8175552240714344807)"};
    static const store_kind kinds[] = {SQLITE, POSTGRES};
    static const int64_t timeouts[] = {-1, 20};
    qn_migrations *list = LIST(ONE);
    for (int i = 0; i < 4; i++) {
        store_kind kind = kinds[i % 2];
        if (!store_is_here(kind))
            continue;
        qn_error err = qn_error_none();
        qn_db_close(fresh_store(kind));
        qn_db_options quick;
        qn_db_options_init(&quick, sizeof quick);
        quick.busy_timeout_ms = -1;
        qn_db *holder = open_store(kind, NULL), *db = open_store(kind, &quick);
        assert_ok(qn_db_begin(holder, QN_DB_WRITE, &err), &err);
        run(holder, locks[kind]);
        qn_migrate_options o;
        qn_migrate_options_init(&o, sizeof o);
        o.lock_timeout_ms = timeouts[i / 2];
        assert_int_equal(qn_migrate(NULL, db, list, -1, &o, &err), QN_BUSY);
        assert_contains(err.message, "perhaps by others that migrate it");
        qn_db_rollback(holder);
        assert_ok(qn_migrate(NULL, db, list, -1, &o, &err), &err);
        qn_db_close(holder);
        qn_db_close(db);
    }
    qn_migrations_free(list);
}

/* ---- back ---- */

static void round_trip(qn_db *db, store_kind kind)
{
    qn_error err = qn_error_none();
    qn_migrations *list =
        LIST({1, "one", "CREATE TABLE a (x INTEGER NOT NULL PRIMARY KEY, y TEXT)", "DROP TABLE a"},
             {2, "two", "CREATE TABLE b (x INTEGER); CREATE INDEX b_x ON b (x)", "DROP INDEX b_x; DROP TABLE b"},
             {3, "three", "CREATE VIEW v AS SELECT x FROM b", "DROP VIEW v"},
             {4, "four", "INSERT INTO a VALUES (1, 'z')", "DELETE FROM a"});
    char *before[5];
    int64_t count;
    migrate_to(db, list, 1, 1);
    assert_ok(qn_migrate_rollback(&count, db, list, -1, NULL, &err), &err);
    assert_int_equal(count, 1);
    for (int i = 0; i < 5; i++) {
        before[i] = schema_of(db, kind);
        if (i < 4)
            migrate_to(db, list, i + 1, 1);
    }
    for (int i = 3; i >= 2; i--) { /* one by one */
        assert_ok(qn_migrate_rollback(&count, db, list, -1, NULL, &err), &err);
        assert_int_equal(count, 1);
        char *after = schema_of(db, kind);
        assert_string_equal(after, before[i]);
        free(after);
    }
    states_are(db, list, "1 one applied|2 two applied|3 three pending|4 four pending|");
    migrate_to(db, list, -1, 2);
    assert_ok(qn_migrate_rollback(&count, db, list, 1, NULL, &err), &err);
    assert_int_equal(count, 3);
    assert_ok(qn_migrate_rollback(&count, db, list, 1, NULL, &err), &err);
    assert_int_equal(count, 0);
    assert_ok(qn_migrate_rollback(&count, db, list, 0, NULL, &err), &err);
    assert_int_equal(count, 1);
    char *after = schema_of(db, kind);
    assert_string_equal(after, before[0]);
    free(after);
    assert_ok(qn_migrate_rollback(&count, db, list, -1, NULL, &err), &err);
    assert_int_equal(count, 0);
    for (int i = 0; i < 5; i++)
        free(before[i]);
    qn_migrations_free(list);
}

static void rolling_back_leaves_the_schema_as_it_was(void **state)
{
    (void)state;
    on_each(round_trip);
}

static void no_way_back(qn_db *db, store_kind kind)
{
    (void)kind;
    qn_error err = qn_error_none();
    int64_t count = -1;
    qn_migrations *list = LIST(ONE, {2, "two", "CREATE TABLE b (x INTEGER)", NULL},
                               {3, "three", "CREATE TABLE c (x INTEGER)", "DROP TABLE c"});
    migrate_to(db, list, -1, 3);
    assert_int_equal(qn_migrate_rollback(&count, db, list, 1, NULL, &err), QN_DATA);
    assert_contains(err.message, "migration 2 \"two\" cannot be rolled back: it has no down text");
    assert_int_equal(count, 0);
    assert_true(has_table(db, "c"));
    assert_int_equal(qn_migrate_rollback(&count, db, list, 7, NULL, &err), QN_INVALID);
    qn_migrations_free(list);
    list = LIST(ONE, {2, "two", "CREATE TABLE b (x INTEGER)", "DROP TABLE b; DROP TABLE nowhere"},
                {3, "three", "CREATE TABLE c (x INTEGER)", "DROP TABLE c"});
    assert_int_equal(qn_migrate_rollback(&count, db, list, 0, NULL, &err), QN_NAME);
    assert_contains(err.message, "the store is at 2 as before");
    assert_int_equal(count, 1);
    assert_true(has_table(db, "b"));
    assert_false(has_table(db, "c"));
    journal_is(db, "one|two|");
    qn_migrations_free(list);
    list = LIST(ONE);
    assert_int_equal(qn_migrate_rollback(&count, db, list, -1, NULL, &err), QN_DATA);
    assert_contains(err.message, "a newer version made it");
    qn_migrations_free(list);
}

static void what_cannot_be_rolled_back_stays(void **state)
{
    (void)state;
    on_each(no_way_back);
}

/* ---- a server's settings ---- */

static void a_dump_that_empties_the_search_path_is_a_migration(void **state)
{
    (void)state;
    if (!store_is_here(POSTGRES))
        return;
    qn_db *db = fresh_store(POSTGRES);
    /* how pg_dump begins what it writes */
    qn_migrations *list = LIST({1, "dump",
                                "SELECT pg_catalog.set_config('search_path', '', false);\n"
                                "CREATE TABLE store.a (x int)",
                                NULL},
                               TWO);
    migrate_to(db, list, -1, 2);
    journal_is(db, "dump|two|");
    char *path = text_of(db, "SHOW search_path");
    assert_string_equal(path, "store|");
    free(path);
    qn_db_close(db);
    db = fresh_store(POSTGRES);
    run(db, "SET search_path = missing; SET default_transaction_isolation = serializable");
    refused(QN_NAME, db, list, -1, 0);
    assert_contains(failure.message, "search_path names no schema that is there");
    qn_migrations_free(list);
    qn_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_applied_once_and_in_order),
        cmocka_unit_test(a_number_says_where_to_stop),
        cmocka_unit_test(one_that_fails_midway_leaves_nothing),
        cmocka_unit_test(a_first_one_that_fails_leaves_no_journal),
        cmocka_unit_test(a_store_with_another_history_is_refused),
        cmocka_unit_test(the_history_is_looked_at_again_before_each),
        cmocka_unit_test(text_that_ends_its_transaction_is_refused_before_anything_is_done),
        cmocka_unit_test(what_ends_its_transaction_after_all_is_said),
        cmocka_unit_test(what_cannot_be_in_a_transaction_says_so),
        cmocka_unit_test(a_call_that_cannot_be_is_refused),
        cmocka_unit_test(a_store_that_is_only_read_can_be_looked_at),
        cmocka_unit_test(a_locked_store_is_waited_for_so_long),
        cmocka_unit_test(rolling_back_leaves_the_schema_as_it_was),
        cmocka_unit_test(what_cannot_be_rolled_back_stays),
        cmocka_unit_test(a_dump_that_empties_the_search_path_is_a_migration),
    };
    return cmocka_run_group_tests(tests, make_stores, remove_stores);
}
