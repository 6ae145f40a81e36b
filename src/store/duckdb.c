/* store/duckdb.c: the driver of DuckDB. See duckdb_int.h for its other files.
 *
 * DuckDB has no savepoints, and a transaction in which anything failed can only be rolled back. */
#include "store/duckdb_int.h"

#include "base/library.h"

#include <stddef.h>
#include <string.h>

#define FUNCTION(result, name, parameters) {"duckdb_" #name, offsetof(qni_duck_api, name)},
static const qni_function functions[] = {QNI_DUCK_FUNCTIONS(FUNCTION)};
static const qni_function later_functions[] = {QNI_DUCK_LATER_FUNCTIONS(FUNCTION)};
#undef FUNCTION

static qn_status load(qni_duck_api *api, qn_error *err)
{
    int64_t count = sizeof functions / sizeof functions[0];
    qn_status s = qni_library_functions(api, QNI_LIBRARY_DUCKDB, functions, count, err);
    for (size_t i = 0; s == QN_OK && i < sizeof later_functions / sizeof later_functions[0]; i++)
        if (qni_library_functions(api, QNI_LIBRARY_DUCKDB, &later_functions[i], 1, NULL) != QN_OK)
            continue; /* it stays NULL */
    return s;
}

static qn_status open_duck(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err)
{
    *out = NULL;
    qni_duck *duck = qni_new(base->allocator, qni_duck);
    if (duck == NULL)
        return qni_refused(err, base->allocator, (int64_t)sizeof *duck, "a connection to %s", base->shown);
    duck->base = *base;
    qn_status s = load(&duck->api, err);
    if (s == QN_OK)
        s = qni_duck_open_database(duck, url, err);
    if (s == QN_OK && duck->api.connect(duck->database, &duck->connection) != 0) {
        s = qni_error(err, QN_NOMEM, "DuckDB cannot make a connection to %s", base->shown);
        qni_duck_close_database(duck);
    }
    if (s != QN_OK) {
        qni_delete(base->allocator, duck);
        return s;
    }
    *out = &duck->base;
    return QN_OK;
}

static void close_duck(qn_db *db)
{
    qni_duck *duck = qni_duck_of(db);
    const qn_allocator *allocator = db->allocator;
    duck->api.disconnect(&duck->connection);
    qni_duck_close_database(duck);
    qni_delete(allocator, duck);
}

static qn_status run_part(qni_duck *duck, duckdb_extracted_statements parts, idx_t index, qn_error *err)
{
    const qni_duck_api *api = &duck->api;
    duckdb_prepared_statement prepared = NULL;
    duckdb_result result;
    qn_status s;
    if (api->prepare_extracted_statement(duck->connection, parts, index, &prepared) != 0) {
        s = qni_duck_error(duck, prepared != NULL ? api->prepare_error(prepared) : NULL, err);
    } else if (api->nparams(prepared) > 0) {
        s = qni_error(err, QN_INVALID, "a script's statements have no parameters");
    } else {
        s = qni_duck_run(&result, duck, prepared, false, qni_duck_deadline(duck), err);
        if (s == QN_OK)
            api->destroy_result(&result);
    }
    api->destroy_prepare(&prepared);
    return s;
}

static qn_status run_script(qn_db *db, const char *sql, qn_error *err)
{
    qni_duck *duck = qni_duck_of(db);
    duckdb_extracted_statements parts = NULL;
    idx_t count = duck->api.extract_statements(duck->connection, sql, &parts);
    const char *wrong = count == 0 && parts != NULL ? duck->api.extract_statements_error(parts) : NULL;
    qn_status s = wrong != NULL ? qni_duck_error(duck, wrong, err) : QN_OK;
    for (idx_t i = 0; s == QN_OK && i < count; i++)
        s = run_part(duck, parts, i, err);
    duck->api.destroy_extracted(&parts);
    return s;
}

static bool is_in_transaction(const qn_db *db)
{
    return ((const qni_duck *)db)->in_transaction;
}

static qn_status ping(qn_db *db, qn_error *err)
{
    return run_script(db, "SELECT 1", err);
}

static void interrupt_duck(qn_db *db)
{
    const qni_duck *duck = qni_duck_of(db);
    duck->api.interrupt(duck->connection);
}

const qni_driver qni_driver_duckdb = {
    .name = "duckdb",
    .savepoints = false,
    .many_writers = true,
    .begin = {"BEGIN TRANSACTION", "BEGIN TRANSACTION READ ONLY"},
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .open = open_duck,
    .close = close_duck,
    .prepare = qni_duck_prepare,
    .finalize = qni_duck_finalize,
    .param_count = qni_duck_param_count,
    .start = qni_duck_start,
    .column_count = qni_duck_column_count,
    .column_name = qni_duck_column_name,
    .column_type = qni_duck_column_type,
    .step = qni_duck_step,
    .value = qni_duck_value,
    .read = qni_duck_read,
    .changed = qni_duck_changed,
    .reset = qni_duck_reset,
    .script = run_script,
    .control = run_script,
    .in_transaction = is_in_transaction,
    .ping = ping,
    .interrupt = interrupt_duck,
    .insert = qni_duck_insert,
};
