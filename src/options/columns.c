/* options/columns.c: see columns.h. Any thread. */
#include "options/columns.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

static const char *const names[QNI_COLUMN_COUNT] = {
    [QNI_COLUMN_UNDERLYING] = "forward or spot",
    [QNI_COLUMN_STRIKE] = "strike",
    [QNI_COLUMN_YEARS] = "years",
    [QNI_COLUMN_RATE] = "rate",
    [QNI_COLUMN_YIELD] = "yield",
    [QNI_COLUMN_SIGMA] = "sigma",
    [QNI_COLUMN_PRICE] = "price",
};

static qn_status check_batch(const qn_option_batch *b, qn_error *err)
{
    if (b->count < 0)
        return qni_error(err, QN_INVALID, "a batch cannot have %" PRId64 " options", b->count);
    if (b->types == NULL && b->type != 0 && b->type != QN_CALL && b->type != QN_PUT)
        return qni_error(err, QN_INVALID, "an option's type is 1 (call) or -1 (put), not %d", (int)b->type);
    if (b->forward.values != NULL && b->spot.values != NULL)
        return qni_error(err, QN_INVALID, "forward and spot are both given: the one follows from the other");
    if (b->yield.values != NULL && b->spot.values == NULL)
        return qni_error(err, QN_INVALID, "a yield is given with a forward, which has it in it already");
    return QN_OK;
}

static qn_status check_column(int column, qn_numbers given, bool needed, qn_error *err)
{
    if (needed && given.values == NULL)
        return qni_error(err, QN_INVALID, "the options have no %s", names[column]);
    if (given.values != NULL && given.step != 0 && given.step != 1)
        return qni_error(err, QN_INVALID, "the step of %s is %" PRId64 ": 1, a number for each, or 0, one for all",
                         names[column], given.step);
    return QN_OK;
}

static void spread(double *out, double value)
{
    for (int i = 0; i < QNI_OPTION_BLOCK; i++)
        out[i] = value;
}

/* What the batch gives of each column; `column` and `price` as in qni_option_walk_begin. */
static void take_columns(qni_option_walk *out, const qn_option_batch *b, qni_option_column column, const double *price)
{
    const qn_numbers nothing = {NULL, 0};
    out->given[QNI_COLUMN_UNDERLYING] = b->spot.values != NULL ? b->spot : b->forward;
    out->given[QNI_COLUMN_STRIKE] = b->strike;
    out->given[QNI_COLUMN_YEARS] = b->years;
    out->given[QNI_COLUMN_RATE] = b->rate;
    out->given[QNI_COLUMN_YIELD] = b->yield;
    out->given[QNI_COLUMN_SIGMA] = column == QNI_COLUMN_SIGMA ? b->sigma : nothing;
    out->given[QNI_COLUMN_PRICE] = column == QNI_COLUMN_PRICE ? (qn_numbers){price, 1} : nothing;
}

/* Numbers that all options share are read once. */
static void spread_columns(qni_option_walk *out)
{
    for (int k = 0; k < QNI_COLUMN_COUNT; k++) {
        const qn_numbers *given = &out->given[k];
        out->block.column[k] = out->own[k];
        if (given->values == NULL || given->step == 0)
            spread(out->own[k], given->values == NULL ? 0 : *given->values);
    }
}

qn_status qni_option_walk_begin(qni_option_walk *out, const qn_option_batch *batch, qni_option_column column,
                                const double *price, qn_error *err)
{
    qn_option_batch b;
    qn_status s = qni_options_copy(&b, (int64_t)sizeof b, batch, "qn_option_batch", err);
    if (s != QN_OK)
        return s;
    take_columns(out, &b, column, price);
    s = check_batch(&b, err);
    for (int k = 0; k < QNI_COLUMN_COUNT && s == QN_OK; k++)
        s = check_column(k, out->given[k], b.count > 0 && (k <= QNI_COLUMN_YEARS || k == (int)column), err);
    if (s != QN_OK)
        return s;
    out->count = b.count;
    out->types = b.types;
    out->block = (qni_option_block){.spot = b.spot.values != NULL, .discounted = b.rate.values != NULL};
    out->block.type = out->type;
    spread(out->type, b.type == QN_PUT ? -1 : 1);
    if (b.count > 0)
        spread_columns(out);
    return QN_OK;
}

/* The numbers from `first` on, padded. */
static const double *padded(double *own, const double *values, int64_t count, int64_t whole)
{
    if (count == whole)
        return values;
    memcpy(own, values, (size_t)count * sizeof *own);
    for (int64_t i = count; i < whole; i++)
        own[i] = own[0];
    return own;
}

bool qni_option_walk_next(qni_option_walk *walk)
{
    qni_option_block *b = &walk->block;
    b->first += b->count;
    int64_t left = walk->count - b->first;
    if (left <= 0)
        return false;
    b->count = left < QNI_OPTION_BLOCK ? left : QNI_OPTION_BLOCK;
    b->padded = (b->count + QNI_OPTION_LANES - 1) / QNI_OPTION_LANES * QNI_OPTION_LANES;
    for (int k = 0; k < QNI_COLUMN_COUNT; k++) {
        const qn_numbers *given = &walk->given[k];
        if (given->values != NULL && given->step != 0)
            b->column[k] = padded(walk->own[k], given->values + b->first, b->count, b->padded);
    }
    if (walk->types != NULL && b->count == QNI_OPTION_BLOCK) {
        for (int i = 0; i < QNI_OPTION_BLOCK; i++) /* a constant number, of which the compiler makes vectors */
            walk->type[i] = walk->types[b->first + i];
    } else if (walk->types != NULL) {
        for (int64_t i = 0; i < b->padded; i++)
            walk->type[i] = walk->types[b->first + (i < b->count ? i : 0)];
    }
    return true;
}
