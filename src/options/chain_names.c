/* options/chain_names.c: the underlyings that a file has options on; see chain_int.h. */
#include "options/chain_int.h"

#include "base/error.h"
#include "options/chain_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void qni_chain_names_init(qni_chain_names *out, const char *asked)
{
    *out = (qni_chain_names){.asked = asked};
    if (asked != NULL) {
        (void)qn_ticker_plain(out->wanted, asked);
        (void)qn_ticker_plain(out->wanted, qni_root_ticker(out->wanted));
    }
}

static void note(qni_chain_names *names, const char *underlying)
{
    for (int64_t i = 0; i < names->seen_count && i < QNI_CHAIN_NAMES_SHOWN; i++) {
        if (strcmp(names->seen[i].name, underlying) == 0) {
            names->seen[i].count++;
            return;
        }
    }
    if (names->seen_count++ < QNI_CHAIN_NAMES_SHOWN) {
        names->seen[names->seen_count - 1].count = 1;
        memcpy(names->seen[names->seen_count - 1].name, underlying, strlen(underlying) + 1);
    }
}

bool qni_chain_names_take(qni_chain_names *names, const char *underlying)
{
    if (underlying[0] == '\0')
        return true;
    note(names, underlying);
    bool wanted = names->wanted[0] == '\0' || strcmp(names->wanted, underlying) == 0;
    names->others += !wanted;
    return wanted;
}

static void list(char out[QNI_CHAIN_SENTENCE / 2], const qni_chain_names *names)
{
    size_t at = 0;
    out[0] = '\0';
    for (int64_t i = 0; i < names->seen_count && i < QNI_CHAIN_NAMES_SHOWN; i++)
        at += (size_t)snprintf(out + at, QNI_CHAIN_SENTENCE / 2 - at, "%s%s (%" PRId64 ")", i > 0 ? ", " : "",
                               names->seen[i].name, names->seen[i].count);
    if (names->seen_count > QNI_CHAIN_NAMES_SHOWN)
        (void)snprintf(out + at, QNI_CHAIN_SENTENCE / 2 - at, ", ...");
}

qn_status qni_chain_name(qni_chain *c, const qni_chain_names *names, const char *file, qn_error *err)
{
    char all[QNI_CHAIN_SENTENCE / 2];
    list(all, names);
    if (names->wanted[0] == '\0' && names->seen_count > 1)
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "there are options on several underlyings, %s: choose one by its ticker", all);
    if (c->chain.count == 0 && names->others > 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "no option is on \"%s\", but on %s", names->asked, all);
    const char *ticker = names->asked != NULL ? names->asked : "";
    if (names->seen_count > 0)
        ticker = names->wanted[0] != '\0' ? names->wanted : names->seen[0].name;
    qn_status s = qni_arena_text(&c->chain.ticker, c->arena, ticker, -1, err);
    if (s == QN_OK && names->others > 0)
        s = qni_chain_warn(c, err, "%" PRId64 " quotes are not on %s and were left out: the file has %s", names->others,
                           ticker, all);
    return s;
}
