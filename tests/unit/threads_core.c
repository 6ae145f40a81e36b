/* The thread pool: every task once, results seen, nested runs, several callers, refusals of the system, fork, the
 * default pool. */
#include "harness/harness.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/threads.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static qn_threads *must_make(int64_t count)
{
    qn_threads *pool;
    qn_error err;
    assert_ok(qn_threads_new(&pool, count, NULL, &err), &err);
    return pool;
}

static void count_task(void *user, int64_t index)
{
    ((unsigned char *)user)[index]++; /* each element belongs to one task */
}

static void assert_each_once(qn_threads *pool, int64_t count)
{
    unsigned char *seen = calloc((size_t)count + 1, 1);
    assert_non_null(seen);
    qn_threads_run(pool, count, count_task, seen);
    for (int64_t i = 0; i < count; i++)
        if (seen[i] != 1)
            fail_msg("task %d of %d ran %d times", (int)i, (int)count, seen[i]);
    assert_int_equal(seen[count], 0);
    free(seen);
}

static void every_task_runs_once(void **state)
{
    (void)state;
    static const int64_t pool_sizes[] = {1, 2, 3, 8};
    for (size_t p = 0; p < 4; p++) {
        qn_threads *pool = must_make(pool_sizes[p]);
        assert_int_equal(qn_threads_count(pool), pool_sizes[p]);
        for (int64_t count = 0; count < 70; count++)
            assert_each_once(pool, count);
        assert_each_once(pool, 12345);
        assert_each_once(pool, 3000000);
        qn_threads_free(pool);
    }
}

/* A run that needs two threads at once: each waits until the other is there. */
typedef struct meeting {
    atomic_int here;
} meeting;

static void wait_for_the_other(void *user, int64_t index)
{
    (void)index;
    meeting *m = user;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < 2)
        (void)usleep(50);
}

static void tasks_run_at_the_same_time(void **state)
{
    (void)state;
    qn_threads *pool = must_make(2);
    for (int i = 0; i < 20; i++) {
        meeting m = {0};
        qn_threads_run(pool, 2, wait_for_the_other, &m);
        assert_int_equal(atomic_load(&m.here), 2);
    }
    qn_threads_free(pool);
}

enum {
    OUTER = 4,
    INNER = 25
};

typedef struct nest {
    qn_threads *pool;
    atomic_int wrong_thread;
    unsigned char inner[OUTER][INNER];
} nest;

typedef struct nest_row {
    nest *n;
    int64_t row;
    pthread_t thread;
} nest_row;

static void inner_task(void *user, int64_t index)
{
    nest_row *r = user;
    if (!pthread_equal(r->thread, pthread_self()))
        atomic_fetch_add(&r->n->wrong_thread, 1);
    r->n->inner[r->row][index]++;
    (void)usleep(100); /* long enough for an idle worker to come, if it may */
}

static void outer_task(void *user, int64_t index)
{
    nest *n = user;
    nest_row row = {n, index, pthread_self()};
    qn_threads_run(n->pool, INNER, inner_task, &row);
    qn_threads_run(NULL, INNER, inner_task, &row);
}

static void a_nested_run_stays_in_its_thread(void **state)
{
    (void)state;
    nest n = {.pool = must_make(8)};
    qn_threads_run(n.pool, OUTER, outer_task, &n);
    assert_int_equal(atomic_load(&n.wrong_thread), 0);
    for (int i = 0; i < OUTER; i++)
        for (int j = 0; j < INNER; j++)
            assert_int_equal(n.inner[i][j], 2);
    qn_threads_free(n.pool);
}

typedef struct caller {
    pthread_t thread;
    qn_threads *pool;
    int64_t sum;
} caller;

static void add_index(void *user, int64_t index)
{
    ((int64_t *)user)[index] = index + 1;
}

static void *call_often(void *user)
{
    caller *c = user;
    int64_t parts[64];
    for (int round = 0; round < 200; round++) {
        memset(parts, 0, sizeof parts);
        qn_threads_run(c->pool, 64, add_index, parts);
        for (int i = 0; i < 64; i++)
            c->sum += parts[i];
    }
    return NULL;
}

static void several_callers_share_one_pool(void **state)
{
    (void)state;
    enum {
        CALLERS = 5
    };
    caller callers[CALLERS];
    qn_threads *pool = must_make(3);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.pool = pool};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_int_equal(callers[i].sum, 200 * 64 * 65 / 2);
    }
    qn_threads_free(pool);
}

static _Thread_local int starts_left; /* of the thread that makes the pool */

static int start_a_few(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *user)
{
    if (starts_left-- <= 0)
        return EAGAIN;
    return pthread_create(thread, attributes, body, user);
}

static void count_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)size;
    if (level == QN_LOG_WARN && strstr(line, "threads") != NULL)
        ++*(int *)user;
}

static void refused_threads_make_a_smaller_pool_and_a_warning(void **state)
{
    (void)state;
    int lines = 0;
    const qn_log_sink sink = {count_line, &lines};
    qn_log_set(QN_LOG_WARN, &sink);
    for (int granted = 0; granted < 4; granted++) {
        starts_left = granted;
        qn_threads *pool;
        qn_error err;
        assert_ok(qni_threads_new_with(&pool, 5, start_a_few, NULL, &err), &err);
        assert_int_equal(qn_threads_count(pool), granted + 1);
        assert_int_equal(lines, granted + 1);
        assert_each_once(pool, 1000);
        qn_threads_free(pool);
    }
    qn_log_set(QN_LOG_WARN, NULL);
}

static void impossible_counts_are_refused(void **state)
{
    (void)state;
    qn_threads *pool = (void *)1;
    qn_error err;
    assert_int_equal(qn_threads_new(&pool, -1, NULL, &err), QN_INVALID);
    assert_null(pool);
    assert_contains(err.message, "-1");
    assert_int_equal(qn_threads_new(&pool, QNI_THREADS_MAX + 1, NULL, &err), QN_INVALID);
    qn_threads_free(NULL);
}

static void the_environment_chooses_the_count(void **state)
{
    (void)state;
    int lines = 0;
    const qn_log_sink sink = {count_line, &lines};
    qn_log_set(QN_LOG_WARN, &sink);
    assert_int_equal(setenv("QUERN_THREADS", "3", 1), 0);
    qn_threads *pool = must_make(0);
    assert_int_equal(qn_threads_count(pool), 3);
    qn_threads_free(pool);
    assert_int_equal(unsetenv("QUERN_THREADS"), 0);
    pool = must_make(0);
    int64_t processors = qn_threads_count(pool);
    assert_true(processors >= 1);
    qn_threads_free(pool);
    assert_int_equal(lines, 0);
    static const char *const bad[] = {"0", "-2", "many", "2x", "1000000", " 2"};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(setenv("QUERN_THREADS", bad[i], 1), 0);
        pool = must_make(0);
        assert_int_equal(qn_threads_count(pool), processors);
        assert_int_equal(lines, i + 1);
        qn_threads_free(pool);
    }
    assert_int_equal(unsetenv("QUERN_THREADS"), 0);
    qn_log_set(QN_LOG_WARN, NULL);
}

static void note_thread(void *user, int64_t index)
{
    ((pthread_t *)user)[index] = pthread_self();
}

static void a_forked_child_works_alone(void **state)
{
    (void)state;
    qn_threads *pool = must_make(4);
    qn_threads *own = qn_threads_default();
    assert_each_once(pool, 100);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(20);
        pthread_t threads[100];
        bool alone = qn_threads_count(pool) == 1 && qn_threads_default() == own;
        qn_threads_run(pool, 50, note_thread, threads);
        qn_threads_run(NULL, 50, note_thread, threads + 50);
        for (int i = 0; i < 100; i++)
            alone = alone && pthread_equal(threads[i], pthread_self());
        qn_threads_free(pool);
        _exit(alone ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_each_once(pool, 100);
    qn_threads_free(pool);
    qn_threads_set_default(NULL);
}

static void *ask_for_default(void *user)
{
    *(qn_threads **)user = qn_threads_default();
    return NULL;
}

static void the_default_is_made_once_and_can_be_injected(void **state)
{
    (void)state;
    enum {
        ASKERS = 6
    };
    qn_threads_set_default(NULL);
    pthread_t threads[ASKERS];
    qn_threads *answers[ASKERS];
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_default, &answers[i]), 0);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < ASKERS; i++) {
        assert_non_null(answers[i]);
        assert_ptr_equal(answers[i], answers[0]);
    }
    qn_threads *mine = must_make(3);
    qn_threads_set_default(mine); /* the library's own one ends here */
    assert_ptr_equal(qn_threads_default(), mine);
    assert_each_once(NULL, 1000);
    qn_threads_set_default(NULL);
    assert_each_once(mine, 1000); /* an injected one stays its owner's */
    qn_threads_free(mine);
}

static void look_at_mask(void *user, int64_t index)
{
    sigset_t mask;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
    ((bool *)user)[index] = sigismember(&mask, SIGINT) == 1;
    (void)usleep(2000);
}

static void signals_go_to_the_callers_thread(void **state)
{
    (void)state;
    qn_threads *pool = must_make(2);
    bool blocked[40];
    bool any = false;
    pthread_t threads[40];
    for (int round = 0; round < 100 && !any; round++) { /* until the worker took a task */
        qn_threads_run(pool, 40, look_at_mask, blocked);
        for (int i = 0; i < 40; i++)
            any = any || blocked[i];
    }
    assert_true(any);
    qn_threads_run(pool, 40, note_thread, threads);
    sigset_t mask;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGINT), 0);
    qn_threads_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_works_alone),
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(tasks_run_at_the_same_time),
        cmocka_unit_test(a_nested_run_stays_in_its_thread),
        cmocka_unit_test(several_callers_share_one_pool),
        cmocka_unit_test(refused_threads_make_a_smaller_pool_and_a_warning),
        cmocka_unit_test(impossible_counts_are_refused),
        cmocka_unit_test(the_environment_chooses_the_count),
        cmocka_unit_test(the_default_is_made_once_and_can_be_injected),
        cmocka_unit_test(signals_go_to_the_callers_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
