/* A stream: what arrives, in which order, with how many threads; overload; failures half way; stopping. */
#include "stream/parts.h"

#include <quern/budget.h>

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

typedef struct setting {
    qn_stream_options how;
    made_source source;
    doubler stage;
    kept sink;
    qn_symbols *symbols;
    qn_stream *stream;
    qn_stream_stats stats;
} setting;

enum {
    RECORDS = 5000
};

static void prepare(setting *t, int threads)
{
    memset(t, 0, sizeof *t);
    qn_stream_options_init(&t->how, sizeof t->how);
    t->how.threads = threads;
    t->how.capacity = 256;
    t->how.batch = 32;
    t->how.digest = true;
    t->how.latency = true;
    t->source = (made_source){.count = RECORDS, .symbols = 4, .fails_at = -1, .pause_at = -1};
    t->stage.fails_at = -1;
    kept_init(&t->sink, RECORDS);
    t->symbols = must_symbols(4);
}

static void build(setting *t)
{
    qn_error err;
    const qn_stream_source source = made_source_of(&t->source);
    const qn_stream_stage stage = doubler_of(&t->stage);
    const qn_stream_sink sink = kept_of(&t->sink, NULL, -1);
    assert_ok(qn_stream_new(&t->stream, t->symbols, &t->how, &err), &err);
    assert_ok(qn_stream_set_source(t->stream, &source, &err), &err);
    assert_ok(qn_stream_add_stage(t->stream, &stage, &err), &err);
    assert_ok(qn_stream_add_sink(t->stream, &sink, &err), &err);
}

static void end(setting *t)
{
    t->stats.size = sizeof t->stats;
    qn_stream_get_stats(t->stream, &t->stats);
    qn_stream_free(t->stream);
    assert_int_equal(t->source.freed, 1);
    assert_int_equal(t->stage.freed, 1);
    assert_int_equal(t->sink.freed, 1);
    assert_int_equal(t->sink.opened, 1);
    assert_int_equal(t->sink.closed, t->stats.consumed > 0);
    qn_symbols_free(t->symbols);
    assert_false(t->stats.running);
    assert_int_equal(t->stats.produced, t->stats.consumed + t->stats.dropped);
}

static void fini(setting *t)
{
    kept_fini(&t->sink);
}

/* The first `count` records, all as they were made, each with twice its price. */
static void assert_arrived(const setting *t, int64_t count)
{
    assert_int_equal(t->sink.count, count);
    for (int64_t i = 0; i < count; i++) {
        const qn_tick made = made_tick(i, 4);
        assert_memory_equal(&t->sink.records[i], &made, sizeof made);
        assert_true(t->sink.column[i] == 2 * ((double)made.price / QN_TICK_SCALE));
    }
}

static void every_record_arrives_once_and_in_order_with_any_number_of_threads(void **state)
{
    (void)state;
    uint64_t first[2] = {0, 0};
    for (int threads = 0; threads <= 6; threads++) {
        setting t;
        prepare(&t, threads);
        t.source.at_most = threads % 2 == 0 ? 0 : 7 + threads;
        t.how.batch = 5 + 11 * threads;
        build(&t);
        qn_error err;
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        assert_arrived(&t, RECORDS);
        assert_int_equal(t.stats.produced, RECORDS);
        assert_int_equal(t.stats.dropped, 0);
        assert_int_equal(t.stats.latency_count, RECORDS);
        assert_true(t.stats.latency_p50_ns <= t.stats.latency_p99_ns &&
                    t.stats.latency_p99_ns <= t.stats.latency_max_ns);
        assert_true(t.stats.digest[0] != 0 && t.stats.digest[1] != 0);
        if (threads == 0)
            memcpy(first, t.stats.digest, sizeof first);
        assert_memory_equal(first, t.stats.digest, sizeof first);
        fini(&t);
    }
}

static void the_digest_tells_records_and_columns_apart(void **state)
{
    (void)state;
    uint64_t digests[4][2];
    for (int change = 0; change < 4; change++) {
        setting t;
        prepare(&t, 1);
        t.source.count = 100 - (change == 1);
        t.source.symbols = change == 2 ? 3 : 4;
        t.how.digest = change != 3;
        build(&t);
        qn_error err;
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        memcpy(digests[change], t.stats.digest, sizeof digests[change]);
        fini(&t);
    }
    assert_memory_not_equal(digests[0], digests[1], sizeof digests[0]);
    assert_memory_not_equal(digests[0], digests[2], sizeof digests[0]);
    assert_true(digests[3][0] == 0 && digests[3][1] == 0);
}

static void a_source_that_fails_has_given_what_it_gave(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        prepare(&t, threads);
        t.source.fails_at = 1234;
        build(&t);
        qn_error err;
        assert_int_equal(qn_stream_run(t.stream, &err), QN_DATA);
        assert_string_equal(err.message, "the made record 1234 is bad");
        end(&t);
        assert_arrived(&t, 1234);
        fini(&t);
    }
}

static void a_stage_that_fails_in_a_span_passes_on_what_it_did(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        for (int64_t at = 0; at < 100; at += 33) {
            setting t;
            prepare(&t, threads);
            t.stage.fails_at = at;
            build(&t);
            qn_error err;
            assert_int_equal(qn_stream_run(t.stream, &err), QN_DATA);
            char sentence[80];
            (void)snprintf(sentence, sizeof sentence, "stage \"doubler\", record %lld: this cannot be doubled",
                           (long long)at);
            assert_string_equal(err.message, sentence);
            end(&t);
            assert_arrived(&t, at);
            assert_int_equal(t.stats.consumed, at);
            assert_true(t.stats.dropped > 0);
            fini(&t);
        }
    }
}

static void a_sink_that_fails_ends_the_stream(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        prepare(&t, threads);
        t.sink.fails_at = 777;
        build(&t);
        qn_error err;
        assert_int_equal(qn_stream_run(t.stream, &err), QN_IO);
        assert_non_null(strstr(err.message, "sink \"kept\""));
        assert_non_null(strstr(err.message, "the disk is full"));
        end(&t);
        fini(&t);
    }
}

static void a_sink_that_nobody_reads_leaves_and_the_others_go_on(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        kept other;
        prepare(&t, threads);
        kept_init(&other, RECORDS);
        other.closed_at = 300;
        build(&t);
        qn_error err;
        const qn_stream_sink sink = kept_of(&other, NULL, 0);
        assert_ok(qn_stream_add_sink(t.stream, &sink, &err), &err);
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        assert_arrived(&t, RECORDS);
        assert_true(other.count <= 300);
        fini(&t);
        kept_fini(&other);
    }
}

static void the_stream_ends_when_nobody_reads_anything(void **state)
{
    (void)state;
    setting t;
    prepare(&t, 1);
    t.source.count = RECORDS;
    t.sink.closed_at = 300;
    build(&t);
    qn_error err;
    assert_ok(qn_stream_run(t.stream, &err), &err);
    end(&t);
    assert_true(t.source.given < RECORDS);
    fini(&t);
}

static void *run_thread(void *user)
{
    qn_error err;
    assert_ok(qn_stream_run(user, &err), &err);
    return NULL;
}

/* The sink waits at its first record until the source has given all. */
static void overload(qn_stream_overload how, int threads, setting *t)
{
    prepare(t, threads);
    t->how.overload = how;
    t->how.latency = threads > 1;
    t->sink.wait_at = 0;
    build(t);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, t->stream), 0);
    if (how != QN_STREAM_BLOCK)
        while (atomic_load(&t->source.asked) < 2 || t->source.given < RECORDS)
            sched_yield();
    atomic_store(&t->sink.go, 1);
    pthread_join(thread, NULL);
    end(t);
    assert_int_equal(t->stats.produced, RECORDS);
    assert_int_equal(t->stats.consumed, t->sink.count);
}

static void a_slow_sink_loses_nothing_where_the_stream_blocks(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        overload(QN_STREAM_BLOCK, threads, &t);
        assert_arrived(&t, RECORDS);
        fini(&t);
    }
}

/* What arrived, as numbers of the made records, rises. */
static void assert_rises(const setting *t)
{
    for (int64_t i = 1; i < t->sink.count; i++)
        assert_true(t->sink.records[i].time_ns > t->sink.records[i - 1].time_ns);
}

static void a_full_stream_rejects_the_new_or_drops_the_old_and_counts_both(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        overload(QN_STREAM_REJECT, threads, &t);
        assert_true(t.stats.dropped > 0);
        assert_rises(&t);
        assert_int_equal(t.sink.records[0].time_ns, made_tick(0, 4).time_ns);
        fini(&t);
        overload(QN_STREAM_DROP_OLDEST, threads, &t);
        assert_true(t.stats.dropped > 0);
        assert_rises(&t);
        assert_int_equal(t.sink.records[t.sink.count - 1].time_ns, made_tick(RECORDS - 1, 4).time_ns);
        fini(&t);
    }
}

/* A read that waits has not brought a record yet: nothing makes room for it. */
static void nothing_is_dropped_for_a_record_that_has_not_come(void **state)
{
    (void)state;
    setting t;
    prepare(&t, 1);
    t.how.overload = QN_STREAM_DROP_OLDEST;
    t.how.capacity = 1;
    t.source.count = 2;
    t.source.pause_at = 1;
    t.sink.wait_at = 0;
    build(&t);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, t.stream), 0);
    qn_stream_stats stats = {.size = sizeof stats};
    do { /* until the ring is full of record 0 */
        sched_yield();
        qn_stream_get_stats(t.stream, &stats);
    } while (!atomic_load(&t.sink.waits) && stats.dropped == 0);
    atomic_store(&t.source.go, 1);
    while (atomic_load(&t.source.asked) < 3) /* record 1 waits before it, and the source is asked for another one */
        sched_yield();
    atomic_store(&t.sink.go, 1);
    pthread_join(thread, NULL);
    end(&t);
    assert_int_equal(t.stats.dropped, 0);
    assert_arrived(&t, 2);
    fini(&t);
}

static void a_record_that_comes_when_there_is_room_again_is_not_rejected(void **state)
{
    (void)state;
    setting t;
    prepare(&t, 1);
    t.how.overload = QN_STREAM_REJECT;
    t.how.capacity = 4;
    t.source.count = 1003;
    t.source.pause_at = 1000;
    t.sink.wait_at = 0;
    build(&t);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, t.stream), 0);
    while (t.source.given < 1000)
        sched_yield();
    atomic_store(&t.sink.go, 1);
    qn_stream_stats stats = {.size = sizeof stats};
    do { /* until all that came is gone */
        sched_yield();
        qn_stream_get_stats(t.stream, &stats);
    } while (stats.produced < 1000 || stats.consumed + stats.dropped < 1000);
    atomic_store(&t.source.go, 1);
    pthread_join(thread, NULL);
    end(&t);
    assert_int_equal(t.stats.dropped, stats.dropped);
    for (int64_t i = 1; i <= 3; i++)
        assert_int_equal(t.sink.records[t.sink.count - i].time_ns, made_tick(1003 - i, 4).time_ns);
    fini(&t);
}

static void a_conflating_stream_keeps_the_last_of_each_symbol(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        overload(QN_STREAM_CONFLATE, threads, &t);
        assert_true(t.stats.dropped > 0);
        bool last[4] = {false};
        for (int64_t i = 0; i < t.sink.count; i++)
            for (int64_t k = 1; k <= 4; k++)
                last[t.sink.records[i].symbol] |= t.sink.records[i].time_ns == made_tick(RECORDS - k, 4).time_ns;
        assert_true(last[0] && last[1] && last[2] && last[3]);
        fini(&t);
    }
}

static void a_stopped_stream_drains_what_it_has(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        setting t;
        prepare(&t, threads);
        t.source.pause_at = 1000;
        build(&t);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run_thread, t.stream), 0);
        while (atomic_load(&t.source.asked) == 0 || t.source.given < 1000)
            sched_yield();
        qn_stream_stop(t.stream);
        atomic_store(&t.source.go, 1); /* the read that waits goes on, and nothing is read after it */
        pthread_join(thread, NULL);
        end(&t);
        assert_true(t.sink.count >= 1000 && t.sink.count < RECORDS);
        assert_arrived(&t, t.sink.count);
        assert_int_equal(t.stats.dropped, 0);
        fini(&t);
    }
}

static void a_paced_stream_gives_the_same_as_a_quick_one(void **state)
{
    (void)state;
    for (int policy = QN_STREAM_BLOCK; policy <= QN_STREAM_REJECT; policy++) {
        setting t;
        prepare(&t, 2);
        t.how.speed = 1; /* 100 records are 0.1 ms */
        t.how.overload = (qn_stream_overload)policy;
        t.source.count = 100;
        build(&t);
        qn_error err;
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        assert_arrived(&t, 100);
        assert_true(t.stats.seconds_ns >= 99 * 1000);
        fini(&t);
    }
}

enum {
    BACK = 100,
    BACK_NS = 5000000
};

/* Times 0, BACK_NS, then 0 again and again. */
static qn_status read_back(void *user, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    (void)err;
    int64_t *const given = user;
    for (; *count < wanted && *given < BACK; ++*given, ++*count) {
        records[*count] = made_tick(*given, 1);
        records[*count].time_ns = *given == 1 ? BACK_NS : 0;
    }
    return QN_OK;
}

static void a_record_whose_time_goes_back_is_due_at_once_and_not_late(void **state)
{
    (void)state;
    qn_symbols *symbols = must_symbols(1);
    qn_stream_options how;
    qn_stream_options_init(&how, sizeof how);
    how.speed = 1;
    how.latency = true;
    int64_t given = 0;
    const qn_stream_source source = {.self = &given, .name = "back", .read = read_back};
    qn_stream *stream;
    qn_error err;
    assert_ok(qn_stream_new(&stream, symbols, &how, &err), &err);
    assert_ok(qn_stream_set_source(stream, &source, &err), &err);
    assert_ok(qn_stream_run(stream, &err), &err);
    qn_stream_stats stats = {.size = sizeof stats};
    qn_stream_get_stats(stream, &stats);
    assert_int_equal(stats.latency_count, BACK);
    /* All but the first were due BACK_NS after it, and had left by the end; percentiles are some 1 % coarse. */
    assert_true((double)stats.latency_p50_ns <= 1.02 * (double)(stats.seconds_ns - BACK_NS));
    qn_stream_free(stream);
    qn_symbols_free(symbols);
}

static void a_range_gives_both_its_ends(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        setting t;
        prepare(&t, threads);
        build(&t);
        qn_error err;
        qn_stream_range range;
        qn_stream_range_init(&range, sizeof range);
        range.from = 10;
        range.to = 30;
        t.source.fails_at = 31; /* nothing behind the end is read, so nothing is wrong there */
        assert_ok(qn_stream_set_range(t.stream, &range, &err), &err);
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        assert_int_equal(t.sink.count, 21);
        for (int64_t i = 0; i < 21; i++) {
            assert_int_equal(t.sink.records[i].time_ns, made_tick(10 + i, 4).time_ns);
            assert_int_equal(t.sink.records[i].sequence, i);
        }
        assert_int_equal(t.source.given, 31);
        fini(&t);
        prepare(&t, threads);
        build(&t);
        qn_stream_range_init(&range, sizeof range);
        range.from_ns = made_tick(4000, 4).time_ns;
        range.to_ns = made_tick(4100, 4).time_ns;
        assert_ok(qn_stream_set_range(t.stream, &range, &err), &err);
        range.to_ns = 0;
        assert_int_equal(qn_stream_set_range(t.stream, &range, &err), QN_INVALID);
        assert_ok(qn_stream_run(t.stream, &err), &err);
        end(&t);
        assert_int_equal(t.sink.count, 101);
        assert_int_equal(t.sink.records[100].time_ns, made_tick(4100, 4).time_ns);
        fini(&t);
    }
}

static void a_stream_that_waits_for_a_far_record_can_be_stopped(void **state)
{
    (void)state;
    setting t;
    prepare(&t, 2);
    t.how.speed = 1e-6; /* the second record is due after a second, the last after an hour */
    build(&t);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_thread, t.stream), 0);
    while (atomic_load(&t.source.asked) == 0)
        sched_yield();
    qn_stream_stop(t.stream);
    pthread_join(thread, NULL);
    end(&t);
    assert_true(t.sink.count <= 1);
    fini(&t);
}

static qn_status keep_text(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)err;
    char *const kept_text = user;
    (void)strncat(kept_text, text, (size_t)size);
    return QN_OK;
}

static void what_a_stream_counts_is_shown_by_its_metrics(void **state)
{
    (void)state;
    static char text[20000];
    setting t;
    qn_metrics *metrics;
    qn_error err;
    prepare(&t, 2);
    assert_ok(qn_metrics_new(&metrics, 0, NULL, &err), &err);
    t.how.metrics = metrics;
    t.how.name = "ticks";
    build(&t);
    assert_ok(qn_stream_run(t.stream, &err), &err);
    text[0] = 0;
    assert_ok(qn_metrics_write_text(metrics, keep_text, text, &err), &err);
    assert_non_null(strstr(text, "quern_stream_records_total{stream=\"ticks\",what=\"produced\"} 5000\n"));
    assert_non_null(strstr(text, "quern_stream_records_total{stream=\"ticks\",what=\"dropped\"} 0\n"));
    assert_non_null(strstr(text, "quern_stream_running{stream=\"ticks\"} 0\n"));
    end(&t);
    text[0] = 0;
    assert_ok(qn_metrics_write_text(metrics, keep_text, text, &err), &err);
    assert_null(strstr(text, "ticks"));
    qn_metrics_free(metrics);
    fini(&t);
}

static void a_budget_that_is_smaller_than_the_ring_is_said_at_once(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_error err;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 100000;
    assert_ok(qn_budget_new(&budget, NULL, "small", &options, &err), &err);
    qn_symbols *symbols = must_symbols(1);
    qn_stream_options how;
    qn_stream_options_init(&how, sizeof how);
    how.allocator = qn_budget_allocator(budget);
    how.capacity = 1 << 20;
    qn_stream *stream;
    assert_int_equal(qn_stream_new(&stream, symbols, &how, &err), QN_BUDGET);
    assert_null(stream);
    qn_symbols_free(symbols);
    qn_budget_free(budget);
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    setting t;
    prepare(&t, 1);
    build(&t);
    qn_error err;
    static const char *const prise[] = {"prise"}, *const price[] = {"price"};
    const qn_stream_sink sink = {.name = "s", .reads = prise, .read_count = 1};
    assert_int_equal(qn_stream_add_sink(t.stream, &sink, &err), QN_NAME);
    assert_string_equal(err.message, "s: there is no column \"prise\": did you mean \"price\"?");
    const qn_stream_stage twice = {.name = "again", .writes = price, .write_count = 1};
    assert_int_equal(qn_stream_add_stage(t.stream, &twice, &err), QN_INVALID);
    made_source other = {.count = 1};
    const qn_stream_source source = made_source_of(&other);
    assert_int_equal(qn_stream_set_source(t.stream, &source, &err), QN_BUSY);
    assert_int_equal(other.freed, 1);
    assert_ok(qn_stream_run(t.stream, &err), &err);
    assert_int_equal(qn_stream_run(t.stream, &err), QN_BUSY);
    assert_int_equal(qn_stream_add_stage(t.stream, &twice, &err), QN_BUSY);
    assert_int_equal(qn_stream_column_count(t.stream), 1);
    assert_string_equal(qn_stream_column_name(t.stream, 0), "doubled");
    end(&t);
    fini(&t);
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_symbols *symbols = must_symbols(1);
    qn_error err;
    for (int what = 0; what < 6; what++) {
        qn_stream_options how;
        qn_stream_options_init(&how, sizeof how);
        how.capacity = what == 0 ? -1 : what == 1 ? INT64_C(1) << 40 : 0;
        how.batch = what == 2 ? -1 : 0;
        how.threads = what == 3 ? 1000 : 0;
        how.speed = what == 4 ? (double)NAN : 0;
        how.overload = what == 5 ? (qn_stream_overload)9 : QN_STREAM_BLOCK;
        qn_stream *stream;
        assert_int_equal(qn_stream_new(&stream, symbols, &how, &err), QN_INVALID);
        assert_null(stream);
    }
    qn_symbols_free(symbols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_arrives_once_and_in_order_with_any_number_of_threads),
        cmocka_unit_test(the_digest_tells_records_and_columns_apart),
        cmocka_unit_test(a_source_that_fails_has_given_what_it_gave),
        cmocka_unit_test(a_stage_that_fails_in_a_span_passes_on_what_it_did),
        cmocka_unit_test(a_sink_that_fails_ends_the_stream),
        cmocka_unit_test(a_sink_that_nobody_reads_leaves_and_the_others_go_on),
        cmocka_unit_test(the_stream_ends_when_nobody_reads_anything),
        cmocka_unit_test(a_slow_sink_loses_nothing_where_the_stream_blocks),
        cmocka_unit_test(a_full_stream_rejects_the_new_or_drops_the_old_and_counts_both),
        cmocka_unit_test(nothing_is_dropped_for_a_record_that_has_not_come),
        cmocka_unit_test(a_record_that_comes_when_there_is_room_again_is_not_rejected),
        cmocka_unit_test(a_conflating_stream_keeps_the_last_of_each_symbol),
        cmocka_unit_test(a_stopped_stream_drains_what_it_has),
        cmocka_unit_test(a_paced_stream_gives_the_same_as_a_quick_one),
        cmocka_unit_test(a_record_whose_time_goes_back_is_due_at_once_and_not_late),
        cmocka_unit_test(a_range_gives_both_its_ends),
        cmocka_unit_test(a_stream_that_waits_for_a_far_record_can_be_stopped),
        cmocka_unit_test(what_a_stream_counts_is_shown_by_its_metrics),
        cmocka_unit_test(a_budget_that_is_smaller_than_the_ring_is_said_at_once),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
        cmocka_unit_test(options_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
