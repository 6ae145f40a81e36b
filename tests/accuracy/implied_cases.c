/* The 500 cases of "Let's be rational": the volatility that made each price comes back to 1e-14, but where the price is
 * the intrinsic value or there is no time left. Prices far in the money do not hold that much: what half a unit in
 * their last place changes is allowed, too (interop/implied_mpmath.py asks for the volatility of the very number). The
 * recorded results of the algorithm with limited iterations are no reference. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/black.h>

#include "base/json.h"

enum {
    CASES = 500,
    INTRINSIC = 5,
    EXPIRED = 3
};

static json_t *read_cases(const char *folder)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/options/lets_be_rational_cases.json", folder);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    enum {
        ROOM = 1 << 20
    };
    char *text = malloc(ROOM);
    assert_non_null(text);
    size_t size = fread(text, 1, ROOM, f);
    assert_true(size < ROOM);
    (void)fclose(f);
    text[size] = 0;
    for (char *nan = text; (nan = strstr(nan, "NaN")) != NULL;) /* which is not JSON */
        memcpy(nan, "0.0", 3);
    json_t *cases;
    qn_error err;
    assert_ok(qni_json_read(&cases, text, (int64_t)size, path, &err), &err);
    free(text);
    return cases;
}

static double number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* dB / d sigma */
static double vega_of(double forward, double strike, double years, double sigma)
{
    double vega;
    qn_error err;
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    qn_option_results_init(&r, (int64_t)sizeof r);
    b.count = 1;
    b.forward = (qn_numbers){&forward, 1};
    b.strike = (qn_numbers){&strike, 1};
    b.years = (qn_numbers){&years, 1};
    b.sigma = (qn_numbers){&sigma, 1};
    r.vega = &vega;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    return vega;
}

static void the_published_cases_give_their_volatilities(void **state)
{
    (void)state;
    const char *folder = test_shared_data("the cases of Let's be rational");
    if (folder == NULL)
        skip();
    json_t *cases = read_cases(folder);
    const json_t *inputs = json_object_get(cases, "input"), *outputs = json_object_get(cases, "output");
    assert_int_equal(json_array_size(inputs), CASES);
    assert_int_equal(json_array_size(outputs), CASES);
    int intrinsic = 0, expired = 0;
    for (size_t i = 0; i < CASES; i++) {
        const json_t *in = json_array_get(inputs, i);
        double price = number(json_array_get(outputs, i), "black"), years = number(in, "T"), sigma;
        double forward = number(in, "F"), strike = number(in, "K"), expected = number(in, "sigma");
        bool call = number(in, "q") > 0;
        qn_option_status status = qn_black_implied_one(&sigma, price, forward, strike, years, call ? QN_CALL : QN_PUT);
        intrinsic += status == QN_OPTION_AT_INTRINSIC;
        expired += status == QN_OPTION_EXPIRED;
        if (status != QN_OPTION_OK)
            continue;
        bool inside = call == (forward > strike);
        double rounded = inside ? (nextafter(price, INFINITY) - price) / 2 : 0;
        assert_close(sigma, expected, 1e-14, 1.01 * rounded / vega_of(forward, strike, years, expected));
    }
    json_decref(cases);
    assert_int_equal(intrinsic, INTRINSIC);
    assert_int_equal(expired, EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_published_cases_give_their_volatilities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
