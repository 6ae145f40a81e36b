/* The shared tier of caches while its Redis is killed, frozen and started again: threads go on, no value is wrong, and
 * it is used again by itself. SIGPIPE ends a program unless it is seen to, so that none is raised is tested as well. */
#include "harness/harness.h"

#include "base/clock.h"
#include "base/lock.h"
#include "store/cache_int.h"

#include <quern/log.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 4
};

static qni_redis_tier *tier;
static qni_cache_time now;
static atomic_bool over;

/* A thread puts numbers, each one higher, under its own key, and gets what is there. */
typedef struct worker {
    pthread_t thread;
    int self;
    int64_t sure, tried; /* the last number whose put was told as done, and the last one tried */
    char wrong[128];
    _Atomic int64_t done, failed; /* operations */
} worker;

static qn_status put_number(worker *w, const qni_cache_key *key)
{
    char text[32];
    qn_datum *datum;
    qni_record record = {.bytes = NULL};
    int length = snprintf(text, sizeof text, "%" PRId64, ++w->tried);
    qn_status s = qn_datum_bytes(&datum, text, length, NULL, NULL);
    const qni_cache_value value = {.datum = datum};
    if (s == QN_OK)
        s = qni_record_encode(&record, key, &value, &(qni_record_keys){.seal = NULL}, NULL, NULL);
    if (s == QN_OK)
        s = qni_redis_put(tier, &(qni_disk_write){.key = key, .record = &record, .value = &value}, 1, NULL);
    if (s == QN_OK)
        w->sure = w->tried;
    qni_record_free(&record, NULL);
    qn_datum_unref(datum);
    return s;
}

static qn_status get_number(worker *w, const qni_cache_key *key)
{
    qni_record record;
    qni_record_view view;
    qn_datum *datum = NULL;
    qn_status s = qni_redis_get(&record, &view, tier, key, NULL);
    if (s != QN_OK || record.bytes == NULL) /* a new server is empty */
        return s;
    s = qni_record_datum(&datum, &view, &(qni_record_keys){.seal = NULL}, NULL, NULL);
    int64_t size, number = s == QN_OK ? strtoll(qn_datum_text(datum, &size), NULL, 10) : -1;
    if (number < w->sure || number > w->tried)
        snprintf(w->wrong, sizeof w->wrong, "%" PRId64 ", put were %" PRId64 " to %" PRId64, number, w->sure, w->tried);
    qn_datum_unref(datum);
    qni_record_free(&record, NULL);
    return s;
}

static void *work(void *user)
{
    worker *w = user;
    char text[16];
    int length = snprintf(text, sizeof text, "worker %d", w->self);
    const qni_cache_key key = {.bytes = text, .size = length, .name = qni_cache_name(text, length)};
    while (!atomic_load(&over) && w->wrong[0] == '\0') {
        qn_status s = w->tried % 2 == 0 ? get_number(w, &key) : QN_OK;
        if (s == QN_OK)
            s = put_number(w, &key);
        if (s == QN_OK)
            s = get_number(w, &key);
        if (s != QN_OK && s != QN_UNAVAILABLE)
            snprintf(w->wrong, sizeof w->wrong, "status %d", (int)s);
        atomic_fetch_add(s == QN_OK ? &w->done : &w->failed, 1);
        if (s != QN_OK)
            qni_yield();
    }
    return NULL;
}

/* Waits until every thread counted on: more done, or more failed. */
static void await_more(worker *workers, bool failures)
{
    int64_t seen[THREADS], end_ns = qni_clock_monotonic_ns() + INT64_C(60000000000);
    for (int i = 0; i < THREADS; i++)
        seen[i] = atomic_load(failures ? &workers[i].failed : &workers[i].done);
    for (int i = 0; i < THREADS;) {
        int64_t count = atomic_load(failures ? &workers[i].failed : &workers[i].done);
        assert_string_equal(workers[i].wrong, "");
        assert_true(qni_clock_monotonic_ns() < end_ns); /* never, rather than late */
        if (count > seen[i] + 1)
            i++;
        else
            qni_yield();
    }
}

static void tell_server(const char *what)
{
    char line[512];
    snprintf(line, sizeof line, "%s %s", getenv("QUERN_TEST_REDIS_SERVER"), what);
    assert_int_equal(system(line), 0);
}

static void a_redis_that_is_killed_and_frozen_under_load_is_used_again(void **state)
{
    (void)state;
    static worker workers[THREADS];
    qn_error err = qn_error_none();
    const char *url = getenv("QUERN_TEST_REDIS");
    if (url == NULL)
        skip();
    qn_log_set(QN_LOG_ERROR, NULL);
    qni_cache_time_init(&now, NULL);
    assert_ok(qni_redis_open(&tier, &(qni_redis_options){.url = url, .space = "t", .time = &now}, &err), &err);
    for (int i = 0; i < THREADS; i++) {
        workers[i].self = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    await_more(workers, false);
    for (int64_t i = 0; i < test_effort(3, 50); i++) {
        tell_server("kill");
        await_more(workers, true);
        tell_server("start");
        await_more(workers, false);
    }
    tell_server("freeze");
    await_more(workers, true);
    tell_server("thaw");
    await_more(workers, false);
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_string_equal(workers[i].wrong, "");
    }
    qni_redis_close(tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_that_is_killed_and_frozen_under_load_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
