/* Fits that are kept in a cache: the same result to the last bit, in everything; and what is kept wrongly is not used.
 * The cache is one in memory: what the tiers do is tested elsewhere. */
#include "harness/harness.h"

#include <quern/cache.h>
#include <quern/fit.h>
#include <quern/log.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS = 14
};

/* NIST StRD Misra1a (https://www.itl.nist.gov/div898/strd/nls/data/misra1a.shtml). */
static const double pressure[ROWS] = {77.6,  114.9, 141.1, 190.8, 239.9, 289.0, 332.8,
                                      378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};
static const double volume[ROWS] = {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02,
                                    44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};

typedef struct bench {
    qn_model *model;
    qn_table *table;
    qn_cache *cache;
    qn_fit_options options;
} bench;

static const double start[] = {500, 1e-4};

static void set_up(bench *b, const qn_allocator *allocator)
{
    static const char *const names[] = {"pressure", "volume"};
    const double *const columns[] = {pressure, volume};
    qn_error err;
    qn_model_options model;
    qn_model_options_init(&model, sizeof model);
    model.columns = names;
    model.column_count = 2;
    assert_ok(qn_model_new(&b->model, "volume = a*(1 - exp(-b*pressure))", -1, &model, &err), &err);
    assert_ok(qn_table_from_f64(&b->table, names, columns, 2, ROWS, NULL, &err), &err);
    qn_cache_options o;
    qn_cache_options_init(&o, sizeof o);
    o.allocator = allocator;
    assert_ok(qn_cache_open(&b->cache, &o, &err), &err);
    qn_fit_options_init(&b->options, sizeof b->options);
    b->options.start = start;
    b->options.diagnostics = true;
    b->options.cache = b->cache;
}

static void tear_down(bench *b)
{
    qn_error err;
    assert_ok(qn_cache_close(b->cache, -1, &err), &err);
    qn_table_free(b->table);
    qn_model_unref(b->model);
}

static qn_fit_result *fit(const bench *b)
{
    qn_error err;
    qn_fit_result *result;
    assert_ok(qn_fit_table(&result, b->model, b->table, &b->options, &err), &err);
    return result;
}

static void same_doubles(const double *a, const double *b, int64_t count)
{
    assert_int_equal(a == NULL, b == NULL);
    for (int64_t i = 0; a != NULL && i < count; i++)
        assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
}

static void same_texts(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL)
        assert_string_equal(a, b);
}

static void same_parameters(const qn_fit_result *a, const qn_fit_result *b)
{
    for (int64_t i = 0; i < a->p; i++) {
        const qn_fit_parameter *x = &a->parameters[i], *y = &b->parameters[i];
        const double of_x[] = {x->start, x->value, x->stderr_, x->ci_low, x->ci_high, x->profile_low, x->profile_high};
        const double of_y[] = {y->start, y->value, y->stderr_, y->ci_low, y->ci_high, y->profile_low, y->profile_high};
        same_doubles(of_x, of_y, sizeof of_x / sizeof of_x[0]);
        same_texts(x->name, y->name);
        same_texts(x->tie, y->tie);
        assert_int_equal(x->role, y->role);
        assert_int_equal(x->at_bound, y->at_bound);
    }
}

static void same_diagnostics(const qn_fit_diagnostics *a, const qn_fit_diagnostics *b, int64_t n)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_memory_equal(a->row, b->row, (size_t)n * sizeof *a->row);
    same_doubles(a->fitted, b->fitted, n);
    same_doubles(a->residual, b->residual, n);
    same_doubles(a->standardized, b->standardized, n);
    same_doubles(a->leverage, b->leverage, n);
    same_doubles(&a->mae, &b->mae, 1);
    same_doubles(&a->durbin_watson, &b->durbin_watson, 1);
    same_doubles(&a->runs_p, &b->runs_p, 1);
    assert_int_equal(a->runs, b->runs);
    assert_int_equal(a->outliers, b->outliers);
}

static void same(const qn_fit_result *a, const qn_fit_result *b)
{
    const double of_a[] = {a->rss,       a->residual_sd, a->confidence,    a->loss_scale, a->cost,
                           a->condition, a->rmse,        a->r_squared,     a->aic,        a->adjusted_r_squared,
                           a->aicc,      a->bic,         a->log_likelihood};
    const double of_b[] = {b->rss,       b->residual_sd, b->confidence,    b->loss_scale, b->cost,
                           b->condition, b->rmse,        b->r_squared,     b->aic,        b->adjusted_r_squared,
                           b->aicc,      b->bic,         b->log_likelihood};
    const int64_t whole_a[] = {a->status,     a->n,
                               a->omitted,    a->p,
                               a->dof,        a->evaluations,
                               a->iterations, a->free,
                               a->filtered,   a->starts,
                               a->rank,       a->direction_count,
                               a->weighted,   a->absolute_sigma,
                               a->profiled,   a->warning_count};
    const int64_t whole_b[] = {b->status,     b->n,
                               b->omitted,    b->p,
                               b->dof,        b->evaluations,
                               b->iterations, b->free,
                               b->filtered,   b->starts,
                               b->rank,       b->direction_count,
                               b->weighted,   b->absolute_sigma,
                               b->profiled,   b->warning_count};
    same_doubles(of_a, of_b, sizeof of_a / sizeof of_a[0]);
    assert_memory_equal(whole_a, whole_b, sizeof whole_a);
    const char *const texts_a[] = {a->message, a->method, a->started, a->loss, a->sigma_column, a->factorization};
    const char *const texts_b[] = {b->message, b->method, b->started, b->loss, b->sigma_column, b->factorization};
    for (size_t i = 0; i < sizeof texts_a / sizeof texts_a[0]; i++)
        same_texts(texts_a[i], texts_b[i]);
    for (int64_t i = 0; i < a->warning_count; i++)
        same_texts(a->warnings[i], b->warnings[i]);
    same_parameters(a, b);
    same_doubles(a->covariance, b->covariance, a->p * a->p);
    same_doubles(a->correlation, b->correlation, a->p * a->p);
    for (int64_t i = 0; i < a->direction_count; i++) {
        same_doubles(&a->directions[i].singular_value, &b->directions[i].singular_value, 1);
        same_doubles(a->directions[i].weights, b->directions[i].weights, a->p);
        assert_int_equal(a->directions[i].singular, b->directions[i].singular);
    }
    same_diagnostics(a->diagnostics, b->diagnostics, a->n);
}

/* Fits twice and compares; *found: whether the first one was there already. */
static void fits_alike(const bench *b, bool known)
{
    qn_fit_result *first = fit(b), *second = fit(b);
    assert_int_equal(first->cached, known);
    assert_true(second->cached);
    same(first, second);
    qn_fit_result_free(first);
    qn_fit_result_free(second);
}

static void a_kept_result_is_the_same_in_everything(void **state)
{
    static const char *const ties[] = {"a = 430000*b"};
    static const double fixed[] = {239, NAN}, sd[ROWS] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    (void)state;
    bench b;
    set_up(&b, NULL);
    const qn_fit_options plain = b.options;
    fits_alike(&b, false);
    b.options.profile = true;
    fits_alike(&b, false);
    b.options = plain;
    b.options.sigma = sd;
    b.options.absolute_sigma = true;
    fits_alike(&b, false);
    b.options = plain;
    b.options.loss = QN_FIT_LOSS_CAUCHY;
    b.options.where = "pressure > 100";
    fits_alike(&b, false);
    b.options = plain;
    b.options.start = NULL;
    b.options.fixed = fixed;
    fits_alike(&b, false);
    b.options = plain;
    b.options.start = NULL;
    b.options.ties = ties;
    b.options.tie_count = 1;
    fits_alike(&b, false);
    b.options = plain;
    b.options.diagnostics = false;
    fits_alike(&b, false);
    b.options = plain;
    fits_alike(&b, true);
    tear_down(&b);
}

static void a_kept_result_outlives_its_cache(void **state)
{
    (void)state;
    bench b;
    set_up(&b, NULL);
    qn_fit_result_free(fit(&b));
    qn_fit_result *kept = fit(&b);
    tear_down(&b);
    assert_true(kept->cached);
    assert_true(fabs(kept->parameters[0].value - 2.3894212918e+02) < 1e-7); /* certified */
    assert_true(fabs(kept->diagnostics->fitted[0] + kept->diagnostics->residual[0] - volume[0]) < 1e-12);
    qn_fit_result_free(kept);
}

static bool stop_at_once(void *user)
{
    (void)user;
    return true;
}

static void an_interrupted_fit_is_not_kept(void **state)
{
    (void)state;
    bench b;
    set_up(&b, NULL);
    b.options.should_stop = stop_at_once;
    qn_fit_result *result = fit(&b);
    assert_int_equal(result->status, QN_FIT_INTERRUPTED);
    qn_fit_result_free(result);
    b.options.should_stop = NULL;
    result = fit(&b);
    assert_false(result->cached);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    qn_fit_result_free(result);
    tear_down(&b);
}

static qn_status note_key(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)err;
    memcpy(user, entry->key, (size_t)entry->key_size + 1);
    return QN_OK;
}

static void count_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)level;
    (void)line;
    (void)size;
    ++*(int *)user;
}

/* Whatever stands under a fit's key: it is not used, a warning says so, and the fit is made. */
static void a_wrong_value_under_the_key_is_not_used(void **state)
{
    static const char *const names[] = {"result", "row", "fitted", "residual", "standardized", "leverage"};
    char key[QN_CACHE_KEY_MAX + 1] = "";
    qn_error err;
    (void)state;
    bench b;
    int warnings = 0;
    set_up(&b, NULL);
    qn_fit_result_free(fit(&b));
    assert_ok(qn_cache_each(b.cache, QN_CACHE_MEMORY, NULL, 0, note_key, key, &err), &err);
    assert_memory_equal(key, "fit/", 4);
    qn_datum *right, *wrong[16];
    int count = 0;
    assert_ok(qn_cache_get(&right, NULL, b.cache, key, -1, &err), &err);
    assert_ok(qn_datum_bytes(&wrong[count++], "x", 1, NULL, &err), &err);
    assert_ok(qn_datum_json(&wrong[count++], "{\"schema\":\"quern.fit/1\"}", -1, NULL, &err), &err);
    qn_array arrays[6];
    for (int drop = 0; drop < 6; drop++) { /* an array that is missing, and one that is too short */
        int64_t kept = 0;
        const char *left[6];
        for (int i = 0; i < 6; i++) {
            left[kept] = names[i];
            if (i != drop)
                qn_array_view(&arrays[kept++], qn_datum_array_at(right, qn_datum_array_find(right, names[i])));
        }
        assert_ok(qn_datum_arrays(&wrong[count++], arrays, left, kept, NULL, &err), &err);
        for (int64_t i = 0; i < kept; i++)
            qn_array_fini(&arrays[i]);
    }
    for (int i = 0; i < 6; i++)
        qn_array_view(&arrays[i], qn_datum_array_at(right, qn_datum_array_find(right, names[i])));
    qn_array_fini(&arrays[2]);
    assert_ok(qn_array_slice(&arrays[2], qn_datum_array_at(right, qn_datum_array_find(right, "fitted")), 0, 0, ROWS - 1,
                             1, &err),
              &err);
    assert_ok(qn_datum_arrays(&wrong[count++], arrays, names, 6, NULL, &err), &err);
    for (int i = 0; i < 6; i++)
        qn_array_fini(&arrays[i]);
    const qn_log_sink sink = {.write = count_line, .user = &warnings};
    qn_log_set(QN_LOG_WARN, &sink);
    for (int i = 0; i < count; i++) {
        assert_ok(qn_cache_put(b.cache, key, -1, wrong[i], NULL, &err), &err);
        qn_fit_result *result = fit(&b);
        assert_false(result->cached);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        qn_fit_result_free(result);
        assert_int_equal(warnings, i + 1);
        qn_datum_unref(wrong[i]);
    }
    qn_log_set(QN_LOG_WARN, NULL);
    qn_datum_unref(right);
    fits_alike(&b, true);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_result_is_the_same_in_everything),
        cmocka_unit_test(a_kept_result_outlives_its_cache),
        cmocka_unit_test(an_interrupted_fit_is_not_kept),
        cmocka_unit_test(a_wrong_value_under_the_key_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
