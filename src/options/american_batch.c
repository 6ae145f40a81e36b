/* options/american_batch.c: batches of American options: what they hold, and how they are split over threads. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"
#include "options/kernels.h"

void qn_american_options_init(qn_american_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static double number_at(const qn_numbers *column, int64_t i)
{
    return column->values != NULL ? column->values[i * column->step] : 0;
}

static int type_at(const qn_option_batch *batch, int64_t i)
{
    if (batch->types != NULL)
        return batch->types[i];
    return batch->type == 0 ? QN_CALL : batch->type;
}

qn_option_status qni_american_read(qni_american_option *out, const qn_option_batch *batch, int64_t i, bool sigma)
{
    int type = type_at(batch, i);
    *out = (qni_american_option){.spot = number_at(&batch->spot, i),
                                 .strike = number_at(&batch->strike, i),
                                 .years = number_at(&batch->years, i),
                                 .rate = number_at(&batch->rate, i),
                                 .yield = number_at(&batch->yield, i),
                                 .sigma = sigma ? number_at(&batch->sigma, i) : 0,
                                 .call = type == QN_CALL};
    const double absurd[] = {out->years, out->rate, out->yield, out->sigma};
    for (int k = 0; k < 4; k++) {
        if (!(fabs(absurd[k]) <= 0x1p300))
            return QN_OPTION_BAD_INPUT;
    }
    bool prices = out->spot >= DBL_MIN && out->strike >= DBL_MIN && isfinite(out->spot) && isfinite(out->strike);
    if (!prices || out->sigma < 0 || (type != QN_CALL && type != QN_PUT))
        return QN_OPTION_BAD_INPUT;
    return out->years < 0 ? QN_OPTION_EXPIRED : QN_OPTION_OK;
}

static qn_status check_column(const qn_numbers *column, bool needed, const char *name, qn_error *err)
{
    if (needed && column->values == NULL)
        return qni_error(err, QN_INVALID, "American options need the column \"%s\"", name);
    if (column->values != NULL && column->step != 0 && column->step != 1)
        return qni_error(err, QN_INVALID, "the step of the column \"%s\" is %lld, which is neither 0 nor 1", name,
                         (long long)column->step);
    return QN_OK;
}

static qn_status check_batch(const qn_option_batch *batch, bool sigma, qn_error *err)
{
    const struct {
        const qn_numbers *column;
        bool needed;
        const char *name;
    } columns[] = {{&batch->spot, true, "spot"},  {&batch->strike, true, "strike"}, {&batch->years, true, "years"},
                   {&batch->rate, false, "rate"}, {&batch->yield, false, "yield"},  {&batch->sigma, sigma, "sigma"}};
    if (batch->count < 0)
        return qni_error(err, QN_INVALID, "a batch cannot have %lld options", (long long)batch->count);
    if (batch->forward.values != NULL)
        return qni_error(err, QN_INVALID, "American options are priced from the spot, not from a forward");
    if (batch->types == NULL && batch->type != 0 && batch->type != QN_CALL && batch->type != QN_PUT)
        return qni_error(err, QN_INVALID, "%d is no type of option: 1 is a call, -1 a put", (int)batch->type);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        qn_status s = check_column(columns[i].column, columns[i].needed, columns[i].name, err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static qn_status check_options(const qn_american_options *options, qn_error *err)
{
    if (!(options->accuracy >= 0 && options->accuracy < 1))
        return qni_error(err, QN_INVALID, "an accuracy of %g of the strike makes no sense", options->accuracy);
    if (options->dividend_count < 0 || (options->dividend_count > 0 && options->dividends == NULL))
        return qni_error(err, QN_INVALID, "there are said to be %lld dividends, which are not given",
                         (long long)options->dividend_count);
    for (int64_t i = 0; i < options->dividend_count; i++) {
        const qn_dividend *d = &options->dividends[i];
        if (!isfinite(d->years) || !isfinite(d->amount) || d->amount < 0)
            return qni_error(err, QN_INVALID, "dividend %lld, %g in %g years, must be a number >= 0 at a known time",
                             (long long)i + 1, d->amount, d->years);
        if (i > 0 && d->years < d[-1].years)
            return qni_error(err, QN_INVALID, "dividends must be in order of time, and number %lld is before the last",
                             (long long)i + 1);
    }
    return QN_OK;
}

qn_status qni_american_work_init(qni_american_work *work, const qn_american_options *options, qn_error *err)
{
    work->allocator = options->allocator;
    work->dividends = options->dividends;
    work->dividend_count = options->dividend_count;
    work->accuracy = options->accuracy > 0 ? options->accuracy : QNI_AMERICAN_ACCURACY;
    work->cash_accuracy = options->accuracy > 0 ? options->accuracy : QNI_AMERICAN_CASH_ACCURACY;
    work->scratch = NULL;
    work->scratch_count = 0;
    for (int k = 0; k < QNI_AMERICAN_RUNGS; k++)
        work->rungs[k].numbers = NULL, work->rungs[k].rows = 0;
    int level;
    qn_status s = qni_cpu_level(&level, err);
    work->solve = s == QN_OK ? qni_option_kernels_of(level)->american : NULL;
    work->premiums = s == QN_OK ? qni_option_kernels_of(level)->premiums : NULL;
    work->bounds = s == QN_OK ? qni_option_kernels_of(level)->bounds : NULL;
    return s;
}

void qni_american_work_end(qni_american_work *work)
{
    for (int k = 0; k < QNI_AMERICAN_RUNGS; k++)
        qni_american_rung_end(&work->rungs[k], work->allocator);
    qni_free(work->allocator, work->scratch, work->scratch_count, sizeof *work->scratch);
}

qn_status qni_american_scratch(qni_american_work *work, int64_t count, qn_error *err)
{
    if (count <= work->scratch_count)
        return QN_OK;
    qni_free(work->allocator, work->scratch, work->scratch_count, sizeof *work->scratch);
    work->scratch_count = 0;
    work->scratch = qni_alloc(work->allocator, count, sizeof *work->scratch);
    if (work->scratch == NULL)
        return qni_refused(err, work->allocator, count * (int64_t)sizeof *work->scratch, "an exercise boundary");
    work->scratch_count = count;
    return QN_OK;
}

/* A batch on its way. Each worker takes the next piece that nobody has taken. */
typedef struct run {
    const qn_option_batch *batch;
    qni_american_piece *piece;
    void *user;
    qni_american_work *works; /* (workers) */
    qn_error *errors;         /* (workers) */
    qn_status *statuses;      /* (workers) */
    _Atomic int64_t next;     /* the first option of the next piece */
} run;

static void work_on(void *user, int64_t worker)
{
    run *r = user;
    qn_status s = QN_OK;
    while (s == QN_OK) {
        int64_t first = atomic_fetch_add_explicit(&r->next, QNI_AMERICAN_PIECE, memory_order_relaxed);
        int64_t left = r->batch->count - first;
        if (left <= 0)
            break;
        s = r->piece(r->user, &r->works[worker], r->batch, first, left < QNI_AMERICAN_PIECE ? left : QNI_AMERICAN_PIECE,
                     &r->errors[worker]);
    }
    r->statuses[worker] = s;
}

static qn_status run_on(run *r, const qn_american_options *options, int64_t workers, qn_error *err)
{
    for (int64_t i = 0; i < workers; i++) {
        r->statuses[i] = QN_OK;
        r->errors[i] = qn_error_none();
        qn_status s = qni_american_work_init(&r->works[i], options, err);
        if (s != QN_OK)
            return s; /* nothing is held yet */
    }
    if (workers > 1)
        qn_threads_run(options->threads, workers, work_on, r);
    else
        work_on(r, 0);
    qn_status status = QN_OK;
    for (int64_t i = 0; i < workers; i++) {
        qni_american_work_end(&r->works[i]);
        if (status == QN_OK && r->statuses[i] != QN_OK) {
            status = r->statuses[i];
            if (err != NULL)
                *err = r->errors[i];
        }
    }
    return status;
}

qn_status qni_american_run(const qn_option_batch *given, bool sigma, const qn_american_options *given_options,
                           qni_american_piece *piece, void *user, qn_error *err)
{
    qn_option_batch batch;
    qn_american_options options;
    qn_status s = qni_options_copy(&batch, sizeof batch, given, "qn_option_batch", err);
    if (s == QN_OK)
        s = qni_options_copy(&options, sizeof options, given_options, "qn_american_options", err);
    if (s == QN_OK)
        s = check_batch(&batch, sigma, err);
    if (s == QN_OK)
        s = check_options(&options, err);
    if (s != QN_OK || batch.count == 0)
        return s;
    int64_t workers = (batch.count - 1) / QNI_AMERICAN_PIECE + 1;
    int64_t threads = options.threads != NULL ? qn_threads_count(options.threads) : 1;
    workers = workers < threads ? workers : threads;
    run r = {.batch = &batch, .piece = piece, .user = user};
    const qn_allocator *a = options.allocator;
    r.works = qni_alloc(a, workers, sizeof *r.works);
    r.errors = qni_alloc(a, workers, sizeof *r.errors);
    r.statuses = qni_alloc(a, workers, sizeof *r.statuses);
    if (r.works == NULL || r.errors == NULL || r.statuses == NULL)
        s = qni_refused(err, a, workers * (int64_t)sizeof *r.works, "pricing on %lld threads", (long long)workers);
    else
        s = run_on(&r, &options, workers, err);
    qni_free(a, r.statuses, workers, sizeof *r.statuses);
    qni_free(a, r.errors, workers, sizeof *r.errors);
    qni_free(a, r.works, workers, sizeof *r.works);
    return s;
}
