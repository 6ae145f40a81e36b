/* cli/replay_settings.c: what the texts of the options of `quern replay` say. Any thread. */
#include "base/number.h"
#include "cli/replay_int.h"

#include <string.h>

/* ---- --speed 10x ---- */

double qni_replay_speed(const char *text)
{
    double speed;
    const char *const end = text + strlen(text);
    if (strcmp(text, "max") == 0)
        return 0;
    const char *stop = qni_number_parse(&speed, text, end);
    if (stop == NULL || !(speed > 0 && speed <= 1e9) || (strcmp(stop, "x") != 0 && stop != end))
        return -1;
    return speed;
}

const char *qni_replay_speed_refuse(const char *text)
{
    return qni_replay_speed(text) < 0 ? "neither max nor a speed such as 1x or 10x (above 0, at most 1e9)" : NULL;
}

/* ---- --bars 1m:bars.csv ---- */

bool qni_replay_bars(int64_t *interval_ns, const char **file, const char *text)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {{"ns", 1},          {"us", 1000},         {"ms", 1000000},      {"s", 1000000000},
                 {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};
    const char *const colon = strchr(text, ':');
    int64_t count;
    const char *stop = colon == NULL ? NULL : qni_integer_parse(&count, text, colon);
    if (stop == NULL || colon[1] == '\0' || count < 1)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const size_t size = strlen(units[i].unit);
        if ((size_t)(colon - stop) == size && memcmp(stop, units[i].unit, size) == 0) {
            *file = colon + 1;
            return !__builtin_mul_overflow(count, units[i].ns, interval_ns);
        }
    }
    return false;
}

const char *qni_replay_bars_refuse(const char *text)
{
    int64_t interval_ns;
    const char *file;
    return qni_replay_bars(&interval_ns, &file, text)
               ? NULL
               : "not INTERVAL:FILE such as 1m:bars.csv (units: ns us ms s m h d)";
}

/* ---- --symbols ---- */

const char *qni_replay_symbols_refuse(const char *text)
{
    int64_t count;
    const char *const end = text + strlen(text);
    if (qni_integer_parse(&count, text, end) == end)
        return count >= 1 && count <= 1 << 20 ? NULL : "not between 1 and 1048576";
    return text[0] == '\0' ? "empty" : NULL;
}
