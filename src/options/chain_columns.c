/* options/chain_columns.c: which column of a file is what: by a map, else by the names that providers give them. */
#include "options/chain_int.h"

#include "base/error.h"
#include "base/headings.h"

#include <string.h>

enum {
    HEADING_COUNT = QNI_CHAIN_SIDES * QNI_CHAIN_COLUMN_COUNT
};

/* As a layout has them: those of a row, of its call, of its put. */
static const qni_heading headings[HEADING_COUNT] = {
#define HEADING(column, text, type, plain) {.name = (text), .known = (plain)},
    QNI_CHAIN_COLUMN_LIST(HEADING)
#undef HEADING
#define SIDE(column, text, plain, words, word)                       \
    {.name = QNI_CHAIN_##column >= QNI_CHAIN_SYMBOL ? (text) : NULL, \
     .known = (plain),                                               \
     .affixes = (words),                                             \
     .alone = QNI_CHAIN_##column == QNI_CHAIN_SYMBOL ? (word) : NULL},
#define HEADING(column, text, type, plain) SIDE(column, "call_" text, plain, "calls call c", "calls")
        QNI_CHAIN_COLUMN_LIST(HEADING)
#undef HEADING
#define HEADING(column, text, type, plain) SIDE(column, "put_" text, plain, "puts put p", "puts")
            QNI_CHAIN_COLUMN_LIST(HEADING)
#undef HEADING
#undef SIDE
};

static const qn_type types[QNI_CHAIN_COLUMN_COUNT] = {
#define TYPE(name, text, type, known) type,
    QNI_CHAIN_COLUMN_LIST(TYPE)
#undef TYPE
};

bool qni_chain_is_column(const char *text, int64_t size)
{
    char plain[QNI_HEADING_SIZE];
    qni_heading_plain(plain, text, size);
    for (int h = 0; h < HEADING_COUNT; h++) {
        if (qni_heading_rank(&headings[h], plain) >= 0)
            return true;
    }
    return false;
}

/* The search for a layout. */
typedef struct search {
    qni_heading_search names;
    qni_chain_layout *layout;
    bool mapped[QNI_CHAIN_SIDES][QNI_CHAIN_COLUMN_COUNT];
    qn_error *err;
} search;

static qn_status missing(const search *s, const char *what, const char *advice)
{
    return qni_headings_missing(&s->names, what, advice, s->err);
}

static bool has(const search *s, int side, int column)
{
    return s->layout->column[side][column] >= 0;
}

static bool has_any_side(const search *s, int column)
{
    return has(s, QNI_CHAIN_CALL, column) || has(s, QNI_CHAIN_PUT, column);
}

static qn_status check_prices(const search *s)
{
    static const int prices[] = {QNI_CHAIN_BID, QNI_CHAIN_ASK};
    for (int i = 0; i < 2; i++) {
        const char *name = headings[prices[i]].name;
        if (!s->layout->two_sided) {
            if (!has(s, QNI_CHAIN_ONE, prices[i]))
                return missing(s, name, i == 0 ? "name it with a map, bid=NAME" : "name it with a map, ask=NAME");
            continue;
        }
        for (int side = QNI_CHAIN_CALL; side <= QNI_CHAIN_PUT; side++) {
            if (!has(s, side, prices[i]))
                return missing(s, side == QNI_CHAIN_CALL ? "bid or ask of calls" : "bid or ask of puts",
                               "name it with a map, call_bid=NAME,call_ask=NAME,put_bid=NAME,put_ask=NAME");
        }
    }
    return QN_OK;
}

static qn_status check(const search *s)
{
    const bool symbol = has(s, QNI_CHAIN_ONE, QNI_CHAIN_SYMBOL) || has_any_side(s, QNI_CHAIN_SYMBOL);
    if (symbol)
        return check_prices(s); /* it tells the rest */
    if (!has(s, QNI_CHAIN_ONE, QNI_CHAIN_STRIKE))
        return missing(s, "strike", "name it with a map, strike=NAME");
    if (!has(s, QNI_CHAIN_ONE, QNI_CHAIN_EXPIRY) && !has(s, QNI_CHAIN_ONE, QNI_CHAIN_DAYS))
        return missing(s, "expiry", "name it with a map, expiry=NAME");
    if (!s->layout->two_sided && !has(s, QNI_CHAIN_ONE, QNI_CHAIN_TYPE))
        return missing(s, "type", "name it with a map, type=NAME");
    return check_prices(s);
}

static bool has_name(const search *s, const char *name)
{
    for (int64_t i = 0; i < s->names.name_count; i++) {
        if (strcmp(s->names.names[i], name) == 0)
            return true;
    }
    return false;
}

/* OptionMetrics and version 2 of ThetaData give strikes times 1000; what a map names is taken as it is. */
static bool has_thousandths(const search *s)
{
    const int64_t strike = s->layout->column[QNI_CHAIN_ONE][QNI_CHAIN_STRIKE];
    if (strike < 0 || s->mapped[QNI_CHAIN_ONE][QNI_CHAIN_STRIKE])
        return false;
    if (strcmp(s->names.names[strike], "strike_price") == 0)
        return has_name(s, "cp_flag") && has_name(s, "best_offer");
    return strcmp(s->names.names[strike], "strike") == 0 && has_name(s, "ms_of_day");
}

qn_status qni_chain_find_layout(qni_chain_layout *out, const char *const *names, int64_t count, const char *map,
                                const char *file, qn_error *err)
{
    search s = {.layout = out, .err = err};
    memset(out, 0, sizeof *out);
    s.names = (qni_heading_search){.file = file,
                                   .names = names,
                                   .name_count = count,
                                   .headings = headings,
                                   .heading_count = HEADING_COUNT,
                                   .advice = "; with call_ or put_ before those from symbol on",
                                   .columns = out->column[0],
                                   .mapped = s.mapped[0]};
    qn_status status = qni_headings_find(&s.names, map, err);
    if (status != QN_OK)
        return status;
    out->two_sided =
        !has(&s, QNI_CHAIN_ONE, QNI_CHAIN_BID) && (has_any_side(&s, QNI_CHAIN_BID) || has_any_side(&s, QNI_CHAIN_ASK));
    out->yfinance = has_name(&s, "contractSymbol") && has_name(&s, "lastTradeDate");
    out->thousandths = has_thousandths(&s);
    return check(&s);
}

qn_status qni_chain_select(qn_csv *csv, const qni_chain_layout *layout, qn_error *err)
{
    qn_status s = QN_OK;
    const char *const *names = qn_csv_column_names(csv);
    for (int side = 0; side < QNI_CHAIN_SIDES; side++) {
        for (int c = 0; c < QNI_CHAIN_COLUMN_COUNT && s == QN_OK; c++) {
            const bool time =
                layout->yfinance && c == QNI_CHAIN_LAST_TIME; /* always the same form: no texts are kept */
            if (layout->column[side][c] >= 0)
                s = qn_csv_select(csv, names[layout->column[side][c]], time ? QN_TYPE_TIMESTAMP : types[c], err);
        }
    }
    return s;
}
