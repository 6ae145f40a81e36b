/* options/option.c: names, types and empty structures that all of option pricing shares. Any thread. */
#include <quern/option.h>

#include <string.h>
#include <strings.h>

#include "base/options.h"

bool qn_option_type_from_text(qn_option_type *out, const char *text)
{
    static const struct {
        const char *text;
        qn_option_type type;
    } names[] = {{"call", QN_CALL}, {"c", QN_CALL}, {"1", QN_CALL}, {"put", QN_PUT}, {"p", QN_PUT}, {"-1", QN_PUT}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(text, names[i].text) == 0) {
            *out = names[i].type;
            return true;
        }
    }
    return false;
}

const char *qn_option_status_name(qn_option_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text) \
    case QN_OPTION_##name:             \
        return text;
        QN_OPTION_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    }
    return "?";
}

void qn_option_batch_init(qn_option_batch *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_option_results_init(qn_option_results *out, int64_t size)
{
    qni_options_init(out, size);
}
