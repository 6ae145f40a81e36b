/* stream/indicator.c: indicators from the outside: what constants may be, their memory, which kernel takes in what.
 *
 * Always: where `together`, all symbols have seen as many values as next_all says, and next[] is stale; else next[]
 * says it of each. One thread at a time; kernels are chosen once. */
#include "stream/indicator_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define TILE QNI_INDICATOR_TILE

/* Kinds are numbered as the functions of formulas are, whose table says how both are called. */
#define SAME(name) _Static_assert((int)QN_INDICATOR_##name == (int)QNI_STATEFUL_##name, "an indicator's function")
SAME(EMA);
SAME(SMA);
SAME(SD);
SAME(VWAP);
SAME(RSI);
SAME(BOLLINGER);
SAME(MACD);
SAME(REALIZED_VOL);
SAME(LAG);
SAME(DIFF);
#undef SAME

#ifdef __x86_64__
extern const qni_indicator_kernels qni_indicator_avx2, qni_indicator_avx512;
#endif

const qni_indicator_kernels *qni_indicator_kernels_of(int level)
{
#ifdef __x86_64__
    if (level == QNI_CPU_AVX512)
        return &qni_indicator_avx512;
    if (level == QNI_CPU_AVX2)
        return &qni_indicator_avx2;
#endif
    (void)level;
    return &qni_indicator_baseline;
}

const char *qn_indicator_name(qn_indicator_kind kind)
{
    return (unsigned)kind < QNI_STATEFUL_COUNT ? qni_stateful_infos[kind].name : "?";
}

static qn_status check_span(const qni_stateful_info *form, double span, qn_error *err)
{
    if (span >= 1 && span < (double)INFINITY)
        return QN_OK;
    return qni_error(err, QN_INVALID, "%s: an average is over 1 value or more, not %g", form->usage, span);
}

static qn_status check_window(const qni_stateful_info *form, double n, double least, qn_error *err)
{
    if (n >= least && n <= QNI_INDICATOR_WINDOW_MAX && n == floor(n))
        return QN_OK;
    return qni_error(err, QN_INVALID, "%s: n is a whole number of %g to %d, not %.10g", form->usage, least,
                     QNI_INDICATOR_WINDOW_MAX, n);
}

/* Constants to the rule, its n and factors. */
static qn_status take_averages(qn_indicator *ind, const double *constants, int64_t count, qn_error *err)
{
    ind->rule = count == 1 ? QNI_INDICATOR_EMA : count == 2 ? QNI_INDICATOR_MACD : QNI_INDICATOR_SIGNAL;
    for (int64_t k = 0; k < count; k++) {
        qn_status status = check_span(&qni_stateful_infos[ind->kind], constants[k], err);
        if (status != QN_OK)
            return status;
        ind->alpha[k] = 2 / (constants[k] + 1);
    }
    return QN_OK;
}

static qn_status take_window(qn_indicator *ind, const double *constants, int64_t count, qn_error *err)
{
    static const qni_indicator_rule rules[QNI_STATEFUL_COUNT] = {
        [QN_INDICATOR_SMA] = QNI_INDICATOR_SMA,
        [QN_INDICATOR_SD] = QNI_INDICATOR_SD,
        [QN_INDICATOR_VWAP] = QNI_INDICATOR_VWAP_LAST,
        [QN_INDICATOR_RSI] = QNI_INDICATOR_RSI,
        [QN_INDICATOR_BOLLINGER] = QNI_INDICATOR_BOLLINGER,
        [QN_INDICATOR_REALIZED_VOL] = QNI_INDICATOR_REALIZED_VOL,
        [QN_INDICATOR_LAG] = QNI_INDICATOR_LAG,
        [QN_INDICATOR_DIFF] = QNI_INDICATOR_DIFF,
    };
    const qni_stateful_info *form = &qni_stateful_infos[ind->kind];
    bool sample = ind->kind == QN_INDICATOR_SD;
    double n = count > 0 ? constants[0] : 1;
    qn_status status = check_window(form, n, sample ? 2 : 1, err);
    if (status != QN_OK)
        return status;
    ind->rule = ind->kind == QN_INDICATOR_VWAP && count == 0 ? QNI_INDICATOR_VWAP : rules[ind->kind];
    ind->n = (int64_t)n;
    ind->each = 1 / n;
    ind->divisor = 1 / (sample ? n - 1 : n);
    if (ind->kind == QN_INDICATOR_BOLLINGER) {
        ind->scale = constants[1];
        if (!(fabs(ind->scale) < (double)INFINITY))
            return qni_error(err, QN_INVALID, "%s: k is a finite number, not %g", form->usage, ind->scale);
    }
    return QN_OK;
}

static qn_status take_constants(qn_indicator *ind, const double *constants, int64_t count, qn_error *err)
{
    const qni_stateful_info *form = &qni_stateful_infos[ind->kind];
    if (count < form->least || count > form->most)
        return qni_error(err, QN_INVALID, "%s has another number of constants than %lld", form->usage,
                         (long long)count);
    bool averages = ind->kind == QN_INDICATOR_EMA || ind->kind == QN_INDICATOR_MACD;
    return averages ? take_averages(ind, constants, count, err) : take_window(ind, constants, count, err);
}

/* One block: states, windows, next. */
static qn_status take_memory(qn_indicator *ind, qn_error *err)
{
#define NEEDS(name, states, windows, inverses) {states, windows, inverses},
    static const int needs[][3] = {QNI_INDICATOR_RULE_LIST(NEEDS)};
#undef NEEDS
    int states = needs[ind->rule][0], windows = needs[ind->rule][1];
    int64_t width = ind->tiles * TILE, window = 0, total = 0;
    int64_t slots = ind->n | 1; /* odd, so that a slot of all tiles is not in one set of the cache */
    int64_t inverses = needs[ind->rule][2] * (ind->n + 1);
    ind->slot_stride = TILE;
    ind->tile_stride = slots * TILE;
    bool fits = qni_size_mul(&window, width, slots) && qni_size_mul(&total, window, windows) &&
                qni_size_add(&total, total, (states + 1) * width + inverses);
    ind->block = fits ? qni_alloc(ind->allocator, total, sizeof *ind->block) : NULL;
    if (ind->block == NULL)
        return qni_refused(err, ind->allocator, fits ? total * (int64_t)sizeof *ind->block : 0,
                           "%s of %lld symbols over %lld values", qn_indicator_name(ind->kind), (long long)ind->symbols,
                           (long long)ind->n);
    ind->block_count = total;
    double *at = ind->block;
    for (int k = 0; k < states; k++, at += width)
        ind->state[k] = at;
    void *rest = at; /* half of it: these are half as large */
    ind->next = windows > 0 ? rest : NULL;
    at += width;
    for (int k = 0; k < windows; k++)
        ind->window[k] = at + k * window;
    if (inverses > 0)
        ind->inverse = at + windows * window;
    for (int64_t k = 1; k < inverses; k++)
        ind->inverse[k] = 1 / (double)k;
    if (windows == 1)
        ind->window[1] = ind->window[0];
    return QN_OK;
}

qn_status qn_indicator_new(qn_indicator **out, qn_indicator_kind kind, const double *constants, int64_t constant_count,
                           int64_t symbols, const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL && (constants != NULL || constant_count == 0));
    *out = NULL;
    if ((unsigned)kind >= QNI_STATEFUL_COUNT)
        return qni_error(err, QN_INVALID, "%d is no indicator", (int)kind);
    if (symbols < 1 || symbols > QNI_SYMBOLS_MAX)
        return qni_error(err, QN_INVALID, "an indicator is for 1 to %d symbols, not %lld", QNI_SYMBOLS_MAX,
                         (long long)symbols);
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    qn_indicator *ind = qni_new(allocator, qn_indicator);
    if (ind == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for an indicator");
    *ind = (qn_indicator){.kind = kind,
                          .kernels = qni_indicator_kernels_of(level),
                          .symbols = symbols,
                          .tiles = (symbols + TILE - 1) / TILE,
                          .scale = 1,
                          .allocator = allocator};
    status = take_constants(ind, constants, constant_count, err);
    if (status == QN_OK)
        status = take_memory(ind, err);
    if (status != QN_OK) {
        qn_indicator_free(ind);
        return status;
    }
    qn_indicator_reset(ind);
    *out = ind;
    return QN_OK;
}

void qn_indicator_reset(qn_indicator *indicator)
{
    int64_t width = indicator->tiles * TILE;
    for (int k = 0; k < QNI_INDICATOR_STATES && indicator->state[k] != NULL; k++)
        for (int64_t s = 0; s < width; s++)
            indicator->state[k][s] = k == 0 ? (double)NAN : 0; /* state 0: the value before, or an average of values */
    indicator->together = true;
    indicator->next_all = 0;
}

static int32_t after(const qn_indicator *ind, int32_t next)
{
    return next + 1 == 2 * ind->n ? (int32_t)ind->n : next + 1;
}

/* Each symbol has a next of its own from now on. */
static void part(qn_indicator *ind)
{
    for (int64_t s = 0; s < ind->symbols; s++)
        ind->next[s] = ind->next_all;
    ind->together = false;
}

/* Whether all symbols have the same next. */
static bool meet(qn_indicator *ind)
{
    int32_t apart = 0;
    for (int64_t s = 1; s < ind->symbols; s++)
        apart |= ind->next[s] ^ ind->next[0];
    ind->together = apart == 0;
    ind->next_all = ind->next[0];
    return ind->together;
}

qn_status qn_indicator_update(qn_indicator *indicator, const int32_t *symbols, const double *x, const double *weights,
                              double *out, int64_t count, qn_error *err)
{
    if (qni_stateful_infos[indicator->kind].series > 1 && weights == NULL)
        return qni_error(err, QN_INVALID, "%s needs sizes", qn_indicator_name(indicator->kind));
    uint32_t most = 0;
    for (int64_t i = 0; i < count; i++)
        most = (uint32_t)symbols[i] > most ? (uint32_t)symbols[i] : most;
    if (most >= (uint32_t)indicator->symbols)
        return qni_error(err, QN_INVALID, "%s: there is no symbol %d among %lld", qn_indicator_name(indicator->kind),
                         (int)(int32_t)most, (long long)indicator->symbols);
    if (indicator->next != NULL && indicator->together)
        part(indicator);
    qni_indicator_updates[indicator->rule](indicator, symbols, x, weights, out, count);
    return QN_OK;
}

/* The tile that is not whole, with zeros behind it. */
static void make_rest(qn_indicator *ind, const double *x, const double *weights, double *out)
{
    int64_t whole = ind->symbols / TILE, rest = ind->symbols % TILE;
    double values[TILE] = {0}, sizes[TILE] = {0}, results[TILE];
    memcpy(values, x + whole * TILE, (size_t)rest * sizeof *values);
    if (weights != NULL)
        memcpy(sizes, weights + whole * TILE, (size_t)rest * sizeof *sizes);
    ind->kernels->row[ind->rule](ind, values, sizes, results, whole, 1);
    memcpy(out + whole * TILE, results, (size_t)rest * sizeof *results);
}

qn_status qn_indicator_row(qn_indicator *indicator, const double *x, const double *weights, double *out, qn_error *err)
{
    if (qni_stateful_infos[indicator->kind].series > 1 && weights == NULL)
        return qni_error(err, QN_INVALID, "%s needs sizes", qn_indicator_name(indicator->kind));
    if (indicator->next != NULL && !indicator->together && !meet(indicator)) {
        qni_indicator_updates[indicator->rule](indicator, NULL, x, weights, out, indicator->symbols);
        return QN_OK;
    }
    if (indicator->symbols >= TILE)
        indicator->kernels->row[indicator->rule](indicator, x, weights, out, 0, indicator->symbols / TILE);
    if (indicator->symbols % TILE != 0)
        make_rest(indicator, x, weights, out);
    if (indicator->next != NULL)
        indicator->next_all = after(indicator, indicator->next_all);
    return QN_OK;
}

int64_t qn_indicator_size(const qn_indicator *indicator)
{
    return (int64_t)sizeof *indicator + indicator->block_count * (int64_t)sizeof *indicator->block;
}

void qn_indicator_free(qn_indicator *indicator)
{
    if (indicator == NULL)
        return;
    const qn_allocator *allocator = indicator->allocator;
    qni_free(allocator, indicator->block, indicator->block_count, sizeof *indicator->block);
    qni_delete(allocator, indicator);
}
