/* Every indicator is what its header says, of random values of all moods: computed once more from the start for each
 * value, by the definition, in long double. Windows are exact to a few roundings of what is in them, whatever was there
 * before. */
#include "stream/indicator_kit.h"

#include <stdio.h>

enum {
    STEPS = 200
};

/* Values x[0 … count - 1] of a symbol, the newest last. */
typedef struct history {
    const double *x, *sizes;
    int64_t count;
} history;

static bool usable(double x)
{
    return fabs(x) <= 0x1p1000;
}

static long double nothing(void)
{
    return (long double)NAN;
}

static long double mean_of(history h, int64_t n)
{
    long double sum = 0, origin = (long double)h.x[h.count - n];
    for (int64_t i = h.count - n; i < h.count; i++) {
        if (!usable(h.x[i]))
            return nothing();
        sum += (long double)h.x[i] - origin;
    }
    return origin + sum / n;
}

/* Two passes, from a value of the window, which leaves digits for the differences. */
static long double squares_of(history h, int64_t n)
{
    long double origin = (long double)h.x[h.count - n], sum = 0, squares = 0;
    for (int64_t i = h.count - n; i < h.count; i++)
        sum += (long double)h.x[i] - origin;
    for (int64_t i = h.count - n; i < h.count; i++) {
        long double apart = (long double)h.x[i] - origin - sum / n;
        squares += apart * apart;
    }
    return squares;
}

static long double ema_of(history h, double span, const long double *line)
{
    long double e = nothing();
    for (int64_t i = 0; i < h.count; i++) {
        if (!usable(h.x[i]))
            continue;
        long double x = line != NULL ? line[i] : (long double)h.x[i];
        e = isnan(e) ? x : e + (x - e) * 2 / ((long double)span + 1);
    }
    return usable(h.x[h.count - 1]) ? e : nothing();
}

static long double macd_of(history h, const indicator_case *c)
{
    static long double line[STEPS];
    if (c->count == 2)
        return ema_of(h, c->constants[0], NULL) - ema_of(h, c->constants[1], NULL);
    for (int64_t i = 0; i < h.count; i++) {
        history until = {h.x, h.sizes, i + 1};
        line[i] = ema_of(until, c->constants[0], NULL) - ema_of(until, c->constants[1], NULL);
    }
    return ema_of(h, c->constants[2], line);
}

static long double rsi_of(history h, int64_t n)
{
    long double gain = 0, loss = 0;
    double last = (double)NAN;
    int64_t changes = 0;
    for (int64_t i = 0; i < h.count; i++) {
        if (!usable(h.x[i]))
            continue;
        if (!isnan(last)) {
            long double change = (long double)h.x[i] - (long double)last, up = fmaxl(change, 0),
                        down = fmaxl(-change, 0);
            changes++;
            if (changes <= n) { /* sums, of which the n-th makes means */
                gain += up / n;
                loss += down / n;
            } else {
                gain = (gain * (n - 1) + up) / n;
                loss = (loss * (n - 1) + down) / n;
            }
        }
        last = h.x[i];
    }
    if (!usable(h.x[h.count - 1]) || changes < n)
        return nothing();
    return gain + loss == 0 ? 50 : 100 * gain / (gain + loss);
}

/* n 0: of all, without those that are not usable. */
static long double vwap_of(history h, int64_t n, long double *spread)
{
    long double value = 0, size = 0, lowest = INFINITY, highest = -(long double)INFINITY;
    for (int64_t i = n > 0 ? h.count - n : 0; i < h.count; i++) {
        bool good = usable(h.x[i]) && usable(h.sizes[i]) && h.sizes[i] >= 0;
        if (!good && (n > 0 || i == h.count - 1))
            return nothing();
        if (!good || h.sizes[i] == 0)
            continue;
        value += (long double)h.x[i] * (long double)h.sizes[i];
        size += (long double)h.sizes[i];
        lowest = fminl(lowest, (long double)h.x[i]);
        highest = fmaxl(highest, (long double)h.x[i]);
    }
    *spread = highest - lowest;
    return value / size;
}

static long double volatility_of(history h, int64_t n)
{
    long double sum = 0;
    for (int64_t i = h.count - n; i < h.count; i++) {
        if (i < 1 || !usable(h.x[i]) || !usable(h.x[i - 1]) || h.x[i] <= 0 || h.x[i - 1] <= 0)
            return nothing();
        long double change = logl((long double)h.x[i]) - logl((long double)h.x[i - 1]);
        long double small = ((long double)h.x[i] - (long double)h.x[i - 1]) / (long double)h.x[i - 1];
        if (fabsl(small) < 0.5L)
            change = log1pl(small);
        sum += change * change;
    }
    return sqrtl(sum);
}

/* The largest magnitude so far; of the last n, with n > 0. */
static long double largest(history h, int64_t n)
{
    long double most = 0;
    for (int64_t i = n > 0 && n < h.count ? h.count - n : 0; i < h.count; i++)
        if (usable(h.x[i]))
            most = fmaxl(most, fabsl((long double)h.x[i]));
    return most;
}

/* The result by definition; *tolerance: roundings of the result, and of the values where they cancel. */
static long double defined(const indicator_case *c, history h, long double *tolerance)
{
    const long double unit = 0x1p-53L;
    int64_t n = c->count > 0 ? (int64_t)c->constants[0] : 1;
    long double y, spread = 0, slowness = (long double)(c->count > 1 ? c->constants[1] : c->constants[0]) + 10;
    if (c->kind == QN_INDICATOR_SMA || c->kind == QN_INDICATOR_SD || c->kind == QN_INDICATOR_BOLLINGER ||
        (c->kind == QN_INDICATOR_VWAP && c->count > 0))
        if (h.count < n)
            return nothing();
    switch (c->kind) {
    case QN_INDICATOR_EMA:
        *tolerance = 4 * unit * slowness * largest(h, 0);
        return ema_of(h, c->constants[0], NULL);
    case QN_INDICATOR_MACD:
        *tolerance = 8 * unit * slowness * largest(h, 0);
        return macd_of(h, c);
    case QN_INDICATOR_SMA:
        *tolerance = 8 * unit * largest(h, n);
        return mean_of(h, n);
    case QN_INDICATOR_SD:
        y = sqrtl(squares_of(h, n) / (n - 1));
        *tolerance = 40 * unit * y;
        return isnan(mean_of(h, n)) ? nothing() : y;
    case QN_INDICATOR_BOLLINGER:
        y = sqrtl(squares_of(h, n) / n) * (long double)c->constants[1];
        *tolerance = 8 * unit * largest(h, n) + 40 * unit * fabsl(y);
        return mean_of(h, n) + y;
    case QN_INDICATOR_RSI:
        y = rsi_of(h, n);
        *tolerance = 1e-12L;
        return y;
    case QN_INDICATOR_VWAP:
        y = vwap_of(h, c->count > 0 ? n : 0, &spread);
        *tolerance = unit * (4 * largest(h, c->count > 0 ? n : 0) + 16 * spread);
        return y;
    case QN_INDICATOR_REALIZED_VOL:
        y = volatility_of(h, n);
        *tolerance = 20 * unit * y;
        return y;
    default:
        *tolerance = 0;
        y = h.count > n ? (long double)h.x[h.count - 1 - n] : nothing();
        return c->kind == QN_INDICATOR_LAG ? y : (long double)(h.x[h.count - 1] - (double)y);
    }
}

static void check(const indicator_case *c, history h, double got, int mood)
{
    long double tolerance = 0, expected = defined(c, h, &tolerance);
    if (isnan(expected) ? isnan(got) : fabsl((long double)got - expected) <= tolerance || (double)expected == got)
        return;
    if (mood == MOOD_SPIKES && c->kind == QN_INDICATOR_RSI && fabsl((long double)got - expected) < 1e-3L)
        return;
    fail_msg("%s (%g, %g), mood %d, value %lld (%.17g): %.17g, not %.20Lg (off by %Lg, not %Lg)",
             qn_indicator_name(c->kind), c->constants[0], c->constants[1], mood, (long long)h.count, h.x[h.count - 1],
             got, expected, (long double)got - expected, tolerance);
}

static void every_indicator_is_what_its_header_says(void **state)
{
    (void)state;
    uint64_t random = test_seed(121);
    int64_t rounds = test_effort(8, 400);
    for (int64_t round = 0; round < rounds * MOOD_WILD; round++)
        for (int k = 0; k < INDICATOR_CASES; k++) {
            double x[STEPS], sizes[STEPS], last = 0;
            int mood = (int)(round % MOOD_WILD);
            qn_indicator *ind = make_indicator(&indicator_cases[k], 3);
            for (int64_t i = 0; i < STEPS; i++) {
                qn_error err;
                double got;
                last = x[i] = next_value(&random, mood, last);
                sizes[i] = next_size(&random, mood);
                assert_ok(qn_indicator_update(ind, &(int32_t){1}, &x[i], &sizes[i], &got, 1, &err), &err);
                check(&indicator_cases[k], (history){x, sizes, i + 1}, got, mood);
            }
            qn_indicator_free(ind);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_indicator_is_what_its_header_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
