/* The archive of chains, prices, reports and sectors: what goes in comes out, the same file twice changes nothing,
 * newer files win where they say something, and what is damaged is refused by name. */
#include "harness/harness.h"

#include <quern/archive.h>
#include <quern/records.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-archive-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const char *text)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* A store of its own for each test. */
static qn_archive *open_store(void)
{
    static int count;
    char name[32];
    qn_archive *archive;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: the archive: SQLite is not there\n");
        skip();
    }
    (void)snprintf(name, sizeof name, "store %d.db", count++);
    assert_ok(qn_archive_open(&archive, path_of(name), NULL, &err), &err);
    return archive;
}

static qn_import import_as(qn_archive *archive, const char *path, const qn_import_options *options)
{
    qn_import result = {.size = (int64_t)sizeof result};
    qn_error err = qn_error_none();
    assert_ok(qn_archive_import(&result, archive, path, options, &err), &err);
    return result;
}

static qn_import import_file(qn_archive *archive, const char *name, const char *text)
{
    return import_as(archive, write_file(name, text), NULL);
}

static qn_error refused(qn_archive *archive, const char *name, const char *text, qn_status status)
{
    qn_import result = {.size = (int64_t)sizeof result};
    qn_error err = qn_error_none();
    assert_int_equal(qn_archive_import(&result, archive, write_file(name, text), NULL, &err), status);
    return err;
}

/* What is done behind the archive's back. */
static void change(const char *name, const char *sql)
{
    qn_db *db;
    char url[300];
    qn_error err = qn_error_none();
    (void)snprintf(url, sizeof url, "sqlite:%s/%s", folder, name);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_script(db, sql, &err), &err);
    qn_db_close(db);
}

static qn_archive_chain only_chain(qn_archive *archive, char ticker[32])
{
    qn_archive_chain *chains, first;
    int64_t count;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 1);
    first = chains[0];
    (void)snprintf(ticker, 32, "%s", first.ticker);
    first.ticker = ticker;
    qn_archive_chain_free(chains);
    return first;
}

static qn_chain *load_chain(qn_archive *archive, int64_t id, int32_t around, int64_t before, int64_t after)
{
    qn_chain *chain;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_load_chain(&chain, archive, id, around, before, after, NULL, &err), &err);
    return chain;
}

/* ---- chains ---- */

/* 20458 is 2026-01-05; expiries of 2026-01-16 (20469), 01-23 (20476), 02-20 (20504), 03-20 (20532). */
static const char chain_text[] =
    "ticker,as_of,spot,expiry,type,strike,bid,ask,last,volume,open_interest,iv,last_time\n"
    "XYZ,2026-01-05 15:45,100,2026-01-16,call,100,2.1,2.3,2.2,7,120,0.31,2026-01-05 15:40\n"
    "XYZ,2026-01-05 15:45,100,2026-01-16,put,100,2.0,2.2,,0,,,\n"
    "XYZ,2026-01-05 15:45,100,2026-01-23,call,100,3.1,3.3,3.2,1,50,0.3,\n"
    "XYZ,2026-01-05 15:45,100,2026-01-23,put,100,,3.1,3,1,50,0.3,\n"
    "XYZ,2026-01-05 15:45,100,2026-02-20,call,105,3.5,3.4,3,1,50,0.3,\n"
    "XYZ,2026-01-05 15:45,100,2026-03-20,call,105,5.1,5.5,5,1,50,0.3,\n";

static void assert_same_number(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static void assert_same_quotes(const qn_chain *a, const qn_chain *b)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const qn_quote *p = &a->quotes[i], *q = &b->quotes[i];
        assert_int_equal(p->expiry, q->expiry);
        assert_int_equal(p->type, q->type);
        assert_int_equal(p->settlement, q->settlement);
        assert_int_equal(p->quote_class, q->quote_class);
        assert_int_equal(p->last_us, q->last_us);
        assert_int_equal(p->line, q->line);
        assert_same_number(p->strike, q->strike);
        assert_same_number(p->bid, q->bid);
        assert_same_number(p->ask, q->ask);
        assert_same_number(p->last, q->last);
        assert_same_number(p->volume, q->volume);
        assert_same_number(p->open_interest, q->open_interest);
        assert_same_number(p->provider_implied, q->provider_implied);
    }
}

static void assert_same_chain(const qn_chain *a, const qn_chain *b)
{
    assert_same_quotes(a, b);
    assert_string_equal(a->ticker, b->ticker);
    assert_string_equal(a->format, b->format);
    assert_string_equal(a->source, b->source);
    assert_int_equal(a->as_of_us, b->as_of_us);
    assert_int_equal(a->as_of_inferred, b->as_of_inferred);
    assert_same_number(a->spot, b->spot);
    assert_memory_equal(a->classes, b->classes, sizeof a->classes);
    assert_int_equal(a->warning_count, b->warning_count);
    for (int64_t i = 0; i < a->warning_count; i++)
        assert_string_equal(a->warnings[i], b->warnings[i]);
}

static void a_chain_comes_back_as_it_was_read(void **state)
{
    (void)state;
    char ticker[32];
    qn_chain *read;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    qn_import result = import_file(archive, "xyz.csv", chain_text);
    assert_int_equal(result.source, QN_SOURCE_CHAIN);
    assert_false(result.known);
    assert_int_equal(result.rows, 6);
    assert_int_equal(result.new_rows, 6);
    assert_int_equal(result.snapshots, 1);
    assert_string_equal(result.ticker, "XYZ");
    qn_archive_chain known = only_chain(archive, ticker);
    assert_string_equal(known.ticker, "XYZ");
    assert_int_equal(known.as_of_us, result.as_of_us);
    qn_chain *chain = load_chain(archive, known.id, 0, 0, 0);
    assert_ok(qn_chain_read(&read, path_of("xyz.csv"), NULL, &err), &err);
    assert_same_chain(chain, read);
    assert_int_equal(chain->classes[QN_QUOTE_CROSSED], 1);
    assert_int_equal(chain->classes[QN_QUOTE_ONE_SIDED], 1);
    qn_chain_free(read);
    qn_chain_free(chain);
    qn_archive_close(archive);
}

static void warnings_and_an_inferred_time_come_back(void **state)
{
    (void)state;
    char ticker[32];
    qn_chain *read;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    (void)import_file(archive, "dated.csv",
                      "ticker,date,expiry,type,strike,bid,ask\nXYZ,2026-01-05,2026-01-16,call,100,2.1,2.3");
    qn_chain *chain = load_chain(archive, only_chain(archive, ticker).id, 0, 0, 0);
    assert_ok(qn_chain_read(&read, path_of("dated.csv"), NULL, &err), &err);
    assert_true(read->as_of_inferred && read->warning_count == 2 && isnan(read->spot));
    assert_same_chain(chain, read);
    qn_chain_free(read);
    qn_chain_free(chain);
    qn_archive_close(archive);
}

static void only_the_expiries_around_a_report_are_loaded(void **state)
{
    (void)state;
    char ticker[32];
    static const struct {
        int32_t around;
        int64_t before, after, count;
        int32_t first, last;
    } cases[] = {
        {20476, 1, 1, 4, 20469, 20476},                                 /* the report's own day counts as after */
        {20477, 1, 1, 3, 20476, 20504}, {20477, 1, 3, 4, 20476, 20532}, /* there are only two after it */
        {20477, 0, 1, 1, 20504, 20504}, {20477, 2, 0, 4, 20469, 20476},
        {20400, 1, 1, 2, 20469, 20469}, {20600, 1, 1, 1, 20532, 20532},
    };
    qn_archive *archive = open_store();
    (void)import_file(archive, "xyz.csv", chain_text);
    int64_t id = only_chain(archive, ticker).id;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_chain *chain = load_chain(archive, id, cases[i].around, cases[i].before, cases[i].after);
        assert_int_equal(chain->count, cases[i].count);
        assert_int_equal(chain->quotes[0].expiry, cases[i].first);
        assert_int_equal(chain->quotes[chain->count - 1].expiry, cases[i].last);
        assert_int_equal(chain->classes[QN_QUOTE_GOOD], 4); /* of the whole chain */
        qn_chain_free(chain);
    }
    qn_archive_close(archive);
}

static void the_same_content_under_any_name_changes_nothing(void **state)
{
    (void)state;
    char ticker[32];
    qn_archive *archive = open_store();
    qn_import first = import_file(archive, "a.csv", chain_text);
    int64_t id = only_chain(archive, ticker).id;
    qn_import again = import_file(archive, "b.csv", chain_text);
    assert_true(again.known);
    assert_int_equal(again.source, QN_SOURCE_CHAIN);
    assert_int_equal(again.rows, first.rows);
    assert_int_equal(again.new_rows, 0);
    assert_int_equal(again.as_of_us, first.as_of_us);
    assert_string_equal(again.ticker, "XYZ");
    assert_int_equal(only_chain(archive, ticker).id, id);
    qn_table *sources;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_sources(&sources, archive, &err), &err);
    assert_int_equal(qn_table_row_count(sources), 1);
    qn_table_free(sources);
    qn_archive_close(archive);
}

/* The text with `with` for every `what`. */
static const char *replaced(const char *text, const char *what, const char *with)
{
    static char out[4096];
    size_t size = 0;
    while (*text != '\0') {
        const bool here = strncmp(text, what, strlen(what)) == 0;
        size +=
            (size_t)snprintf(out + size, sizeof out - size, "%.*s", here ? (int)strlen(with) : 1, here ? with : text);
        text += here ? strlen(what) : 1;
    }
    return out;
}

static void a_newer_file_about_the_same_snapshot_replaces_it(void **state)
{
    (void)state;
    char ticker[32];
    qn_archive *archive = open_store();
    (void)import_file(archive, "a.csv", chain_text);
    int64_t id = only_chain(archive, ticker).id;
    qn_import newer = import_file(archive, "b.csv", replaced(chain_text, "3.1,3.3,3.2", "3.0,3.3,3.2"));
    assert_false(newer.known);
    assert_int_equal(newer.new_rows, 2); /* the two quotes of the expiry that differs */
    qn_archive_chain now = only_chain(archive, ticker);
    assert_int_equal(now.id, id);
    qn_chain *chain = load_chain(archive, id, 0, 0, 0);
    assert_int_equal(chain->count, 6);
    assert_true(chain->quotes[2].bid == 3.0);
    assert_contains(chain->source, "b.csv");
    qn_chain_free(chain);
    qn_archive_close(archive);
}

static void a_file_that_says_the_same_in_other_bytes_replaces_nothing(void **state)
{
    (void)state;
    char ticker[32];
    qn_archive *archive = open_store();
    (void)import_file(archive, "a.csv", chain_text);
    qn_import other = import_file(archive, "b.csv", replaced(chain_text, "2.1,2.3", "2.10,2.30"));
    assert_false(other.known);
    assert_int_equal(other.new_rows, 0);
    qn_chain *chain = load_chain(archive, only_chain(archive, ticker).id, 0, 0, 0);
    assert_contains(chain->source, "a.csv");
    qn_chain_free(chain);
    qn_archive_close(archive);
}

static void chains_are_listed_as_of_a_time(void **state)
{
    (void)state;
    qn_archive_chain *chains;
    int64_t count;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    qn_import first = import_file(archive, "a.csv", chain_text);
    qn_import second = import_file(archive, "b.csv", replaced(chain_text, "01-05 15:45", "01-06 15:45"));
    assert_int_equal(second.as_of_us - first.as_of_us, INT64_C(86400000000));
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(chains[0].as_of_us, second.as_of_us);
    qn_archive_chain_free(chains);
    assert_ok(qn_archive_chains(&chains, &count, archive, second.as_of_us - 1, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(chains[0].as_of_us, first.as_of_us);
    qn_archive_chain_free(chains);
    assert_ok(qn_archive_chains(&chains, &count, archive, first.as_of_us - 1, &err), &err);
    assert_int_equal(count, 0);
    qn_archive_chain_free(chains);
    qn_archive_close(archive);
}

static void a_file_that_does_not_name_its_ticker_needs_it(void **state)
{
    (void)state;
    char ticker[32];
    static const char text[] = "as_of,expiry,type,strike,bid,ask\n2026-01-05 15:45,2026-01-16,call,100,2.1,2.3\n";
    qn_archive *archive = open_store();
    qn_error err = refused(archive, "nameless.csv", text, QN_DATA);
    assert_contains(err.message, "ticker");
    qn_import_options how;
    qn_import_options_init(&how, (int64_t)sizeof how);
    how.ticker = "ABC";
    assert_string_equal(import_as(archive, path_of("nameless.csv"), &how).ticker, "ABC");
    assert_string_equal(only_chain(archive, ticker).ticker, "ABC");
    assert_true(import_as(archive, path_of("nameless.csv"), &how).known);
    how.ticker = "DEF"; /* the same content read in another way is another source */
    assert_false(import_as(archive, path_of("nameless.csv"), &how).known);
    qn_archive_close(archive);
}

static void a_file_of_several_tickers_and_days_is_kept_as_several_chains(void **state)
{
    (void)state;
    static const char text[] = "ticker,date,expiry,type,strike,bid,ask\nXYZ,2026-01-05,2026-01-16,call,100,2.1,2.3\n"
                               "ABC,2026-01-06,2026-01-16,call,50,1.1,1.3\nXYZ,2026-01-06,2026-01-16,call,100,2.2,2.4\n"
                               "XYZ,2026-01-06,2026-01-16,put,100,2.2,2.4\n";
    /* 16:00 in New York is 21:00 UTC: 2026-01-05T21:00:00Z */
    const int64_t first_us = (INT64_C(20458) * 86400 + 75600) * 1000000, day_us = INT64_C(86400000000);
    qn_archive_chain *chains;
    int64_t count;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    qn_import result = import_file(archive, "several.csv", text);
    assert_int_equal(result.snapshots, 3);
    assert_int_equal(result.rows, 4);
    assert_int_equal(result.new_rows, 4);
    assert_int_equal(result.tickers, 2);
    assert_int_equal(result.as_of_us, first_us + day_us);
    assert_true(import_file(archive, "again.csv", text).known);
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(chains[0].ticker, "ABC");
    assert_int_equal(chains[1].as_of_us, first_us + day_us);
    qn_chain *chain = load_chain(archive, chains[1].id, 0, 0, 0);
    assert_int_equal(chain->count, 2);
    assert_true(chain->as_of_inferred);
    qn_chain_free(chain);
    qn_archive_chain_free(chains);
    assert_ok(qn_archive_chains(&chains, &count, archive, first_us, &err), &err);
    assert_int_equal(count, 1);
    chain = load_chain(archive, chains[0].id, 0, 0, 0);
    assert_int_equal(chain->count, 1);
    assert_true(chain->quotes[0].bid == 2.1);
    for (int64_t i = 0; i < chain->warning_count; i++) /* the others are kept: nothing was left out */
        assert_null(strstr(chain->warnings[i], "left out"));
    qn_chain_free(chain);
    qn_archive_chain_free(chains);
    qn_archive_close(archive);
}

static void tradier_answers_of_several_tickers_are_several_chains(void **state)
{
    (void)state;
#define OPTION(symbol, under, bid)                                                                                  \
    "{\"symbol\":\"" symbol "\",\"underlying\":\"" under "\",\"bid\":" bid ",\"ask\":9,\"bid_date\":1767646800000," \
    "\"ask_date\":1767646800000,\"option_type\":\"call\"}"
#define ANSWER(options) "{\"options\":{\"option\":[" options "]}}\n"
    static const char text[] = ANSWER(OPTION("MID260116C00100000", "MID", "1"))
        ANSWER(OPTION("ABC260116C00100000", "ABC", "2") "," OPTION("XYZ260116C00100000", "XYZ", "3"))
            ANSWER(OPTION("ABC260116C00105000", "ABC", "4"));
#undef ANSWER
#undef OPTION
    static const struct {
        const char *ticker;
        int64_t count;
        double bid;
    } wanted[] = {{"ABC", 2, 2}, {"MID", 1, 1}, {"XYZ", 1, 3}};
    qn_archive_chain *chains;
    int64_t count;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    qn_import result = import_file(archive, "several.json", text);
    assert_int_equal(result.snapshots, 3);
    assert_int_equal(result.tickers, 3);
    assert_int_equal(result.rows, 4);
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++) {
        qn_chain *chain = load_chain(archive, chains[i].id, 0, 0, 0);
        assert_string_equal(chain->ticker, wanted[i].ticker);
        assert_int_equal(chain->count, wanted[i].count);
        assert_true(chain->quotes[0].bid == wanted[i].bid);
        for (int64_t w = 0; w < chain->warning_count; w++)
            assert_null(strstr(chain->warnings[w], "left out"));
        qn_chain_free(chain);
    }
    qn_archive_chain_free(chains);
    qn_archive_close(archive);
}

static void a_ticker_or_a_day_chooses_some_of_them(void **state)
{
    (void)state;
    static const char text[] =
        "ticker,date,expiry,type,strike,bid,ask\nXYZ,2026-01-05,2026-01-16,call,100,2.1,2.3\n"
        "ABC,2026-01-06,2026-01-16,call,50,1.1,1.3\nXYZ,2026-01-06,2026-01-16,call,100,2.2,2.4\n";
    qn_archive *archive = open_store();
    qn_import_options how;
    qn_import_options_init(&how, (int64_t)sizeof how);
    how.ticker = "xyz";
    assert_int_equal(import_as(archive, write_file("some.csv", text), &how).snapshots, 2);
    how.ticker = NULL;
    how.as_of_us = (INT64_C(20459) * 86400 + 70000) * 1000000;
    qn_import result = import_as(archive, path_of("some.csv"), &how);
    assert_int_equal(result.snapshots, 2);
    assert_int_equal(result.as_of_us, how.as_of_us);
    qn_archive_close(archive);
}

/* ---- prices ---- */

static const qn_prices *load_prices(qn_archive *archive, const char *const *tickers, int64_t count)
{
    qn_prices *prices;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_load_prices(&prices, archive, tickers, count, NULL, &err), &err);
    return prices;
}

static void free_prices(const qn_prices *prices)
{
    qn_prices_free((qn_prices *)(uintptr_t)prices);
}

static void prices_merge_day_by_day_and_the_newer_file_wins(void **state)
{
    (void)state;
    qn_archive *archive = open_store();
    qn_import first = import_file(archive, "a.csv",
                                  "date,ticker,open,high,low,close,volume\n2026-01-05,XYZ,1,2,0.5,1.5,100\n"
                                  "2026-01-06,XYZ,2,3,1.5,2.5,200\n2026-01-07,XYZ,3,4,2.5,3.5,300\n");
    assert_int_equal(first.source, QN_SOURCE_PRICES);
    assert_int_equal(first.rows, 3);
    assert_int_equal(first.new_rows, 3);
    /* One day before, one equal, one that differs, one that is not told and stays. */
    qn_import second = import_file(archive, "b.csv",
                                   "date,ticker,open,high,low,close,volume\n2026-01-02,XYZ,9,9,9,9,9\n"
                                   "2026-01-05,XYZ,1,2,0.5,1.5,100\n2026-01-06,XYZ,2,3,1.5,2.75,200\n");
    assert_int_equal(second.new_rows, 2);
    const qn_prices *prices = load_prices(archive, NULL, 0);
    assert_int_equal(prices->ticker_count, 1);
    const qn_daily *d = qn_prices_find(prices, "XYZ");
    assert_non_null(d);
    static const int32_t days[] = {20455, 20458, 20459, 20460};
    static const double closes[] = {9, 1.5, 2.75, 3.5};
    assert_int_equal(d->count, 4);
    assert_memory_equal(d->days, days, sizeof days);
    assert_memory_equal(d->close, closes, sizeof closes);
    assert_true(d->volume[3] == 300 && d->open[2] == 2 && d->high[3] == 4 && d->low[1] == 0.5);
    free_prices(prices);

    qn_table *sources;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_sources(&sources, archive, &err), &err);
    const int64_t *in_use = qn_table_values(sources, qn_table_column_find(sources, "in_use"));
    assert_int_equal(qn_table_row_count(sources), 2);
    assert_int_equal(in_use[0], 2); /* 2026-01-05, which is equal in both, and 2026-01-07 */
    assert_int_equal(in_use[1], 2);
    qn_table_free(sources);
    qn_archive_close(archive);
}

static void prices_of_some_tickers_are_loaded_alone(void **state)
{
    (void)state;
    static const char *const some[] = {"CCC", "NONE", "AAA"};
    qn_archive *archive = open_store();
    qn_import result =
        import_file(archive, "p.csv", "date,ticker,close\n2026-01-05,AAA,1\n2026-01-05,BBB,2\n2026-01-05,CCC,3\n");
    assert_int_equal(result.tickers, 3);
    const qn_prices *prices = load_prices(archive, some, 3);
    assert_int_equal(prices->ticker_count, 2);
    assert_true(qn_prices_find(prices, "AAA")->close[0] == 1);
    assert_true(isnan(qn_prices_find(prices, "CCC")->volume[0]));
    assert_null(qn_prices_find(prices, "BBB"));
    free_prices(prices);
    prices = load_prices(archive, NULL, 0);
    assert_int_equal(prices->ticker_count, 3);
    free_prices(prices);
    qn_archive_close(archive);
}

/* ---- reports and sectors ---- */

static void what_a_calendar_tells_wins_over_what_it_does_not(void **state)
{
    (void)state;
    static const char *const some[] = {"XYZ"};
    qn_archive *archive = open_store();
    qn_import first = import_file(archive, "a.csv",
                                  "ticker,earnings_date,timing,eps,estimate\nXYZ,2026-01-20,amc,1.5,1.4\n"
                                  "XYZ,2025-10-21,,1.25,\nABC,2026-01-20,bmo,,\n");
    assert_int_equal(first.source, QN_SOURCE_EARNINGS);
    assert_int_equal(first.rows, 3);
    assert_int_equal(first.tickers, 2);
    assert_int_equal(first.new_rows, 3);
    /* Unknown over told, told over unknown, newer over older, and a row that says nothing new. */
    qn_import second = import_file(archive, "b.csv",
                                   "ticker,earnings_date,timing,eps,estimate\nXYZ,2026-01-20,,1.75,\n"
                                   "XYZ,2025-10-21,bmo,,1.2\nABC,2026-01-20,,,\n");
    assert_int_equal(second.new_rows, 2);
    qn_calendar *calendar;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_load_calendar(&calendar, archive, some, 1, NULL, &err), &err);
    assert_int_equal(calendar->count, 2);
    const qn_earnings *old = &calendar->reports[0], *new = &calendar->reports[1];
    assert_int_equal(old->day, 20382);
    assert_int_equal(old->timing, QN_TIMING_BEFORE_OPEN);
    assert_true(old->eps == 1.25 && old->estimate == 1.2);
    assert_int_equal(old->fiscal_end, INT32_MIN);
    assert_int_equal(new->day, 20473);
    assert_int_equal(new->timing, QN_TIMING_AFTER_CLOSE);
    assert_true(new->eps == 1.75 && new->estimate == 1.4);
    qn_calendar_free(calendar);
    assert_ok(qn_archive_load_calendar(&calendar, archive, NULL, 0, NULL, &err), &err);
    assert_int_equal(calendar->count, 3);
    assert_string_equal(calendar->reports[0].ticker, "ABC");
    assert_true(isnan(calendar->reports[0].eps));
    qn_calendar_free(calendar);
    qn_archive_close(archive);
}

static void the_newer_sector_wins(void **state)
{
    (void)state;
    qn_archive *archive = open_store();
    qn_import first = import_file(archive, "s.csv", "ticker,sector\nXYZ,Technology\nABC,\"Oil, gas\"\n");
    assert_int_equal(first.source, QN_SOURCE_SECTORS);
    assert_int_equal(import_file(archive, "t.csv", "ticker,sector\nXYZ,Software\nABC,\"Oil, gas\"\n").new_rows, 1);
    qn_sectors *sectors;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_load_sectors(&sectors, archive, NULL, &err), &err);
    assert_int_equal(qn_sectors_count(sectors), 2);
    assert_string_equal(qn_sectors_find(sectors, "XYZ"), "Software");
    assert_string_equal(qn_sectors_find(sectors, "ABC"), "Oil, gas");
    qn_sectors_free(sectors);
    qn_archive_close(archive);
}

/* ---- all together ---- */

static void an_empty_store_gives_nothing_and_no_error(void **state)
{
    (void)state;
    qn_archive_chain *chains;
    int64_t count;
    qn_calendar *calendar;
    qn_sectors *sectors;
    qn_table *table;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store();
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 0);
    qn_archive_chain_free(chains);
    const qn_prices *prices = load_prices(archive, NULL, 0);
    assert_int_equal(prices->ticker_count, 0);
    free_prices(prices);
    assert_ok(qn_archive_load_calendar(&calendar, archive, NULL, 0, NULL, &err), &err);
    assert_int_equal(calendar->count, 0);
    qn_calendar_free(calendar);
    assert_ok(qn_archive_load_sectors(&sectors, archive, NULL, &err), &err);
    assert_int_equal(qn_sectors_count(sectors), 0);
    qn_sectors_free(sectors);
    assert_ok(qn_archive_status(&table, archive, &err), &err);
    assert_int_equal(qn_table_row_count(table), 0);
    qn_table_free(table);
    qn_chain *chain;
    assert_int_equal(qn_archive_load_chain(&chain, archive, 7, 0, 0, 0, NULL, &err), QN_DATA);
    assert_null(chain);
    qn_archive_close(archive);
}

static int64_t cell(const qn_table *table, const char *column, int64_t row)
{
    int64_t c = qn_table_column_find(table, column);
    assert_true(c >= 0);
    assert_false(qn_table_is_missing(table, c, row));
    const void *values = qn_table_values(table, c);
    return qn_table_column_type(table, c) == QN_TYPE_DATE ? ((const int32_t *)values)[row]
                                                          : ((const int64_t *)values)[row];
}

static void the_status_tells_what_there_is_of_each_ticker(void **state)
{
    (void)state;
    qn_archive *archive = open_store();
    qn_import chain = import_file(archive, "c.csv", chain_text);
    (void)import_file(archive, "p.csv", "date,ticker,close\n2026-01-02,XYZ,1\n2026-01-05,XYZ,1\n2026-01-05,ABC,1\n");
    (void)import_file(archive, "e.csv",
                      "ticker,earnings_date,timing\nXYZ,2025-10-21,amc\nXYZ,2026-01-20,amc\nXYZ,2026-04-21,amc\n");
    (void)import_file(archive, "s.csv", "ticker,sector\nXYZ,Technology\n");
    qn_table *t;
    qn_error err = qn_error_none();
    assert_ok(qn_archive_status(&t, archive, &err), &err);
    assert_int_equal(qn_table_row_count(t), 2);
    const int64_t abc = 0, xyz = 1;
    int64_t name = qn_table_column_find(t, "ticker");
    assert_string_equal(qn_table_string(t, name, ((const int32_t *)qn_table_values(t, name))[xyz]), "XYZ");
    assert_int_equal(cell(t, "chains", xyz), 1);
    assert_int_equal(cell(t, "as_of", xyz), chain.as_of_us);
    assert_int_equal(cell(t, "quotes", xyz), 6);
    assert_int_equal(cell(t, "prices_from", xyz), 20455);
    assert_int_equal(cell(t, "prices_to", xyz), 20458);
    assert_int_equal(cell(t, "days", xyz), 2);
    assert_int_equal(cell(t, "reports", xyz), 1);
    assert_int_equal(cell(t, "next_report", xyz), 20473);
    assert_int_equal(cell(t, "sources", xyz), 4);
    assert_int_equal(cell(t, "chains", abc), 0);
    assert_int_equal(cell(t, "sources", abc), 1);
    assert_true(qn_table_is_missing(t, qn_table_column_find(t, "as_of"), abc));
    assert_true(qn_table_is_missing(t, qn_table_column_find(t, "sector"), abc));
    qn_table_free(t);
    qn_archive_close(archive);
}

static void what_is_none_of_the_kinds_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    qn_table *t;
    qn_archive *archive = open_store();
    qn_error err = refused(archive, "odd.csv", "colour,weight\nred,3\n", QN_DATA);
    assert_contains(err.file, "odd.csv");
    assert_contains(err.message, "kind");
    (void)refused(archive, "empty.csv", "", QN_DATA);
    err = refused(archive, "bad.csv", "date,ticker,close\n2026-01-05,XYZ,1\n2026-01-06,XYZ,abc\n", QN_DATA);
    assert_int_equal(err.line, 3);
    assert_ok(qn_archive_sources(&t, archive, &err), &err);
    assert_int_equal(qn_table_row_count(t), 0);
    qn_table_free(t);
    qn_archive_close(archive);
}

static void a_file_is_told_by_its_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        qn_source source;
    } cases[] = {
        {"Date,Open,High,Low,Close,Adj Close,Volume\n2026-01-05,1,2,1,2,2,9\n", QN_SOURCE_PRICES},
        {"\xEF\xBB\xBF"
         "date;ticker;close\n2026-01-05;XYZ;1\n",
         QN_SOURCE_PRICES},
        {"fiscalDateEnding,reportedDate,reportedEPS,estimatedEPS\n2025-12-31,2026-01-20,1.5,1.4\n", QN_SOURCE_EARNINGS},
        {"c,h,l,o,t,v\n2,2,1,1,1767646800,9\n", QN_SOURCE_PRICES},
        {"date,TICKER,PRC,VOL,OPENPRC,ASKHI,BIDLO\n2026-01-05,XYZ,2,9,1,2,1\n", QN_SOURCE_PRICES},
        {",Open,Close\n2026-01-05,1,2\n", QN_SOURCE_PRICES},
        {"Price,Close,High\nTicker,XYZ,XYZ\nDate,,\n2026-01-05,1,2\n", QN_SOURCE_PRICES},
        {"ticker,volume,open,close,high,low,window_start\nXYZ,9,1,2,2,1,1767589200000000000\n", QN_SOURCE_PRICES},
        {"act_symbol,date,when\nXYZ,2026-01-20,After market close\n", QN_SOURCE_EARNINGS},
        {"OFTIC,TICKER,ANNDATS,ANNTIMS,ACTUAL,FPEDATS\nXYZ,XYZ,2026-01-20,16:30:00,1,2025-12-31\n", QN_SOURCE_EARNINGS},
        {"Ticker,Sector Name\nXYZ,Technology\n", QN_SOURCE_SECTORS},
        {"Symbol,Sector\nXYZ,Technology\n", QN_SOURCE_SECTORS},
        {"symbol,expiration,strike,type,bid,ask,date\nXYZ,2026-01-16,100,call,1,2,2026-01-05\n", QN_SOURCE_CHAIN},
    };
    qn_archive *archive = open_store();
    qn_import_options how;
    qn_import_options_init(&how, (int64_t)sizeof how);
    how.ticker = "XYZ";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_import result = import_as(archive, write_file("some.csv", cases[i].text), &how);
        assert_int_equal(result.source, cases[i].source);
    }
    qn_archive_close(archive);
}

static void a_damaged_block_is_refused_by_name(void **state)
{
    (void)state;
    char ticker[32];
    qn_chain *chain;
    qn_prices *prices;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite"))
        skip();
    qn_archive *archive;
    assert_ok(qn_archive_open(&archive, path_of("damaged.db"), NULL, &err), &err);
    (void)import_file(archive, "c.csv", chain_text);
    (void)import_file(archive, "p.csv", "date,ticker,close\n2026-01-05,XYZ,1\n");
    int64_t id = only_chain(archive, ticker).id;
    /* The second expiry's block loses its last byte; the prices get another first one. */
    change("damaged.db", "UPDATE chain_expiry SET block = substr(block, 1, length(block) - 1) WHERE expiry = 20476;"
                         "UPDATE price SET block = CAST(x'00' || substr(block, 2) AS BLOB)");
    assert_int_equal(qn_archive_load_chain(&chain, archive, id, 0, 0, 0, NULL, &err), QN_DATA);
    assert_null(chain);
    assert_contains(err.message, "XYZ");
    assert_contains(err.message, "2026-01-23");
    assert_int_equal(qn_archive_load_prices(&prices, archive, NULL, 0, NULL, &err), QN_DATA);
    assert_null(prices);
    assert_contains(err.message, "XYZ");
    chain = load_chain(archive, id, 20504, 0, 2); /* what is whole is still there */
    assert_int_equal(chain->count, 2);
    qn_chain_free(chain);
    qn_archive_close(archive);
}

static void the_same_file_again_mends_what_is_damaged(void **state)
{
    (void)state;
    static const char first[] = "date,ticker,close\n2026-01-05,XYZ,1\n2026-01-06,XYZ,2\n";
    static const char second[] = "date,ticker,close\n2026-01-06,XYZ,3\n2026-01-07,XYZ,4\n";
    char ticker[32];
    qn_prices *prices;
    qn_archive *archive;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite"))
        skip();
    assert_ok(qn_archive_open(&archive, path_of("mended.db"), NULL, &err), &err);
    (void)import_file(archive, "c.csv", chain_text);
    (void)import_file(archive, "p1.csv", first);
    (void)import_file(archive, "p2.csv", second);
    const int64_t id = only_chain(archive, ticker).id;
    qn_chain *before = load_chain(archive, id, 0, 0, 0);
    change("mended.db", "UPDATE chain_expiry SET block = substr(block, 1, length(block) - 1) WHERE expiry = 20476;"
                        "UPDATE price SET block = CAST(x'00' || substr(block, 2) AS BLOB)");
    /* Another file does not take the place of days that are lost. */
    err = refused(archive, "p3.csv", "date,ticker,close\n2026-01-08,XYZ,5\n", QN_DATA);
    assert_contains(err.message, "import the files that they are from again");
    qn_import chain = import_file(archive, "c.csv", chain_text);
    assert_false(chain.known);
    assert_true(chain.new_rows > 0 && chain.new_rows < chain.rows); /* one expiry of three */
    qn_chain *after = load_chain(archive, id, 0, 0, 0);
    assert_same_chain(after, before);
    qn_chain_free(after);
    qn_chain_free(before);
    /* The newer file first: what it says of a day wins, in whichever order they come again. */
    assert_int_equal(import_file(archive, "p2.csv", second).new_rows, 2);
    assert_int_equal(import_file(archive, "p1.csv", first).new_rows, 1);
    assert_ok(qn_archive_load_prices(&prices, archive, NULL, 0, NULL, &err), &err);
    const qn_daily *d = prices->tickers;
    assert_int_equal(d->count, 3);
    assert_true(d->close[0] == 1 && d->close[1] == 3 && d->close[2] == 4);
    qn_prices_free(prices);
    assert_true(import_file(archive, "c.csv", chain_text).known);
    assert_true(import_file(archive, "p1.csv", first).known);
    assert_true(import_file(archive, "p2.csv", second).known);
    qn_archive_close(archive);
}

static void mending_a_file_leaves_what_is_from_a_newer_one(void **state)
{
    (void)state;
#define HEAD "ticker,date,expiry,type,strike,bid,ask\n"
    static const char old[] =
        HEAD "ABC,2026-01-05,2026-01-16,call,50,1.1,1.3\nXYZ,2026-01-05,2026-01-16,call,100,2,3\n";
    static const char new[] = HEAD "XYZ,2026-01-05,2026-01-16,call,100,5,6\n";
#undef HEAD
    qn_archive_chain *chains;
    int64_t count;
    qn_archive *archive;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite"))
        skip();
    assert_ok(qn_archive_open(&archive, path_of("newer.db"), NULL, &err), &err);
    (void)import_file(archive, "old.csv", old);
    (void)import_file(archive, "new.csv", new);
    change("newer.db",
           "UPDATE chain_expiry SET block = x'00' WHERE chain_id = (SELECT id FROM chain WHERE ticker = 'ABC')");
    assert_int_equal(import_file(archive, "old.csv", old).new_rows, 1);
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    assert_int_equal(count, 2);
    qn_chain *abc = load_chain(archive, chains[0].id, 0, 0, 0), *xyz = load_chain(archive, chains[1].id, 0, 0, 0);
    assert_true(abc->quotes[0].bid == 1.1 && xyz->quotes[0].bid == 5);
    qn_chain_free(abc);
    qn_chain_free(xyz);
    qn_archive_chain_free(chains);
    qn_archive_close(archive);
}

static void records_are_files_too(void **state)
{
    (void)state;
    static const char calendar[] = "{ \"reports\": [{\"ticker\": \"br.k\", \"day\": 20473, \"timing\": \"amc\"}], "
                                   "\"schema\" : \"quern.calendar/1\" }";
    static const char prices_text[] =
        "{\"schema\":\"quern.prices/1\",\"tickers\":[{\"ticker\":\"XYZ\",\"days\":[20458],"
        "\"close\":[1.5]}]}";
    char *text, ticker[32];
    int64_t size;
    qn_chain *made;
    qn_calendar *reports;
    qn_error err = qn_error_none();
    qn_archive *archive = open_store(), *other = open_store();
    (void)import_file(archive, "c.csv", chain_text);
    qn_chain *chain = load_chain(archive, only_chain(archive, ticker).id, 0, 0, 0);
    assert_ok(qn_chain_to_json(&text, &size, chain, NULL, &err), &err);
    qn_import result = import_file(other, "c.json", text);
    qn_record_text_free(text, size, NULL);
    assert_int_equal(result.source, QN_SOURCE_CHAIN);
    assert_int_equal(result.new_rows, chain->count);
    made = load_chain(other, only_chain(other, ticker).id, 0, 0, 0);
    assert_same_chain(made, chain);
    qn_chain_free(made);
    qn_chain_free(chain);
    result = import_file(other, "e.json", calendar);
    assert_int_equal(result.source, QN_SOURCE_EARNINGS);
    assert_string_equal(result.ticker, "BRK");
    assert_ok(qn_archive_load_calendar(&reports, other, NULL, 0, NULL, &err), &err);
    assert_int_equal(reports->count, 1);
    assert_string_equal(reports->reports[0].ticker, "BRK");
    qn_calendar_free(reports);
    result = import_file(other, "p.json", prices_text);
    assert_int_equal(result.source, QN_SOURCE_PRICES);
    assert_int_equal(result.rows, 1);
    assert_true(import_file(other, "again.json", prices_text).known);
    err = refused(other, "t.json", "{\"schema\":\"quern.trade/1\"}", QN_DATA);
    assert_contains(err.message, "keeps chains, prices and calendars");
    err = refused(other, "d.json",
                  "{\"schema\":\"quern.calendar/1\",\"reports\":[{\"ticker\":\"A\",\"day\":99999999}]}", QN_DATA);
    assert_contains(err.message, "outside the years");
    err = refused(other, "0.json", "{\"schema\":\"quern.prices/1\"}", QN_DATA);
    assert_contains(err.message, "nothing in it");
    err = refused(other, "n.json", "{\"schema\":\"quern.chain/9\"}", QN_DATA);
    assert_contains(err.message, "newer version");
    err = refused(other, "w.json",
                  "{\"schema\":\"quern.chain/1\",\"ticker\":\"XYZ\",\"as_of_us\":9223372036854775807,"
                  "\"quotes\":{\"expiry\":[20476],\"strike\":[1]}}",
                  QN_DATA);
    assert_contains(err.message, "as_of_us");
    qn_archive_close(other);
    qn_archive_close(archive);
}

static void what_is_kept_is_there_when_it_is_opened_again(void **state)
{
    (void)state;
    char ticker[32];
    qn_archive *archive;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite"))
        skip();
    assert_ok(qn_archive_open(&archive, path_of("again?#%.db"), NULL, &err), &err);
    (void)import_file(archive, "c.csv", chain_text);
    qn_archive_close(archive);
    assert_int_equal(access(path_of("again?#%.db"), F_OK), 0);
    assert_ok(qn_archive_open(&archive, path_of("again?#%.db"), NULL, &err), &err);
    assert_string_equal(only_chain(archive, ticker).ticker, "XYZ");
    qn_archive_close(archive);
}

static void a_store_of_a_newer_version_is_refused(void **state)
{
    (void)state;
    qn_archive *archive;
    qn_error err = qn_error_none();
    if (!qn_has("sqlite"))
        skip();
    assert_ok(qn_archive_open(&archive, path_of("newer.db"), NULL, &err), &err);
    qn_archive_close(archive);
    change("newer.db", "INSERT INTO quern_migrations SELECT 999999, 'later', checksum, applied_at, version "
                       "FROM quern_migrations");
    assert_int_equal(qn_archive_open(&archive, path_of("newer.db"), NULL, &err), QN_DATA);
    assert_null(archive);
}

static void a_store_that_cannot_be_is_an_error(void **state)
{
    (void)state;
    qn_archive *archive;
    qn_error err = qn_error_none();
    assert_int_equal(qn_archive_open(&archive, "", NULL, &err), QN_INVALID);
    assert_int_equal(qn_archive_open(&archive, "duckdb:x.db", NULL, &err), QN_INVALID);
    assert_null(archive);
    qn_status s = qn_archive_open(&archive, path_of("no such folder/x.db"), NULL, &err);
    assert_int_equal(s, qn_has("sqlite") ? QN_NO_INPUT : QN_UNAVAILABLE);
    assert_null(archive);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_comes_back_as_it_was_read),
        cmocka_unit_test(warnings_and_an_inferred_time_come_back),
        cmocka_unit_test(only_the_expiries_around_a_report_are_loaded),
        cmocka_unit_test(the_same_content_under_any_name_changes_nothing),
        cmocka_unit_test(a_newer_file_about_the_same_snapshot_replaces_it),
        cmocka_unit_test(a_file_that_says_the_same_in_other_bytes_replaces_nothing),
        cmocka_unit_test(chains_are_listed_as_of_a_time),
        cmocka_unit_test(a_file_that_does_not_name_its_ticker_needs_it),
        cmocka_unit_test(a_file_of_several_tickers_and_days_is_kept_as_several_chains),
        cmocka_unit_test(tradier_answers_of_several_tickers_are_several_chains),
        cmocka_unit_test(a_ticker_or_a_day_chooses_some_of_them),
        cmocka_unit_test(prices_merge_day_by_day_and_the_newer_file_wins),
        cmocka_unit_test(prices_of_some_tickers_are_loaded_alone),
        cmocka_unit_test(what_a_calendar_tells_wins_over_what_it_does_not),
        cmocka_unit_test(the_newer_sector_wins),
        cmocka_unit_test(an_empty_store_gives_nothing_and_no_error),
        cmocka_unit_test(the_status_tells_what_there_is_of_each_ticker),
        cmocka_unit_test(what_is_none_of_the_kinds_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_file_is_told_by_its_columns),
        cmocka_unit_test(a_damaged_block_is_refused_by_name),
        cmocka_unit_test(the_same_file_again_mends_what_is_damaged),
        cmocka_unit_test(mending_a_file_leaves_what_is_from_a_newer_one),
        cmocka_unit_test(records_are_files_too),
        cmocka_unit_test(what_is_kept_is_there_when_it_is_opened_again),
        cmocka_unit_test(a_store_of_a_newer_version_is_refused),
        cmocka_unit_test(a_store_that_cannot_be_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
