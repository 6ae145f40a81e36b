/* Every allocation of reading a CSV file and of making tables fails in turn: nothing leaks, nothing is half done. */
#include "harness/harness.h"

#include <quern/arrow.h>
#include <quern/table.h>

#include <string.h>

static const char text[] = "x,n,who,ok,day,\"a \"\"b\"\"\",\n"
                           "1.5,7,ann,true,2024-02-29,\"p \"\"q\"\"\",1\n"
                           "NA,-8,bob,NA,1970-01-01,r,\n"
                           ".25,NA,\"say \"\"hi\"\"\",TRUE,NA,s,3\n";

static qn_status read_everything(const qn_allocator *allocator, void *user)
{
    const qn_csv_options *given = user;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    if (given != NULL)
        options = *given;
    options.allocator = allocator;
    qn_error err;
    qn_csv *csv;
    qn_table *table = NULL;
    qn_status s = qn_csv_open_bytes(&csv, text, sizeof text - 1, "t.csv", &options, &err);
    assert_true((csv != NULL) == (s == QN_OK));
    for (int i = 0; i < 3 && s == QN_OK; i++) {
        s = qn_csv_read(&table, csv, i == 0 ? 2 : 1, &err);
        qn_table_free(table);
    }
    qn_csv_close(csv);
    return s;
}

/* gzip.compress(b"x,y\n1,2\n3,4\n", 6, mtime=0) */
static const uint8_t compressed[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xAB, 0xD0, 0xA9, 0xE4, 0x32, 0xD4,
    0x31, 0xE2, 0x32, 0xD6, 0x31, 0xE1, 0x02, 0x00, 0x97, 0x44, 0x29, 0x80, 0x0C, 0x00, 0x00, 0x00,
};

static qn_status read_compressed(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_csv *csv;
    qn_table *table = NULL;
    qn_status s = qn_csv_open_bytes(&csv, (const char *)compressed, sizeof compressed, "t.csv.gz", &options, NULL);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, NULL);
    qn_table_free(table);
    qn_csv_close(csv);
    return s;
}

static qn_status read_selected(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.types = "n=f64,who=string";
    qn_csv *csv;
    qn_table *table = NULL;
    qn_status s = qn_csv_open_bytes(&csv, text, sizeof text - 1, "t.csv", &options, NULL);
    if (s == QN_OK)
        s = qn_csv_select(csv, "who", QN_TYPE_AUTO, NULL);
    if (s == QN_OK)
        s = qn_csv_select(csv, "n", QN_TYPE_F64, NULL);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, NULL);
    qn_table_free(table);
    qn_csv_close(csv);
    return s;
}

static qn_status open_a_file(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_csv *csv;
    qn_status s = qn_csv_open(&csv, "LICENSE", &options, NULL);
    qn_csv_close(csv);
    return s;
}

static qn_status make_from_arrays(const qn_allocator *allocator, void *user)
{
    (void)user;
    static const char *const names[] = {"a", "b"};
    static const double values[] = {1, 2, 3};
    const double *columns[] = {values, values};
    qn_table *table;
    qn_status s = qn_table_from_f64(&table, names, columns, 2, 3, allocator, NULL);
    qn_table_free(table);
    return s;
}

static qn_status export_to_arrow(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_csv *csv;
    qn_table *table = NULL;
    qn_status s = qn_csv_open_bytes(&csv, text, sizeof text - 1, "t.csv", &options, NULL);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, NULL);
    qn_csv_close(csv);
    if (s == QN_OK) {
        struct ArrowSchema schema;
        struct ArrowArray array;
        s = qn_table_export_arrow(table, &schema, &array, NULL);
        assert_true((schema.release != NULL) == (s == QN_OK) && (array.release != NULL) == (s == QN_OK));
        if (s == QN_OK) {
            schema.release(&schema);
            array.release(&array);
        }
    }
    qn_table_free(table);
    return s;
}

static void exporting_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(export_to_arrow, NULL, 1000) > 40);
}

static void reading_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(read_everything, NULL, 1000) > 20);
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = true;
    assert_true(test_fault_sweep(read_everything, &options, 1000) > 20);
    assert_true(test_fault_sweep(read_selected, NULL, 1000) > 10);
    assert_true(test_fault_sweep(open_a_file, NULL, 1000) > 4);
    if (qn_has("zlib"))
        assert_true(test_fault_sweep(read_compressed, NULL, 1000) > 14);
}

static void making_a_table_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make_from_arrays, NULL, 1000) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_survives_every_failed_allocation),
        cmocka_unit_test(exporting_survives_every_failed_allocation),
        cmocka_unit_test(making_a_table_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
