/* cli/option_time.c: times and dividends as the command line has them. */
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

enum {
    DATE_SIZE = 10, /* YYYY-MM-DD */
    COMPACT_SIZE = 8
};

static const int64_t day_us = INT64_C(86400000000), second_us = 1000000;

/* Whether the time that follows the date says where it holds. */
static bool has_offset(const char *text, int64_t size)
{
    for (int64_t i = DATE_SIZE; i < size; i++)
        if (memchr("Zz+-", text[i], 4) != NULL)
            return true;
    return false;
}

/* What a clock in New York shows, written as if it were UTC, as a time. */
static int64_t from_new_york(int64_t shown_us)
{
    int64_t in_day = ((shown_us % day_us) + day_us) % day_us;
    return qn_market_time((int32_t)((shown_us - in_day) / day_us), in_day / second_us) + in_day % second_us;
}

bool qni_option_is_date(int32_t *day, int64_t us)
{
    *day = (int32_t)(us / day_us);
    return us % day_us == 0;
}

static bool parse_compact_date(int32_t *day, const char *text)
{
    char date[DATE_SIZE + 1];
    for (int i = 0; i < COMPACT_SIZE; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    (void)snprintf(date, sizeof date, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
    return qni_date_parse(day, date, DATE_SIZE);
}

bool qni_option_date_parse(int32_t *day, const char *text, int64_t size)
{
    int64_t us;
    if (size == COMPACT_SIZE)
        return parse_compact_date(day, text);
    if (size <= DATE_SIZE)
        return qni_date_parse(day, text, size);
    return memchr("T ", text[DATE_SIZE], 2) != NULL && !has_offset(text, size) &&
           qni_timestamp_parse(&us, text, size) && qni_option_is_date(day, us);
}

bool qni_option_time_parse(int64_t *us, const char *text)
{
    int64_t size = (int64_t)strlen(text);
    if (!qni_timestamp_parse(us, text, size))
        return false;
    if (!has_offset(text, size))
        *us = from_new_york(*us);
    return true;
}

bool qni_option_as_of_parse(int64_t *us, const char *text)
{
    int32_t day;
    if (!qni_option_date_parse(&day, text, (int64_t)strlen(text)))
        return qni_option_time_parse(us, text);
    *us = qn_market_expiry(day, QN_SETTLEMENT_PM);
    return true;
}

const char *qni_option_as_of_refuse(const char *text)
{
    int64_t us;
    return qni_option_as_of_parse(&us, text) ? NULL : "no date and time, as 2026-02-13T15:30 or 2026-02-13";
}

qn_status qni_option_as_of(int64_t *us, const char *text, qn_error *err)
{
    *us = 0;
    if (qni_option_as_of_parse(us, text))
        return QN_OK;
    return qni_error(err, QN_INVALID, "--as-of: \"%.60s\" is %s", text, qni_option_as_of_refuse(text));
}

/* ---- dividends ---- */

typedef struct dividend_list {
    const qni_args *args;
    const qni_option *option;
    int64_t as_of_us;
    qn_clock clock;
    qn_dividend *items; /* NULL: only counted */
    int64_t count;
} dividend_list;

static qn_status bad_dividend(const dividend_list *list, const char *item, int size, const char *what, qn_error *err)
{
    return qni_error(err, QN_INVALID, "--%s: \"%.*s\": %s", list->option->name, size < 60 ? size : 60, item, what);
}

/* In order of time; of two at one time the first stays first. */
static void insert(dividend_list *list, qn_dividend item)
{
    int64_t i = list->count++;
    if (list->items == NULL)
        return;
    for (; i > 0 && list->items[i - 1].years > item.years; i--)
        list->items[i] = list->items[i - 1];
    list->items[i] = item;
}

/* WHEN=AMOUNT in `size` bytes. */
static qn_status read_dividend(dividend_list *list, const char *item, int size, qn_error *err)
{
    static const char shape[] = "a dividend is DATE=AMOUNT or YEARS=AMOUNT, as 2026-03-13=0.25";
    const char *end = item + size, *equals = memchr(item, '=', (size_t)size);
    qn_dividend dividend;
    int32_t day;
    if (equals == NULL || qni_number_parse(&dividend.amount, equals + 1, end) != end)
        return bad_dividend(list, item, size, shape, err);
    if (!isfinite(dividend.amount) || dividend.amount < 0)
        return bad_dividend(list, item, size, "the amount is a number that is not negative", err);
    if (qni_option_date_parse(&day, item, equals - item)) {
        if (list->as_of_us == INT64_MIN)
            return bad_dividend(list, item, size, "a date needs to know --as-of", err);
        dividend.years = qn_clock_years(list->clock, list->as_of_us, qn_market_expiry(day, QN_SETTLEMENT_AM));
    } else if (qni_number_parse(&dividend.years, item, equals) != equals) {
        return bad_dividend(list, item, size, shape, err);
    } else if (!(dividend.years >= 0 && dividend.years < QNI_OPTION_YEARS_MOST)) {
        return bad_dividend(list, item, size, "years from now are a number that is not negative, nor a date", err);
    }
    if (dividend.years > 0)
        insert(list, dividend);
    return QN_OK;
}

static qn_status read_dividends(dividend_list *list, qn_error *err)
{
    const char *text;
    list->count = 0;
    for (int64_t at = 0; (text = qni_args_next(list->args, list->option, &at)) != NULL;) {
        for (bool more = true; more;) {
            size_t size = strcspn(text, ",");
            qn_status s = read_dividend(list, text, (int)size, err);
            if (s != QN_OK)
                return s;
            more = text[size] == ',';
            text += size + more;
        }
    }
    return QN_OK;
}

qn_status qni_option_dividends(qn_dividend **out, int64_t *count, const qni_args *args, const qni_option *option,
                               int64_t as_of_us, qn_clock clock, const qn_allocator *allocator, qn_error *err)
{
    dividend_list list = {.args = args, .option = option, .as_of_us = as_of_us, .clock = clock};
    *out = NULL;
    *count = 0;
    qn_status s = read_dividends(&list, err);
    if (s != QN_OK || list.count == 0)
        return s;
    list.items = qni_alloc(allocator, list.count, (int64_t)sizeof *list.items);
    if (list.items == NULL)
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " dividends", list.count);
    s = read_dividends(&list, err);
    *out = list.items;
    *count = list.count;
    return s;
}
