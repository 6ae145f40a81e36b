/* Threads share one model, each with its own workspace, and get the same bits. */
#include "harness/harness.h"

#include <pthread.h>
#include <string.h>

#include <quern/model.h>

enum {
    THREADS = 4,
    ROWS = 1000,
    ROUNDS = 50
};

typedef struct shared {
    qn_model *model;
    double x[ROWS];
    double expected[3 * ROWS];
} shared;

static const double parameters[] = {2, 0.3, 1.5};

static bool eval_agrees(const shared *s)
{
    qn_model_workspace *workspace;
    if (qn_model_workspace_new(&workspace, s->model, NULL, NULL) != QN_OK)
        return false;
    bool agrees = true;
    const double *data[] = {NULL, s->x};
    double value[ROWS], jacobian[3 * ROWS];
    for (int i = 0; i < ROUNDS; i++) {
        qn_model_eval(s->model, workspace, data, 0, ROWS, parameters, value, jacobian, ROWS);
        agrees &= memcmp(jacobian, s->expected, sizeof jacobian) == 0;
    }
    qn_model_workspace_free(workspace);
    return agrees;
}

static void *work(void *user)
{
    shared *s = user;
    bool agrees = eval_agrees(s);
    for (int i = 0; i < 1000; i++)
        qn_model_unref(qn_model_ref(s->model));
    qn_model_unref(s->model); /* each thread has a reference; the last one frees */
    return agrees ? s : NULL;
}

static void threads_share_a_model(void **state)
{
    (void)state;
    static shared s;
    static const char *const columns[] = {"x", "y"};
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    test_allocator t;
    test_allocator_init(&t);
    options.allocator = &t.allocator;
    qn_error err;
    assert_ok(qn_model_new(&s.model, "y = a*exp(-b*x)^c + sin(c*x)", -1, &options, &err), &err);
    qn_model_workspace *workspace;
    assert_ok(qn_model_workspace_new(&workspace, s.model, NULL, &err), &err);
    for (int i = 0; i < ROWS; i++)
        s.x[i] = 0.01 * i;
    const double *data[] = {NULL, s.x};
    qn_model_eval(s.model, workspace, data, 0, ROWS, parameters, NULL, s.expected, ROWS);
    qn_model_workspace_free(workspace);
    pthread_t threads[THREADS];
    for (int i = 1; i < THREADS; i++)
        (void)qn_model_ref(s.model);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &s), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    assert_int_equal(t.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
