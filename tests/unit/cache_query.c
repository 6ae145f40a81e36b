/* Results of queries in a cache: what tells one from another, what ends them, when nothing is kept. The database is
 * SQLite; a result is known to be remembered where the table has been changed behind the cache's back. */
#include "unit/cache_kit.h"

#include <quern/db.h>

static qn_db *open_db(const char *name)
{
    char url[256];
    qn_db *db;
    qn_error err;
    (void)snprintf(url, sizeof url, "sqlite:%s/%s", kit_root, name);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    return db;
}

static void run(qn_db *db, const char *sql)
{
    qn_error err;
    assert_ok(qn_db_script(db, sql, &err), &err);
}

/* The first column's first value. */
static double ask(qn_cache *cache, qn_db *db, const char *sql, const qn_value *params, int64_t count,
                  const char *const *tables, int64_t table_count, qn_cache_found expected)
{
    const qn_cache_query_options options = {.size = sizeof options, .tables = tables, .table_count = table_count};
    qn_datum *datum;
    qn_cache_found found;
    qn_error err;
    assert_ok(qn_cache_query(&datum, &found, cache, db, sql, params, count, &options, &err), &err);
    assert_int_equal(found, expected);
    assert_int_equal(qn_datum_kind_of(datum), QN_DATUM_TABLE);
    const qn_table *table = qn_datum_table_of(datum);
    double value = 0;
    assert_true(qn_table_row_count(table) == 1 && qn_table_read_f64(table, 0, &value));
    qn_datum_unref(datum);
    return value;
}

static const char *const prices[] = {"prices"}, *const both[] = {"prices", "names"};

static qn_cache *start(qn_db **db, const char *name)
{
    if (!qn_has("sqlite"))
        skip();
    *db = open_db(name);
    run(*db, "CREATE TABLE prices (x REAL); INSERT INTO prices VALUES (1.5); CREATE TABLE names (n TEXT);");
    return kit_open((qn_cache_options){KIT_MEMORY});
}

static void a_result_is_remembered_until_its_table_is_written(void **state)
{
    (void)state;
    qn_db *db;
    qn_cache *cache = start(&db, "written.db");
    qn_error err;
    const char *sql = "SELECT x FROM prices";
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 1.5);
    run(db, "UPDATE prices SET x = 2.5");
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 1.5);
    assert_ok(qn_cache_wrote(cache, db, "names", &err), &err);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 1.5);
    assert_ok(qn_cache_wrote(cache, db, "prices", &err), &err);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 2.5);
    const char *joined = "SELECT count(*) FROM prices, names";
    assert_true(ask(cache, db, joined, NULL, 0, both, 2, QN_CACHE_MISS) == 0);
    run(db, "INSERT INTO names VALUES ('a')");
    assert_ok(qn_cache_wrote(cache, db, "names", &err), &err);
    assert_true(ask(cache, db, joined, NULL, 0, both, 2, QN_CACHE_MISS) == 1);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 2.5);
    kit_close(cache);
    qn_db_close(db);
}

static void parameters_count_with_their_types(void **state)
{
    (void)state;
    qn_db *db;
    qn_cache *cache = start(&db, "params.db");
    const char *sql = "SELECT CASE typeof($1) WHEN 'integer' THEN 1 WHEN 'real' THEN 2 WHEN 'text' THEN 3 ELSE 4 END";
    const qn_value values[] = {qn_value_i64(1), qn_value_f64(1), qn_value_text("1", -1), qn_value_bytes("1", 1)};
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < 4; i++)
            assert_true(ask(cache, db, sql, &values[i], 1, prices, 1, turn == 0 ? QN_CACHE_MISS : QN_CACHE_HIT) ==
                        i + 1);
    const qn_value pair[] = {qn_value_text("ab", -1), qn_value_text("c", -1)},
                   other[] = {qn_value_text("a", -1), qn_value_text("bc", -1)};
    assert_true(ask(cache, db, "SELECT length($1) + length($2)", pair, 2, prices, 1, QN_CACHE_MISS) == 3);
    assert_true(ask(cache, db, "SELECT length($1) + length($2)", other, 2, prices, 1, QN_CACHE_MISS) == 3);
    kit_close(cache);
    qn_db_close(db);
}

static void a_database_is_the_same_by_whatever_path_and_another_is_another(void **state)
{
    (void)state;
    qn_db *db, *other = NULL, *again;
    qn_cache *cache = start(&db, "one.db");
    char url[256];
    qn_error err;
    other = open_db("two.db");
    run(other, "CREATE TABLE prices (x REAL); INSERT INTO prices VALUES (7)");
    (void)snprintf(url, sizeof url, "sqlite:%s/./one.db?mode=rw", kit_root);
    assert_ok(qn_db_open(&again, url, NULL, &err), &err);
    const char *sql = "SELECT x FROM prices";
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 1.5);
    assert_true(ask(cache, other, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 7);
    run(again, "UPDATE prices SET x = 3");
    assert_ok(qn_cache_wrote(cache, other, "prices", &err), &err);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 1.5);
    assert_ok(qn_cache_wrote(cache, again, "prices", &err), &err);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 3);
    qn_db_close(again);
    qn_db_close(other);
    qn_db_close(db);
    kit_close(cache);
}

static void inside_a_transaction_and_in_memory_the_database_is_asked(void **state)
{
    (void)state;
    qn_db *db, *memory;
    qn_cache *cache = start(&db, "transaction.db");
    qn_error err;
    const char *sql = "SELECT x FROM prices";
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run(db, "UPDATE prices SET x = 9");
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 9);
    assert_int_equal(qn_cache_wrote(cache, db, "prices", &err), QN_INVALID);
    qn_db_rollback(db);
    assert_true(ask(cache, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 1.5);
    assert_ok(qn_db_open(&memory, "memory:", NULL, &err), &err);
    run(memory, "CREATE TABLE prices (x REAL); INSERT INTO prices VALUES (1)");
    assert_true(ask(cache, memory, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 1);
    run(memory, "UPDATE prices SET x = 2");
    assert_true(ask(cache, memory, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 2);
    assert_ok(qn_cache_wrote(cache, memory, "prices", &err), &err);
    qn_db_close(memory);
    qn_db_close(db);
    kit_close(cache);
}

static void something_has_to_end_a_result(void **state)
{
    (void)state;
    qn_db *db;
    qn_cache *cache = start(&db, "ends.db");
    qn_cache_query_options options = {.size = sizeof options};
    qn_datum *datum;
    qn_error err;
    assert_int_equal(qn_cache_query(&datum, NULL, cache, db, "SELECT 1", NULL, 0, &options, &err), QN_INVALID);
    assert_null(datum);
    assert_contains(err.message, "tables");
    options.ttl_ms = 1000;
    assert_ok(qn_cache_query(&datum, NULL, cache, db, "SELECT 1", NULL, 0, &options, &err), &err);
    qn_datum_unref(datum);
    assert_int_equal(qn_cache_query(&datum, NULL, cache, db, "SELEC 1", NULL, 0, &options, &err), QN_SYNTAX);
    const qn_value bad = {.type = QN_VALUE_TEXT, .size = 3};
    assert_int_equal(qn_cache_query(&datum, NULL, cache, db, "SELECT $1", &bad, 1, &options, &err), QN_INVALID);
    qn_db_close(db);
    kit_close(cache);
}

static void results_stay_on_disk_and_a_write_said_elsewhere_ends_them(void **state)
{
    (void)state;
    qn_db *db;
    kit_close(start(&db, "disk.db"));
    if (!qn_has("zip")) {
        qn_db_close(db);
        skip();
    }
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("results")};
    const char *sql = "SELECT x FROM prices";
    qn_error err;
    qn_cache *one = kit_open(options), *two = kit_open(options);
    assert_true(ask(one, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 1.5);
    assert_true(ask(two, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 1.5);
    run(db, "UPDATE prices SET x = 4");
    assert_ok(qn_cache_wrote(two, db, "prices", &err), &err);
    assert_true(ask(one, db, sql, NULL, 0, prices, 1, QN_CACHE_MISS) == 4);
    kit_close(one);
    kit_close(two);
    one = kit_open(options);
    assert_true(ask(one, db, sql, NULL, 0, prices, 1, QN_CACHE_HIT) == 4);
    kit_close(one);
    qn_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_remembered_until_its_table_is_written),
        cmocka_unit_test(parameters_count_with_their_types),
        cmocka_unit_test(a_database_is_the_same_by_whatever_path_and_another_is_another),
        cmocka_unit_test(inside_a_transaction_and_in_memory_the_database_is_asked),
        cmocka_unit_test(something_has_to_end_a_result),
        cmocka_unit_test(results_stay_on_disk_and_a_write_said_elsewhere_ends_them),
    };
    return cmocka_run_group_tests_name("cache_query", tests, kit_setup, kit_teardown);
}
