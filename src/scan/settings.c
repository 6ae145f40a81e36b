/* scan/settings.c: what may be set for a scan: defaults, bounds, names. */
#include "scan/scan_int.h"

#include "base/options.h"

#include <stddef.h>
#include <string.h>

void qn_scan_settings_init(qn_scan_settings *out, int64_t size)
{
    qn_scan_settings defaults = {.size = size};
#define OTHERWISE(field, name, otherwise, least, most, heading, help) defaults.field = (otherwise);
    QN_SCAN_SETTING_LIST(OTHERWISE)
#undef OTHERWISE
    qni_options_init(out, size);
    if (size >= (int64_t)sizeof out->size)
        memcpy(out, &defaults, (size_t)(size < (int64_t)sizeof defaults ? size : (int64_t)sizeof defaults));
}

void qn_scan_options_init(qn_scan_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_scan_input_init(qn_scan_input *out, int64_t size)
{
    qni_options_init(out, size);
}

#define CASE(name, value, text) \
    case value:                 \
        return text;
#define CASE_STRATEGY(name, value, text, words) CASE(name, value, text)

const char *qn_tiers_name(qn_tiers tiers)
{
    switch ((int)tiers) {
        QN_TIERS_LIST(CASE)
    default:
        return "?";
    }
}

const char *qn_tier_name(qn_tier tier)
{
    switch ((int)tier) {
        QN_TIER_LIST(CASE)
    default:
        return "?";
    }
}

const char *qn_move_status_name(qn_move_status status)
{
    switch ((int)status) {
        QN_MOVE_STATUS_LIST(CASE)
    default:
        return "?";
    }
}

const char *qn_strategy_name(qn_strategy strategy)
{
    switch ((int)strategy) {
        QN_STRATEGY_LIST(CASE_STRATEGY)
    default:
        return "?";
    }
}

const char *qn_strategy_words(qn_strategy strategy)
{
    switch ((int)strategy) {
#define CASE_WORDS(name, value, text, words) CASE(name, value, words)
        QN_STRATEGY_LIST(CASE_WORDS)
    default:
        return "?";
    }
}
