/* Every allocation of reading, applying, comparing and undoing migrations fails in turn: nothing leaks, nothing is half
 * done. */
#include "harness/harness.h"

#include <quern/migrate.h>

#include <stdio.h>
#include <string.h>

static const qn_migration items[] = {
    {1, "one", "CREATE TABLE a (x INTEGER)", "DROP TABLE a"},
    {2, "two", "INSERT INTO a VALUES (1)", "DELETE FROM a"},
};

static qn_status make_a_list(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_migrations *list;
    qn_status s = qn_migrations_new(&list, items, 2, allocator, NULL);
    assert_true((list != NULL) == (s == QN_OK));
    qn_migrations_free(list);
    return s;
}

static qn_status read_a_folder(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_migrations *list;
    qn_status s = qn_migrations_read(&list, "examples/migrations", allocator, NULL);
    assert_true((list != NULL) == (s == QN_OK));
    qn_migrations_free(list);
    return s;
}

/* There and back; the connection has memory of its own, so that only migrations fail. */
static qn_status migrate(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_db *db;
    qn_error err = qn_error_none();
    assert_ok(qn_db_open(&db, "memory:", NULL, &err), &err);
    qn_migrations *list;
    qn_migrate_report *report = NULL;
    qn_status s = qn_migrations_new(&list, items, 2, allocator, NULL);
    if (s == QN_OK)
        s = qn_migrate(NULL, db, list, -1, NULL, NULL);
    if (s == QN_OK)
        s = qn_migrate_status(&report, db, list, NULL);
    assert_true((report != NULL) == (s == QN_OK));
    if (s == QN_OK)
        s = qn_migrate_rollback(NULL, db, list, 0, NULL, NULL);
    assert_int_equal(qn_db_depth(db), 0);
    qn_migrate_report_free(report);
    qn_migrations_free(list);
    qn_db_close(db);
    return s;
}

/* All of it from one allocator. */
static qn_status open_and_migrate(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_db *db;
    qn_db_options o;
    qn_db_options_init(&o, sizeof o);
    o.allocator = allocator;
    qn_migrations *list = NULL;
    qn_status s = qn_db_open(&db, "memory:", &o, NULL);
    if (s == QN_OK)
        s = qn_migrations_new(&list, items, 2, allocator, NULL);
    if (s == QN_OK)
        s = qn_migrate(NULL, db, list, -1, NULL, NULL);
    qn_migrations_free(list);
    qn_db_close(db);
    return s;
}

static void lists_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make_a_list, NULL, 1000) > 7);
    assert_true(test_fault_sweep(read_a_folder, NULL, 1000) > 20);
}

static void migrating_survives_every_failed_allocation(void **state)
{
    (void)state;
    if (!qn_has("sqlite")) {
        (void)fprintf(stderr, "SKIP SQLite is not here: migrating without memory is NOT tested\n");
        return;
    }
    assert_true(test_fault_sweep(migrate, NULL, 1000) > 20);
    assert_true(test_fault_sweep(open_and_migrate, NULL, 1000) > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_survive_every_failed_allocation),
        cmocka_unit_test(migrating_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
