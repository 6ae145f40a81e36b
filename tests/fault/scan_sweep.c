/* Every allocation of a whole scan fails in turn: nothing leaks, nothing is half done. */
#include "harness/harness.h"
#include "scan/example.h"

static qn_status scan_once(const qn_allocator *allocator, void *user)
{
    const example *e = user;
    qn_scan *scan;
    qn_scan_options options;
    qn_scan_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_status s = qn_scan_run(&scan, e->inputs, EXAMPLE_TICKERS, &options, NULL);
    assert_true((scan != NULL) == (s == QN_OK));
    qn_scan_free(scan);
    return s;
}

static void a_scan_survives_every_failed_allocation(void **state)
{
    (void)state;
    example e;
    example_read(&e);
    assert_true(test_fault_sweep(scan_once, &e, 5000) > 20);
    example_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_scan_survives_every_failed_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
