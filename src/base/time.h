/* base/time.h: dates and timestamps from text and back: ISO 8601, proleptic Gregorian calendar, years 0001 to 9999. */
#ifndef QNI_BASE_TIME_H
#define QNI_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* A date as days since 1970-01-01, any year within some five million; month 1 to 12, day from 1. And back, for any. */
int32_t qni_date_days(int32_t year, int month, int day);
void qni_date_split(int32_t *year, int *month, int *day, int32_t days);

/* YYYY-MM-DD as days since 1970-01-01. False: it is none. */
bool qni_date_parse(int32_t *days, const char *text, int64_t size);

/* YYYY-MM-DD[(T| )hh:mm[:ss[.f…]][Z|(+|-)hh[[:]mm]]] as microseconds since 1970-01-01T00:00:00Z; without an offset it
 * is UTC. Digits beyond microseconds are cut off. False: it is none. */
bool qni_timestamp_parse(int64_t *us, const char *text, int64_t size);

/* The same as nanoseconds, digits beyond them cut off. False also outside of 1677-09-21T00:12:44 to
 * 2262-04-11T23:47:16, where they do not fit. */
bool qni_timestamp_parse_ns(int64_t *ns, const char *text, int64_t size);

/* hh:mm[:ss[.f…]] as nanoseconds since midnight, digits beyond them cut off. False: it is none. */
bool qni_time_of_day_parse_ns(int64_t *ns, const char *text, int64_t size);

enum {
    QNI_TIME_TEXT_SIZE = 40
};

/* "2026-02-13", and "2026-02-13 14:30:00.5" with `between` (' ' or 'T') between them and as many digits of a second, at
 * most six, as are not zero; UTC, which is not said. Zero-terminated. Returns the length; 0 for what lies outside the
 * years 1 to 9999. */
int64_t qni_date_text(char out[QNI_TIME_TEXT_SIZE], int64_t days);
int64_t qni_timestamp_text(char out[QNI_TIME_TEXT_SIZE], int64_t us, char between);

#endif
