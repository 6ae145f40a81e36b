/* stream/decimal.h: decimal text as whole numbers of a power of ten, exactly: no double stands in between.
 *
 * Nothing here allocates or keeps state; any thread. */
#ifndef QNI_STREAM_DECIMAL_H
#define QNI_STREAM_DECIMAL_H

#include <stdint.h>

typedef enum qni_decimal {
    QNI_DECIMAL_OK,
    QNI_DECIMAL_NONE,  /* no number */
    QNI_DECIMAL_RANGE, /* a number that does not fit */
} qni_decimal;

/* All of `size` bytes as a number of 10^-decimals (0 … 9), rounded to nearest, ties to even:
 *
 *   [+-]? ( digits [. digits*] | . digits ) ( [eE] [+-]? digits )?
 *
 * Time is linear in the size. *out is set where the result is OK alone. */
qni_decimal qni_decimal_parse(int64_t *out, const char *text, int64_t size, int decimals);

#endif
