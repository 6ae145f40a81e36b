/* lang/stateful.c: the functions that keep state from row to row, by name. The language knows how they are called; what
 * they compute is a stream's. Any thread. */
#include "lang/hoist.h"

#include "base/error.h"
#include "lang/syntax_int.h"

#include <string.h>

const qni_stateful_info qni_stateful_infos[QNI_STATEFUL_COUNT] = {
    [QNI_STATEFUL_EMA] = {"ema", 1, 1, 1, "ema(x, n)"},
    [QNI_STATEFUL_SMA] = {"sma", 1, 1, 1, "sma(x, n)"},
    [QNI_STATEFUL_SD] = {"sd", 1, 1, 1, "sd(x, n)"},
    [QNI_STATEFUL_VWAP] = {"vwap", 2, 0, 1, "vwap(price, size) or vwap(price, size, n)"},
    [QNI_STATEFUL_RSI] = {"rsi", 1, 1, 1, "rsi(x, n)"},
    [QNI_STATEFUL_BOLLINGER] = {"bollinger", 1, 2, 2, "bollinger(x, n, k)"},
    [QNI_STATEFUL_MACD] = {"macd", 1, 2, 3, "macd(x, fast, slow) or macd(x, fast, slow, signal)"},
    [QNI_STATEFUL_REALIZED_VOL] = {"realized_vol", 1, 1, 1, "realized_vol(x, n)"},
    [QNI_STATEFUL_LAG] = {"lag", 1, 0, 1, "lag(x) or lag(x, n)"},
    [QNI_STATEFUL_DIFF] = {"diff", 1, 0, 1, "diff(x) or diff(x, n)"},
};

int qni_stateful_find(const char *name, int64_t size)
{
    for (int i = 0; i < QNI_STATEFUL_COUNT; i++)
        if ((int64_t)strlen(qni_stateful_infos[i].name) == size &&
            memcmp(qni_stateful_infos[i].name, name, (size_t)size) == 0)
            return i;
    return -1;
}

qn_status qni_stateful_arity(int function, int count, int32_t offset, qn_error *err)
{
    const qni_stateful_info *info = &qni_stateful_infos[function];
    return qni_error_at(err, QN_SYNTAX, NULL, 0, offset + 1, "%s is called as %s, here %s %d argument%s", info->name,
                        info->usage, count == 1 ? "is" : "are", count, count == 1 ? "" : "s");
}
