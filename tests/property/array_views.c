/* Random chains of slices, picks, transpositions and reshapes against a model that lists, for each element of the view
 * in row-major order, which element of the first array it is. */
#include "harness/harness.h"

#include <quern/array.h>

#include <stdlib.h>
#include <string.h>

enum {
    MAX_ELEMENTS = 4096,
    MAX_STEPS = 8
};

typedef struct model {
    int32_t ndim;
    int64_t shape[QN_ARRAY_MAX_DIMS];
    int64_t count;
    int64_t element[MAX_ELEMENTS];
} model;

static int64_t flat(const model *m, const int64_t *index)
{
    int64_t at = 0;
    for (int32_t k = 0; k < m->ndim; k++)
        at = at * m->shape[k] + index[k];
    return at;
}

/* The index of the n-th element in row-major order. */
static void unflatten(const model *m, int64_t n, int64_t *index)
{
    for (int32_t k = m->ndim - 1; k >= 0; k--) {
        index[k] = n % m->shape[k];
        n /= m->shape[k];
    }
}

static void set_count(model *m)
{
    m->count = 1;
    for (int32_t k = 0; k < m->ndim; k++)
        m->count *= m->shape[k];
}

static void assert_same(const qn_array *a, const model *m)
{
    assert_int_equal(a->ndim, m->ndim);
    assert_int_equal(qn_array_count(a), m->count);
    int64_t index[QN_ARRAY_MAX_DIMS];
    bool in_order = true;
    for (int64_t n = 0; n < m->count; n++) {
        double value;
        qn_error err;
        unflatten(m, n, index);
        assert_ok(qn_array_get(&value, a, index, &err), &err);
        assert_int_equal((int64_t)value, m->element[n]);
        in_order = in_order && m->element[n] == m->element[0] + n;
    }
    assert_int_equal(qn_array_is_contiguous(a), in_order);
}

static void slice(uint64_t *r, qn_array *out, const qn_array *a, model *m, const model *old)
{
    int32_t axis = (int32_t)test_random_below(r, old->ndim);
    int64_t size = old->shape[axis];
    int64_t start = test_random_below(r, size);
    int64_t step = 1 + test_random_below(r, 3);
    if (test_random_below(r, 2) == 0)
        step = -step;
    int64_t most = step > 0 ? (size - 1 - start) / step + 1 : start / -step + 1;
    int64_t count = test_random_below(r, 20) == 0 ? 0 : 1 + test_random_below(r, most);
    qn_error err;
    assert_ok(qn_array_slice(out, a, axis, start, count, step, &err), &err);
    m->shape[axis] = count;
    set_count(m);
    for (int64_t n = 0; n < m->count; n++) {
        int64_t index[QN_ARRAY_MAX_DIMS];
        unflatten(m, n, index);
        index[axis] = start + index[axis] * step;
        m->element[n] = old->element[flat(old, index)];
    }
}

static void pick(uint64_t *r, qn_array *out, const qn_array *a, model *m, const model *old)
{
    int32_t axis = (int32_t)test_random_below(r, old->ndim);
    int64_t at = test_random_below(r, old->shape[axis]);
    qn_error err;
    assert_ok(qn_array_pick(out, a, axis, at, &err), &err);
    m->ndim--;
    memmove(m->shape + axis, m->shape + axis + 1, (size_t)(m->ndim - axis) * sizeof *m->shape);
    set_count(m);
    for (int64_t n = 0; n < m->count; n++) {
        int64_t index[QN_ARRAY_MAX_DIMS];
        unflatten(m, n, index);
        memmove(index + axis + 1, index + axis, (size_t)(m->ndim - axis) * sizeof *index);
        index[axis] = at;
        m->element[n] = old->element[flat(old, index)];
    }
}

static void transpose(uint64_t *r, qn_array *out, const qn_array *a, model *m, const model *old)
{
    int32_t axes[QN_ARRAY_MAX_DIMS];
    bool reversed = test_random_below(r, 3) == 0;
    for (int32_t k = 0; k < old->ndim; k++)
        axes[k] = reversed ? old->ndim - 1 - k : k;
    for (int32_t k = old->ndim - 1; k > 0 && !reversed; k--) {
        int32_t other = (int32_t)test_random_below(r, k + 1), held = axes[k];
        axes[k] = axes[other];
        axes[other] = held;
    }
    qn_error err;
    assert_ok(qn_array_transpose(out, a, reversed ? NULL : axes, &err), &err);
    for (int32_t k = 0; k < old->ndim; k++)
        m->shape[k] = old->shape[axes[k]];
    for (int64_t n = 0; n < m->count; n++) {
        int64_t index[QN_ARRAY_MAX_DIMS], there[QN_ARRAY_MAX_DIMS];
        unflatten(m, n, index);
        for (int32_t k = 0; k < m->ndim; k++)
            there[axes[k]] = index[k];
        m->element[n] = old->element[flat(old, there)];
    }
}

/* Whether steps in memory along each axis are the same everywhere: then, and only then, a view can be reshaped without
 * a copy. */
static bool has_strides(const model *m)
{
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    int64_t steps[QN_ARRAY_MAX_DIMS] = {0};
    for (int32_t k = 0; k < m->ndim; k++) {
        if (m->shape[k] < 2)
            continue;
        index[k] = 1;
        steps[k] = m->element[flat(m, index)] - m->element[0];
        index[k] = 0;
    }
    for (int64_t n = 0; n < m->count; n++) {
        int64_t expected = m->element[0];
        unflatten(m, n, index);
        for (int32_t k = 0; k < m->ndim; k++)
            expected += index[k] * steps[k];
        if (m->element[n] != expected)
            return false;
    }
    return true;
}

/* A random shape of the same count. False: the array cannot be seen in it, and said so. */
static bool reshape(uint64_t *r, qn_array *out, const qn_array *a, model *m)
{
    int64_t left = m->count;
    m->ndim = 0;
    while (m->ndim < QN_ARRAY_MAX_DIMS - 1 && (left > 1 || test_random_below(r, 2) == 0)) {
        int64_t d = 1 + test_random_below(r, left < 12 ? left : 12);
        while (left % d != 0)
            d--;
        m->shape[m->ndim++] = d;
        left /= d;
    }
    if (left > 1)
        m->shape[m->ndim++] = left;
    qn_error err;
    qn_status s = qn_array_reshape(out, a, m->ndim, m->shape, &err);
    assert_int_equal(s, has_strides(m) ? QN_OK : QN_INVALID);
    return s == QN_OK;
}

static void copy(qn_array *out, const qn_array *a, model *m)
{
    qn_error err;
    assert_ok(qn_array_copy(out, a, NULL, &err), &err);
    assert_true(qn_array_is_contiguous(out));
    for (int64_t n = 0; n < m->count; n++)
        assert_int_equal(((const int16_t *)out->data)[n], m->element[n]);
}

static void one_chain(uint64_t *r, model *m, model *old)
{
    qn_array a, b;
    qn_error err;
    m->ndim = (int32_t)test_random_below(r, 5);
    for (int32_t k = 0; k < m->ndim; k++)
        m->shape[k] = 1 + test_random_below(r, 8);
    set_count(m);
    assert_ok(qn_array_init(&a, QN_DTYPE_I16, m->ndim, m->shape, NULL, &err), &err);
    for (int64_t n = 0; n < m->count; n++) {
        m->element[n] = n;
        ((int16_t *)a.data)[n] = (int16_t)n;
    }
    for (int64_t step = test_random_below(r, MAX_STEPS); step >= 0 && m->count > 0; step--) {
        memcpy(old, m, sizeof *m);
        bool done = true;
        switch (m->ndim == 0 ? 3 : test_random_below(r, 5)) {
        case 0:
            slice(r, &b, &a, m, old);
            break;
        case 1:
            pick(r, &b, &a, m, old);
            break;
        case 2:
            transpose(r, &b, &a, m, old);
            break;
        case 3:
            done = reshape(r, &b, &a, m);
            if (!done)
                memcpy(m, old, sizeof *m);
            break;
        default:
            copy(&b, &a, m);
            qn_array_fini(&b);
            qn_array_view(&b, &a);
            break;
        }
        if (!done)
            continue;
        qn_array_fini(&a);
        a = b;
        assert_same(&a, m);
    }
    qn_array_fini(&a);
}

static void views_of_views_show_the_same_elements_as_a_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(8);
    model *m = malloc(sizeof *m), *old = malloc(sizeof *old);
    for (int64_t n = test_effort(5000, 500000); n > 0; n--)
        one_chain(&random, m, old);
    free(m);
    free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_of_views_show_the_same_elements_as_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
