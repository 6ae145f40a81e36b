/* What past reports did to a share: of which day the reaction is, when reports came, what was a split, and what all of
 * them together say. */
#include "scan/history_kit.h"

#include "base/time.h"

static past p;
static uint64_t chance;

static int begin(void **state)
{
    (void)state;
    qn_error err;
    chance = 7;
    assert_ok(past_begin(&p, "ACME", NULL, &err), &err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    past_end(&p);
    return 0;
}

static int32_t day(int32_t year, int month, int of_month)
{
    return qni_date_days(year, month, of_month);
}

/* Rows of a close and an open each, nothing else. */
static void closes(const int32_t *days, const double *open, const double *close, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        past_row(&p, days[i], open[i], NAN, NAN, close[i], NAN);
}

static qn_move reaction(int32_t on, qn_timing timing, int32_t known)
{
    qn_move m;
    qni_reaction(&m, &p.daily, &(qn_earnings){.day = on}, timing, known);
    return m;
}

/* Monday 2026-02-02 to Friday. */
static void a_week(void)
{
    int32_t monday = day(2026, 2, 2);
    closes((int32_t[]){monday, monday + 1, monday + 2, monday + 3, monday + 4}, (double[]){99, 101, 104, 104, 110},
           (double[]){100, 102, 105, 103, 108}, 5);
}

/* ---- the day ---- */

static void a_report_after_the_close_moves_the_next_day(void **state)
{
    (void)state;
    a_week();
    qn_move m = reaction(day(2026, 2, 3), QN_TIMING_AFTER_CLOSE, day(2026, 2, 6));
    assert_int_equal(m.status, QN_MOVE_OK);
    assert_int_equal(m.before_day, day(2026, 2, 3));
    assert_int_equal(m.after_day, day(2026, 2, 4));
    assert_close(m.close, 105.0 / 102 - 1, 1e-14, 0);
    assert_close(m.gap, 104.0 / 102 - 1, 1e-14, 0);
    assert_close(m.intraday, 105.0 / 104 - 1, 1e-14, 0);
    assert_close(m.other_close, 102.0 / 100 - 1, 1e-14, 0);
}

static void a_report_before_the_open_moves_its_own_day(void **state)
{
    (void)state;
    a_week();
    qn_move m = reaction(day(2026, 2, 4), QN_TIMING_BEFORE_OPEN, day(2026, 2, 6));
    assert_int_equal(m.before_day, day(2026, 2, 3));
    assert_int_equal(m.after_day, day(2026, 2, 4));
    assert_close(m.close, 105.0 / 102 - 1, 1e-14, 0);
    assert_close(m.gap, 104.0 / 102 - 1, 1e-14, 0);
    assert_close(m.other_close, 103.0 / 105 - 1, 1e-14, 0);
}

static void a_report_in_the_session_has_no_open_after_it(void **state)
{
    (void)state;
    a_week();
    qn_move m = reaction(day(2026, 2, 4), QN_TIMING_DURING, day(2026, 2, 6));
    assert_close(m.close, 105.0 / 102 - 1, 1e-14, 0);
    assert_true(isnan(m.gap) && isnan(m.intraday));
    assert_close(m.other_close, 103.0 / 105 - 1, 1e-14, 0);
}

/* 2026-02-16 is Presidents' Day: the exchange is closed from Friday's close to Tuesday's open. */
static void news_of_closed_days_is_in_the_next_open_one(void **state)
{
    (void)state;
    closes((int32_t[]){day(2026, 2, 12), day(2026, 2, 13), day(2026, 2, 17)}, (double[]){99, 99, 108},
           (double[]){98, 100, 110}, 3);
    const int32_t closed[] = {day(2026, 2, 14), day(2026, 2, 15), day(2026, 2, 16)};
    for (int i = 0; i < 3; i++)
        for (qn_timing t = QN_TIMING_UNKNOWN; t <= QN_TIMING_DURING; t++) {
            qn_move m = reaction(closed[i], t, day(2026, 2, 17));
            assert_int_equal(m.status, QN_MOVE_OK);
            assert_close(m.close, 0.1, 1e-14, 0);
            assert_close(m.other_close, 0.1, 1e-14, 0);
        }
    assert_close(reaction(day(2026, 2, 13), QN_TIMING_AFTER_CLOSE, day(2026, 2, 17)).close, 0.1, 1e-14, 0);
    assert_close(reaction(day(2026, 2, 17), QN_TIMING_BEFORE_OPEN, day(2026, 2, 17)).close, 0.1, 1e-14, 0);
}

static void a_hole_in_the_prices_is_no_price(void **state)
{
    (void)state;
    int32_t monday = day(2026, 2, 2);
    closes((int32_t[]){monday, monday + 1, monday + 3, monday + 4}, (double[]){99, 101, 104, 110},
           (double[]){100, 102, 103, 108}, 4);
    assert_int_equal(reaction(monday + 1, QN_TIMING_AFTER_CLOSE, monday + 4).status, QN_MOVE_NO_PRICES);
    assert_int_equal(reaction(monday + 2, QN_TIMING_BEFORE_OPEN, monday + 4).status, QN_MOVE_NO_PRICES);
    assert_int_equal(reaction(monday + 3, QN_TIMING_BEFORE_OPEN, monday + 4).status, QN_MOVE_NO_PRICES);
    assert_true(isnan(reaction(monday + 1, QN_TIMING_AFTER_CLOSE, monday + 4).close));
    qn_move m = reaction(monday + 3, QN_TIMING_AFTER_CLOSE, monday + 4);
    assert_close(m.close, 108.0 / 103 - 1, 1e-14, 0);
    assert_true(isnan(m.other_close)); /* Wednesday's close is not there */
    assert_int_equal(reaction(monday + 4, QN_TIMING_AFTER_CLOSE, monday + 20).status, QN_MOVE_NO_PRICES);
}

static void a_reaction_of_unknown_timing_has_no_move(void **state)
{
    (void)state;
    a_week();
    qn_move m = reaction(day(2026, 2, 4), QN_TIMING_UNKNOWN, day(2026, 2, 6));
    assert_int_equal(m.status, QN_MOVE_TIMING);
    assert_true(isnan(m.close));
    assert_int_equal(m.before_day, day(2026, 2, 3));
    assert_int_equal(m.after_day, day(2026, 2, 5));
}

/* New York is five hours behind UTC in winter; on 2025-11-28 the exchange closes at 13:00. */
static void a_close_is_known_from_the_close_on(void **state)
{
    (void)state;
    const int64_t second = 1000000;
    assert_int_equal(qni_day_known(qn_market_time(day(2026, 2, 4), 16 * 3600) - second), day(2026, 2, 3));
    assert_int_equal(qni_day_known(qn_market_time(day(2026, 2, 4), 16 * 3600)), day(2026, 2, 4));
    assert_int_equal(qni_day_known(qn_market_time(day(2026, 2, 16), 12 * 3600)), day(2026, 2, 13));
    assert_int_equal(qni_day_known(qn_market_time(day(2025, 11, 28), 13 * 3600)), day(2025, 11, 28));
}

static void what_is_later_than_the_quotes_does_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        past_report(&p, QN_TIMING_AFTER_CLOSE, true, 0.05 + 0.01 * i, &chance);
    int32_t after = qn_market_next_day(p.reports[4].day);
    past_history(&p, qn_market_time(after, 16 * 3600));
    assert_int_equal(p.result.history.used, 5);
    assert_int_equal(p.result.history.moves[0].status, QN_MOVE_FUTURE);
    past_history(&p, qn_market_time(after, 15 * 3600));
    assert_int_equal(p.result.history.used, 4);
    assert_int_equal(p.result.history.moves[1].status, QN_MOVE_FUTURE);
    assert_close(p.result.history.max, 0.08, 1e-12, 0);
}

/* Closes of NVDA on the day before a report, its day and the day after (Yahoo, adjusted, cents); it reports after the
 * close. Mean and so on by Python's statistics. On the reports' own days the mean is 0.0153. */
static void moves_of_nvidia_are_those_of_the_day_after(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        double close[3];
    } nvda[] = {
        {2023, 2, 22, {20.63, 20.73, 23.64}},    {2023, 5, 24, {30.66, 30.51, 37.95}},
        {2023, 8, 23, {45.63, 47.08, 47.13}},    {2023, 11, 21, {50.38, 49.91, 48.68}},
        {2024, 2, 21, {69.41, 67.43, 78.49}},    {2024, 5, 22, {95.34, 94.90, 103.75}},
        {2024, 8, 28, {128.25, 125.56, 117.54}}, {2024, 11, 20, {146.96, 145.84, 146.62}},
        {2025, 2, 26, {126.60, 131.24, 120.12}}, {2025, 5, 28, {135.48, 134.79, 139.16}},
        {2025, 8, 27, {181.75, 181.58, 180.15}}, {2025, 11, 19, {181.35, 186.51, 180.63}},
    };
    for (int i = 0; i < 12; i++) {
        int32_t on = day(nvda[i].year, nvda[i].month, nvda[i].day);
        const double *c = nvda[i].close;
        closes((int32_t[]){qn_market_previous_day(on), on, qn_market_next_day(on)}, (double[]){c[0], c[1], c[2]}, c, 3);
        p.reports[i] = (qn_earnings){.day = on, .timing = QN_TIMING_AFTER_CLOSE};
    }
    p.input.report_count = 12;
    past_history(&p, 0);
    const qn_history *h = &p.result.history;
    assert_int_equal(h->used, 12);
    assert_close(h->mean, 0.07441584551925708, 1e-13, 0);
    assert_close(h->median, 0.048147323951897525, 1e-13, 0);
    assert_close(h->sd, 0.07526980901337095, 1e-13, 0);
    assert_close(h->max, 0.24385447394296955, 1e-13, 0);
    assert_close(h->recent_mean, 0.05439062704937782, 1e-13, 0);
    assert_close(h->consistency, 0, 0, 0); /* deviations are 1.04 times the mean */
}

/* ---- statistics ---- */

/* Moves, oldest first, of so many reports. */
static void history_of(const double *moves, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        past_report(&p, QN_TIMING_AFTER_CLOSE, true, moves[i], &chance);
    past_history(&p, 0);
}

/* Newest first 4, 8, 2 and 6 % with weights 8, 4, 2 and 1 of 15:
 *   mean 5, deviations 1, 9, 9 and 1: sd = sqrt(20 / 3); recent mean (32 + 32 + 4 + 6) / 15 = 74 / 15;
 *   squares (8 16 + 4 64 + 2 4 + 36) / 15 = 428 / 15; about the recent mean 428 / 15 - (74 / 15)^2 = 944 / 225;
 *   consistency 100 (1 - sqrt(944) / 74) = 58.480..., trust that / 100 / 2;
 *   trend, oldest to newest 6, 2, 8, 4 at -1.5 ... 1.5: (-9 - 1 + 4 + 6) / 5 = 0. */
static void statistics_are_those_by_hand(void **state)
{
    (void)state;
    p.settings.decay = 0.5;
    history_of((double[]){-0.06, 0.02, 0.08, -0.04}, 4);
    const qn_history *h = &p.result.history;
    assert_int_equal(h->count, 4);
    assert_close(h->mean, 0.05, 1e-12, 0);
    assert_close(h->median, 0.05, 1e-12, 0);
    assert_close(h->sd, sqrt(20.0 / 3) / 100, 1e-12, 0);
    assert_close(h->max, 0.08, 1e-12, 0);
    assert_close(h->tail_ratio, 1.6, 1e-12, 0);
    assert_close(h->recent_mean, 0.74 / 15, 1e-12, 0);
    assert_close(h->rms, sqrt(428.0 / 15) / 100, 1e-12, 0);
    assert_close(h->consistency, 100 * (1 - sqrt(944.0) / 74), 1e-11, 0);
    assert_close(h->trust, h->consistency / 200, 1e-14, 0);
    assert_close(h->trend, 0, 0, 1e-12);
    assert_close(h->moves[0].weight, 8.0 / 15, 1e-14, 0);
    assert_close(h->moves[3].weight, 1.0 / 15, 1e-14, 0);
    assert_close(h->moves[0].close, -0.04, 1e-12, 0);
    assert_close(h->gap_mean,
                 (fabs(1.005 * 0.96 - 1) + fabs(1.005 * 1.08 - 1) + fabs(1.005 * 1.02 - 1) + fabs(1.005 * 0.94 - 1)) /
                     4,
                 1e-12, 0);
    assert_close(h->intraday_mean, 1 - 1 / 1.005, 1e-12, 0);
    assert_close(h->other_mean, h->mean, 1e-15, 0); /* nothing is inferred */
}

/* One per cent a report. */
static void moves_that_grow_are_trusted_less(void **state)
{
    (void)state;
    history_of((double[]){0.05, 0.06, 0.07, 0.08}, 4);
    const qn_history *h = &p.result.history;
    assert_close(h->trend, 1, 1e-10, 0);
    assert_close(h->trust, 0.7 * h->consistency / 200, 1e-14, 0);
}

static void reactions_beyond_the_newest_ones_are_too_old(void **state)
{
    (void)state;
    p.settings.events_most = 4;
    history_of((double[]){0.5, 0.04, 0.04, 0.04, 0.04}, 5);
    const qn_history *h = &p.result.history;
    assert_int_equal(h->used, 4);
    assert_int_equal(h->count, 5);
    assert_int_equal(h->moves[4].status, QN_MOVE_TOO_OLD);
    assert_close(h->moves[4].weight, 0, 0, 0);
    assert_close(h->max, 0.04, 1e-12, 0);
}

/* ---- what cannot be judged ---- */

static void three_reactions_are_too_few(void **state)
{
    (void)state;
    history_of((double[]){0.04, 0.04, 0.04}, 3);
    assert_string_equal(p.subject.reject, "3 past reactions, 4 are needed; reports: 3");
}

static void a_rejection_says_what_became_of_each_report(void **state)
{
    (void)state;
    past_report(&p, QN_TIMING_AFTER_CLOSE, true, 0.04, &chance);
    p.reports[1] = (qn_earnings){.day = p.days[0] - 100, .timing = QN_TIMING_BEFORE_OPEN};
    p.reports[2] = (qn_earnings){.day = p.days[PAST_DAYS - 1] + 30000, .timing = QN_TIMING_AFTER_CLOSE};
    p.reports[3] = (qn_earnings){.day = p.days[10]};
    p.input.report_count = 4;
    past_history(&p, 0);
    assert_contains(p.subject.reject, "1 past reaction, 4 are needed; reports: 4; ");
    assert_contains(p.subject.reject, "; 1 without the prices around them");
    assert_contains(p.subject.reject, "; 1 not over when the quotes held");
    assert_contains(p.subject.reject, "; 1 before the open or after the close, which neither");
}

static void without_prices_or_reports_there_is_no_past(void **state)
{
    (void)state;
    past_history(&p, 0);
    assert_contains(p.subject.reject, "no daily prices");
    p.input.daily = NULL;
    past_history(&p, 0);
    assert_contains(p.subject.reject, "no daily prices");
    p.input.daily = &p.daily;
    a_week();
    past_history(&p, 0);
    assert_contains(p.subject.reject, "no past reports");
    p.input.report_count = 1;
    past_history(&p, qn_market_time(day(2026, 2, 2), 12 * 3600));
    assert_contains(p.subject.reject, "later than the quotes");
}

static void prices_that_stand_still_are_no_past(void **state)
{
    (void)state;
    for (int32_t on = day(2024, 1, 2); p.daily.count < 300; on = qn_market_next_day(on))
        past_row(&p, on, 50, 50, 50, 50, 0);
    for (int i = 0; i < 4; i++)
        p.reports[i] = (qn_earnings){.day = p.days[60 * i + 30], .timing = QN_TIMING_BEFORE_OPEN};
    p.input.report_count = 4;
    past_history(&p, 0);
    assert_contains(p.subject.reject, "none of its 4 past reactions has moved the price");
}

/* ---- timing ---- */

static void made_habit(qn_timing timing, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        past_report(&p, timing, false, i % 3 == 0 ? -0.06 : 0.05, &chance);
}

static void a_habit_of_reporting_before_the_open_is_inferred(void **state)
{
    (void)state;
    made_habit(QN_TIMING_BEFORE_OPEN, 8);
    past_history(&p, 0);
    const qn_history *h = &p.result.history;
    assert_null(p.subject.reject);
    assert_int_equal(h->inferred, 8);
    assert_close(h->mean, (3 * 0.06 + 5 * 0.05) / 8, 1e-10, 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(h->moves[i].timing, QN_TIMING_BEFORE_OPEN);
        assert_true(h->moves[i].timing_inferred);
    }
}

static void a_habit_of_reporting_after_the_close_is_inferred(void **state)
{
    (void)state;
    made_habit(QN_TIMING_AFTER_CLOSE, 8);
    past_history(&p, 0);
    const qn_history *h = &p.result.history;
    assert_int_equal(h->inferred, 8);
    assert_close(h->mean, (3 * 0.06 + 5 * 0.05) / 8, 1e-10, 0);
    assert_int_equal(h->moves[0].timing, QN_TIMING_AFTER_CLOSE);
    assert_true(h->other_mean < 0.02); /* were it before the open: ordinary days */
    assert_int_equal(p.result.reason_count, 1);
    assert_contains(p.result.reasons[0], "8 of 8 reports came is inferred");
}

static void volumes_are_not_needed_to_infer_it(void **state)
{
    (void)state;
    made_habit(QN_TIMING_BEFORE_OPEN, 8);
    for (int64_t i = 0; i < p.daily.count; i++)
        p.volume[i] = NAN;
    past_history(&p, 0);
    assert_int_equal(p.result.history.moves[0].timing, QN_TIMING_BEFORE_OPEN);
}

static void reports_that_moved_nothing_do_not_hide_a_habit(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++)
        if (i % 3 == 0)
            past_report(&p, QN_TIMING_AFTER_CLOSE, false, 0.08, &chance);
        else {
            past_quiet(&p, 40, &chance);
            p.reports[p.input.report_count++].day = p.days[p.daily.count - 10];
        }
    past_history(&p, 0);
    assert_int_equal(p.result.history.moves[0].timing, QN_TIMING_AFTER_CLOSE);
}

static void days_on_which_nothing_happened_tell_no_timing(void **state)
{
    (void)state;
    past_quiet(&p, 500, &chance);
    for (int i = 0; i < 12; i++)
        p.reports[i] = (qn_earnings){.day = p.days[40 * i + 30]};
    p.input.report_count = 12;
    double odds;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 12), QN_TIMING_UNKNOWN);
    past_history(&p, 0);
    assert_contains(p.subject.reject, "12 before the open or after the close, which neither");
}

/* Two that are told make 19 to 1 each. */
static void told_reports_tell_of_the_others(void **state)
{
    (void)state;
    past_quiet(&p, 500, &chance);
    for (int i = 0; i < 12; i++)
        p.reports[i] = (qn_earnings){.day = p.days[40 * i + 30]};
    double odds;
    p.reports[3].timing = p.reports[5].timing = QN_TIMING_DURING;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 12), QN_TIMING_BEFORE_OPEN);
    assert_close(odds, 2 * log(19), 1e-12, 0);
    p.reports[3].timing = p.reports[5].timing = QN_TIMING_AFTER_CLOSE;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 12), QN_TIMING_AFTER_CLOSE);
    p.reports[5].timing = QN_TIMING_BEFORE_OPEN;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 12), QN_TIMING_UNKNOWN);
    p.reports[5].timing = QN_TIMING_AFTER_CLOSE;
    p.daily.count = 200; /* the sixth is later */
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 12), QN_TIMING_UNKNOWN);
}

static void one_day_however_wild_does_not_decide(void **state)
{
    (void)state;
    past_quiet(&p, 60, &chance);
    past_report(&p, QN_TIMING_AFTER_CLOSE, false, 0.35, &chance);
    double odds;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 1), QN_TIMING_UNKNOWN);
    assert_true(odds > 1 && odds < log(19));
}

static void a_price_too_far_off_for_squares_does_not_hide_a_habit(void **state)
{
    (void)state;
    double odds;
    made_habit(QN_TIMING_AFTER_CLOSE, 8);
    p.close[qni_daily_row(&p.daily, p.reports[7].day) + 1] = 1e300;
    assert_int_equal(qni_timing_infer(&odds, &p.daily, p.reports, 8), QN_TIMING_AFTER_CLOSE);
}

/* ---- splits ---- */

/* Ends in a day that opens and closes at that multiple of the last close. */
static double split_of(double multiple, double busy)
{
    p.daily.count = 0;
    past_quiet(&p, 30, &chance);
    past_day(&p, qn_market_next_day(p.days[29]), multiple - 1, busy);
    return qni_split_at(&p.daily, 30);
}

static void a_quiet_day_at_a_ratio_is_a_split(void **state)
{
    (void)state;
    static const struct {
        double multiple, ratio;
    } cases[] = {{1 / 2.02, 2},  {0.98 / 3, 3}, {1.02 / 4, 4},      {0.1, 10}, {1 / 20.3, 20},    {2 / 3.04, 1.5},
                 {1.0 / 50, 50}, {2, 0.5},      {10.3, 1.0 / 10.0}, {99, .01}, {4.0 / 5.02, 1.25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_close(split_of(cases[i].multiple, 1), cases[i].ratio, 1e-14, 0);
}

static void a_crash_is_no_split(void **state)
{
    (void)state;
    assert_close(split_of(0.5, 8), 1, 0, 0);
    assert_close(split_of(0.57, 6), 1, 0, 0);
    assert_close(split_of(0.8, 1.8), 1, 0, 0);
    assert_close(split_of(0.75, 5), 1, 0, 0);
    assert_close(split_of(1.9, 7), 1, 0, 0);
    assert_close(split_of(0.85, 1), 1, 0, 0);
}

static void what_may_be_either_is_not_clear(void **state)
{
    (void)state;
    assert_true(isnan(split_of(0.5, 3)));  /* more than usual, less than after news */
    assert_true(isnan(split_of(0.1, 8)));  /* ten for one, or nearly bankrupt */
    assert_true(isnan(split_of(0.6, 1)));  /* a part that was spun off? */
    assert_true(isnan(split_of(0.29, 1))); /* a ratio that is none, beyond what news does */
    assert_true(isnan(split_of(0.29, 4)));
    (void)split_of(0.5, 1);
    for (int i = 0; i <= 30; i++)
        p.volume[i] = p.high[i] = NAN;
    assert_true(isnan(qni_split_at(&p.daily, 30)));
    (void)split_of(0.1, 1);
    for (int i = 0; i <= 30; i++)
        p.volume[i] = p.open[i] = p.low[i] = NAN;
    assert_close(qni_split_at(&p.daily, 30), 10, 0, 0); /* far enough without them */
    p.open[30] = p.close[30];
    p.close[30] *= 1.3;
    assert_true(isnan(qni_split_at(&p.daily, 30))); /* but not by its close */
    assert_close(qni_split_at(&p.daily, 0), 1, 0, 0);
}

typedef struct bar {
    double open, high, low, close, volume;
} bar;

/* 2024-05-10 to 06-10, adjusted, millions of shares (Yahoo): split ten for one before the last day. */
static const bar nvda[] = {
    {90.26, 91.35, 89.18, 89.83, 335.3},     {90.43, 90.95, 88.48, 90.35, 289.7},
    {89.55, 91.60, 88.89, 91.31, 296.5},     {92.42, 94.81, 91.55, 94.58, 417.7},
    {94.86, 95.77, 94.06, 94.31, 324.0},     {94.32, 94.69, 91.76, 92.43, 359.7},
    {93.70, 95.15, 93.39, 94.73, 318.8},     {93.55, 95.35, 93.13, 95.34, 328.9},
    {95.41, 95.97, 93.20, 94.90, 548.6},     {101.98, 106.27, 101.47, 103.75, 835.1},
    {104.40, 106.42, 102.95, 106.41, 429.5}, {110.19, 114.88, 109.83, 113.84, 652.7},
    {112.99, 115.43, 110.84, 114.77, 557.4}, {114.59, 115.76, 109.61, 110.44, 484.6},
    {112.46, 112.66, 106.89, 109.58, 613.3}, {113.56, 114.94, 111.95, 114.94, 438.4},
    {115.66, 116.54, 113.99, 116.38, 403.3}, {118.31, 122.39, 117.41, 122.38, 528.4},
    {123.98, 125.52, 118.26, 120.94, 664.7}, {119.71, 121.63, 117.96, 120.83, 412.4},
    {120.31, 123.04, 116.95, 121.73, 313.4},
};

/* 2022-01-05 to 02-03 (Yahoo): 26 % down after the report of the last day but one. */
static const bar meta[] = {
    {330.71, 333.43, 321.59, 321.92, 20.6},  {320.58, 336.82, 320.48, 330.15, 28.0},
    {330.43, 334.66, 326.60, 329.49, 14.7},  {323.05, 326.06, 313.24, 325.79, 24.9},
    {324.51, 332.31, 323.02, 332.05, 16.2},  {332.85, 334.04, 327.74, 330.95, 14.1},
    {332.66, 333.30, 323.50, 324.22, 14.8},  {319.56, 330.42, 318.98, 329.60, 16.9},
    {321.05, 321.96, 315.44, 315.94, 22.6},  {317.36, 324.83, 317.11, 317.37, 20.8},
    {321.65, 325.55, 313.79, 314.36, 16.9},  {312.63, 316.10, 300.94, 301.07, 28.7},
    {295.77, 307.38, 287.01, 306.57, 38.9},  {297.87, 304.11, 295.52, 298.07, 25.1},
    {304.88, 305.38, 288.83, 292.59, 28.3},  {295.68, 299.62, 292.22, 292.60, 21.6},
    {293.57, 299.81, 291.00, 299.62, 21.9},  {298.59, 311.61, 297.24, 311.09, 21.6},
    {312.38, 317.44, 309.95, 316.79, 18.0},  {325.55, 325.72, 314.67, 320.76, 58.5},
    {242.95, 246.28, 234.11, 236.11, 188.1},
};

static void real_days(const bar *bars, int32_t first, double ratio)
{
    int32_t on = first;
    for (int i = 0; i < 21; i++, on = qn_market_next_day(on)) {
        double by = i < 20 ? ratio : 1;
        past_row(&p, on, bars[i].open * by, bars[i].high * by, bars[i].low * by, bars[i].close * by,
                 bars[i].volume * 1e6 / by);
    }
}

static void the_split_of_nvidia_is_taken_out_of_a_move(void **state)
{
    (void)state;
    real_days(nvda, day(2024, 5, 10), 10);
    assert_int_equal(p.days[20], day(2024, 6, 10));
    assert_close(qni_split_at(&p.daily, 20), 10, 0, 0);
    assert_close(qni_split_at(&p.daily, 9), 1, 0, 0); /* its report: 9 % up, twice the volume */
    qn_move m = reaction(day(2024, 6, 10), QN_TIMING_BEFORE_OPEN, day(2024, 6, 10));
    assert_int_equal(m.status, QN_MOVE_OK);
    assert_close(m.before, 120.83, 1e-12, 0);
    assert_close(m.close, 121.73 / 120.83 - 1, 1e-10, 0);
    assert_close(m.gap, 120.31 / 120.83 - 1, 1e-10, 0);
}

static void the_fall_of_meta_is_a_move(void **state)
{
    (void)state;
    real_days(meta, day(2022, 1, 5), 1);
    assert_int_equal(p.days[20], day(2022, 2, 3));
    qn_move m = reaction(day(2022, 2, 2), QN_TIMING_AFTER_CLOSE, day(2022, 2, 3));
    assert_int_equal(m.status, QN_MOVE_OK);
    assert_close(m.close, 236.11 / 320.76 - 1, 1e-12, 0);
    assert_close(m.close, -0.264, 0, 5e-4);
}

static void a_move_that_may_be_a_split_does_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        past_report(&p, QN_TIMING_AFTER_CLOSE, true, i == 2 ? -0.5 : 0.05, &chance);
    past_history(&p, 0);
    assert_int_equal(p.result.history.used, 4);
    assert_int_equal(p.result.history.moves[2].status, QN_MOVE_SPLIT);
    assert_true(isnan(p.result.history.moves[2].close));
}

/* ---- prices and chain ---- */

static double chain_split(double multiple, int days_later)
{
    p.daily.count = 0;
    past_quiet(&p, 60, &chance);
    int64_t quotes = qn_market_time(p.days[59] + days_later, 12 * 3600);
    return qni_split_of_chain(&p.daily, quotes, p.close[59] * multiple);
}

static void a_split_between_prices_and_chain_is_seen(void **state)
{
    (void)state;
    assert_close(chain_split(1.01, 1), 1, 0, 0);
    assert_close(chain_split(0.8, 1), 1, 0, 0); /* news */
    assert_close(chain_split(1.3, 30), 1, 0, 0);
    assert_close(chain_split(0.101, 1), 10, 0, 0);
    assert_close(chain_split(0.26, 1), 4, 0, 0);
    assert_close(chain_split(0.66, 1), 1.5, 0, 0);
    assert_close(chain_split(0.45, 60), 2, 0, 0);
    assert_close(chain_split(9.8, 1), 0.1, 0, 0);
    assert_true(isnan(chain_split(0.58, 1)));
    assert_true(isnan(chain_split(0.001, 1)));
    assert_close(chain_split(0.58, 400), 1, 0, 0); /* a year later that is a move */
    assert_close(qni_split_of_chain(&p.daily, 0, NAN), 1, 0, 0);
}

static void what_prices_and_chain_say_of_each_other_is_noted(void **state)
{
    (void)state;
    qn_error err;
    past_quiet(&p, 60, &chance);
    p.result.as_of_us = qn_market_time(p.days[59] + 1, 12 * 3600);
    p.result.spot = p.close[59] * 1.01;
    assert_ok(qni_split_note(&p.subject, &err), &err);
    assert_int_equal(p.result.reason_count, 0);
    p.result.spot = p.close[59] * 0.1;
    assert_ok(qni_split_note(&p.subject, &err), &err);
    assert_contains(p.result.reasons[0], "as after a split of 10 for 1");
    p.result.spot = p.close[59];
    p.result.as_of_us = qn_market_time(p.days[59] + 28, 12 * 3600);
    assert_ok(qni_split_note(&p.subject, &err), &err);
    assert_contains(p.result.reasons[1], "its prices end on 2024-03-27, 18 sessions before");
    assert_null(p.subject.reject);
    p.result.as_of_us = qn_market_time(p.days[59] + 1, 12 * 3600);
    p.result.spot = p.close[59] * 0.75;
    assert_ok(qni_split_note(&p.subject, &err), &err);
    assert_contains(p.result.reasons[2], "it has moved more than usual since, or its prices are others");
    p.result.spot = p.close[59] * 1000;
    assert_ok(qni_split_note(&p.subject, &err), &err);
    assert_contains(p.subject.reject, "no split is like that");
}

/* ---- peers ---- */

enum {
    TICKERS = 6
};
static past many[TICKERS];
static qni_subject subjects[TICKERS];

/* Moves of so many per cent, all alike but for one in four. */
static void peers_begin(const char *const *sectors, int64_t n)
{
    static const char *const names[TICKERS] = {"A", "B", "C", "D", "E", "F"};
    qn_error err;
    for (int64_t i = 0; i < n; i++) {
        assert_ok(past_begin(&many[i], names[i], NULL, &err), &err);
        many[i].result.sector = sectors[i];
        for (int k = 0; k < 8; k++)
            past_report(&many[i], QN_TIMING_AFTER_CLOSE, true, 0.01 * (double)(i + 2) * (k % 4 == 0 ? 1.5 : 1),
                        &chance);
        past_history(&many[i], 0);
        subjects[i] = many[i].subject;
    }
    assert_ok(qni_history_peers(subjects, n, NULL, &err), &err);
}

static void peers_end(int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        past_end(&many[i]);
}

/* (n own + 4 peers) / (n + 4), n = 1 / sum w^2 of eight weights 0.85^i. */
static double shrunk(double own, double peers)
{
    double sum = 0, squares = 0, w = 1;
    for (int i = 0; i < 8; i++, w *= 0.85) {
        sum += w;
        squares += w * w;
    }
    double n = sum * sum / squares;
    return (n * own + 4 * peers) / (n + 4);
}

static void a_ticker_is_shrunk_toward_its_sector(void **state)
{
    (void)state;
    peers_begin((const char *const[]){"Chips", "chips", "CHIPS", "banks", "Banks", ""}, 6);
    double m[6];
    for (int i = 0; i < 6; i++)
        m[i] = many[i].result.history.recent_mean;
    const qn_history *h = &many[1].result.history;
    assert_string_equal(h->peer_group, "chips");
    assert_int_equal(h->peers, 2);
    assert_close(h->peer_mean, (m[0] + m[2]) / 2, 1e-14, 0);
    assert_close(h->expected, shrunk(m[1], h->peer_mean), 1e-13, 0);
    h = &many[3].result.history; /* one other bank is no group */
    assert_string_equal(h->peer_group, "all tickers");
    assert_int_equal(h->peers, 5);
    assert_close(h->peer_mean, (m[0] + m[1] + m[2] + m[4] + m[5]) / 5, 1e-14, 0);
    assert_close(h->expected, shrunk(m[3], h->peer_mean), 1e-13, 0);
    assert_string_equal(many[5].result.history.peer_group, "all tickers");
    peers_end(6);
}

static void without_peers_nothing_is_shrunk(void **state)
{
    (void)state;
    peers_begin((const char *const[]){"Chips", "Chips"}, 2);
    for (int i = 0; i < 2; i++) {
        const qn_history *h = &many[i].result.history;
        assert_string_equal(h->peer_group, "");
        assert_int_equal(h->peers, 0);
        assert_true(isnan(h->peer_mean));
        assert_close(h->expected, h->recent_mean, 0, 0);
        assert_true(h->low < h->expected && h->expected < h->high && h->error > 0);
    }
    peers_end(2);
}

/* Of three whose moves are all alike, 2, 8 and 8 %: peers of the first are one as the other, so nothing is left open;
 * those of the last, at random, scatter by 3 %, of which its own n = 1 / sum w^2 reactions leave 4 / (n + 4). */
static void how_much_peers_differ_is_part_of_the_error(void **state)
{
    (void)state;
    static const double move[] = {0.02, 0.08, 0.08};
    qn_error err;
    for (int i = 0; i < 3; i++) {
        assert_ok(past_begin(&many[i], i == 0 ? "A" : i == 1 ? "B" : "C", NULL, &err), &err);
        for (int k = 0; k < 8; k++)
            past_report(&many[i], QN_TIMING_AFTER_CLOSE, true, move[i], &chance);
        past_history(&many[i], 0);
        subjects[i] = many[i].subject;
    }
    assert_ok(qni_history_peers(subjects, 3, NULL, &err), &err);
    assert_true(many[0].result.history.error < 1e-9);
    double narrow = many[2].result.history.error / (shrunk(0, 1) * 0.03);
    double sums[4] = {0};
    for (int k = 0; k < 8; k++)
        for (int power = 2; power < 4; power++)
            sums[power] += pow(many[2].result.history.moves[k].weight, power);
    assert_close(narrow, sqrt((1 + sums[2]) / (1 - 2 * sums[3] / sums[2] + sums[2])), 1e-3, 0);
    peers_end(3);
}

static void a_rejected_ticker_is_no_peer(void **state)
{
    (void)state;
    qn_error err;
    peers_begin((const char *const[]){"", "", "", ""}, 4);
    subjects[3].reject = "for a reason";
    assert_ok(qni_history_peers(subjects, 4, NULL, &err), &err);
    assert_int_equal(many[0].result.history.peers, 2);
    assert_ok(qni_history_peers(subjects, 0, NULL, &err), &err);
    peers_end(4);
}

/* Variance of a mean with weights w: the sum S of w^2 (x - mean)^2 over its expectation for a variance of 1, times that
 * of the mean, sum w^2: E S = sum w^2 (1 - 2 w + sum w^2). */
static void the_error_without_peers_is_that_of_a_weighted_mean(void **state)
{
    (void)state;
    qn_error err;
    p.settings.resamples = 100000;
    for (int i = 0; i < 14; i++)
        past_report(&p, QN_TIMING_AFTER_CLOSE, true, 0.02 + 0.01 * (double)test_random_below(&chance, 8), &chance);
    past_history(&p, 0);
    assert_ok(qni_history_peers(&p.subject, 1, NULL, &err), &err);
    const qn_history *h = &p.result.history;
    double squares = 0, cubes = 0, variance = 0;
    for (int i = 0; i < 14; i++) {
        const qn_move *m = &h->moves[i];
        squares += m->weight * m->weight;
        cubes += m->weight * m->weight * m->weight;
        variance += m->weight * m->weight * (fabs(m->close) - h->recent_mean) * (fabs(m->close) - h->recent_mean);
    }
    assert_close(h->error, sqrt(variance / (1 - 2 * cubes / squares + squares)), 0.03,
                 0); /* not linear in the weights */
}

static void the_bootstrap_depends_on_its_seed_alone(void **state)
{
    (void)state;
    qn_error err;
    made_habit(QN_TIMING_AFTER_CLOSE, 8);
    past_history(&p, 0);
    assert_ok(qni_history_peers(&p.subject, 1, NULL, &err), &err);
    qn_history first = p.result.history;
    assert_ok(qni_history_peers(&p.subject, 1, NULL, &err), &err);
    assert_memory_equal(&first.low, &p.result.history.low, sizeof first.low);
    assert_memory_equal(&first.error, &p.result.history.error, sizeof first.error);
    p.settings.seed = 2;
    assert_ok(qni_history_peers(&p.subject, 1, NULL, &err), &err);
    assert_true(first.error < p.result.history.error || first.error > p.result.history.error);
    assert_close(p.result.history.error, first.error, 0.1, 0);
    p.settings.confidence = 0.99;
    qn_history wide = p.result.history;
    assert_ok(qni_history_peers(&p.subject, 1, NULL, &err), &err);
    assert_true(p.result.history.low < wide.low && p.result.history.high > wide.high);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_report_after_the_close_moves_the_next_day),
        CASE(a_report_before_the_open_moves_its_own_day),
        CASE(a_report_in_the_session_has_no_open_after_it),
        CASE(news_of_closed_days_is_in_the_next_open_one),
        CASE(a_hole_in_the_prices_is_no_price),
        CASE(a_reaction_of_unknown_timing_has_no_move),
        CASE(a_close_is_known_from_the_close_on),
        CASE(what_is_later_than_the_quotes_does_not_count),
        CASE(moves_of_nvidia_are_those_of_the_day_after),
        CASE(statistics_are_those_by_hand),
        CASE(moves_that_grow_are_trusted_less),
        CASE(reactions_beyond_the_newest_ones_are_too_old),
        CASE(three_reactions_are_too_few),
        CASE(a_rejection_says_what_became_of_each_report),
        CASE(without_prices_or_reports_there_is_no_past),
        CASE(prices_that_stand_still_are_no_past),
        CASE(a_habit_of_reporting_before_the_open_is_inferred),
        CASE(a_habit_of_reporting_after_the_close_is_inferred),
        CASE(volumes_are_not_needed_to_infer_it),
        CASE(reports_that_moved_nothing_do_not_hide_a_habit),
        CASE(days_on_which_nothing_happened_tell_no_timing),
        CASE(told_reports_tell_of_the_others),
        CASE(one_day_however_wild_does_not_decide),
        CASE(a_price_too_far_off_for_squares_does_not_hide_a_habit),
        CASE(a_quiet_day_at_a_ratio_is_a_split),
        CASE(a_crash_is_no_split),
        CASE(what_may_be_either_is_not_clear),
        CASE(the_split_of_nvidia_is_taken_out_of_a_move),
        CASE(the_fall_of_meta_is_a_move),
        CASE(a_move_that_may_be_a_split_does_not_count),
        CASE(a_split_between_prices_and_chain_is_seen),
        CASE(what_prices_and_chain_say_of_each_other_is_noted),
        CASE(a_ticker_is_shrunk_toward_its_sector),
        CASE(without_peers_nothing_is_shrunk),
        CASE(how_much_peers_differ_is_part_of_the_error),
        CASE(a_rejected_ticker_is_no_peer),
        CASE(the_error_without_peers_is_that_of_a_weighted_mean),
        CASE(the_bootstrap_depends_on_its_seed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
