/* Every allocation of opening the archive, importing each kind of file, and loading all of it, fails in turn: nothing
 * leaks, and what is there is whole. Records, too. */
#include "harness/harness.h"

#include <quern/archive.h>
#include <quern/records.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-archive-sweep-XXXXXX";
enum {
    FILES = 6
};

static char paths[FILES][128];

static const char *const texts[FILES] = {
    "ticker,as_of,spot,expiry,type,strike,bid,ask\nXYZ,2026-01-05 15:45,100,2026-01-16,call,100,2.1,2.3\n"
    "XYZ,2026-01-05 15:45,100,2026-01-23,put,100,2.1,2.3\n",
    "ticker,date,expiry,type,strike,bid,ask\nXYZ,2026-01-05,2026-01-16,call,100,2.1,2.3\n"
    "XYZ,2026-01-06,2026-01-16,call,100,2.1,2.3\nABC,2026-01-06,2026-01-16,call,100,2.1,2.3\n",
    "date,ticker,close\n2026-01-05,XYZ,1\n2026-01-06,XYZ,2\n",
    "ticker,earnings_date,timing\nXYZ,2026-01-20,amc\n",
    "ticker,sector\nXYZ,Technology\n",
    "{\"schema\":\"quern.chain/1\",\"ticker\":\"XYZ\",\"as_of_us\":1767733200000000,\"warnings\":[\"odd\"],"
    "\"quotes\":{\"expiry\":[20469],\"strike\":[100.0]}}",
};

static int make_files(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%d.csv", folder, i);
        FILE *f = fopen(paths[i], "w");
        if (f == NULL || fputs(texts[i], f) < 0 || fclose(f) != 0)
            return -1;
    }
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void need_sqlite(void)
{
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: the archive: SQLite is not there\n");
        skip();
    }
}

static qn_status import_all(qn_archive *archive)
{
    qn_status s = QN_OK;
    for (int i = 0; i < FILES && s == QN_OK; i++) {
        qn_import result = {.size = (int64_t)sizeof result};
        s = qn_archive_import(&result, archive, paths[i], NULL, NULL);
    }
    return s;
}

static qn_status open_and_import(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_archive *archive;
    qn_table *table = NULL;
    qn_status s = qn_archive_open(&archive, "memory:", allocator, NULL);
    assert_true((archive != NULL) == (s == QN_OK));
    if (s == QN_OK)
        s = import_all(archive);
    if (s == QN_OK)
        s = qn_archive_status(&table, archive, NULL);
    assert_true(s != QN_OK || qn_table_row_count(table) == 2);
    qn_table_free(table);
    qn_archive_close(archive);
    return s;
}

/* The archive has memory of its own, so that only loading fails. */
static qn_status load_all(const qn_allocator *allocator, void *user)
{
    qn_archive *archive = user;
    qn_archive_chain *chains;
    int64_t count;
    qn_error err = qn_error_none();
    qn_chain *chain = NULL;
    qn_prices *prices = NULL;
    qn_calendar *calendar = NULL;
    qn_sectors *sectors = NULL;
    assert_ok(qn_archive_chains(&chains, &count, archive, 0, &err), &err);
    qn_status s = qn_archive_load_chain(&chain, archive, chains[1].id, 20470, 1, 3, allocator, NULL);
    if (s == QN_OK)
        s = qn_archive_load_prices(&prices, archive, NULL, 0, allocator, NULL);
    if (s == QN_OK)
        s = qn_archive_load_calendar(&calendar, archive, &chains[1].ticker, 1, allocator, NULL);
    if (s == QN_OK)
        s = qn_archive_load_sectors(&sectors, archive, allocator, NULL);
    assert_true(s != QN_OK || (chain->count == 1 && prices->row_count == 2 && calendar->count == 1));
    qn_sectors_free(sectors);
    qn_calendar_free(calendar);
    qn_prices_free(prices);
    qn_chain_free(chain);
    qn_archive_chain_free(chains);
    return s;
}

static qn_status write_and_read(const qn_allocator *allocator, void *user)
{
    const qn_chain *chain = user;
    char *text;
    int64_t size;
    qn_record *record = NULL;
    qn_status s = qn_chain_to_json(&text, &size, chain, allocator, NULL);
    assert_true((text != NULL) == (s == QN_OK));
    if (s == QN_OK)
        s = qn_record_read(&record, text, size, "text", allocator, NULL);
    qn_record_free(record);
    qn_record_text_free(text, size, allocator);
    return s;
}

static void importing_survives_every_failed_allocation(void **state)
{
    (void)state;
    need_sqlite();
    assert_true(test_fault_sweep(open_and_import, NULL, 20000) > 50);
}

static void loading_survives_every_failed_allocation(void **state)
{
    (void)state;
    qn_archive *archive;
    qn_error err = qn_error_none();
    need_sqlite();
    assert_ok(qn_archive_open(&archive, "memory:", NULL, &err), &err);
    assert_int_equal(import_all(archive), QN_OK);
    assert_true(test_fault_sweep(load_all, archive, 1000) > 8);
    qn_archive_close(archive);
}

static void records_survive_every_failed_allocation(void **state)
{
    (void)state;
    qn_chain *chain;
    qn_error err = qn_error_none();
    assert_ok(qn_chain_read(&chain, paths[0], NULL, &err), &err);
    assert_true(test_fault_sweep(write_and_read, chain, 100) > 3);
    qn_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(importing_survives_every_failed_allocation),
        cmocka_unit_test(loading_survives_every_failed_allocation),
        cmocka_unit_test(records_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
