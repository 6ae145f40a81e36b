/* Formulas of streams with every allocation failing in turn: taken apart, added to a stream, read from a file. */
#include "harness/harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quern/stream.h>

#include "base/file.h"
#include "lang/hoist.h"

static const char *const formulas[] = {
    "z = (price - ema(price, 20)) / sd(price, 20)",
    "m = price*2; n = 2*10; z = ema(diff(m, 1), n) + bollinger(log(price) - ema(m, 5), n, -2)",
    "z = vwap(`odd (name)`, size) + macd(price, 12, 26, 9)",
    "z = 3",
};

static qn_status take_apart(const qn_allocator *allocator, void *user)
{
    static const char *const columns[] = {"price", "size", "odd (name)", "=ema(price, 20)"};
    const char *formula = user;
    qni_hoisted hoisted;
    qn_error err;
    const qn_status status = qni_hoist(&hoisted, formula, (int64_t)strlen(formula), columns, 4, allocator, &err);
    assert_true(status == QN_OK || err.message[0] != '\0');
    qni_hoisted_fini(&hoisted);
    return status;
}

static void taking_apart_survives_every_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) {
        char formula[256];
        strcpy(formula, formulas[i]);
        assert_true(test_fault_sweep(take_apart, formula, 2000) > 10);
    }
}

static qn_status refuse(const qn_allocator *allocator, void *user)
{
    static const char *const columns[] = {"price"};
    const char *formula = "z = prise";
    qni_hoisted hoisted;
    (void)user;
    const qn_status status = qni_hoist(&hoisted, formula, (int64_t)strlen(formula), columns, 1, allocator, NULL);
    qni_hoisted_fini(&hoisted);
    return status == QN_NAME ? QN_OK : status;
}

static void refusing_survives_every_failure(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(refuse, NULL, 1000) > 3);
}

typedef struct call {
    const char *formula; /* NULL: from `path` */
    const char *path;
} call;

static qn_status add(const qn_allocator *allocator, void *user)
{
    const call *c = user;
    qn_symbols *symbols;
    qn_stream *stream = NULL;
    qn_stream_options options;
    qn_error err;
    qn_stream_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.capacity = 16;
    qn_status status = qn_symbols_new(&symbols, 3, allocator, &err);
    if (status == QN_OK)
        status = qn_stream_new(&stream, symbols, &options, &err);
    if (status == QN_OK)
        status = c->formula != NULL ? qn_stream_add_formula(stream, c->formula, &err)
                                    : qn_stream_read_formulas(stream, c->path, &err);
    assert_true(status == QN_OK || err.message[0] != '\0');
    assert_true(status == QN_OK || stream == NULL || qn_stream_column_count(stream) <= 1);
    qn_stream_free(stream);
    qn_symbols_free(symbols);
    return status;
}

static void adding_survives_every_failure(void **state)
{
    (void)state;
    call one = {.formula = "m = price*2; z = (m - ema(m, 4))/sd(m, 4) + vwap(m, size)"};
    assert_true(test_fault_sweep(add, &one, 3000) > 50);
    char path[] = "/tmp/quern-formulas-XXXXXX";
    const int made = mkstemp(path);
    assert_true(made >= 0 && close(made) == 0);
    call file = {.path = path};
    const char *text = "# two\nz = ema(price, 3)\nm = lag(z);\nw = m + z # uses both\n";
    assert_int_equal(qni_file_write_all(file.path, text, (int64_t)strlen(text), NULL, NULL), QN_OK);
    assert_true(test_fault_sweep(add, &file, 3000) > 50);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taking_apart_survives_every_failure),
        cmocka_unit_test(refusing_survives_every_failure),
        cmocka_unit_test(adding_survives_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
