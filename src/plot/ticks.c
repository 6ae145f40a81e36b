/* plot/ticks.c: where an axis has ticks, and what they say.
 *
 * A tick is a whole number of units of 10^power, so that its label is exact and no two labels are the same; its double
 * is the nearest to what the label says. Minor ticks divide the step once more. */
#include "plot/ticks.h"

#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGE 1e-9 /* of an axis: a tick so far outside still counts as on its end */

/* The double nearest to units * 10^power. */
static double exact(int64_t units, int power)
{
    char text[48];
    int size = snprintf(text, sizeof text, "%" PRId64 "e%d", units, power);
    double value = 0.0;
    (void)qni_number_parse(&value, text, text + size);
    return value;
}

static int digit_count(int64_t units)
{
    int count = 1;
    for (int64_t rest = units < 0 ? -units : units; rest >= 10; rest /= 10)
        count++;
    return count;
}

/* Text that is appended to a fixed buffer and cut at its end. */
typedef struct text {
    char *bytes;
    int64_t capacity, size;
    bool ascii;
} text;

static void put(text *t, const char *piece)
{
    int64_t size = (int64_t)strlen(piece);
    if (t->size + size >= t->capacity)
        return;
    memcpy(t->bytes + t->size, piece, (size_t)size + 1);
    t->size += size;
}

static void put_minus(text *t)
{
    put(t, t->ascii ? "-" : "\xE2\x88\x92");
}

/* 10ⁿ, in ASCII 1en. */
static void put_power(text *t, int power)
{
    static const char *const raised[] = {"\xE2\x81\xB0", "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3",
                                         "\xE2\x81\xB4", "\xE2\x81\xB5", "\xE2\x81\xB6", "\xE2\x81\xB7",
                                         "\xE2\x81\xB8", "\xE2\x81\xB9"};
    char digits[16];
    snprintf(digits, sizeof digits, "%d", power);
    put(t, t->ascii ? "1e" : "10");
    for (const char *c = digits; *c != '\0'; c++)
        put(t, t->ascii ? (char[]){*c, '\0'} : *c == '-' ? "\xE2\x81\xBB" : raised[*c - '0']);
}

/* units * 10^power with `decimals` digits after the point (at least -power of them). */
static void put_decimal(text *t, int64_t units, int power, int decimals)
{
    char digits[64];
    int shift = decimals + power, size = snprintf(digits, sizeof digits, "%" PRId64, units < 0 ? -units : units);
    for (; shift > 0 && units != 0 && size < 40; shift--)
        digits[size++] = '0';
    digits[size] = '\0';
    if (units < 0)
        put_minus(t);
    for (int i = size; i <= decimals; i++) {
        put(t, "0");
        if (i == size && decimals > 0)
            put(t, ".");
    }
    for (int i = 0; i < size; i++) {
        if (i == size - decimals && i > 0)
            put(t, ".");
        put(t, (char[]){digits[i], '\0'});
    }
}

/* Steps are 1, 2 or 5 times 10^power; here in units of 10^(power - 1), with the minor step between them. */
typedef struct step {
    int64_t major, minor;
    int power; /* of the unit */
} step;

static step step_of(int index)
{
    static const int64_t majors[] = {10, 20, 50}, minors[] = {2, 5, 10};
    int power = index >= 0 ? index / 3 : -((2 - index) / 3), digit = index - 3 * power;
    return (step){majors[digit], minors[digit], power - 1};
}

/* The multiples of `each` units that lie on the axis: first to last; none where first > last. */
static void multiples(const qni_axis *axis, int64_t each, int power, int64_t *first, int64_t *last)
{
    double lo = 0.5 * axis->lo, hi = 0.5 * axis->hi, edge = EDGE * (hi - lo), unit = exact(each, power);
    *first = (int64_t)floor(axis->lo / unit) - 1;
    *last = (int64_t)ceil(axis->hi / unit) + 1;
    while (*first <= *last && 0.5 * exact(*first * each, power) < lo - edge)
        ++*first;
    while (*last >= *first && 0.5 * exact(*last * each, power) > hi + edge)
        --*last;
}

static int64_t tick_count(const qni_axis *axis, step s)
{
    int64_t first, last;
    multiples(axis, s.major, s.power, &first, &last);
    return last - first + 1;
}

/* The smallest step that makes at most `target` ticks, or the next smaller one where that would leave fewer than two.
 */
static step choose_step(const qni_axis *axis, int target)
{
    double half = 0.5 * axis->hi - 0.5 * axis->lo;
    int index = 3 * ((int)floor(log10(half)) - 2);
    while (tick_count(axis, step_of(index)) > target)
        index++;
    while (tick_count(axis, step_of(index)) < 2)
        index--;
    return step_of(index);
}

/* How the labels of units[0] … units[count - 1] times 10^power are written: an offset and an exponent are taken out
 * where plain numbers would be long. */
static void label_all(qni_ticks *ticks, const int64_t *units, int power, bool ascii)
{
    int64_t low = units[0], high = units[ticks->count - 1],
            largest = llabs(low) > llabs(high) ? llabs(low) : llabs(high);
    if (digit_count(largest) >= 7 && (low > 0) == (high > 0) && digit_count(largest) - digit_count(high - low) >= 4) {
        int64_t round = 1;
        while (round < high - low)
            round *= 10;
        ticks->offset = (low > 0 ? low : high) / round * round;
        ticks->offset_exponent = power;
        low -= ticks->offset;
        high -= ticks->offset;
        largest = llabs(low) > llabs(high) ? llabs(low) : llabs(high);
    }
    int top = digit_count(largest) - 1 + power, decimals = power < 0 ? -power : 0;
    if (top > 5 || decimals > 4 || (decimals > 0 && top + decimals > 6)) {
        ticks->exponent = largest != 0 ? top : power;
        decimals = ticks->exponent - power;
    }
    for (int i = 0; i < ticks->count; i++) {
        text t = {ticks->tick[i].label, QNI_TICK_TEXT, 0, ascii};
        put_decimal(&t, units[i] - ticks->offset, power - ticks->exponent, decimals);
    }
}

static void make_linear(qni_ticks *ticks, const qni_axis *axis, int target, bool ascii)
{
    step s = choose_step(axis, target);
    int64_t units[QNI_TICKS] = {0}, first, last, ratio = s.major / s.minor;
    multiples(axis, s.minor, s.power, &first, &last);
    for (int64_t i = first; i <= last; i++) {
        double value = exact(i * s.minor, s.power);
        if (i % ratio != 0 && ticks->minor_count < QNI_TICKS_MINOR)
            ticks->minor[ticks->minor_count++] = value;
        if (i % ratio == 0 && ticks->count < QNI_TICKS) {
            units[ticks->count] = i * s.minor / 10;
            ticks->tick[ticks->count++].value = value;
        }
    }
    label_all(ticks, units, s.power + 1, ascii);
}

static bool on_axis(const qni_axis *axis, double value)
{
    double place = qni_axis_place(axis, value);
    return place >= -EDGE && place <= 1.0 + EDGE;
}

/* Decades that overlap with the axis. */
static int first_decade(const qni_axis *axis)
{
    return (int)floor(log10(axis->lo)) - 1;
}
static int last_decade(const qni_axis *axis)
{
    return (int)ceil(log10(axis->hi)) + 1;
}

static int decade_count(const qni_axis *axis)
{
    int count = 0;
    for (int d = first_decade(axis); d <= last_decade(axis); d++)
        count += on_axis(axis, exact(1, d));
    return count;
}

/* Whether `digit` times a power of ten has a label: with many decades every stride-th power, with few also 2 and 5. */
static bool is_major(int digit, int decade, int stride)
{
    if (stride == 0)
        return digit == 1 || digit == 2 || digit == 5;
    return digit == 1 && decade % stride == 0;
}

static void put_log_label(qni_tick *tick, int digit, int decade, bool plain, bool ascii)
{
    text t = {tick->label, QNI_TICK_TEXT, 0, ascii};
    if (plain) {
        put_decimal(&t, digit, decade, decade < 0 ? -decade : 0);
        return;
    }
    if (digit != 1 && !ascii) {
        put_decimal(&t, digit, 0, 0);
        put(&t, "\xC3\x97");
    }
    if (digit != 1 && ascii)
        snprintf(tick->label, QNI_TICK_TEXT, "%de%d", digit, decade);
    else
        put_power(&t, decade);
}

/* stride 0: labels at 1, 2, 5. */
static void make_log(qni_ticks *ticks, const qni_axis *axis, int stride, bool ascii)
{
    bool plain = axis->lo >= 0.9e-3 && axis->hi <= 1.1e4;
    for (int d = first_decade(axis); d <= last_decade(axis); d++) {
        for (int digit = 1; digit <= 9; digit++) {
            double value = exact(digit, d);
            if (!(value > 0.0) || !on_axis(axis, value))
                continue;
            if (is_major(digit, d, stride) && ticks->count < QNI_TICKS) {
                put_log_label(&ticks->tick[ticks->count], digit, d, plain, ascii);
                ticks->tick[ticks->count++].value = value;
            } else if (stride <= 1 || (digit == 1 && stride <= 5)) {
                if (ticks->minor_count < QNI_TICKS_MINOR)
                    ticks->minor[ticks->minor_count++] = value;
            }
        }
    }
}

/* Powers of ten where three or more are on the axis, 1, 2, 5 times them where fewer are; false where neither gives
 * enough ticks. */
static bool try_log(qni_ticks *ticks, const qni_axis *axis, int target, bool ascii)
{
    static const int strides[] = {1, 2, 3, 5, 10, 20, 50, 100, 200, 500};
    int decades = decade_count(axis), round = 0, least = 2;
    while (round < 9 && strides[round] * target < decades)
        round++;
    int stride = strides[round];
    if (decades < 1)
        return false;
    if (decades < 3) {
        stride = 0;
        least = 3;
        make_log(ticks, axis, stride, ascii);
        if (ticks->count > (target > 5 ? target : 5)) {
            stride = 1; /* there are two powers of ten then */
            least = 2;
        }
    }
    *ticks = (qni_ticks){0};
    make_log(ticks, axis, stride, ascii);
    if (ticks->count < least && decades >= 3) {
        *ticks = (qni_ticks){0};
        make_log(ticks, axis, strides[round > 0 ? round - 1 : 0], ascii);
    }
    return ticks->count >= least;
}

void qni_ticks_make(qni_ticks *ticks, const qni_axis *axis, int target, bool ascii)
{
    target = target < 2 ? 2 : target > 12 ? 12 : target;
    *ticks = (qni_ticks){0};
    if (axis->log && try_log(ticks, axis, target, ascii))
        return;
    *ticks = (qni_ticks){0};
    make_linear(ticks, axis, target, ascii);
}

int qni_ticks_axis_label(char *out, int64_t capacity, const qni_ticks *ticks, const char *label, bool ascii)
{
    text t = {out, capacity, 0, ascii};
    out[0] = '\0';
    if (label != NULL)
        put(&t, label);
    if (ticks->offset != 0) {
        int64_t units = llabs(ticks->offset);
        int power = ticks->offset_exponent;
        for (; units % 10 == 0; units /= 10)
            power++;
        put(&t, " ");
        if (ticks->offset > 0)
            put_minus(&t);
        else
            put(&t, "+");
        put(&t, " ");
        int top = digit_count(units) - 1 + power;
        bool plain = top <= 11 && power >= -6;
        put_decimal(&t, units, plain ? power : 1 - digit_count(units),
                    plain ? (power < 0 ? -power : 0) : digit_count(units) - 1);
        if (!plain) {
            put(&t, ascii ? "*" : "\xC3\x97");
            put_power(&t, top);
        }
    }
    if (ticks->exponent != 0) {
        put(&t, t.size > 0 ? " (" : "(");
        put(&t, ascii ? "x " : "\xC3\x97");
        put_power(&t, ticks->exponent);
        put(&t, ")");
    }
    return (int)t.size;
}
