/* array/half.c: see half.h. */
#include "array/half.h"

#include <math.h>
#include <string.h>

enum {
    F16_FRACTION = 10,
    BF16_FRACTION = 7,
    DOUBLE_FRACTION = 52,
    DOUBLE_BIAS = 1023,
    DOUBLE_EXPONENT_MAX = 2047
};

/* The exponent of infinity and NaN, and what is taken off an exponent, where a number has `fraction` of 15 bits. */
static int exponent_max(int fraction)
{
    return (1 << (15 - fraction)) - 1;
}
static int bias(int fraction)
{
    return exponent_max(fraction) >> 1;
}

static uint16_t narrow(double value, int fraction)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    unsigned sign = (unsigned)(bits >> 63) << 15;
    unsigned infinite = (unsigned)exponent_max(fraction) << fraction;
    int exponent = (int)(bits >> DOUBLE_FRACTION & DOUBLE_EXPONENT_MAX);
    uint64_t mantissa = bits & (((uint64_t)1 << DOUBLE_FRACTION) - 1);
    if (exponent == DOUBLE_EXPONENT_MAX)
        return (uint16_t)(sign | infinite | (mantissa != 0 ? 1u << (fraction - 1) : 0));
    exponent += bias(fraction) - DOUBLE_BIAS;
    mantissa |=
        (uint64_t)1 << DOUBLE_FRACTION; /* also where the double is subnormal: that is far below the least result */
    int shift = DOUBLE_FRACTION - fraction;
    if (exponent < 1) { /* subnormal: fewer bits */
        shift += 1 - exponent;
        exponent = 1;
    }
    if (shift > DOUBLE_FRACTION + 1)
        return (uint16_t)sign; /* below half the least number, or half of it exactly: then even is 0 */
    uint64_t half = (uint64_t)1 << (shift - 1);
    uint64_t kept = (mantissa + half - 1 + (mantissa >> shift & 1)) >> shift;
    uint64_t rounded = ((uint64_t)(exponent - 1) << fraction) + kept; /* a carry runs into the exponent */
    return (uint16_t)(sign | (rounded < infinite ? (unsigned)rounded : infinite));
}

static double widen(uint16_t bits, int fraction)
{
    int exponent = bits >> fraction & exponent_max(fraction);
    int mantissa = bits & ((1 << fraction) - 1);
    double value;
    if (exponent == exponent_max(fraction))
        value = mantissa != 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(mantissa, 1 - bias(fraction) - fraction);
    else
        value = ldexp(mantissa + (1 << fraction), exponent - bias(fraction) - fraction);
    return (bits & 0x8000) != 0 ? -value : value;
}

uint16_t qni_f16_from_double(double value)
{
    return narrow(value, F16_FRACTION);
}

uint16_t qni_bf16_from_double(double value)
{
    return narrow(value, BF16_FRACTION);
}

double qni_f16_to_double(uint16_t bits)
{
    return widen(bits, F16_FRACTION);
}

double qni_bf16_to_double(uint16_t bits)
{
    return widen(bits, BF16_FRACTION);
}
