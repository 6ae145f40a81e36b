/* cli/option_rows.c: rows of a table as a batch of options. What is missing is NaN, which makes the row bad input, and
 * so does a type that is missing; what is there but cannot be read is an error. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "cli/limits.h"
#include "cli/option_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double days_a_year = 365;

qn_status qni_option_block_init(option_job *job, int64_t capacity, qn_error *err)
{
    option_block *b = &job->block;
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    bool all = job->greeks == OPTION_GREEKS_ALL, none = job->greeks == OPTION_GREEKS_NONE;
    int64_t columns = OPTION_ROLE_COUNT + OPTION_RESULT_COUNT;
    *b = (option_block){.capacity = capacity};
    b->numbers = qni_alloc(allocator, columns * capacity, (int64_t)sizeof *b->numbers);
    b->bytes = qni_alloc(allocator, 3 * capacity, 1);
    if (b->numbers == NULL || b->bytes == NULL)
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " rows", capacity);
    for (int64_t i = 0; i < OPTION_ROLE_COUNT; i++)
        b->in[i] = b->numbers + i * capacity;
    for (int64_t i = 0; i < OPTION_RESULT_COUNT; i++) {
        bool greek = i >= OPTION_RESULT_DELTA, higher = i >= OPTION_RESULT_VANNA;
        bool wanted = greek ? !none && (all || !higher) : (i == OPTION_RESULT_IV) == (job->sigma == NULL);
        b->out[i] = wanted ? b->numbers + (OPTION_ROLE_COUNT + i) * capacity : NULL;
    }
    b->types = (int8_t *)b->bytes;
    b->status = b->bytes + capacity;
    b->missing = b->bytes + 2 * capacity;
    return QN_OK;
}

void qni_option_block_free(option_job *job)
{
    option_block *b = &job->block;
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    qni_free(allocator, b->numbers, (OPTION_ROLE_COUNT + OPTION_RESULT_COUNT) * b->capacity,
             (int64_t)sizeof *b->numbers);
    qni_free(allocator, b->bytes, 3 * b->capacity, 1);
    *b = (option_block){0};
}

/* A cell that cannot be what it should be: at its line, where that is known. */
static qn_status bad_cell(const option_job *job, int64_t column, int64_t i, const char *cell, const char *what,
                          qn_error *err)
{
    const option_block *b = &job->block;
    int64_t line = qn_table_row_line(b->table, b->first + i);
    char row[40] = "";
    if (line == 0)
        (void)snprintf(row, sizeof row, "row %" PRId64 ": ", b->first + i + 1);
    return qni_error_at(err, QN_DATA, qn_table_source(b->table), line, 0, "%scolumn \"%.80s\": %s%.60s%s%s", row,
                        qn_table_column_name(b->table, column), cell != NULL ? "\"" : "", cell != NULL ? cell : "",
                        cell != NULL ? "\" " : "", what);
}

/* ---- numbers ---- */

static bool is_number(qn_type type)
{
    return type == QN_TYPE_F64 || type == QN_TYPE_F32 || type == QN_TYPE_I64;
}

static void read_cells(double *out, const option_block *b, int64_t column)
{
    const void *values = qn_table_values(b->table, column);
    switch (qn_table_column_type(b->table, column)) {
    case QN_TYPE_F64:
        memcpy(out, (const double *)values + b->first, (size_t)b->count * sizeof *out);
        break;
    case QN_TYPE_F32:
        for (int64_t i = 0; i < b->count; i++)
            out[i] = (double)((const float *)values)[b->first + i];
        break;
    default:
        for (int64_t i = 0; i < b->count; i++)
            out[i] = (double)((const int64_t *)values)[b->first + i];
        break;
    }
}

static qn_status read_numbers(double *out, const option_job *job, int64_t column, qn_error *err)
{
    const option_block *b = &job->block;
    if (!is_number(qn_table_column_type(b->table, column)))
        return bad_cell(job, column, 0, NULL, "holds no numbers: --types or a CAST in the query makes them", err);
    read_cells(out, b, column);
    if (qn_table_missing_count(b->table, column) > 0)
        for (int64_t i = 0; i < b->count; i++)
            if (qn_table_is_missing(b->table, column, b->first + i))
                out[i] = NAN;
    return QN_OK;
}

/* What all rows have, or each its own. */
static qn_status number_column(qn_numbers *out, option_job *job, option_role role, qn_error *err)
{
    *out = (qn_numbers){NULL, 0};
    if (job->columns[role] >= 0) {
        *out = (qn_numbers){job->block.in[role], 1};
        return read_numbers(job->block.in[role], job, job->columns[role], err);
    }
    if (job->fixed[role])
        *out = (qn_numbers){&job->numbers[role], 0};
    return QN_OK;
}

/* ---- types ---- */

static qn_status read_type_texts(option_job *job, int64_t column, qn_error *err)
{
    option_block *b = &job->block;
    const int32_t *codes = (const int32_t *)qn_table_values(b->table, column) + b->first;
    qn_option_type type = QN_CALL;
    for (int64_t i = 0, known = -1; i < b->count; i++) {
        b->missing[i] = qn_table_is_missing(b->table, column, b->first + i);
        if (!b->missing[i] && codes[i] != known) {
            const char *text = qn_table_string(b->table, column, codes[i]);
            if (!qn_option_type_from_text(&type, text))
                return bad_cell(job, column, i, text, "is neither call nor put", err);
            known = codes[i];
        }
        b->types[i] = (int8_t)type;
    }
    return QN_OK;
}

static qn_status read_types(option_job *job, int64_t column, qn_error *err)
{
    option_block *b = &job->block;
    double *numbers = b->in[OPTION_ROLE_TYPE];
    if (qn_table_column_type(b->table, column) == QN_TYPE_STRING)
        return read_type_texts(job, column, err);
    qn_status s = read_numbers(numbers, job, column, err);
    for (int64_t i = 0; s == QN_OK && i < b->count; i++) {
        b->missing[i] = (uint8_t)(isnan(numbers[i]) != 0);
        if (!b->missing[i] && numbers[i] != QN_CALL && numbers[i] != QN_PUT)
            s = bad_cell(job, column, i, NULL, "a number that is neither 1, a call, nor -1, a put", err);
        b->types[i] = numbers[i] == QN_PUT ? QN_PUT : QN_CALL;
    }
    return s;
}

/* ---- times ---- */

/* The text of a cell that is there. */
static const char *text_at(const option_block *b, int64_t column, int64_t i, int32_t *code)
{
    *code = ((const int32_t *)qn_table_values(b->table, column))[b->first + i];
    return qn_table_string(b->table, column, *code);
}

/* When the price of a row held; *there false: the row does not say. */
static qn_status read_as_of(int64_t *us, bool *there, const option_job *job, int64_t i, qn_error *err)
{
    static const char shape[] = "is no date or time, as 2026-02-13 or 2026-02-13T15:30";
    const option_block *b = &job->block;
    int64_t column = job->columns[OPTION_ROLE_AS_OF], row = b->first + i;
    int32_t code, day;
    *us = job->as_of_us;
    *there = true;
    if (column < 0)
        return QN_OK;
    const void *values = qn_table_values(b->table, column);
    *there = !qn_table_is_missing(b->table, column, row);
    if (!*there)
        return QN_OK;
    switch (qn_table_column_type(b->table, column)) {
    case QN_TYPE_DATE:
        *us = qn_market_expiry(((const int32_t *)values)[row], QN_SETTLEMENT_PM);
        return QN_OK;
    case QN_TYPE_TIMESTAMP:
        *us = ((const int64_t *)values)[row];
        if (qni_option_is_date(&day, *us))
            *us = qn_market_expiry(day, QN_SETTLEMENT_PM);
        return QN_OK;
    case QN_TYPE_STRING: {
        const char *text = text_at(b, column, i, &code);
        return qni_option_as_of_parse(us, text) ? QN_OK : bad_cell(job, column, i, text, shape, err);
    }
    default:
        return bad_cell(job, column, i, NULL, shape, err);
    }
}

/* Most rows expire when the one before them does. */
static int64_t end_of_day(option_job *job, int64_t day)
{
    if (day != job->known_day) {
        job->known_day = day;
        job->known_day_us = qn_market_expiry((int32_t)day, job->settlement);
    }
    return job->known_day_us;
}

static qn_status years_to(double *years, option_job *job, int64_t i, int64_t expiry_us, qn_error *err)
{
    int64_t as_of_us;
    bool there;
    if (job->columns[OPTION_ROLE_AS_OF] < 0 && job->as_of_us == INT64_MIN)
        return qni_error(err, QN_DATA,
                         "options that expire on a date need to know when their prices held: --as-of DATE or a column "
                         "as_of says it");
    qn_status s = read_as_of(&as_of_us, &there, job, i, err);
    if (s != QN_OK || !there) {
        *years = NAN;
        return s;
    }
    if (job->known_expiry != expiry_us || job->known_as_of != as_of_us) {
        job->known_years = qn_clock_years(job->clock, as_of_us, expiry_us);
        job->known_expiry = expiry_us;
        job->known_as_of = as_of_us;
    }
    *years = job->known_years;
    return QN_OK;
}

static bool is_date_like(double years)
{
    return fabs(years) >= QNI_OPTION_YEARS_MOST && isfinite(years);
}

/* A date, a time, or a number of years. */
static qn_status years_of_text(double *years, option_job *job, int64_t i, const char *text, qn_error *err)
{
    int64_t size = (int64_t)strlen(text), us;
    int32_t day;
    if (qni_option_date_parse(&day, text, size))
        return years_to(years, job, i, end_of_day(job, day), err);
    if (qni_number_parse(years, text, text + size) == text + size && !is_date_like(*years))
        return QN_OK;
    if (qni_option_time_parse(&us, text))
        return years_to(years, job, i, us, err);
    return bad_cell(job, job->columns[OPTION_ROLE_EXPIRY], i, text,
                    "is neither a date, as 2026-12-18, nor a number of years", err);
}

/* Each text is looked at once, as long as all prices held at one time. */
static qn_status years_of_texts(option_job *job, int64_t column, qn_error *err)
{
    option_block *b = &job->block;
    double *years = b->in[OPTION_ROLE_EXPIRY], *known = b->in[OPTION_ROLE_DAYS];
    int64_t texts = qn_table_string_count(b->table, column);
    bool once = job->columns[OPTION_ROLE_AS_OF] < 0 && texts <= b->capacity;
    qn_status s = QN_OK;
    for (int64_t t = 0; once && t < texts; t++)
        known[t] = NAN;
    for (int64_t i = 0; s == QN_OK && i < b->count; i++) {
        int32_t code;
        if (qn_table_is_missing(b->table, column, b->first + i)) {
            years[i] = NAN;
            continue;
        }
        const char *text = text_at(b, column, i, &code);
        if (once && !isnan(known[code]))
            years[i] = known[code];
        else
            s = years_of_text(&years[i], job, i, text, err);
        if (once && s == QN_OK)
            known[code] = years[i];
    }
    return s;
}

/* Columns of dates or times, and a date for all rows. */
static qn_status years_of_times(option_job *job, int64_t column, qn_error *err)
{
    option_block *b = &job->block;
    const void *values = column >= 0 ? qn_table_values(b->table, column) : NULL;
    bool times = column >= 0 && qn_table_column_type(b->table, column) == QN_TYPE_TIMESTAMP;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < b->count; i++) {
        int64_t row = b->first + i, day = job->expiry_day, us = job->expiry_us;
        int32_t date;
        b->in[OPTION_ROLE_EXPIRY][i] = NAN;
        if (column >= 0 && qn_table_is_missing(b->table, column, row))
            continue;
        if (times)
            us = ((const int64_t *)values)[row];
        else if (column >= 0)
            day = ((const int32_t *)values)[row];
        if (times && qni_option_is_date(&date, us))
            day = date;
        if (day != INT64_MIN)
            us = end_of_day(job, day);
        s = years_to(&b->in[OPTION_ROLE_EXPIRY][i], job, i, us, err);
    }
    return s;
}

/* A date in digits is not so many years. */
static qn_status years_of_numbers(option_job *job, int64_t column, qn_error *err)
{
    double *years = job->block.in[OPTION_ROLE_EXPIRY];
    qn_status s = read_numbers(years, job, column, err);
    for (int64_t i = 0; s == QN_OK && i < job->block.count; i++)
        if (is_date_like(years[i]))
            s = bad_cell(job, column, i, NULL, "so many years: a date is written 2026-12-18", err);
    return s;
}

static qn_status years_from_days(option_job *job, int64_t column, qn_error *err)
{
    double *years = job->block.in[OPTION_ROLE_EXPIRY];
    qn_status s = read_numbers(years, job, column, err);
    for (int64_t i = 0; s == QN_OK && i < job->block.count; i++)
        years[i] /= days_a_year;
    return s;
}

static qn_status read_years(qn_numbers *out, option_job *job, qn_error *err)
{
    int64_t column = job->columns[OPTION_ROLE_EXPIRY], days = job->columns[OPTION_ROLE_DAYS];
    const option_block *b = &job->block;
    *out = (qn_numbers){b->in[OPTION_ROLE_EXPIRY], 1};
    if (column < 0 && days >= 0)
        return years_from_days(job, days, err);
    if (column < 0 && job->expiry_day == INT64_MIN && job->expiry_us == INT64_MIN) {
        *out = (qn_numbers){&job->numbers[OPTION_ROLE_EXPIRY], 0};
        return QN_OK;
    }
    switch (column >= 0 ? qn_table_column_type(b->table, column) : QN_TYPE_DATE) {
    case QN_TYPE_STRING:
        return years_of_texts(job, column, err);
    case QN_TYPE_DATE:
    case QN_TYPE_TIMESTAMP:
        return years_of_times(job, column, err);
    default:
        return years_of_numbers(job, column, err);
    }
}

qn_status qni_option_rows(qn_option_batch *batch, option_job *job, const qn_table *table, int64_t first, int64_t count,
                          qn_error *err)
{
    option_block *b = &job->block;
    b->table = table;
    b->first = first;
    b->count = count;
    memset(b->missing, 0, (size_t)count);
    qn_option_batch_init(batch, sizeof *batch);
    batch->count = count;
    batch->type = job->type;
    qn_status s = QN_OK;
    if (job->columns[OPTION_ROLE_TYPE] >= 0) {
        batch->types = b->types;
        s = read_types(job, job->columns[OPTION_ROLE_TYPE], err);
    }
    if (s == QN_OK)
        s = read_years(&batch->years, job, err);
    const struct {
        qn_numbers *out;
        option_role role;
    } numbers[] = {{&batch->strike, OPTION_ROLE_STRIKE}, {&batch->sigma, OPTION_ROLE_SIGMA},
                   {&batch->rate, OPTION_ROLE_RATE},     {&batch->forward, OPTION_ROLE_FORWARD},
                   {&batch->spot, OPTION_ROLE_SPOT},     {&batch->yield, OPTION_ROLE_YIELD}};
    bool spot = job->columns[OPTION_ROLE_SPOT] >= 0 || job->fixed[OPTION_ROLE_SPOT];
    for (size_t i = 0; s == QN_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].role != OPTION_ROLE_YIELD || spot)
            s = number_column(numbers[i].out, job, numbers[i].role, err);
    if (s == QN_OK && job->columns[OPTION_ROLE_PRICE] >= 0)
        s = read_numbers(b->in[OPTION_ROLE_PRICE], job, job->columns[OPTION_ROLE_PRICE], err);
    return s;
}
