/* base/number.h: numbers from text and text from numbers, without locale, correctly rounded both ways.
 *
 * Nothing here allocates, fails otherwise than said, or keeps state; any thread. The rounding mode must be to nearest,
 * as it is when a process starts. */
#ifndef QNI_BASE_NUMBER_H
#define QNI_BASE_NUMBER_H

#include <stdint.h>

/* Parses the longest number at [text, end). Returns the byte after it, or NULL where none starts there; *out is then
 * untouched.
 *
 *   [+-]? ( digits [. digits*] | . digits ) ( [eE] [+-]? digits )?  |  [+-]? ( inf | infinity | nan ), in any case
 *
 * No hexadecimal, no leading space. Rounded to the nearest double, ties to even; too large gives an infinity, too small
 * a zero, both with the sign. Time is linear in the length. */
const char *qni_number_parse(double *out, const char *text, const char *end);

/* The same for [+-]? digits. NULL also where the number does not fit. */
const char *qni_integer_parse(int64_t *out, const char *text, const char *end);

#define QNI_NUMBER_SIZE 32 /* bytes; the longest text has 24 and a zero */

/* Writes the shortest text that reads back as the same double, of several the closest, zero-terminated. Returns its
 * length. The style is Python's, but for integers, which have no fraction: 5, 0.1, -0, 0.0001, 1e-05, 123456789012345,
 * 1e+16, inf, -inf, nan. */
int qni_number_format(char out[QNI_NUMBER_SIZE], double value);

/* Writes `digits` (1 … 17) significant digits, correctly rounded, ties to even, as printf's %.*g does in the C locale:
 * trailing zeros are dropped. Zero-terminated. Returns the length. A nan has no sign. */
int qni_number_format_digits(char out[QNI_NUMBER_SIZE], double value, int digits);

#endif
