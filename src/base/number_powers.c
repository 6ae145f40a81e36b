/* base/number_powers.c: the powers of ten that parsing and printing share; written by scripts/number_powers.py. */
#include "base/number_int.h"

const qni_power qni_powers[QNI_POWER_LAST - QNI_POWER_FIRST + 1] = {
#include "base/number_powers.inc"
};
