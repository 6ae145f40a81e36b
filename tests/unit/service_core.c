/* Threads in the background: they run until told to stop, sleep meanwhile, and miss no wake. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getname_np */
#endif
#include "harness/harness.h"

#include "base/service.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

typedef struct work {
    _Atomic int64_t wanted; /* work that was brought */
    _Atomic int64_t done;
    _Atomic int64_t waits;
    char name[16];
    sigset_t blocked;
} work;

static void note_itself(work *w)
{
    (void)pthread_getname_np(pthread_self(), w->name, sizeof w->name);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &w->blocked);
}

static void work_until_told(void *user, qni_service *service)
{
    work *w = user;
    struct pollfd own;
    note_itself(w);
    while (!qni_service_stopping(service)) {
        if (atomic_load_explicit(&w->done, memory_order_relaxed) <
            atomic_load_explicit(&w->wanted, memory_order_relaxed)) {
            atomic_fetch_add(&w->done, 1);
            continue;
        }
        atomic_fetch_add(&w->waits, 1);
        qni_service_wait(service, &own, 1, -1);
    }
}

static qni_service *started(void (*body)(void *user, qni_service *service), void *user)
{
    qni_service *service;
    qn_error err;
    assert_ok(qni_service_new(&service, "quern-test-with-a-long-name", body, user, NULL, &err), &err);
    return service;
}

static void it_runs_under_its_name_with_every_signal_blocked(void **state)
{
    (void)state;
    work w = {.wanted = 0};
    qni_service *service = started(work_until_told, &w);
    while (atomic_load(&w.waits) == 0)
        sched_yield();
    qni_service_free(service);
    assert_string_equal(w.name, "quern-test-with");
    assert_true(sigismember(&w.blocked, SIGINT) && sigismember(&w.blocked, SIGTERM) &&
                sigismember(&w.blocked, SIGPIPE));
}

static void work_that_is_brought_again_and_again_is_all_done(void **state)
{
    (void)state;
    work w = {.wanted = 0};
    qni_service *service = started(work_until_told, &w);
    for (int64_t i = 1; i <= 20000; i++) {
        atomic_store_explicit(&w.wanted, i, memory_order_relaxed);
        qni_service_wake(service);
        if (i % 16 == 0) /* it would be for ever where a wake was lost */
            while (atomic_load(&w.done) < i)
                sched_yield();
    }
    qni_service_free(service);
    assert_int_equal(atomic_load(&w.done), 20000);
}

static void sleep_long(void *user, qni_service *service)
{
    work *w = user;
    struct pollfd own;
    while (!qni_service_stopping(service)) {
        atomic_fetch_add(&w->waits, 1);
        qni_service_wait(service, &own, 1, 1000000000);
    }
}

static void stopping_ends_a_sleep(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        work w = {.wanted = 0};
        qni_service *service = started(sleep_long, &w);
        while (i % 2 == 0 && atomic_load(&w.waits) == 0)
            sched_yield();
        qni_service_free(service); /* never returns where the sleep goes on */
    }
}

typedef struct reader {
    int files[2]; /* a pipe */
    char got;
    bool timed_out;
    _Atomic bool ended;
} reader;

static void read_one(void *user, qni_service *service)
{
    reader *r = user;
    struct pollfd files[2] = {[1] = {.fd = r->files[0], .events = POLLIN}};
    qni_service_wait(service, files, 2, 1);
    r->timed_out = files[1].revents == 0;
    if (write(r->files[1], "x", 1) != 1)
        r->timed_out = false;
    while (files[1].revents == 0 && !qni_service_stopping(service))
        qni_service_wait(service, files, 2, -1);
    if (read(r->files[0], &r->got, 1) != 1)
        r->got = '?';
    atomic_store(&r->ended, true);
}

static void a_wait_ends_by_its_time_and_by_a_file_that_is_ready(void **state)
{
    (void)state;
    reader r = {.got = 0};
    assert_int_equal(pipe(r.files), 0);
    qni_service *service = started(read_one, &r);
    while (!atomic_load(&r.ended))
        sched_yield();
    qni_service_free(service);
    assert_true(r.timed_out);
    assert_int_equal(r.got, 'x');
    (void)close(r.files[0]);
    (void)close(r.files[1]);
}

static qn_status start_one(const qn_allocator *allocator, void *user)
{
    qni_service *service;
    work w = {.wanted = 1};
    (void)user;
    qn_status s = qni_service_new(&service, "quern-test", work_until_told, &w, allocator, NULL);
    assert_true((service != NULL) == (s == QN_OK));
    qni_service_free(service);
    return s;
}

static void one_for_which_there_is_no_memory_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(test_fault_sweep(start_one, NULL, 10), 2);
    qni_service_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_under_its_name_with_every_signal_blocked),
        cmocka_unit_test(work_that_is_brought_again_and_again_is_all_done),
        cmocka_unit_test(stopping_ends_a_sleep),
        cmocka_unit_test(a_wait_ends_by_its_time_and_by_a_file_that_is_ready),
        cmocka_unit_test(one_for_which_there_is_no_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
