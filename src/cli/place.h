/* cli/place.h: a place in a stream of records, as a person writes it: the number of a record, from 0, or an event time.
 * Any thread. */
#ifndef QNI_CLI_PLACE_H
#define QNI_CLI_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* Of the two, *number is -1 where the text is a time (nanoseconds since 1970, UTC where it has no offset). False: it is
 * neither. */
bool qni_place_read(int64_t *number, int64_t *time_ns, const char *text);

/* What is wrong with the text of an option; NULL: nothing. */
const char *qni_place_refuse(const char *text);

#endif
