/* cli/scan_settings.c: what the command line and the configuration say of a scan: thresholds, coming reports, the
 * reference distribution. */
#include "base/error.h"
#include "base/time.h"
#include "cli/limits.h"
#include "cli/option_int.h"
#include "cli/scan_int.h"

#include <quern/table.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- --event T=DATE:amc ---- */

/* The parts of an event. NULL: it is one; else what is wrong with it. */
static const char *parse_event(int64_t *ticker_size, int32_t *day, qn_timing *timing, const char *text)
{
    const char *equals = strchr(text, '='), *colon = equals != NULL ? strchr(equals, ':') : NULL;
    *timing = QN_TIMING_UNKNOWN;
    if (equals == NULL || equals == text)
        return "not TICKER=DATE or TICKER=DATE:amc (bmo: before the open, amc: after the close)";
    const char *end = colon != NULL ? colon : equals + strlen(equals);
    *ticker_size = equals - text;
    if (!qni_date_parse(day, equals + 1, end - equals - 1))
        return "no report: its date is not YYYY-MM-DD";
    if (colon != NULL && (!qn_timing_from_text(timing, colon + 1) || *timing == QN_TIMING_UNKNOWN))
        return "no report: what follows the date is not bmo (before the open), amc (after the close) or dmh (in the "
               "session)";
    return NULL;
}

/* Every item of the list. */
const char *qni_scan_event_refuse(const char *text)
{
    char item[QNI_SCAN_EVENT_SIZE];
    int64_t size;
    int32_t day;
    qn_timing timing;
    for (;;) {
        size_t length = strcspn(text, ",");
        if (length >= sizeof item)
            return "too long";
        memcpy(item, text, length);
        item[length] = 0;
        const char *wrong = length > 0 ? parse_event(&size, &day, &timing, item) : NULL;
        if (wrong != NULL || text[length] == 0)
            return wrong;
        text += length + 1;
    }
}

static qn_status read_events(scan_job *job, qn_error *err)
{
    scan_words items = {0}, names = {0};
    void *events;
    qn_status s = qni_scan_words(&items, job, &job->options[SCAN_EVENT], err);
    if (s == QN_OK)
        s = qn_arena_take(&events, job->arena, (items.count + 1) * (int64_t)sizeof(qn_earnings), err);
    if (s != QN_OK)
        return s;
    job->events = events;
    for (int64_t i = 0; i < items.count && s == QN_OK; i++) {
        int64_t size = 0;
        qn_timing timing = QN_TIMING_UNKNOWN;
        qn_earnings *e = &job->events[i];
        *e = (qn_earnings){.fiscal_end = INT32_MIN, .eps = NAN, .estimate = NAN};
        (void)parse_event(&size, &e->day, &timing, items.words[i]);
        e->timing = (uint8_t)timing;
        char given[QNI_SCAN_EVENT_SIZE], plain[16];
        (void)snprintf(given, sizeof given, "%.*s", (int)size, items.words[i]);
        (void)qn_ticker_plain(plain, given);
        s = qni_scan_word(&names, job->arena, plain, -1, err);
        if (s == QN_OK)
            e->ticker = names.words[i];
        for (int64_t k = 0; k < i && s == QN_OK; k++)
            if (strcmp(job->events[k].ticker, e->ticker) == 0)
                s = qni_error(err, QN_INVALID, "--event: two reports of %.100s: give the next one", e->ticker);
    }
    job->event_count = items.count;
    return s;
}

/* ---- the reference distribution ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The ratios of a table: of its column "ratio" or "vrp", or of its only one. */
static qn_status ratios_of(double *out, const qn_table *table, const char *path, qn_error *err)
{
    int64_t column = qn_table_column_find(table, "ratio"), rows = qn_table_row_count(table);
    if (column < 0)
        column = qn_table_column_find(table, "vrp");
    if (column < 0 && qn_table_column_count(table) == 1)
        column = 0;
    if (column < 0)
        return qni_error(err, QN_DATA, "%.200s: it has no column \"ratio\"", path);
    if (!qn_table_read_f64(table, column, out))
        return qni_error(err, QN_DATA, "%.200s: its ratios are no numbers", path);
    for (int64_t i = 0; i < rows; i++)
        if (!(out[i] > 0 && isfinite(out[i])))
            return qni_error_at(err, QN_DATA, path, qn_table_row_line(table, i), 0, "a ratio is not above 0");
    return QN_OK;
}

/* What is seen of a sample: the i-th of n ratios has i + 1/2 of n below it. */
static qn_status use_table(scan_job *job, const qn_table *table, const char *path, qn_error *err)
{
    int64_t n = qn_table_row_count(table);
    void *numbers;
    if (n < QNI_SCAN_REFERENCE_LEAST)
        return qni_error(err, QN_DATA, "%.200s: %lld ratios, at least %d are needed", path, (long long)n,
                         QNI_SCAN_REFERENCE_LEAST);
    qn_status s = qn_arena_take(&numbers, job->arena, 2 * n * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    double *ratios = numbers, *p = ratios + n;
    s = ratios_of(ratios, table, path, err);
    if (s != QN_OK)
        return s;
    qsort(ratios, (size_t)n, sizeof *ratios, by_size);
    for (int64_t i = 0; i < n; i++)
        p[i] = ((double)i + 0.5) / (double)n;
    job->reference =
        (qn_reference){.name = path, .source = "the file of --reference", .count = n, .p = p, .ratio = ratios};
    return QN_OK;
}

static qn_status read_reference(scan_job *job, qn_error *err)
{
    const char *path = qni_args_text(job->args, &job->options[SCAN_REFERENCE]);
    qn_csv_options how;
    qn_csv *csv = NULL;
    qn_table *table = NULL;
    if (path == NULL)
        return QN_OK;
    qn_csv_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    qn_status s = qn_csv_open(&csv, path, &how, err);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, err);
    if (s == QN_OK)
        s = table == NULL ? qni_error(err, QN_DATA, "%.200s: it has no ratios", path)
                          : use_table(job, table, path, err);
    qn_table_free(table);
    qn_csv_close(csv);
    return s;
}

/* ---- all of it ---- */

qn_status qni_scan_read_settings(scan_job *job, qn_error *err)
{
    const char *as_of = qni_args_text(job->args, &job->options[SCAN_AS_OF]);
    scan_words tickers = {0};
    qn_scan_settings_init(&job->settings, sizeof job->settings);
#define READ(field, name, otherwise, least, most, heading, help) \
    job->settings.field = qni_args_number(job->args, &job->options[SCAN_SETTING_##field], job->settings.field);
    QN_SCAN_SETTING_LIST(READ)
#undef READ
    qn_status s = as_of != NULL ? qni_option_as_of(&job->as_of_us, as_of, err) : QN_OK;
    if (s == QN_OK)
        s = qni_scan_words(&tickers, job, &job->options[SCAN_TICKERS], err);
    if (s == QN_OK)
        s = qni_scan_tickers(&job->tickers, job, tickers.words, tickers.count, err);
    if (s == QN_OK)
        s = read_events(job, err);
    return s == QN_OK ? read_reference(job, err) : s;
}
