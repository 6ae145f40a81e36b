/* array/time_int.h: dates and timestamps from text: ISO 8601, proleptic Gregorian calendar, years 0001 to 9999. */
#ifndef QNI_ARRAY_TIME_INT_H
#define QNI_ARRAY_TIME_INT_H

#include <stdbool.h>
#include <stdint.h>

/* YYYY-MM-DD as days since 1970-01-01. False: it is none. */
bool qni_date_parse(int32_t *days, const char *text, int64_t size);

/* YYYY-MM-DD[(T| )hh:mm[:ss[.f…]][Z|(+|-)hh[[:]mm]]] as microseconds since 1970-01-01T00:00:00Z; without an offset it
 * is UTC. Digits beyond microseconds are cut off. False: it is none. */
bool qni_timestamp_parse(int64_t *us, const char *text, int64_t size);

#endif
