/* Every allocation of a stream fails in turn: making it, its parts, its threads, its front. */
#include "stream/parts.h"

#include <string.h>

enum {
    RECORDS = 300
};

static qn_status run_once(const qn_allocator *allocator, void *user)
{
    qn_symbols *symbols = must_symbols(4);
    made_source from = {.count = RECORDS, .symbols = 4, .fails_at = -1, .pause_at = -1};
    doubler stage = {.fails_at = -1};
    kept to;
    kept_init(&to, RECORDS);
    qn_stream_options how;
    qn_stream_options_init(&how, sizeof how);
    how.allocator = allocator;
    how.metrics = qn_metrics_default();
    how.capacity = 64;
    how.threads = 3;
    how.latency = true;
    how.digest = true;
    how.overload = *(const qn_stream_overload *)user;
    const qn_stream_source made = made_source_of(&from);
    const qn_stream_stage twice = doubler_of(&stage);
    const qn_stream_sink sink = kept_of(&to, NULL, -1);
    qn_stream *stream;
    qn_status s = qn_stream_new(&stream, symbols, &how, NULL);
    if (s == QN_OK)
        s = qn_stream_set_source(stream, &made, NULL);
    if (s == QN_OK)
        s = qn_stream_add_stage(stream, &twice, NULL);
    if (s == QN_OK)
        s = qn_stream_add_sink(stream, &sink, NULL);
    if (s == QN_OK)
        s = qn_stream_run(stream, NULL);
    qn_stream_free(stream);
    assert_true(s != QN_OK || how.overload != QN_STREAM_BLOCK || to.count == RECORDS);
    assert_int_equal(to.closed, s == QN_OK);
    kept_fini(&to);
    qn_symbols_free(symbols);
    return s;
}

static void a_stream_survives_every_failed_allocation(void **state)
{
    (void)state;
    for (qn_stream_overload how = QN_STREAM_BLOCK; how <= QN_STREAM_CONFLATE; how++)
        assert_true(test_fault_sweep(run_once, &how, 1000) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_stream_survives_every_failed_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
