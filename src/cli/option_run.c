/* cli/option_run.c: `quern iv` and `quern price`: rows are read, computed and shown, some at a time. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/progress.h"
#include "cli/option_int.h"
#include "cli/report.h"

#include <quern/black.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static qn_status open_data(option_job *job, qn_error *err)
{
    const qni_option *table = job->table;
    const char *path = job->args->form->options == NULL ? job->args->arguments[0] : NULL;
    qni_data_options how = {.args = job->args,
                            .no_header = &table[OPTION_NO_HEADER],
                            .delimiter = &table[OPTION_DELIMITER],
                            .types = &table[OPTION_TYPES],
                            .from = &table[OPTION_FROM],
                            .query = &table[OPTION_QUERY],
                            .param = &table[OPTION_PARAM],
                            .password = &table[OPTION_PASSWORD],
                            .allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE)};
    return qni_data_open(&job->data, path, &how, err);
}

static qn_status price_batch(const option_job *job, const qn_option_batch *batch, const qn_american_options *american,
                             uint8_t *status, qn_error *err)
{
    double *const *out = job->block.out;
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.price = out[OPTION_RESULT_PRICE];
    results.delta = out[OPTION_RESULT_DELTA];
    results.gamma = out[OPTION_RESULT_GAMMA];
    results.vega = out[OPTION_RESULT_VEGA];
    results.theta = out[OPTION_RESULT_THETA];
    results.rho = out[OPTION_RESULT_RHO];
    results.vanna = out[OPTION_RESULT_VANNA];
    results.volga = out[OPTION_RESULT_VOLGA];
    results.charm = out[OPTION_RESULT_CHARM];
    results.status = status;
    return job->american ? qn_american_price(&results, batch, american, err) : qn_black_price(&results, batch, err);
}

/* A row without a type has no result. */
static void settle(option_job *job)
{
    option_block *b = &job->block;
    for (int64_t i = 0; i < b->count; i++) {
        if (b->missing[i] != 0) {
            b->status[i] = QN_OPTION_BAD_INPUT;
            for (int r = 0; r < OPTION_RESULT_COUNT; r++)
                if (b->out[r] != NULL)
                    b->out[r][i] = NAN;
        }
        job->counts[b->status[i] < OPTION_STATUS_COUNT ? b->status[i] : QN_OPTION_NOT_CONVERGED]++;
    }
    job->row_count += b->count;
}

/* Results of the rows in the block. */
static qn_status compute(option_job *job, qn_option_batch *batch, qn_error *err)
{
    const option_block *b = &job->block;
    const double *price = b->in[OPTION_ROLE_PRICE];
    double *iv = b->out[OPTION_RESULT_IV];
    bool bound = job->on_error == OPTION_ON_ERROR_BOUND;
    qn_american_options american;
    qn_american_options_init(&american, sizeof american);
    american.dividends = job->dividends;
    american.dividend_count = job->dividend_count;
    american.threads = job->american ? qn_threads_default() : NULL;
    american.allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    if (job->sigma != NULL)
        return price_batch(job, batch, &american, b->status, err);
    qn_status s = job->american ? qn_american_implied(iv, b->status, batch, price, bound, &american, err)
                                : qn_black_implied(iv, b->status, batch, price, bound, err);
    batch->sigma = (qn_numbers){iv, 1};
    if (s == QN_OK && job->greeks != OPTION_GREEKS_NONE)
        s = price_batch(job, batch, &american, NULL, err);
    return s;
}

/* Rates and volatilities beyond these are meant in per cent. */
static const struct {
    option_role role;
    double most;
    const char *name, *sentence;
} units[] = {
    {OPTION_ROLE_RATE, 1, "rate", "more than 100 % a year: 0.05 is five per cent"},
    {OPTION_ROLE_YIELD, 1, "yield", "more than 100 % a year: 0.05 is five per cent"},
    {OPTION_ROLE_SIGMA, 5, "sigma", "more than 500 % a year: 0.2 is twenty per cent"},
};
enum {
    UNIT_COUNT = sizeof units / sizeof units[0]
};

static void count_units(option_job *job)
{
    for (int u = 0; u < UNIT_COUNT; u++) {
        const double *numbers = job->block.in[units[u].role];
        bool read = units[u].role != OPTION_ROLE_YIELD || job->columns[OPTION_ROLE_SPOT] >= 0 ||
                    job->fixed[OPTION_ROLE_SPOT]; /* a forward has it already */
        if (!read || job->columns[units[u].role] < 0)
            continue;
        for (int64_t i = 0; i < job->block.count; i++)
            job->too_many[units[u].role] += fabs(numbers[i]) > units[u].most;
    }
}

static bool goes_on(option_job *job)
{
    job->stopped = qni_stop_requested(job->run->stop);
    return !job->stopped && job->run->out->failed == 0;
}

/* Rows of a table, a block at a time. */
static qn_status do_table(option_job *job, const qn_table *table, qni_progress *progress, qn_error *err)
{
    int64_t rows = qn_table_row_count(table), count;
    qn_status s = QN_OK;
    for (int64_t first = 0; s == QN_OK && first < rows && goes_on(job); first += count) {
        qn_option_batch batch;
        count = rows - first < job->block.capacity ? rows - first : job->block.capacity;
        s = qni_option_rows(&batch, job, table, first, count, err);
        if (s == QN_OK)
            s = compute(job, &batch, err);
        if (s != QN_OK)
            return s;
        settle(job);
        count_units(job);
        qni_option_show(job);
        qni_progress_add(progress, count);
    }
    return s;
}

static void be_patient(const option_job *job, bool patient)
{
    atomic_store_explicit(job->run->patient, patient, memory_order_relaxed);
}

/* While rows are awaited that may never come, a signal ends the command at once: what is done is written by then. */
static qn_status do_stream(option_job *job, qni_progress *progress, qn_error *err)
{
    bool waits = job->data.path == NULL || !qni_data_is_regular(job->data.path), more = true;
    qn_status s = QN_OK;
    while (s == QN_OK && more && goes_on(job)) {
        qn_table *table = NULL;
        if (waits)
            (void)!qni_out_flush(job->run->out, "standard output", NULL); /* the command asks again, and reports */
        be_patient(job, !waits);
        s = qni_data_next(&table, &job->data, job->block.capacity, err);
        be_patient(job, true);
        more = table != NULL;
        if (s == QN_OK && more && !job->begun)
            qni_data_warn_of_types(&job->data, table);
        if (s == QN_OK && more)
            s = do_table(job, table, progress, err);
        if (s != QN_OK && err != NULL)
            qni_data_renumber(&job->data, table, err);
        qn_table_free(table);
    }
    return s;
}

static qn_status do_all(option_job *job, qn_error *err)
{
    bool stream = qni_data_is_stream(&job->data);
    qni_progress progress;
    qni_progress_options options = qni_progress_on_stderr("options", stream ? 0 : qn_table_row_count(job->data.table));
    options.enabled &= !job->run->out->terminal; /* rows on the same screen show how far it is */
    qn_status s = qni_option_block_init(job, job->american ? QNI_AMERICAN_ROWS : QNI_OPTION_ROWS, err);
    if (s != QN_OK)
        return s;
    qni_progress_begin(&progress, &options);
    be_patient(job, true);
    s = stream ? do_stream(job, &progress, err) : do_table(job, job->data.table, &progress, err);
    qni_progress_end(&progress);
    if (s == QN_OK && job->begun)
        s = qni_option_show_end(job, err);
    be_patient(job, false);
    return s;
}

/* CSV has no room for what holds for all rows. */
static void warn_of_rows(const option_job *job)
{
    char sentence[512];
    int64_t bad = job->row_count - job->counts[QN_OPTION_OK];
    if (bad == 0 || job->format != OPTION_FORMAT_CSV)
        return;
    int used =
        snprintf(sentence, sizeof sentence, "%" PRId64 " of %" PRId64 " %s no %s", bad, job->row_count,
                 job->row_count == 1 ? "row has" : "rows have", job->sigma == NULL ? "implied volatility" : "price");
    const char *comma = ": ";
    for (int i = 1; i < OPTION_STATUS_COUNT; i++) {
        if (job->counts[i] == 0)
            continue;
        used += snprintf(sentence + used, sizeof sentence - (size_t)used, "%s%" PRId64 " %s", comma, job->counts[i],
                         qn_option_status_name((qn_option_status)i));
        comma = ", ";
    }
    qni_report_warning(sentence);
}

/* What the command line says for all rows. */
static void warn_of_units(const option_job *job)
{
    char sentence[128];
    for (int u = 0; u < UNIT_COUNT; u++) {
        (void)snprintf(sentence, sizeof sentence, "--%s is %s", units[u].name, units[u].sentence);
        if (job->fixed[units[u].role] && fabs(job->numbers[units[u].role]) > units[u].most)
            qni_report_warning(sentence);
    }
}

/* One row may be odd; where most are, it is the unit. */
static void warn_of_columns(const option_job *job)
{
    char sentence[256];
    for (int u = 0; u < UNIT_COUNT; u++) {
        int64_t column = job->columns[units[u].role];
        if (job->too_many[units[u].role] <= job->row_count / 2)
            continue;
        (void)snprintf(sentence, sizeof sentence, "most numbers of the column \"%.60s\" are %s",
                       job->data.names[column], units[u].sentence);
        qni_report_warning(sentence);
    }
}

/* A row that has no answer has its status for one. That none has any, or that a method gave up, is a no. */
static int exit_code(const option_job *job)
{
    bool none = job->counts[QN_OPTION_OK] == 0 && job->row_count > 0;
    return none || job->counts[QN_OPTION_NOT_CONVERGED] > 0 ? QNI_EXIT_NO : 0;
}

static int run_job(option_job *job)
{
    qn_error err = qn_error_none();
    qn_status s = qni_option_settings(job, &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    warn_of_units(job);
    if (open_data(job, &err) != QN_OK)
        return qni_data_report(&job->data, &err);
    s = qni_option_columns(job, &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    if (do_all(job, &err) != QN_OK)
        return qni_report(&err);
    warn_of_columns(job);
    warn_of_rows(job);
    return exit_code(job);
}

int qni_option_run(qni_run *run, const qni_args *args, const qni_option *table, const qni_option *sigma)
{
    option_job job = {.run = run, .args = args, .table = table, .sigma = sigma};
    int code = run_job(&job);
    qni_sheet_free(&job.sheet);
    qni_option_block_free(&job);
    qni_data_free(&job.data);
    qni_free(qni_run_allocator(run, QNI_HOLDER_TABLE), job.dividends, job.dividend_count,
             (int64_t)sizeof *job.dividends);
    return code;
}
