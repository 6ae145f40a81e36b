/* The command's budgets: who holds what, what the table of --memory says, and sizes as people write them. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "cli/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static qn_budget_stats stats_of(const qni_memory *memory, qni_holder holder)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(memory->budgets[holder], &stats);
    return stats;
}

static void begin(qni_memory *memory, const qn_allocator *source)
{
    qn_error err;
    assert_ok(qni_memory_init(memory, source, &err), &err);
}

static void each_holder_has_its_own_account(void **state)
{
    (void)state;
    qni_memory memory;
    test_allocator source;
    test_allocator_init(&source);
    begin(&memory, &source.allocator);
    int64_t empty = source.live_bytes;
    const qn_allocator *table = qni_memory_allocator(&memory, QNI_HOLDER_TABLE);
    const qn_allocator *fit = qni_memory_allocator(&memory, QNI_HOLDER_FIT);
    const qn_allocator *command = qni_memory_allocator(&memory, QNI_HOLDER_COMMAND);
    char *a = qni_alloc(table, 1000, 1), *b = qni_alloc(fit, 300, 1), *c = qni_alloc(command, 7, 1);
    assert_true(a != NULL && b != NULL && c != NULL);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_TABLE).own, 1000);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_FIT).own, 300);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_COMMAND).own, 7);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_COMMAND).live, 1307);
    assert_int_equal(source.live_bytes, empty + 1307);
    qni_free(table, a, 1000, 1);
    qni_free(fit, b, 300, 1);
    qni_free(command, c, 7, 1);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_COMMAND).live, 0);
    assert_int_equal(stats_of(&memory, QNI_HOLDER_COMMAND).peak, 1307);
    qni_memory_fini(&memory);
    assert_int_equal(source.live_bytes, 0);
}

static void a_limit_holds_for_all_together(void **state)
{
    (void)state;
    qni_memory memory;
    begin(&memory, NULL);
    qn_budget_set_limit(memory.budgets[QNI_HOLDER_COMMAND], 1000);
    const qn_allocator *table = qni_memory_allocator(&memory, QNI_HOLDER_TABLE);
    const qn_allocator *plot = qni_memory_allocator(&memory, QNI_HOLDER_PLOT);
    char *a = qni_alloc(table, 600, 1);
    assert_non_null(a);
    assert_null(qni_alloc(plot, 401, 1));
    qn_error err;
    assert_int_equal(qn_budget_last_refusal(qn_budget_process(), &err), QN_BUDGET);
    assert_string_equal(err.message, "401 bytes asked, budget \"command\" has 400 bytes left of 1000 bytes: "
                                     "\"table\" holds 600 bytes");
    qni_free(table, a, 600, 1);
    qni_memory_fini(&memory);
}

/* The rows of the table as it is written: (name, live, peak). */
typedef struct table {
    char text[4096];
} table;

static void read_report(table *t)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    qni_out out;
    qni_out_init(&out, ends[1]);
    qni_memory_report(&out);
    assert_int_equal(qni_out_flush(&out, "pipe", NULL), QN_OK);
    assert_int_equal(close(ends[1]), 0);
    ssize_t n = read(ends[0], t->text, sizeof t->text - 1);
    assert_true(n > 0);
    t->text[n] = '\0';
    assert_int_equal(close(ends[0]), 0);
}

static void has_row(const table *t, const char *name, int64_t live, int64_t peak)
{
    char expected[80];
    snprintf(expected, sizeof expected, "\n  %-24s %14" PRId64 " %14" PRId64 "\n", name, live, peak);
    assert_contains(t->text, expected);
}

static void the_table_says_what_each_holds_itself_and_leaves_out_who_never_did(void **state)
{
    (void)state;
    qni_memory memory;
    table t;
    begin(&memory, NULL);
    const qn_allocator *model = qni_memory_allocator(&memory, QNI_HOLDER_MODEL);
    const qn_allocator *command = qni_memory_allocator(&memory, QNI_HOLDER_COMMAND);
    char *a = qni_alloc(model, 5000, 1), *b = qni_alloc(command, 20, 1), *c = qni_alloc(model, 300, 1);
    assert_true(a != NULL && b != NULL && c != NULL);
    qni_free(model, a, 5000, 1);
    read_report(&t);
    has_row(&t, "command", 20, 20);
    has_row(&t, "model", 300, 5300);
    assert_null(strstr(t.text, "plot"));
    qn_budget_stats together = {.size = sizeof together};
    qn_budget_get_stats(qn_budget_process(), &together);
    has_row(&t, "together", together.live, together.peak);
    assert_contains(t.text, "process (resident)");
    qni_free(model, c, 300, 1);
    qni_free(command, b, 20, 1);
    qni_memory_fini(&memory);
}

static qn_status make(const qn_allocator *allocator, void *user)
{
    (void)user;
    qni_memory memory;
    qn_status s = qni_memory_init(&memory, allocator, NULL);
    if (s == QN_OK)
        qni_memory_fini(&memory);
    return s;
}

static void no_budget_is_left_where_one_cannot_be_made(void **state)
{
    (void)state;
    assert_int_equal(test_fault_sweep(make, NULL, 20), QNI_HOLDER_COUNT + 1);
}

static void sizes_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t size;
    } cases[] = {
        {"0", 0},
        {"65536", 65536},
        {"64K", 65536},
        {"64k", 65536},
        {"512M", INT64_C(512) << 20},
        {"2g", INT64_C(2) << 30},
        {"1T", INT64_C(1) << 40},
        {"9223372036854775807", INT64_MAX},
        {"8388607T", INT64_C(8388607) << 40},
        {"8388608T", -1},
        {"9223372036854775808", -1},
        {"", -1},
        {"K", -1},
        {"-1", -1},
        {"12X", -1},
        {"1.5G", -1},
        {"1 G", -1},
        {"1GB", -1},
        {"0x10", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(qni_memory_size(cases[i].text), cases[i].size);
        assert_int_equal(qni_memory_limit_refuse(cases[i].text) == NULL, cases[i].size >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_holder_has_its_own_account),
        cmocka_unit_test(a_limit_holds_for_all_together),
        cmocka_unit_test(the_table_says_what_each_holds_itself_and_leaves_out_who_never_did),
        cmocka_unit_test(no_budget_is_left_where_one_cannot_be_made),
        cmocka_unit_test(sizes_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
