/* Keeps daily prices in a database, four threads reading it at once: migrations make the tables, a table of numbers
 * goes in as a whole, each thread asks for its own stock through a pool and fits the growth of its price.
 *
 *     cc prices.c $(pkg-config --cflags --libs quern) -lm -o prices
 *     ./prices
 *
 * The database lives in memory; with an argument, "sqlite:prices.db", "duckdb:prices.duckdb" or "postgres://…", it
 * stays. */
#include <quern/quern.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STOCKS = 4,
    DAYS = 250
};

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_status_text(status), err->message);
    exit(qn_status_exit_code(status));
}

static void make_tables(qn_db *db)
{
    static const qn_migration steps[] = {
        {.number = 1,
         .name = "prices",
         .up = "CREATE TABLE growth (stock DOUBLE PRECISION, day DOUBLE PRECISION, close DOUBLE PRECISION)",
         .down = "DROP TABLE growth"},
    };
    qn_error err = qn_error_none();
    qn_migrations *migrations;
    must(qn_migrations_new(&migrations, steps, sizeof steps / sizeof steps[0], NULL, &err), &err);
    must(qn_migrate(NULL, db, migrations, -1, NULL, &err), &err);
    qn_migrations_free(migrations);
}

/* Prices that grow by 0.1 %, 0.2 % … a day. */
static void insert_prices(qn_db *db)
{
    static double stock[STOCKS * DAYS], day[STOCKS * DAYS], close[STOCKS * DAYS];
    const char *names[] = {"stock", "day", "close"};
    const double *columns[] = {stock, day, close};
    for (int64_t i = 0; i < STOCKS * DAYS; i++) {
        stock[i] = (double)(i / DAYS);
        day[i] = (double)(i % DAYS);
        close[i] = 100 * exp(0.001 * (stock[i] + 1) * day[i]);
    }
    qn_error err = qn_error_none();
    qn_table *table;
    must(qn_table_from_f64(&table, names, columns, 3, STOCKS * DAYS, NULL, &err), &err);
    must(qn_db_execute(NULL, db, "DELETE FROM growth", NULL, 0, &err), &err);
    must(qn_db_insert(db, "growth", table, &err), &err);
    qn_table_free(table);
}

typedef struct job {
    qn_dbpool *pool;
    double rate[STOCKS];
} job;

static void fit_stock(void *user, int64_t stock)
{
    job *j = user;
    qn_error err = qn_error_none();
    qn_db *db;
    qn_table *table;
    qn_value wanted = qn_value_f64((double)stock);
    must(qn_dbpool_take(&db, j->pool, "fit", &err), &err);
    must(qn_db_query_table(&table, db, "SELECT day, close FROM growth WHERE stock = $1", &wanted, 1, &err), &err);
    qn_dbpool_give(j->pool, db); /* the table is ours; others may have the connection */

    const char *columns[] = {"day", "close"};
    qn_model_options options;
    qn_model *model;
    qn_fit_result *fit;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    must(qn_model_new(&model, "close = a*exp(k*day)", -1, &options, &err), &err);
    must(qn_fit_table(&fit, model, table, NULL, &err), &err);
    j->rate[stock] = fit->parameters[1].value; /* numbered as the formula first names them: a, k */
    qn_fit_result_free(fit);
    qn_model_unref(model);
    qn_table_free(table);
}

int main(int argc, char **argv)
{
    qn_error err = qn_error_none();
    job j = {0};
    qn_db *db;
    must(qn_dbpool_new(&j.pool, argc > 1 ? argv[1] : "memory:", NULL, &err), &err);
    must(qn_dbpool_take(&db, j.pool, "set-up", &err), &err);
    make_tables(db);
    insert_prices(db);
    qn_dbpool_give(j.pool, db);

    qn_threads_run(NULL, STOCKS, fit_stock, &j);
    for (int64_t i = 0; i < STOCKS; i++)
        printf("stock %" PRId64 " grows by %.1f %% a day\n", i, 100 * j.rate[i]);
    must(qn_dbpool_close(j.pool, 5000, &err), &err);
    return 0;
}
