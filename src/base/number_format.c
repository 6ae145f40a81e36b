/* base/number_format.c: numbers to text.
 *
 * The shortest digits follow Giulietti, "The Schubfach way to render doubles" (2020): in units of a power of ten that
 * is just smaller than the interval of numbers that round to the double, the interval holds at most one multiple of ten
 * units and at least one of one. Its ends are kept to two further bits, rounded to odd, which is enough to compare them
 * exactly. A given count of digits comes from a 128-bit product, or from exact integers where that lies next to a half.
 */
#include "base/number.h"

#include "base/number_int.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum {
    FRACTION_BITS = 52,
    EXPONENT_MASK = 0x7FF,
    UNIT_EXPONENT = 1075, /* a double is mantissa * 2^(biased exponent - 1075) */
    DIGITS_MAX = 17,      /* significant digits that a double can need */
    POSITION_MIN = -4,    /* the first digit of a number written without an exponent stands at 10^-4 … */
    POSITION_MAX = 15,    /* … 10^15, where as many digits as needed are written; as in Python */
};

static const uint64_t implied_bit = (uint64_t)1 << FRACTION_BITS;

static const uint64_t powers_of_ten[DIGITS_MAX + 1] = {
    (uint64_t)1e0,  (uint64_t)1e1,  (uint64_t)1e2,  (uint64_t)1e3,  (uint64_t)1e4,  (uint64_t)1e5,
    (uint64_t)1e6,  (uint64_t)1e7,  (uint64_t)1e8,  (uint64_t)1e9,  (uint64_t)1e10, (uint64_t)1e11,
    (uint64_t)1e12, (uint64_t)1e13, (uint64_t)1e14, (uint64_t)1e15, (uint64_t)1e16, (uint64_t)1e17};

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

/* value = mantissa * 2^exponent > 0; the double's own fields beside them. */
typedef struct binary {
    uint64_t mantissa;
    int exponent;
    bool closer_below; /* the double below is half as far away as the one above */
} binary;

/* value = digits * 10^exponent; digits > 0. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

static binary split(uint64_t bits)
{
    uint64_t fraction = bits & (implied_bit - 1);
    int biased = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    if (biased == 0)
        return (binary){fraction, 1 - UNIT_EXPONENT, false};
    return (binary){fraction | implied_bit, biased - UNIT_EXPONENT, fraction == 0 && biased > 1};
}

/* v * g / 2^128, where a value between two integers gives the odd one of them; g is a power rounded up. */
static uint64_t scale_to_odd(qni_power g, uint64_t v)
{
    uint64_t low_high = (uint64_t)((qni_u128)g.low * v >> 64);
    qni_u128 sum = (qni_u128)g.high * v + low_high;
    return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}

/* Names as in the paper: in units of 10^k, the double lies at vb / 4 between the ends of its interval at vbl / 4 and
 * vbr / 4. */
static decimal shortest(binary b)
{
    uint64_t c = b.mantissa;
    uint64_t out = c & 1; /* the ends belong to the interval where the mantissa is even */
    int k = b.closer_below ? qni_log10_of_three_quarters_power2(b.exponent) : qni_log10_of_power2(b.exponent);
    int h = b.exponent + qni_log2_power(-k) + 1;
    qni_power g = qni_power_of_ten(-k);
    g.low += !qni_power_is_exact(-k);
    uint64_t vbl = scale_to_odd(g, (4 * c - 2 + b.closer_below) << h) + out;
    uint64_t vb = scale_to_odd(g, (4 * c) << h);
    uint64_t vbr = scale_to_odd(g, (4 * c + 2) << h) - out;
    uint64_t s = vb / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below_in = vbl <= 40 * tens, above_in = 40 * tens + 40 <= vbr;
        if (below_in != above_in)
            return (decimal){tens + above_in, k + 1};
    }
    bool below_in = vbl <= 4 * s, above_in = 4 * s + 4 <= vbr;
    if (below_in != above_in)
        return (decimal){s + above_in, k};
    uint64_t middle = 4 * s + 2;
    bool up = vb > middle || (vb == middle && (s & 1) != 0);
    return (decimal){s + up, k};
}

/* value rounded to a whole number of 10^-n; *whole is what it would be without rounding. */
static uint64_t round_at(binary b, int n, uint64_t *whole)
{
    qni_product v = qni_scale(b.mantissa, n);
    v.exponent += b.exponent;
    int shift = -v.exponent; /* the whole part has 1 … 61 bits of 127 or 128 */
    assert(0 < shift && shift < 128);
    *whole = (uint64_t)(v.p >> shift);
    qni_rounding rounding = qni_product_rounding(&v, shift);
    if (rounding == QNI_ROUND_UNDECIDED) {
        qni_big half;
        qni_big_set(&half, 2 * *whole + 1);
        int order = qni_big_compare(&half, -n, b.mantissa, b.exponent + 1); /* half a unit above, against the value */
        rounding = order < 0 || (order == 0 && (*whole & 1) != 0) ? QNI_ROUND_UP : QNI_ROUND_DOWN;
    }
    return *whole + (rounding == QNI_ROUND_UP);
}

/* Exactly `count` digits. */
static decimal rounded(binary b, int count)
{
    int top = 63 - __builtin_clzll(b.mantissa) + b.exponent; /* value >= 2^top */
    int position = qni_log10_of_power2(top);                 /* of the first digit; may be one too low */
    uint64_t whole;
    uint64_t digits = round_at(b, count - 1 - position, &whole);
    if (whole >= powers_of_ten[count]) {
        position++;
        digits = round_at(b, count - 1 - position, &whole);
    }
    return (decimal){digits, position - (count - 1)};
}

static decimal strip_zeros(decimal d)
{
    while (d.digits % 100000000 == 0) {
        d.digits /= 100000000;
        d.exponent += 8;
    }
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

static int count_digits(uint64_t x)
{
    int count = (64 - __builtin_clzll(x)) * 1233 >> 12; /* times log10(2) */
    return count + (x >= powers_of_ten[count]);
}

/* Writes the last `count` digits of x. */
static void put_digits(char *p, uint64_t x, int count)
{
    for (; count >= 2; count -= 2, x /= 100)
        memcpy(p + count - 2, digit_pairs + x % 100 * 2, 2);
    if (count > 0)
        *p = (char)('0' + x % 10);
}

static char *put_exponent(char *p, int exponent)
{
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    uint64_t size = (uint64_t)(exponent < 0 ? -exponent : exponent);
    int count = size >= 100 ? 3 : 2;
    put_digits(p, size, count);
    return p + count;
}

/* Writes d, which ends in no zero; with an exponent where its first digit stands left of 10^position_max or right of
 * 10^-4. */
static char *put_decimal(char *p, decimal d, int position_max)
{
    int count = count_digits(d.digits);
    int position = d.exponent + count - 1; /* of the first digit */
    if (position < POSITION_MIN || position > position_max) {
        put_digits(p + 1, d.digits, count);
        p[0] = p[1];
        p[1] = '.';
        return put_exponent(count == 1 ? p + 1 : p + count + 1, position);
    }
    if (position < 0) {
        memcpy(p, "0.0000", 6);
        put_digits(p + 1 - position, d.digits, count);
        return p + 1 - position + count;
    }
    int whole = position + 1; /* digits before the point */
    if (count <= whole) {
        put_digits(p, d.digits, count);
        memset(p + count, '0', (size_t)(whole - count));
        return p + whole;
    }
    put_digits(p + 1, d.digits, count);
    memmove(p, p + 1, (size_t)whole);
    p[whole] = '.';
    return p + count + 1;
}

/* Writes the sign, and the whole text where the value is no positive finite number: then true. */
static bool put_special(char **p, uint64_t bits)
{
    uint64_t magnitude = bits & (UINT64_MAX >> 1);
    const uint64_t infinity = (uint64_t)EXPONENT_MASK << FRACTION_BITS;
    if (magnitude != bits && magnitude <= infinity)
        *(*p)++ = '-';
    if (magnitude == 0) {
        *(*p)++ = '0';
        return true;
    }
    if (magnitude < infinity)
        return false;
    memcpy(*p, magnitude == infinity ? "inf" : "nan", 3);
    *p += 3;
    return true;
}

static int finish(const char *out, char *p)
{
    *p = 0;
    assert(p - out < QNI_NUMBER_SIZE);
    return (int)(p - out);
}

int qni_number_format(char out[QNI_NUMBER_SIZE], double value)
{
    assert(out != NULL);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    char *p = out;
    if (!put_special(&p, bits)) {
        binary b = split(bits);
        decimal d;
        /* An integer below 2^53 is its own shortest text: another with fewer digits is at least 1 away. */
        if (-FRACTION_BITS <= b.exponent && b.exponent <= 0 && (b.mantissa & (((uint64_t)1 << -b.exponent) - 1)) == 0)
            d = (decimal){b.mantissa >> -b.exponent, 0};
        else
            d = shortest(b);
        p = put_decimal(p, strip_zeros(d), POSITION_MAX);
    }
    return finish(out, p);
}

int qni_number_format_digits(char out[QNI_NUMBER_SIZE], double value, int digits)
{
    assert(out != NULL && 1 <= digits && digits <= DIGITS_MAX);
    digits = digits < 1 ? 1 : digits > DIGITS_MAX ? DIGITS_MAX : digits;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    char *p = out;
    if (!put_special(&p, bits))
        p = put_decimal(p, strip_zeros(rounded(split(bits), digits)), digits - 1);
    return finish(out, p);
}
