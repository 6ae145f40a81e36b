/* cli/place.c: see place.h. Any thread. */
#include "cli/place.h"

#include "base/number.h"
#include "base/time.h"

#include <stddef.h>
#include <string.h>

bool qni_place_read(int64_t *number, int64_t *time_ns, const char *text)
{
    const int64_t size = (int64_t)strlen(text);
    *time_ns = 0;
    if (qni_integer_parse(number, text, text + size) == text + size)
        return *number >= 0;
    *number = -1;
    return qni_timestamp_parse_ns(time_ns, text, size);
}

const char *qni_place_refuse(const char *text)
{
    int64_t number, time_ns;
    return qni_place_read(&number, &time_ns, text)
               ? NULL
               : "neither the number of a record nor a time such as 2026-02-13T14:30:00.5Z";
}
