/* The committed table of powers of ten against powers computed here, by multiplying and dividing a long integer by ten.
 */
#include "harness/harness.h"

#include "base/number_int.h"

enum {
    LIMBS = 42,      /* of 32 bits: 1344 */
    START_LIMB = 41, /* 2^1312, the first number divided: 10^-342 leaves 176 bits of it */
};

static void multiply_by_ten(uint32_t *limbs)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)limbs[i] * 10;
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Rounds down; that is as good as dividing once by the whole power. */
static void divide_by_ten(uint32_t *limbs)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | limbs[i];
        limbs[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
}

static int bit(const uint32_t *limbs, int i)
{
    return i < 0 ? 0 : (int)(limbs[i / 32] >> i % 32 & 1);
}

/* The table's entry for k must be the highest 128 bits of `limbs`, which is 10^k * 2^scale rounded down. */
static void expect_power(int k, const uint32_t *limbs, int scale)
{
    int top = LIMBS * 32 - 1;
    while (bit(limbs, top) == 0)
        top--;
    uint64_t high = 0, low = 0;
    for (int i = 0; i < 64; i++) {
        high = high << 1 | (uint64_t)bit(limbs, top - i);
        low = low << 1 | (uint64_t)bit(limbs, top - 64 - i);
    }
    qni_power power = qni_power_of_ten(k);
    if (power.high != high || power.low != low || qni_log2_power(k) != top - scale)
        fail_msg("the entry for 10^%d is wrong", k);
    bool exact = true;
    for (int i = 0; i <= top - 128; i++)
        exact = exact && bit(limbs, i) == 0;
    if (k >= 0)
        assert_int_equal(qni_power_is_exact(k), exact);
}

static void the_table_is_powers_of_ten_rounded_down(void **state)
{
    (void)state;
    uint32_t limbs[LIMBS] = {1};
    for (int k = 0; k <= QNI_POWER_LAST; k++, multiply_by_ten(limbs))
        expect_power(k, limbs, 0);
    uint32_t fraction[LIMBS] = {[START_LIMB] = 1};
    for (int k = 0; k >= QNI_POWER_FIRST; k--, divide_by_ten(fraction))
        expect_power(k, fraction, START_LIMB * 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_powers_of_ten_rounded_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
