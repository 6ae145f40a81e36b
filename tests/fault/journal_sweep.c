/* Journals with the n-th allocation failing: each call says so, and holds nothing afterwards; what was kept stays. */
#include "harness/journal_kit.h"

static journal_kit kit;

static qn_status write_some(const qn_allocator *allocator, void *user)
{
    qn_error err = qn_error_none();
    qn_journal *j;
    const qn_journal_options o = {.size = sizeof o, .segment_records = 64, .max_segments = 3, .allocator = allocator};
    (void)user;
    qn_status s = qn_journal_open(&j, kit.folder, kit.symbols, &o, &err);
    if (s != QN_OK)
        return s;
    const test_allocator *counted = (const test_allocator *)(const void *)allocator;
    int64_t before = counted->allocations;
    for (int64_t i = 0; i < 500 && s == QN_OK; i++) {
        qn_tick t = made_tick(qn_journal_next(j));
        s = qn_journal_append(j, &t, 1, &err);
    }
    if (s == QN_OK)
        s = qn_journal_sync(j, &err);
    assert_int_equal(counted->allocations, before); /* and nothing is asked for once it is open */
    qn_journal_close(j);
    return s;
}

static void writing_survives_every_failing_allocation(void **state)
{
    (void)state;
    kit_init(&kit);
    assert_true(test_fault_sweep(write_some, NULL, 100) > 4);
    kit_fini(&kit);
}

static qn_status read_all(const qn_allocator *allocator, void *user)
{
    qn_error err = qn_error_none();
    qn_journal_reader *r;
    int64_t next = 0, at;
    (void)user;
    qn_status s = qn_journal_reader_open(&r, kit.folder, allocator, &err);
    if (s != QN_OK)
        return s;
    const test_allocator *counted = (const test_allocator *)(const void *)allocator;
    int64_t before = counted->allocations;
    s = kit_read(r, &next, 10, &err);
    if (s == QN_OK)
        s = qn_journal_find_time(&at, r, 5, &err);
    assert_int_equal(next, 300);
    assert_int_equal(counted->allocations, before);
    qn_journal_reader_close(r);
    return s;
}

static qn_status verify_and_cut(const qn_allocator *allocator, void *user)
{
    qn_error err = qn_error_none();
    qn_journal_report report = {.size = sizeof report};
    qn_journal_cut_result cut = {.size = sizeof cut};
    (void)user;
    qn_status s = qn_journal_verify(&report, kit.folder, NULL, NULL, allocator, &err);
    return s == QN_OK ? qn_journal_cut(&cut, kit.folder, 299, false, allocator, &err) : s;
}

static qn_status source_and_sink(const qn_allocator *allocator, void *user)
{
    qn_error err = qn_error_none();
    qn_stream_source source;
    qn_stream_sink sink;
    char other[128];
    (void)user;
    (void)snprintf(other, sizeof other, "%s/other", kit.root);
    const qn_journal_options o = {.size = sizeof o, .allocator = allocator};
    qn_status s = qn_journal_source(&source, kit.folder, 10, 30, kit.symbols, allocator, &err);
    if (s != QN_OK)
        return s;
    s = qn_journal_sink(&sink, other, kit.symbols, &o, &err);
    if (s == QN_OK)
        sink.free(sink.self);
    source.free(source.self);
    return s;
}

static void reading_survives_every_failing_allocation(void **state)
{
    (void)state;
    kit_init(&kit);
    kit_make(&kit, 300, 100);
    assert_true(test_fault_sweep(read_all, NULL, 100) > 4);
    assert_true(test_fault_sweep(verify_and_cut, NULL, 100) > 2);
    assert_true(test_fault_sweep(source_and_sink, NULL, 100) > 8);
    kit_fini(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_survives_every_failing_allocation),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
