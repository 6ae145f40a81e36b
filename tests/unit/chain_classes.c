/* What quotes are good for, in which order they stand, and chains of a program's own quotes. */
#include "harness/harness.h"

#include <quern/chain.h>

#include "base/time.h"

#include <math.h>
#include <string.h>

enum {
    FRIDAY = 20504 /* 2026-02-20 */
};

static int64_t now(void)
{
    return qn_market_time(FRIDAY - 7, 12 * 3600);
}

static qn_quote quote(int type, double strike, double bid, double ask)
{
    return (qn_quote){
        .expiry = FRIDAY, .type = (int8_t)type, .strike = strike, .bid = bid, .ask = ask, .last_us = INT64_MIN};
}

static qn_chain *must_make(const qn_quote *quotes, int64_t count, double spot)
{
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.as_of_us = now();
    options.spot = spot;
    qn_chain *chain;
    qn_error err;
    assert_ok(qn_chain_from_quotes(&chain, "XYZ", quotes, count, &options, &err), &err);
    return chain;
}

/* The class of a lone quote beside a spot of 100 (0: not known). */
static qn_quote_class class_of(qn_quote q, double spot)
{
    qn_chain *chain = must_make(&q, 1, spot);
    qn_quote_class c = (qn_quote_class)chain->quotes[0].quote_class;
    assert_int_equal(chain->classes[c], 1);
    qn_chain_free(chain);
    return c;
}

static void a_quote_is_classed_by_its_two_sides(void **state)
{
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    const struct {
        double bid, ask;
        qn_quote_class expected;
    } cases[] = {
        {5, 5.2, QN_QUOTE_GOOD},      {5, 5, QN_QUOTE_GOOD},        {0, 0, QN_QUOTE_ZERO},
        {nan, nan, QN_QUOTE_ZERO},    {0, nan, QN_QUOTE_ZERO},      {5.2, 5, QN_QUOTE_CROSSED},
        {0, 5, QN_QUOTE_ONE_SIDED},   {nan, 5, QN_QUOTE_ONE_SIDED}, {5, 0, QN_QUOTE_ONE_SIDED},
        {5, nan, QN_QUOTE_ONE_SIDED}, {-1, 5, QN_QUOTE_BAD},        {5, -1, QN_QUOTE_BAD},
        {5, inf, QN_QUOTE_BAD},       {inf, 5, QN_QUOTE_BAD},       {-inf, nan, QN_QUOTE_BAD},
        {-1, -1, QN_QUOTE_BAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (class_of(quote(QN_CALL, 98, cases[i].bid, cases[i].ask), 100) != cases[i].expected)
            fail_msg("%g %g", cases[i].bid, cases[i].ask);
    }
}

/* T is 7 days and 4 hours. A call of strike 80 is worth 20 exercised; a spot of 98 is allowed, and 0.4 % of it: what
 * lies above 17.6 less the spread is right. */
static void a_quote_that_cannot_be_beside_the_spot_is_stale(void **state)
{
    (void)state;
    assert_int_equal(class_of(quote(QN_CALL, 80, 17, 17.35), 100), QN_QUOTE_GOOD);
    assert_int_equal(class_of(quote(QN_CALL, 80, 17, 17.1), 100), QN_QUOTE_STALE);
    assert_int_equal(class_of(quote(QN_CALL, 80, 10, 13), 100), QN_QUOTE_STALE);
    assert_int_equal(class_of(quote(QN_CALL, 80, 10, 14), 100), QN_QUOTE_GOOD); /* within its spread */
    assert_int_equal(class_of(quote(QN_CALL, 80, 10, 13), 0), QN_QUOTE_GOOD);   /* nothing to compare with */
    assert_int_equal(class_of(quote(QN_PUT, 120, 17.6, 17.7), 100), QN_QUOTE_GOOD);
    assert_int_equal(class_of(quote(QN_PUT, 120, 17, 17.1), 100), QN_QUOTE_STALE);
    assert_int_equal(class_of(quote(QN_CALL, 80, 103, 103.5), 100), QN_QUOTE_STALE); /* more than the share */
    assert_int_equal(class_of(quote(QN_CALL, 80, 101, 103.5), 100), QN_QUOTE_GOOD);
    assert_int_equal(class_of(quote(QN_PUT, 80, 81, 81.5), 100), QN_QUOTE_STALE); /* more than the strike */
    assert_int_equal(class_of(quote(QN_PUT, 80, 80, 81.5), 100), QN_QUOTE_GOOD);
    assert_int_equal(class_of(quote(QN_PUT, 1e308, 1, 2), 100), QN_QUOTE_STALE);
    assert_int_equal(class_of(quote(QN_CALL, 1e-308, 99, 100), 100), QN_QUOTE_GOOD);
    /* A European put of an index, years from its expiry, is worth less than exercised by all that time's interest. */
    qn_quote far = quote(QN_PUT, 7600, 2802.5, 2994.5);
    far.expiry = FRIDAY + 5 * 365;
    assert_int_equal(class_of(far, 3856), QN_QUOTE_GOOD);
}

static void an_option_whose_time_has_passed_is_expired(void **state)
{
    (void)state;
    qn_quote q = quote(QN_CALL, 98, 5, 5.2);
    q.expiry = FRIDAY - 8;
    assert_int_equal(class_of(q, 100), QN_QUOTE_EXPIRED);
    q.bid = -1;
    assert_int_equal(class_of(q, 100), QN_QUOTE_EXPIRED);
    q.expiry = FRIDAY - 7; /* today, at the close */
    q.bid = 2;
    assert_int_equal(class_of(q, 100), QN_QUOTE_GOOD);
    q.settlement = QN_SETTLEMENT_AM; /* today, at the open */
    assert_int_equal(class_of(q, 100), QN_QUOTE_EXPIRED);
    q.expiry = INT32_MIN;
    assert_int_equal(class_of(q, 100), QN_QUOTE_EXPIRED);
    q.expiry = INT32_MAX;
    assert_int_equal(class_of(q, 100), QN_QUOTE_GOOD);
}

static void quotes_are_sorted_and_later_ones_of_the_same_option_are_duplicates(void **state)
{
    (void)state;
    qn_quote given[7];
    for (int i = 0; i < 7; i++) {
        given[i] = quote(QN_CALL, 98, 5 + i, 6 + i);
        given[i].line = i + 2;
    }
    given[0].type = QN_PUT;
    given[1].strike = 99;
    given[2].settlement = QN_SETTLEMENT_AM;
    given[3].expiry = FRIDAY - 2;
    given[5].bid = 0; /* a duplicate before anything else */
    static const int64_t lines[] = {5, 6, 7, 8, 2, 3, 4};
    static const qn_quote_class classes[] = {QN_QUOTE_GOOD, QN_QUOTE_GOOD, QN_QUOTE_DUPLICATE, QN_QUOTE_DUPLICATE,
                                             QN_QUOTE_GOOD, QN_QUOTE_GOOD, QN_QUOTE_GOOD};
    qn_chain *chain = must_make(given, 7, 100);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(chain->quotes[i].line, lines[i]);
        assert_int_equal(chain->quotes[i].quote_class, classes[i]);
    }
    assert_int_equal(chain->classes[QN_QUOTE_DUPLICATE], 2);
    assert_int_equal(chain->classes[QN_QUOTE_GOOD], 5);
    qn_chain_free(chain);
}

static bool is_before(const qn_quote *a, const qn_quote *b)
{
    if (a->expiry != b->expiry)
        return a->expiry < b->expiry;
    if (a->settlement != b->settlement)
        return a->settlement < b->settlement;
    if (a->strike < b->strike || a->strike > b->strike)
        return a->strike < b->strike;
    return a->type != b->type ? a->type > b->type : a->line < b->line;
}

/* Random quotes in any order come out in one; none is lost, and every class is counted. */
static void any_order_comes_out_sorted(void **state)
{
    (void)state;
    enum {
        COUNT = 500
    };
    static qn_quote given[COUNT];
    uint64_t random = test_seed(11);
    for (int round = 0; round < 20; round++) {
        int64_t count = test_random_below(&random, COUNT + 1);
        for (int64_t i = 0; i < count; i++) {
            given[i] = quote(test_random_below(&random, 2) != 0 ? QN_CALL : QN_PUT,
                             (double)(90 + test_random_below(&random, 20)), (double)test_random_below(&random, 4), 2);
            given[i].expiry += (int32_t)test_random_below(&random, 3) * 7;
            given[i].settlement = (uint8_t)test_random_below(&random, 2);
            given[i].line = i + 2;
        }
        qn_chain *chain = must_make(given, count, 0);
        assert_int_equal(chain->count, count);
        int64_t sum = 0, lines = 0;
        for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
            sum += chain->classes[i];
        for (int64_t i = 0; i < count; i++) {
            lines += chain->quotes[i].line;
            assert_true(i == 0 || is_before(&chain->quotes[i - 1], &chain->quotes[i]));
        }
        assert_int_equal(sum, count);
        assert_int_equal(lines, count * (count + 3) / 2);
        qn_chain_free(chain);
    }
}

static void a_programs_own_quotes_need_a_time(void **state)
{
    (void)state;
    qn_quote q = quote(QN_CALL, 98, 5, 5.2);
    qn_chain *chain;
    qn_error err;
    assert_int_equal(qn_chain_from_quotes(&chain, "XYZ", &q, 1, NULL, &err), QN_INVALID);
    assert_contains(err.message, "give as_of_us");
    assert_null(chain);
    q.last_us = now();
    assert_ok(qn_chain_from_quotes(&chain, "XYZ", &q, 1, NULL, &err), &err);
    assert_int_equal(chain->as_of_us, now());
    assert_true(chain->as_of_inferred && isnan(chain->spot));
    assert_int_equal(chain->warning_count, 1);
    assert_string_equal(chain->ticker, "XYZ");
    qn_chain_free(chain);
    chain = must_make(NULL, 0, 0);
    assert_int_equal(chain->count, 0);
    qn_chain_free(chain);
}

static void quotes_of_nothing_are_refused(void **state)
{
    (void)state;
    qn_quote q[2] = {quote(QN_CALL, 98, 5, 5.2), quote(QN_CALL, 98, 5, 5.2)};
    qn_chain *chain;
    qn_error err;
    q[1].type = 0;
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, q, 2, NULL, &err), QN_INVALID);
    assert_contains(err.message, "quote 1: its type");
    q[1] = quote(QN_PUT, (double)NAN, 1, 2);
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, q, 2, NULL, &err), QN_INVALID);
    assert_contains(err.message, "quote 1: a strike is a number above 0");
    q[1] = quote(QN_PUT, 5, 1, 2);
    q[1].settlement = 7;
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, q, 2, NULL, &err), QN_INVALID);
    assert_contains(err.message, "settlement");
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, NULL, 2, NULL, &err), QN_INVALID);
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, q, -1, NULL, &err), QN_INVALID);
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.spot = (double)INFINITY;
    assert_int_equal(qn_chain_from_quotes(&chain, NULL, q, 1, &options, &err), QN_INVALID);
}

static void classes_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"good", "expired", "duplicate", "zero", "crossed", "one_sided", "stale", "bad"};
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        assert_string_equal(qn_quote_class_name((qn_quote_class)i), names[i]);
    assert_string_equal(qn_quote_class_name(QN_QUOTE_CLASS_COUNT), "?");
    assert_string_equal(qn_quote_class_name((qn_quote_class)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_is_classed_by_its_two_sides),
        cmocka_unit_test(a_quote_that_cannot_be_beside_the_spot_is_stale),
        cmocka_unit_test(an_option_whose_time_has_passed_is_expired),
        cmocka_unit_test(quotes_are_sorted_and_later_ones_of_the_same_option_are_duplicates),
        cmocka_unit_test(any_order_comes_out_sorted),
        cmocka_unit_test(a_programs_own_quotes_need_a_time),
        cmocka_unit_test(quotes_of_nothing_are_refused),
        cmocka_unit_test(classes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
