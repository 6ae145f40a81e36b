/* options/chain_time.c: dates and times as files write them; see chain_text.h.
 *
 * A text is read word by word: a word is a run of digits or of letters. What the words are is told by their length, by
 * the sign before them and by what has been found so far. */
#include "options/chain_text.h"

#include "base/time.h"

#include <string.h>
#include <strings.h>

typedef struct reader {
    const char *next;
    int64_t parts[3]; /* numbers of the date, in their order */
    int part_digits[3];
    int part_count;
    int month; /* by its name; 0: none */
    int64_t seconds;
    bool has_time;
    char separator; /* after the first number */
} reader;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* A run of digits, at most 10. */
static bool take_number(reader *r, int64_t *value, int *digits)
{
    *value = 0;
    for (*digits = 0; is_digit(*r->next); ++*digits) {
        if (*digits == 10)
            return false;
        *value = *value * 10 + (*r->next++ - '0');
    }
    return *digits > 0;
}

/* A run of letters in lower case, at most 15. */
static bool take_word(reader *r, char word[16])
{
    int size = 0;
    for (; is_letter(*r->next); r->next++) {
        if (size == 15)
            return false;
        word[size++] = (char)(*r->next | 0x20);
    }
    word[size] = '\0';
    return size > 0;
}

static int find_word(const char *word, const char *const *names, int count, size_t least)
{
    size_t size = strlen(word);
    for (int i = 0; i < count; i++) {
        if (size >= least && strncmp(word, names[i], size) == 0)
            return i;
    }
    return -1;
}

static int month_of(const char *word)
{
    static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};
    return find_word(word, months, 12, 3) + 1;
}

static bool is_weekday(const char *word)
{
    static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    return find_word(word, days, 7, 3) >= 0;
}

static void skip_blanks(reader *r)
{
    while (*r->next == ' ' || *r->next == '\t')
        r->next++;
}

/* :ss[.f…], if it is there; fractions of a second are cut off. */
static bool take_seconds(reader *r, int64_t *second)
{
    int digits;
    *second = 0;
    if (*r->next != ':')
        return true;
    r->next++;
    if (!take_number(r, second, &digits) || digits != 2)
        return false;
    if (*r->next == '.' && is_digit(r->next[1])) {
        for (r->next++; is_digit(*r->next);)
            r->next++;
    }
    return *second <= 59;
}

/* AM or PM, if it is there. */
static bool take_half(reader *r, int64_t *hour)
{
    skip_blanks(r);
    char half = (char)(*r->next | 0x20);
    if ((half != 'a' && half != 'p') || (r->next[1] | 0x20) != 'm' || is_letter(r->next[2]))
        return true;
    if (*hour < 1 || *hour > 12)
        return false;
    *hour = *hour % 12 + (half == 'p' ? 12 : 0);
    r->next += 2;
    return true;
}

/* :mm[:ss[.f…]] [AM|PM] after the hour. */
static bool take_clock(reader *r, int64_t hour)
{
    int64_t minute, second;
    int digits;
    r->next++;
    if (!take_number(r, &minute, &digits) || digits != 2 || minute > 59 || !take_seconds(r, &second) ||
        !take_half(r, &hour) || hour > 23)
        return false;
    r->seconds = (hour * 60 + minute) * 60 + second;
    r->has_time = true;
    return true;
}

/* A number: the hour of a time, or the next part of the date. */
static bool take_part(reader *r)
{
    int64_t value;
    int digits;
    if (!take_number(r, &value, &digits))
        return false;
    if (*r->next == ':' && !r->has_time)
        return digits <= 2 && take_clock(r, value);
    if (r->part_count == 3)
        return false;
    if (r->part_count == 0)
        r->separator = *r->next;
    r->part_digits[r->part_count] = digits;
    r->parts[r->part_count++] = value;
    return true;
}

static bool make_day(int32_t *day, int64_t year, int64_t month, int64_t day_of_month)
{
    if (year < 1900 || year > 2999 || month < 1 || month > 12 || day_of_month < 1)
        return false;
    *day = qni_date_days((int32_t)year, (int)month, (int)day_of_month);
    int32_t back;
    int back_month, back_day;
    qni_date_split(&back, &back_month, &back_day, *day);
    return back_month == month && back_day == day_of_month;
}

static int64_t whole_year(const reader *r, int part)
{
    return r->part_digits[part] == 2 ? 2000 + r->parts[part] : r->part_digits[part] == 4 ? r->parts[part] : 0;
}

/* What the parts mean. */
static bool find_day(int32_t *day, const reader *r)
{
    const int64_t *p = r->parts;
    if (r->month > 0 && r->part_count == 2) /* the year is the part of four digits, or the last */
        return r->part_digits[0] == 4 ? make_day(day, p[0], r->month, p[1])
                                      : make_day(day, whole_year(r, 1), r->month, p[0]);
    if (r->month > 0)
        return false;
    if (r->part_count == 1 && r->part_digits[0] == 8)
        return make_day(day, p[0] / 10000, p[0] / 100 % 100, p[0] % 100);
    if (r->part_count != 3)
        return false;
    if (r->part_digits[0] == 4)
        return make_day(day, p[0], p[1], p[2]);
    return r->separator == '/' && make_day(day, whole_year(r, 2), p[0], p[1]);
}

enum {
    NO_ZONE = 1,
    NEW_YORK = 2, /* offsets are multiples of 60, and 0 */
    CHICAGO = 3,
};

/* A zone's name or +hh[[:]mm]: seconds east of Greenwich, or one of the above. False: it is something else. */
static bool take_zone(reader *r, int64_t *zone)
{
    static const struct {
        const char *name;
        int64_t zone;
    } names[] = {{"et", NEW_YORK}, {"est", -18000}, {"edt", -14400}, {"ct", CHICAGO}, {"cst", -21600},
                 {"cdt", -18000},  {"utc", 0},      {"gmt", 0},      {"z", 0}};
    if (*r->next != '+' && *r->next != '-') {
        char word[16];
        if (!take_word(r, word))
            return false;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            *zone = names[i].zone;
            if (strcmp(word, names[i].name) == 0)
                return true;
        }
        return false;
    }
    int64_t sign = *r->next++ == '-' ? -1 : 1, hours, minutes = 0;
    int digits;
    if (!take_number(r, &hours, &digits))
        return false;
    if (digits == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (*r->next == ':') {
        r->next++;
        if (!take_number(r, &minutes, &digits))
            return false;
    }
    *zone = sign * (hours * 60 + minutes) * 60;
    return hours <= 14 && minutes <= 59;
}

/* A word of the date: a month, a weekday, or what stands between date and time. */
static bool take_name(reader *r)
{
    char word[16];
    if (!take_word(r, word))
        return false;
    int month = month_of(word);
    if (month > 0 && r->month == 0) {
        r->month = month;
        return true;
    }
    return is_weekday(word) || strcmp(word, "at") == 0 || strcmp(word, "t") == 0;
}

/* Date, time and zone of a text. */
static bool read_text(reader *r, int32_t *day, int64_t *zone, const char *text)
{
    *r = (reader){.next = text};
    *zone = NO_ZONE;
    while (*r->next != '\0') {
        if (is_digit(*r->next)) {
            if (!take_part(r))
                return false;
        } else if (r->has_time && (is_letter(*r->next) || *r->next == '+' || *r->next == '-')) {
            if (*zone != NO_ZONE || !take_zone(r, zone))
                return false;
        } else if (is_letter(*r->next)) {
            if (!take_name(r))
                return false;
        } else if (strchr(" \t,/-.@()", *r->next) != NULL) {
            r->next++;
        } else {
            return false;
        }
    }
    return find_day(day, r);
}

/* Ten digits: seconds since 1970, from 2001 to 2286. */
static bool take_epoch(int64_t *us, const char *text)
{
    reader r = {.next = text};
    int64_t value;
    int digits;
    if (!take_number(&r, &value, &digits) || digits != 10 || *r.next != '\0')
        return false;
    *us = value * 1000000;
    return true;
}

bool qni_chain_date(int32_t *day, const char *text)
{
    int64_t us, zone;
    reader r;
    if (qni_date_parse(day, text, (int64_t)strlen(text)))
        return true;
    if (take_epoch(&us, text)) {
        int64_t seconds;
        qn_market_local(day, &seconds, us);
        return true;
    }
    return read_text(&r, day, &zone, text);
}

bool qni_chain_time(int64_t *us, bool *has_time, const char *text)
{
    int32_t day;
    int64_t zone;
    reader r;
    *has_time = true;
    size_t size = strlen(text);
    bool has_offset = size > 6 && (text[size - 1] == 'Z' || text[size - 6] == '+' || text[size - 6] == '-');
    if ((has_offset && size > 10 && qni_timestamp_parse(us, text, (int64_t)size)) || take_epoch(us, text))
        return true;
    if (!read_text(&r, &day, &zone, text))
        return false;
    *has_time = r.has_time;
    if (zone == NO_ZONE || zone == NEW_YORK)
        *us = qn_market_time(day, r.seconds);
    else if (zone == CHICAGO)
        *us = qn_market_time(day, r.seconds + 3600);
    else
        *us = (day * INT64_C(86400) + r.seconds - zone) * 1000000;
    return true;
}
