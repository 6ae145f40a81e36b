/* array/half.h: 16-bit floating-point numbers: IEEE 754 binary16 (5 exponent bits, 10 of fraction) and bfloat16 (8 and
 * 7).
 *
 * From double directly, not by way of float: rounded once, to nearest, ties to even. A NaN stays a quiet NaN with its
 * sign. Any thread. */
#ifndef QNI_ARRAY_HALF_H
#define QNI_ARRAY_HALF_H

#include <stdint.h>

uint16_t qni_f16_from_double(double value);
uint16_t qni_bf16_from_double(double value);
double qni_f16_to_double(uint16_t bits);
double qni_bf16_to_double(uint16_t bits);

#endif
