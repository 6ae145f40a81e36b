/* How many contracts: Kelly's fraction, limits, and the sentences that say which of them it was. */
#include "scan/made.h"

enum {
    MOST = 6,
    MONDAY = 20871 /* 2027-02-22 */
};

typedef struct bench {
    qn_arena *arena;
    made_subject made[MOST];
    qni_subject *subjects[MOST];
} bench;

/* Six tickers whose best trade, sold puts of 90 and 95 for 1.00, risks 400 a contract; Kelly's fraction is 6 %, half of
 * which are 7 contracts of 100000. Reports lie weeks apart, sectors are not known. */
static int begin(void **state)
{
    static bench b;
    qn_error err;
    assert_ok(qn_arena_new(&b.arena, NULL, 0, &err), &err);
    for (int i = 0; i < MOST; i++) {
        made_subject *m = &b.made[i];
        made_begin(m, b.arena);
        m->result.event.day = MONDAY + 7 * i;
        m->result.best = QN_STRATEGY_BULL_PUT;
        qn_trade *t = made_bull_put(m, 90, 95, 1, 0);
        t->kelly_fraction = .06;
        t->expected_value = .1;
        t->reason = "chosen";
        b.subjects[i] = &m->subject;
    }
    *state = &b;
    return 0;
}

static int end(void **state)
{
    qn_arena_free(((bench *)*state)->arena);
    return 0;
}

static void size(bench *b, int count)
{
    qn_error err;
    assert_ok(qni_sizes(b->subjects, count, &err), &err);
}

static qn_trade *trade_of(bench *b, int i)
{
    return &b->made[i].trades[QN_STRATEGY_BULL_PUT];
}

static void half_of_kelly_is_put_at_risk(void **state)
{
    bench *b = *state;
    size(b, 1);
    assert_int_equal(trade_of(b, 0)->contracts, 7); /* 3000 of 400 each */
    assert_close(trade_of(b, 0)->risk, 2800, 0, 1e-9);
    assert_string_equal(trade_of(b, 0)->reason, "chosen");
}

static void amounts_that_are_just_enough_are_enough(void **state)
{
    bench *b = *state;
    trade_of(b, 0)->kelly_fraction = .3;
    trade_of(b, 0)->payoff.max_loss = .7; /* 70 a contract: 5 % of 98000 are 70 of them */
    b->made[0].settings.account = 98000;
    size(b, 1);
    assert_int_equal(trade_of(b, 0)->contracts, 70);
}

static void no_contract_is_a_normal_answer(void **state)
{
    bench *b = *state;
    b->made[0].settings.account = 10000;
    size(b, 1);
    assert_int_equal(trade_of(b, 0)->contracts, 0);
    assert_true(trade_of(b, 0)->risk == 0);
    assert_string_equal(trade_of(b, 0)->reason, "chosen; 0 contracts: one would risk 400, and 0.5 of Kelly's fraction, "
                                                "6.00 %, allows 300");
    b->made[0].settings.kelly = 0;
    trade_of(b, 0)->reason = "";
    size(b, 1);
    assert_contains(trade_of(b, 0)->reason, "0 contracts: one would risk 400, and 0 of Kelly's fraction");
}

static void a_trade_is_limited(void **state)
{
    bench *b = *state;
    trade_of(b, 0)->kelly_fraction = .5;
    size(b, 1);
    assert_int_equal(trade_of(b, 0)->contracts, 12);
    assert_string_equal(trade_of(b, 0)->reason,
                        "chosen; 12 of 62 contracts, of which one risks 400: the limit of 5 % of "
                        "the account for one trade");
}

static void reports_of_a_day_share_a_limit(void **state)
{
    bench *b = *state;
    for (int i = 0; i < MOST; i++) {
        trade_of(b, i)->kelly_fraction = .09; /* 11 contracts each */
        b->made[i].result.event.day = MONDAY + 7 * (i / 4);
    }
    size(b, MOST);
    const int64_t expected[] = {11, 11, 3, 0, 11, 11}; /* 4400, 4400, and 1200 of the 10000 of the day */
    for (int i = 0; i < MOST; i++)
        assert_int_equal(trade_of(b, i)->contracts, expected[i]);
    assert_contains(
        trade_of(b, 2)->reason,
        "3 of 11 contracts, of which one risks 400: the limit of 10 % of the account for the reports of a day");
    assert_contains(trade_of(b, 3)->reason, "0 of 11 contracts");
}

static void a_sector_shares_a_limit_where_it_is_known(void **state)
{
    bench *b = *state;
    for (int i = 0; i < MOST; i++) {
        trade_of(b, i)->kelly_fraction = .1; /* 12 contracts each, 4800 */
        b->made[i].result.sector = i < 4 ? "software" : "";
    }
    size(b, MOST);
    const int64_t expected[] = {12, 12, 12, 1, 12, 12}; /* 15000 for the sector: 14400, and one more */
    for (int i = 0; i < MOST; i++)
        assert_int_equal(trade_of(b, i)->contracts, expected[i]);
    assert_contains(trade_of(b, 3)->reason, "the limit of 15 % of the account for a sector");
    assert_string_equal(trade_of(b, 0)->reason, "chosen"); /* that of a trade is reached, and cuts nothing */
}

static void reports_of_a_week_from_monday_share_a_limit(void **state)
{
    bench *b = *state;
    const int32_t days[MOST] = {0, 1, 2, 3, 6, 7}; /* Monday to Sunday, and the next Monday */
    for (int i = 0; i < MOST; i++) {
        trade_of(b, i)->kelly_fraction = .1;
        b->made[i].result.event.day = MONDAY + days[i];
    }
    size(b, MOST);
    const int64_t expected[] = {12, 12, 12, 12, 2, 12}; /* 20000 for the week: 19200, and two more */
    for (int i = 0; i < MOST; i++)
        assert_int_equal(trade_of(b, i)->contracts, expected[i]);
    assert_contains(trade_of(b, 4)->reason, "the limit of 20 % of the account for the reports of a week");
}

static void days_before_1970_have_weeks_too(void **state)
{
    bench *b = *state;
    const int32_t days[MOST] = {-3, -2, -1, 0, 1, -4}; /* Monday 1969-12-29 to Friday; the Sunday before */
    for (int i = 0; i < MOST; i++) {
        trade_of(b, i)->kelly_fraction = .1;
        b->made[i].result.event.day = days[i];
    }
    size(b, MOST);
    const int64_t expected[] = {12, 12, 12, 12, 2, 12};
    for (int i = 0; i < MOST; i++)
        assert_int_equal(trade_of(b, i)->contracts, expected[i]);
}

static void what_may_never_be_traded_is_not_sized(void **state)
{
    bench *b = *state;
    trade_of(b, 0)->liquidity.tier = QN_TIER_REJECT;
    b->made[1].result.liquidity.tier = QN_TIER_REJECT;
    trade_of(b, 2)->undefined_risk = true;
    trade_of(b, 3)->payoff.max_loss = 0;
    trade_of(b, 4)->kelly_fraction = 0;
    trade_of(b, 4)->expected_value = -.123;
    b->made[5].result.best = -1;
    size(b, MOST);
    for (int i = 0; i < MOST; i++)
        assert_true(trade_of(b, i)->contracts == 0 && trade_of(b, i)->risk == 0);
    assert_contains(trade_of(b, 0)->reason, "0 contracts: its options are not traded enough");
    assert_contains(trade_of(b, 1)->reason, "0 contracts: its options are not traded enough");
    assert_contains(trade_of(b, 2)->reason, "0 contracts: its loss has no bound that is known");
    assert_contains(trade_of(b, 3)->reason, "0 contracts: by its quotes it cannot lose");
    assert_contains(trade_of(b, 4)->reason, "0 contracts: its expected value is -0.123 a share");
    assert_string_equal(trade_of(b, 5)->reason, "chosen");
}

static void numbers_that_are_not_known_give_no_contract(void **state)
{
    bench *b = *state;
    trade_of(b, 0)->kelly_fraction = (double)NAN;
    trade_of(b, 1)->payoff.max_loss = (double)NAN;
    size(b, 2);
    assert_int_equal(trade_of(b, 0)->contracts, 0);
    assert_int_equal(trade_of(b, 1)->contracts, 0);
    assert_contains(trade_of(b, 1)->reason, "0 contracts: its loss has no bound that is known");
}

static void absurd_accounts_do_not_overflow(void **state)
{
    bench *b = *state;
    b->made[0].settings.account = 1e15;
    b->made[0].settings.cap_trade = 1;
    b->made[0].settings.cap_day = 1;
    b->made[0].settings.cap_week = 1;
    trade_of(b, 0)->kelly_fraction = 1;
    trade_of(b, 0)->payoff.max_loss = 1e-9;
    size(b, 1);
    assert_true(trade_of(b, 0)->contracts == (int64_t)QNI_SIZE_MOST);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(half_of_kelly_is_put_at_risk),
        CASE(amounts_that_are_just_enough_are_enough),
        CASE(no_contract_is_a_normal_answer),
        CASE(a_trade_is_limited),
        CASE(reports_of_a_day_share_a_limit),
        CASE(a_sector_shares_a_limit_where_it_is_known),
        CASE(reports_of_a_week_from_monday_share_a_limit),
        CASE(days_before_1970_have_weeks_too),
        CASE(what_may_never_be_traded_is_not_sized),
        CASE(numbers_that_are_not_known_give_no_contract),
        CASE(absurd_accounts_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
