/* stream/digest.c: one number for all that came out of a stream.
 *
 * Every record is mixed with its sequence into 128 bits, and these are added up: the sum does not know how records were
 * cut into spans, but it changes with any bit of a record, of a column, and with the order. Against accidents, as
 * base/checksum.h; NaNs are one. Any thread. */
#include "stream/run_int.h"

#include <string.h>

typedef unsigned __int128 wide;

/* Odd numbers with bits all over: the digits of sqrt(2) and sqrt(3). */
static const uint64_t FIRST = 0x6a09e667f3bcc909, SECOND = 0xbb67ae8584caa73b;

static inline uint64_t turn(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

typedef struct mixture {
    uint64_t a, b;
} mixture;

static inline mixture mix(mixture m, uint64_t x, uint64_t y)
{
    const wide product = (wide)(x ^ m.a ^ FIRST) * (y ^ m.b ^ SECOND);
    return (mixture){turn(m.a, 23) + (uint64_t)product, turn(m.b, 41) ^ (uint64_t)(product >> 64)};
}

/* A double's bits; all NaNs have one. */
static inline uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return number != number ? 0x7ff8000000000000 : bits;
}

void qni_digest_span(uint64_t digest[2], const qn_stream_span *span, int64_t column_count)
{
    uint64_t first = digest[0], second = digest[1];
    for (int64_t i = 0; i < span->count; i++) {
        const qn_tick *const t = &span->records[i];
        mixture m = {(uint64_t)t->sequence * SECOND, (uint64_t)t->sequence + FIRST};
        m = mix(m, (uint64_t)t->time_ns, (uint64_t)t->price);
        m = mix(m, (uint64_t)t->size, (uint64_t)t->bid);
        m = mix(m, (uint64_t)t->ask, (uint64_t)(uint32_t)t->symbol << 32 | t->order);
        m = mix(m, (uint64_t)t->kind | (uint64_t)(uint8_t)t->side << 8, t->flags);
        for (int64_t c = 0; c < column_count; c += 2)
            m = mix(m, bits_of(span->columns[c][i]), c + 1 < column_count ? bits_of(span->columns[c + 1][i]) : 0);
        m = mix(m, m.b, m.a);
        first += m.a;
        second += m.b;
    }
    digest[0] = first;
    digest[1] = second;
}
