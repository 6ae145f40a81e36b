/* base/number_parse.c: text to numbers.
 *
 * Up to 19 digits become an integer w, eight digits a step. w * 10^q is then exact in two doubles (Clinger 1990), or
 * decided by a product of 128 bits (Eisel and Lemire, "Number Parsing at a Gigabyte per Second", 2021), or, where the
 * product lies next to a half, by exact integers. More than 19 digits are decided by their first 19 and those plus one
 * where both round alike. */
#include "base/number.h"

#include "base/number_int.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum {
    WORD_DIGITS = 19,   /* digits that always fit in 64 bits */
    EXACT_DIGITS = 768, /* as many as a number half-way between two doubles may have: what follows only says "more" */
    INT64_DIGITS = 18,  /* digits that always fit in an int64_t */
    MANTISSA_BITS = 53,
    EXPONENT_BIAS = 1023,
    EXPONENT_MAX = 2047,
    DOUBLE_POWER_MAX = 22, /* 10^22 is the largest power of ten that is a double */
};

/* A larger one decides by itself, however many digits stand before it. */
static const int64_t exponent_limit = INT64_MAX / 4;

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The value of eight bytes 0 … 9, the first of them the highest digit. */
static inline uint64_t eight_digits(uint64_t x)
{
    const uint64_t mask = 0x000000FF000000FFu;
    x = x * 10 + (x >> 8);
    return ((x & mask) * 0x000F424000000064u + (x >> 16 & mask) * 0x0000271000000001u) >> 32;
}

/* Appends the digits at p to *w (modulo 2^64). Returns the byte after them. */
static inline const char *take_digits(const char *p, const char *end, uint64_t *w)
{
    static const uint64_t powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    while (end - p >= 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        /* The top bit of each byte that is no digit, right up to and including the first such byte. */
        uint64_t others = ((x + 0x4646464646464646u) | (x - 0x3030303030303030u)) & 0x8080808080808080u;
        x -= 0x3030303030303030u;
        if (others != 0) {
            int count = __builtin_ctzll(others) / 8;
            if (count > 0)
                *w = *w * powers[count] + eight_digits(x << (64 - 8 * count));
            return p + count;
        }
        *w = *w * powers[8] + eight_digits(x);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    return p;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static const uint64_t infinity_bits = (uint64_t)EXPONENT_MAX << (MANTISSA_BITS - 1);

/* The bits of the largest double not above a number, and how the number rounds from there. */
typedef struct candidate {
    uint64_t floor;
    qni_rounding rounding;
} candidate;

/* w * 10^q for w > 0. */
static candidate approximate(uint64_t w, int64_t q)
{
    if (q < QNI_POWER_FIRST) /* below 10^19 * 10^-343, less than half the least double */
        return (candidate){0, QNI_ROUND_DOWN};
    if (q > QNI_POWER_LAST)
        return (candidate){infinity_bits, QNI_ROUND_DOWN};
    qni_product v = qni_scale(w, (int)q);
    int top = (int)(v.p >> 127); /* p has 127 or 128 bits */
    int exponent = v.exponent + 126 + top + EXPONENT_BIAS;
    if (exponent >= EXPONENT_MAX)
        return (candidate){infinity_bits, QNI_ROUND_DOWN};
    int shift = 127 + top - MANTISSA_BITS;
    if (exponent < 1) { /* subnormal: fewer bits, and none of them implied */
        shift += 1 - exponent;
        exponent = 1;
        if (shift > 129)
            return (candidate){0, QNI_ROUND_DOWN};
        if (shift > 127)
            return (candidate){0, QNI_ROUND_UNDECIDED};
    }
    uint64_t mantissa = (uint64_t)(v.p >> shift);
    return (candidate){((uint64_t)(exponent - 1) << (MANTISSA_BITS - 1)) + mantissa, qni_product_rounding(&v, shift)};
}

/* The digits of a number, a point among them or not: digits * 10^exponent. */
typedef struct decimal {
    const char *first, *end; /* from the first digit that is not 0 to the byte after the last digit */
    int64_t count;           /* digits there */
    int64_t exponent;
} decimal;

/* Rounds exactly, given the largest double that is not above the number. */
static uint64_t round_exactly(const decimal *d, uint64_t floor)
{
    qni_big digits;
    qni_big_set(&digits, 0);
    int64_t kept = 0;
    bool more = false;
    for (const char *p = d->first; p < d->end && !more; p++) {
        if (*p == '.')
            continue;
        if (kept < EXACT_DIGITS) {
            qni_big_mul_add(&digits, 10, (uint64_t)(*p - '0'));
            kept++;
        } else {
            more = *p != '0';
        }
    }
    int64_t exponent = d->exponent + (d->count - kept);
    if (more) {
        qni_big_mul_add(&digits, 10, 1);
        exponent--;
    }
    uint64_t mantissa = floor & (((uint64_t)1 << (MANTISSA_BITS - 1)) - 1);
    int biased = (int)(floor >> (MANTISSA_BITS - 1));
    if (biased > 0)
        mantissa |= (uint64_t)1 << (MANTISSA_BITS - 1);
    else
        biased = 1;
    int half_exponent = biased - EXPONENT_BIAS - MANTISSA_BITS;
    int order = qni_big_compare(&digits, (int)exponent, 2 * mantissa + 1, half_exponent);
    return floor + (order > 0 || (order == 0 && (mantissa & 1) != 0));
}

static double round_word(uint64_t w, const decimal *d)
{
    candidate c = approximate(w, d->exponent);
    if (c.rounding == QNI_ROUND_UNDECIDED)
        return from_bits(round_exactly(d, c.floor));
    return from_bits(c.floor + (c.rounding == QNI_ROUND_UP));
}

/* A number of more than 19 digits. */
static double round_long(const decimal *d)
{
    uint64_t w = 0;
    int taken = 0;
    for (const char *p = d->first; taken < WORD_DIGITS; p++) {
        if (*p == '.')
            continue;
        w = w * 10 + (uint64_t)(*p - '0');
        taken++;
    }
    int64_t exponent = d->exponent + (d->count - WORD_DIGITS);
    candidate low = approximate(w, exponent);
    candidate high = approximate(w + 1, exponent);
    uint64_t low_bits = low.floor + (low.rounding == QNI_ROUND_UP);
    uint64_t high_bits = high.floor + (high.rounding == QNI_ROUND_UP);
    if (low.rounding != QNI_ROUND_UNDECIDED && high.rounding != QNI_ROUND_UNDECIDED && low_bits == high_bits)
        return from_bits(low_bits);
    return from_bits(round_exactly(d, low.floor));
}

/* digits [first, end) with a point among them or not, as read modulo 2^64 into w; `count` digits, the last of which is
 * worth 10^exponent. */
static double round_decimal(uint64_t w, const char *first, const char *end, int64_t count, int64_t exponent)
{
    static const double powers[DOUBLE_POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d = {.first = first, .end = end, .count = count, .exponent = exponent};
    if (count > WORD_DIGITS) {
        for (; d.first < end && (*d.first == '0' || *d.first == '.'); d.first++)
            d.count -= *d.first == '0';
        if (d.count > WORD_DIGITS)
            return round_long(&d);
    }
    if (w <= (uint64_t)1 << MANTISSA_BITS && -DOUBLE_POWER_MAX <= exponent && exponent <= DOUBLE_POWER_MAX)
        return exponent < 0 ? (double)(int64_t)w / powers[-exponent] : (double)(int64_t)w * powers[exponent];
    return w == 0 ? 0 : round_word(w, &d);
}

/* Adds the exponent at p, if one is there, to *exponent. Returns the byte after it. */
static const char *take_exponent(const char *p, const char *end, int64_t *exponent)
{
    const char *digits = p + 1; /* p stands at the letter */
    bool negative = digits < end && *digits == '-';
    if (digits < end && (*digits == '-' || *digits == '+'))
        digits++;
    if (digits == end || !is_digit(*digits))
        return p;
    int64_t value = 0;
    for (p = digits; p < end && is_digit(*p); p++) {
        if (value < exponent_limit / 10)
            value = value * 10 + (*p - '0');
    }
    *exponent += negative ? -value : value;
    return p;
}

/* The byte after `word` (lower case) at p, in any case; NULL: another word stands there. */
static const char *take_word(const char *p, const char *end, const char *word)
{
    for (; *word != 0; word++, p++) {
        if (p == end || (*p | 0x20) != *word)
            return NULL;
    }
    return p;
}

static const char *parse_word(double *out, const char *p, const char *end)
{
    const char *after = take_word(p, end, "nan");
    if (after != NULL) {
        *out = (double)NAN;
        return after;
    }
    after = take_word(p, end, "inf");
    if (after == NULL)
        return NULL;
    *out = (double)INFINITY;
    const char *whole = take_word(after, end, "inity");
    return whole != NULL ? whole : after;
}

const char *qni_number_parse(double *out, const char *text, const char *end)
{
    assert(out != NULL && text <= end);
    const char *p = text;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *first = p;
    uint64_t w = 0;
    p = take_digits(p, end, &w);
    int64_t count = p - first, exponent = 0;
    if (p < end && *p == '.') {
        const char *fraction = p + 1;
        const char *after = take_digits(fraction, end, &w);
        if (after > fraction || count > 0)
            p = after;
        count += after - fraction;
        exponent = fraction - after;
    }
    double value;
    if (count > 0) {
        const char *digits_end = p;
        if (p < end && (*p | 0x20) == 'e')
            p = take_exponent(p, end, &exponent);
        value = round_decimal(w, first, digits_end, count, exponent);
    } else {
        p = parse_word(&value, first, end);
        if (p == NULL)
            return NULL;
    }
    *out = negative ? -value : value;
    return p;
}

const char *qni_integer_parse(int64_t *out, const char *text, const char *end)
{
    assert(out != NULL && text <= end);
    const char *p = text;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *first = p;
    uint64_t w = 0;
    p = take_digits(p, end, &w);
    if (p == first)
        return NULL;
    if (p - first <= INT64_DIGITS) {
        *out = negative ? -(int64_t)w : (int64_t)w;
        return p;
    }
    int64_t value = 0; /* kept negative: its range is the larger one */
    for (const char *digit = first; digit < p; digit++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *digit - '0', &value))
            return NULL;
    }
    if (!negative && value == INT64_MIN)
        return NULL;
    *out = negative ? value : -value;
    return p;
}
