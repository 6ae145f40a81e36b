/* stream/decimal.c: see decimal.h.
 *
 * Digits are gathered in a word; what has more of them, an exponent, or more decimals than are kept goes the long way,
 * through 128 bits and one division. */
#include "stream/decimal.h"

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef unsigned __int128 u128;

enum {
    WORD_DIGITS = 19,  /* so many always fit into 64 bits */
    LONG_DIGITS = 37,  /* into 127 */
    EXPONENT = 100000, /* beyond it every number but 0 is out of range or rounds to 0 */
};

static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

/* (digits + a little where `more`) * 10^exponent. */
typedef struct number {
    u128 digits;
    int64_t exponent;
    bool more; /* a digit other than 0 was left out behind them */
} number;

/* Digits, a point between them or none; NULL: not one digit. */
static const char *take_digits(number *n, const char *p, const char *end)
{
    bool any = false, point = false;
    int count = 0;
    for (; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(*p))
            break;
        any = true;
        if (count < LONG_DIGITS) {
            n->digits = n->digits * 10 + (unsigned)(*p - '0');
            count += n->digits != 0;
            n->exponent -= point;
        } else {
            n->more |= *p != '0';
            n->exponent += !point;
        }
    }
    return any ? p : NULL;
}

/* [+-]? digits behind an e; false: none. */
static bool take_exponent(number *n, const char *p, const char *end)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    int64_t value = 0;
    const char *first = p;
    for (; p < end && is_digit(*p); p++)
        value = value < EXPONENT ? value * 10 + (*p - '0') : value;
    n->exponent += negative ? -value : value;
    return p == end && p > first;
}

/* Rounds to a whole number. */
static void round_off(number *n)
{
    if (n->exponent < -LONG_DIGITS - 1) { /* below a tenth */
        *n = (number){0};
        return;
    }
    u128 divisor = 1;
    for (int64_t i = n->exponent; i < 0; i++)
        divisor *= 10;
    u128 rest = n->digits % divisor, half = divisor / 2;
    n->digits /= divisor;
    n->digits += rest > half || (rest == half && (n->more || n->digits % 2 == 1));
    n->exponent = 0;
}

static qni_decimal parse_long(int64_t *out, const char *p, const char *end, bool negative, int decimals)
{
    number n = {.exponent = decimals};
    p = take_digits(&n, p, end);
    if (p == NULL || (p < end && ((*p | 0x20) != 'e' || !take_exponent(&n, p + 1, end))))
        return QNI_DECIMAL_NONE;
    if (n.exponent < 0)
        round_off(&n);
    for (; n.exponent > 0 && n.digits != 0; n.exponent--) {
        if (n.digits > INT64_MAX)
            return QNI_DECIMAL_RANGE;
        n.digits *= 10;
    }
    if (n.digits > INT64_MAX)
        return QNI_DECIMAL_RANGE;
    *out = negative ? -(int64_t)n.digits : (int64_t)n.digits;
    return QNI_DECIMAL_OK;
}

qni_decimal qni_decimal_parse(int64_t *out, const char *text, int64_t size, int decimals)
{
    const char *p = text, *end = text + size;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *first = p, *point = NULL;
    uint64_t value = 0;
    for (; p < end; p++) {
        if (is_digit(*p))
            value = value * 10 + (uint64_t)(*p - '0');
        else if (*p == '.' && point == NULL)
            point = p;
        else
            return parse_long(out, first, end, negative, decimals);
    }
    const int64_t digits = end - first - (point != NULL), fraction = point != NULL ? end - point - 1 : 0;
    if (digits == 0) /* nothing, or a point alone */
        return QNI_DECIMAL_NONE;
    if (digits > WORD_DIGITS || fraction > decimals)
        return parse_long(out, first, end, negative, decimals);
    int64_t result;
    if (__builtin_mul_overflow(value, powers[decimals - fraction], &result))
        return QNI_DECIMAL_RANGE;
    *out = negative ? -result : result;
    return QNI_DECIMAL_OK;
}
