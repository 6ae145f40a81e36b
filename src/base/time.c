/* base/time.c: see time.h. */
#include "base/time.h"

#include <string.h>

/* A piece of text that is read from its front. */
typedef struct reader {
    const char *next, *end;
} reader;

static bool take_char(reader *r, char c)
{
    if (r->next == r->end || *r->next != c)
        return false;
    r->next++;
    return true;
}

/* Exactly `count` digits. */
static bool take_digits(reader *r, int count, int *value)
{
    if (r->end - r->next < count)
        return false;
    *value = 0;
    for (int i = 0; i < count; i++) {
        char c = *r->next++;
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    return true;
}

static int days_in_month(int year, int month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

enum {
    DAYS_400_YEARS = 146097,
    EPOCH = 719468 /* 1970-01-01 since 0000-03-01 */
};

/* Years are counted from March, so that the leap day comes last. */
int32_t qni_date_days(int32_t year, int month, int day)
{
    int32_t y = year - (month <= 2);
    int32_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * DAYS_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - EPOCH;
}

void qni_date_split(int32_t *year, int *month, int *day, int32_t days)
{
    int64_t z = (int64_t)days + EPOCH;
    int64_t era = (z >= 0 ? z : z - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
    int32_t of_era = (int32_t)(z - era * DAYS_400_YEARS);
    int32_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / (DAYS_400_YEARS - 1)) / 365;
    int32_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int m = (5 * of_year + 2) / 153; /* from March */
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int32_t)(era * 400) + y + (*month <= 2);
}

static bool take_date(reader *r, int32_t *days)
{
    int year, month, day;
    if (!take_digits(r, 4, &year) || !take_char(r, '-') || !take_digits(r, 2, &month) || !take_char(r, '-') ||
        !take_digits(r, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = qni_date_days(year, month, day);
    return true;
}

/* hh:mm[:ss[.f…]] as nanoseconds. */
static bool take_time(reader *r, int64_t *ns)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_digits(r, 2, &hour) || !take_char(r, ':') || !take_digits(r, 2, &minute))
        return false;
    if (take_char(r, ':')) {
        if (!take_digits(r, 2, &second))
            return false;
        if (take_char(r, '.')) {
            const char *first = r->next;
            for (int64_t unit = 100000000; r->next < r->end && *r->next >= '0' && *r->next <= '9'; unit /= 10)
                fraction += unit * (*r->next++ - '0');
            if (r->next == first)
                return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ns = (((int64_t)hour * 60 + minute) * 60 + second) * 1000000000 + fraction;
    return true;
}

/* Z, (+|-)hh[[:]mm] or nothing, as minutes to take off. */
static bool take_offset(reader *r, int64_t *offset)
{
    *offset = 0;
    if (r->next == r->end || take_char(r, 'Z') || take_char(r, 'z'))
        return true;
    bool west = take_char(r, '-');
    int hours, minutes = 0;
    if ((!west && !take_char(r, '+')) || !take_digits(r, 2, &hours))
        return false;
    if (r->next < r->end) {
        (void)take_char(r, ':');
        if (!take_digits(r, 2, &minutes))
            return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *offset = ((int64_t)hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

/* A whole timestamp: seconds to midnight UTC of its day less its offset, and nanoseconds of that day. */
static bool take_timestamp(int64_t *seconds, int64_t *ns, const char *text, int64_t size)
{
    reader r = {text, text + size};
    int32_t days;
    int64_t offset = 0;
    *ns = 0;
    if (!take_date(&r, &days))
        return false;
    if (r.next < r.end) {
        if (!take_char(&r, 'T') && !take_char(&r, ' ') && !take_char(&r, 't'))
            return false;
        if (!take_time(&r, ns) || !take_offset(&r, &offset) || r.next != r.end)
            return false;
    }
    *seconds = days * (int64_t)86400 - offset * 60;
    return true;
}

bool qni_date_parse(int32_t *days, const char *text, int64_t size)
{
    reader r = {text, text + size};
    return take_date(&r, days) && r.next == r.end;
}

bool qni_timestamp_parse(int64_t *us, const char *text, int64_t size)
{
    int64_t seconds, ns;
    if (!take_timestamp(&seconds, &ns, text, size))
        return false;
    *us = seconds * 1000000 + ns / 1000;
    return true;
}

bool qni_timestamp_parse_ns(int64_t *ns, const char *text, int64_t size)
{
    const int64_t second = 1000000000;
    int64_t seconds, rest, whole;
    if (!take_timestamp(&seconds, &rest, text, size))
        return false;
    const int64_t day = seconds < 0 ? 86400 : -86400; /* moved over to the rest, so that the first and last days fit */
    seconds += day;
    rest -= day * second;
    return !__builtin_mul_overflow(seconds, second, &whole) && !__builtin_add_overflow(whole, rest, ns);
}

bool qni_time_of_day_parse_ns(int64_t *ns, const char *text, int64_t size)
{
    reader r = {text, text + size};
    return take_time(&r, ns) && r.next == r.end;
}

/* The digits of `value`, `count` of them, at `at`. */
static void put_digits(char *at, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
}

int64_t qni_date_text(char out[QNI_TIME_TEXT_SIZE], int64_t days)
{
    enum {
        LENGTH = 10
    };
    const int64_t first = qni_date_days(1, 1, 1), last = qni_date_days(9999, 12, 31);
    out[0] = '\0';
    if (days < first || days > last)
        return 0;
    int32_t year;
    int month, day;
    qni_date_split(&year, &month, &day, (int32_t)days);
    memcpy(out, "0000-00-00", LENGTH + 1);
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, day, 2);
    return LENGTH;
}

int64_t qni_timestamp_text(char out[QNI_TIME_TEXT_SIZE], int64_t us, char between)
{
    const int64_t day_us = INT64_C(86400000000), second_us = 1000000;
    int64_t days = us / day_us, rest = us % day_us;
    if (rest < 0) {
        rest += day_us;
        days--;
    }
    int64_t length = qni_date_text(out, days);
    if (length == 0)
        return 0;
    out[length] = between;
    memcpy(out + length + 1, "00:00:00", 9);
    put_digits(out + length + 1, rest / second_us / 3600, 2);
    put_digits(out + length + 4, rest / second_us / 60 % 60, 2);
    put_digits(out + length + 7, rest / second_us % 60, 2);
    length += 9;
    if (rest % second_us != 0) {
        out[length] = '.';
        put_digits(out + length + 1, rest % second_us, 6);
        for (length += 7; out[length - 1] == '0';)
            length--;
        out[length] = '\0';
    }
    return length;
}
