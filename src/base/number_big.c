/* base/number_big.c: integers of a fixed largest size, just enough to compare a decimal with a binary number exactly.
 *
 * Always: the highest limb in use is not 0; nothing grows past QNI_BIG_LIMBS (asserted). Any thread. */
#include "base/number_int.h"

#include <assert.h>
#include <string.h>

enum {
    FIVE_STEP = 27, /* 5^27 is the largest power of five below 2^64 */
    LIMB_BITS = 64,
};

void qni_big_set(qni_big *a, uint64_t value)
{
    a->limbs[0] = value;
    a->count = value != 0;
}

static void push(qni_big *a, uint64_t limb)
{
    if (limb == 0)
        return;
    assert(a->count < QNI_BIG_LIMBS);
    a->limbs[a->count++] = limb;
}

void qni_big_mul_add(qni_big *a, uint64_t factor, uint64_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < a->count; i++) {
        qni_u128 product = (qni_u128)a->limbs[i] * factor + carry;
        a->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> LIMB_BITS);
    }
    push(a, carry);
}

static void multiply_power_of_five(qni_big *a, int n)
{
    static const uint64_t five_27 = 7450580596923828125u;
    for (; n >= FIVE_STEP; n -= FIVE_STEP)
        qni_big_mul_add(a, five_27, 0);
    uint64_t rest = 1;
    while (n-- > 0)
        rest *= 5;
    qni_big_mul_add(a, rest, 0);
}

static void shift_left(qni_big *a, int bits)
{
    qni_big_mul_add(a, (uint64_t)1 << bits % LIMB_BITS, 0);
    int limbs = bits / LIMB_BITS;
    assert(a->count + limbs <= QNI_BIG_LIMBS);
    memmove(a->limbs + limbs, a->limbs, (size_t)a->count * sizeof a->limbs[0]);
    memset(a->limbs, 0, (size_t)limbs * sizeof a->limbs[0]);
    a->count += limbs;
}

static int compare(const qni_big *a, const qni_big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

int qni_big_compare(qni_big *digits, int k, uint64_t m, int e)
{
    assert(digits->count > 0 && m > 0);
    qni_big binary;
    qni_big_set(&binary, m);
    if (k >= 0)
        multiply_power_of_five(digits, k);
    else
        multiply_power_of_five(&binary, -k);
    if (e > k)
        shift_left(&binary, e - k);
    else
        shift_left(digits, k - e);
    return compare(digits, &binary);
}
