/* Optional libraries: where one is not there the answer says what to install, and a later call finds it. The test
 * stands in for dlopen, so that a library can be missing here. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "harness/harness.h"

#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static atomic_bool is_missing;
static atomic_int opened;

/* NOLINTNEXTLINE: the C library's own name */
void *dlopen(const char *file, int mode)
{
    if (atomic_load(&is_missing))
        return NULL;
    void *(*real)(const char *file, int mode);
    void *address = dlsym(RTLD_NEXT, "dlopen");
    memcpy(&real, &address, sizeof address);
    void *handle = real(file, mode);
    if (file != NULL && strstr(file, "libz") != NULL && handle != NULL)
        atomic_fetch_add(&opened, 1);
    return handle;
}

typedef struct table {
    const char *(*version)(void);
    void *more;
} table;

static const qni_function functions[] = {{"zlibVersion", offsetof(table, version)}};

static void a_missing_library_is_named_with_its_package(void **state)
{
    (void)state;
    atomic_store(&is_missing, true);
    table t;
    qn_error err = qn_error_none();
    assert_false(qn_has("zlib"));
    assert_false(qn_has("cairo"));
    assert_int_equal(qni_library_functions(&t, QNI_LIBRARY_ZLIB, functions, 1, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "need zlib");
    assert_contains(err.message, "apt install zlib1g)");
    assert_int_equal(qni_library_functions(&t, QNI_LIBRARY_CAIRO, NULL, 0, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "libcairo2");
    atomic_store(&is_missing, false);
}

static void *ask(void *user)
{
    table *t = user;
    (void)!qni_library_functions(t, QNI_LIBRARY_ZLIB, functions, 1, NULL);
    return NULL;
}

static void threads_that_open_one_at_once_get_the_same_functions(void **state)
{
    (void)state;
    pthread_t threads[4];
    table tables[4] = {{NULL, NULL}};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &tables[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++) {
        assert_non_null(tables[i].version);
        assert_string_equal(tables[i].version(), tables[0].version());
    }
    int before = atomic_load(&opened);
    assert_in_range(before, 1, 4);
    assert_true(qn_has("zlib"));
    atomic_store(&is_missing, true); /* what is open stays */
    assert_true(qn_has("zlib"));
    atomic_store(&is_missing, false);
    assert_int_equal(atomic_load(&opened), before);
}

static void a_function_that_is_not_there_is_an_absent_library(void **state)
{
    (void)state;
    static const qni_function wrong[] = {{"zlibVersion", offsetof(table, version)}, {"no_such", offsetof(table, more)}};
    table t;
    qn_error err = qn_error_none();
    assert_int_equal(qni_library_functions(&t, QNI_LIBRARY_ZLIB, wrong, 2, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "zlib");
}

static void a_part_that_was_not_built_says_so(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    assert_false(qn_has("zlib"));
    assert_int_equal(qni_library_functions(NULL, QNI_LIBRARY_ZLIB, NULL, 0, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "built without");
    assert_contains(err.message, "zlib1g-dev");
}

static void an_unknown_part_is_not_there(void **state)
{
    (void)state;
    assert_false(qn_has("no_such_part"));
    assert_false(qn_has(""));
    assert_false(qn_has(NULL));
}

int main(void)
{
    const struct CMUnitTest with[] = {
        cmocka_unit_test(a_missing_library_is_named_with_its_package),
        cmocka_unit_test(threads_that_open_one_at_once_get_the_same_functions),
        cmocka_unit_test(a_function_that_is_not_there_is_an_absent_library),
        cmocka_unit_test(an_unknown_part_is_not_there),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(a_part_that_was_not_built_says_so),
        cmocka_unit_test(an_unknown_part_is_not_there),
    };
    return QUERN_HAVE_ZLIB && QUERN_HAVE_CAIRO ? cmocka_run_group_tests(with, NULL, NULL)
                                               : cmocka_run_group_tests(without, NULL, NULL);
}
