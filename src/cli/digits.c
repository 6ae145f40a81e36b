/* cli/digits.c: takes the correctly rounded digits of base/number.h and sets the point. */
#include "cli/digits.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_DIGITS = 17
};

/* 0.d1d2d3… * 10^(exponent + 1) */
typedef struct decimal {
    bool negative;
    int exponent; /* of the first digit */
    int count;
    char digits[MOST_DIGITS + 1];
} decimal;

/* `value`, finite and not zero, in `count` digits. */
static decimal decimal_of(double value, int count)
{
    char text[QNI_NUMBER_SIZE];
    (void)qni_number_format_digits(text, value, count);
    decimal d = {.negative = text[0] == '-'};
    int before = 0, after_zeros = 0, exponent = 0;
    bool point = false;
    const char *p = text + d.negative;
    for (; *p != '\0' && *p != 'e'; p++) {
        if (*p == '.') {
            point = true;
        } else if (*p == '0' && d.count == 0) {
            after_zeros += point;
        } else {
            d.digits[d.count++] = *p;
            before += !point;
        }
    }
    if (*p == 'e') {
        bool down = p[1] == '-';
        for (p += 2; *p != '\0'; p++)
            exponent = exponent * 10 + (*p - '0');
        exponent = down ? -exponent : exponent;
    }
    d.exponent = exponent + (before > 0 ? before - 1 : -1 - after_zeros);
    while (d.count < count)
        d.digits[d.count++] = '0';
    return d;
}

int qni_digits_exponent(double value)
{
    return value == 0 || !isfinite(value) ? 0 : decimal_of(value, MOST_DIGITS).exponent;
}

int qni_digits_place(double value, double error)
{
    int exponent = qni_digits_exponent(value);
    if (!isfinite(error) || error == 0)
        return exponent - 5;
    int place = decimal_of(error, 2).exponent - 1;
    return place < exponent - 14 && value != 0 ? exponent - 14 : place;
}

static int write_special(char *out, double value)
{
    const char *text = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    memcpy(out, text, strlen(text) + 1);
    return (int)strlen(text);
}

/* The digits with the point after the first, and the exponent. */
static int write_scientific(char *out, const decimal *d)
{
    char *p = out;
    if (d->negative)
        *p++ = '-';
    *p++ = d->digits[0];
    if (d->count > 1) {
        *p++ = '.';
        memcpy(p, d->digits + 1, (size_t)d->count - 1);
        p += d->count - 1;
    }
    int size = (int)(p - out);
    return size + snprintf(p, (size_t)(QNI_DIGITS_SIZE - size), "e%c%02d", d->exponent < 0 ? '-' : '+',
                           d->exponent < 0 ? -d->exponent : d->exponent);
}

static int write_plain(char *out, const decimal *d)
{
    char *p = out;
    if (d->negative)
        *p++ = '-';
    for (int place = d->exponent > 0 ? d->exponent : 0; place >= d->exponent - d->count + 1; place--) {
        if (place == -1)
            *p++ = '.';
        *p++ = place > d->exponent ? '0' : d->digits[d->exponent - place];
    }
    *p = '\0';
    return (int)(p - out);
}

static int write_decimal(char *out, const decimal *d)
{
    int last = d->exponent - d->count + 1;
    bool plain = d->exponent >= -4 && d->exponent < 7 && last <= 0;
    return plain ? write_plain(out, d) : write_scientific(out, d);
}

static int clamp(int count)
{
    return count < 1 ? 1 : count > MOST_DIGITS ? MOST_DIGITS : count;
}

/* Nothing, in as many decimals as are asked for. */
static int write_zero(char *out, int place)
{
    decimal zero = {.count = place < 0 && place >= -6 ? 1 - place : 1};
    memset(zero.digits, '0', (size_t)zero.count);
    return write_plain(out, &zero);
}

/* Less than one unit of the last place becomes one of them or none, a half none. */
static int write_below(char *out, double value, int place)
{
    decimal d = decimal_of(value, MOST_DIGITS);
    if (d.exponent < place - 1 || strcmp(d.digits, "50000000000000000") <= 0)
        return write_zero(out, place);
    return write_decimal(out, &(decimal){.negative = value < 0, .exponent = place, .count = 1, .digits = "1"});
}

int qni_digits_write(char out[QNI_DIGITS_SIZE], double value, int place)
{
    if (!isfinite(value))
        return write_special(out, value);
    if (value == 0)
        return write_zero(out, place);
    int exponent = qni_digits_exponent(value);
    if (exponent < place)
        return write_below(out, value, place);
    decimal d = decimal_of(value, clamp(exponent - place + 1));
    if (d.exponent > exponent && d.count < MOST_DIGITS) /* 9.96 at 0.1 is 10.0 */
        d.digits[d.count++] = '0';
    return write_decimal(out, &d);
}

int qni_digits_write_count(char out[QNI_DIGITS_SIZE], double value, int count)
{
    assert(count >= 1 && count <= MOST_DIGITS);
    if (!isfinite(value))
        return write_special(out, value);
    if (value == 0)
        return qni_digits_write(out, 0, 0);
    decimal d = decimal_of(value, count);
    return write_decimal(out, &d);
}
