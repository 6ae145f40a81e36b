/* options/chain_columns.c: which column of a file is what: by a map, else by the names that providers give them.
 *
 * A name is compared without blanks, signs and case. The best of a column's known names wins; two columns that are as
 * good are an error, for nobody can tell which is meant. */
#include "options/chain_int.h"

#include "base/error.h"
#include "base/nearest.h"
#include "options/limits.h"

#include <stdio.h>
#include <string.h>

typedef struct column_names {
    const char *name;
    qn_type type;
    const char *known; /* names with blanks between them */
} column_names;

static const column_names columns[QNI_CHAIN_COLUMN_COUNT] = {
#define COLUMN(name, text, type, known) {text, type, known},
    QNI_CHAIN_COLUMN_LIST(COLUMN)
#undef COLUMN
};

static const char *const side_names[QNI_CHAIN_SIDES] = {"", "call_", "put_"};

static bool has_sides(int column)
{
    return column >= QNI_CHAIN_SYMBOL;
}

/* What a header's name may stand for. */
typedef struct meaning {
    int side, column;
    int rank; /* 0: the best name */
} meaning;

/* Letters and digits in lower case; names too long for any meaning become "". */
static void normalise(char out[32], const char *text, int64_t size)
{
    int count = 0;
    for (int64_t i = 0; i < size; i++) {
        bool letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        if (!letter && !(text[i] >= '0' && text[i] <= '9'))
            continue;
        if (count == 31) {
            count = 0;
            break;
        }
        out[count++] = (char)(text[i] | 0x20); /* digits have that bit */
    }
    out[count] = '\0';
}

/* The place of a word (size) in a list of words; -1: it is not there. */
static int find_word(const char *list, const char *word, size_t size)
{
    int index = 0;
    for (const char *p = list; *p != '\0'; index++) {
        size_t length = strcspn(p, " ");
        if (length == size && memcmp(p, word, size) == 0)
            return index;
        p += length;
        p += *p == ' ';
    }
    return -1;
}

/* Adds what a name, or the rest of it beside the word for a side, may mean. */
static void add_meanings(meaning *out, int *count, const char *word, size_t size, int side)
{
    for (int c = side == QNI_CHAIN_ONE ? 0 : QNI_CHAIN_SYMBOL; c < QNI_CHAIN_COLUMN_COUNT && size > 0; c++) {
        int rank = find_word(columns[c].known, word, size);
        if (rank >= 0 && *count < 4)
            out[(*count)++] = (meaning){.side = side, .column = c, .rank = rank};
    }
}

/* Everything that a normalised name may mean, at most four things. */
static int meanings_of(meaning out[4], const char *name)
{
    static const struct {
        const char *word;
        int side;
    } words[] = {{"calls", QNI_CHAIN_CALL}, {"call", QNI_CHAIN_CALL}, {"c", QNI_CHAIN_CALL},
                 {"puts", QNI_CHAIN_PUT},   {"put", QNI_CHAIN_PUT},   {"p", QNI_CHAIN_PUT}};
    int count = 0;
    size_t size = strlen(name);
    add_meanings(out, &count, name, size, QNI_CHAIN_ONE);
    for (size_t i = 0; i < sizeof words / sizeof words[0] && count == 0; i++) {
        size_t length = strlen(words[i].word);
        if (size > length && memcmp(name, words[i].word, length) == 0)
            add_meanings(out, &count, name + length, size - length, words[i].side);
        if (size > length && length > 1 && count == 0 && memcmp(name + size - length, words[i].word, length) == 0)
            add_meanings(out, &count, name, size - length, words[i].side);
    }
    if (strcmp(name, "calls") == 0 || strcmp(name, "puts") == 0)
        out[count++] = (meaning){name[0] == 'c' ? QNI_CHAIN_CALL : QNI_CHAIN_PUT, QNI_CHAIN_SYMBOL, 0};
    return count;
}

bool qni_chain_is_column(const char *text, int64_t size)
{
    char name[32];
    meaning meanings[4];
    normalise(name, text, size);
    return meanings_of(meanings, name) > 0;
}

/* The search for a layout. */
typedef struct search {
    qni_chain_layout *layout;
    const char *const *names;
    int64_t count;
    const char *file;
    bool given[QNI_CHAIN_SIDES][QNI_CHAIN_COLUMN_COUNT]; /* by the map */
    bool mapped_strike;
    qn_error *err;
} search;

static bool is_taken(const search *s, int64_t index)
{
    for (int side = 0; side < QNI_CHAIN_SIDES; side++) {
        for (int c = 0; c < QNI_CHAIN_COLUMN_COUNT; c++) {
            if (s->given[side][c] && s->layout->column[side][c] == index)
                return true;
        }
    }
    return false;
}

/* Gives each free column of the file to what it is best known as, one thing after the other. */
static qn_status find_best(search *s, int side, int column)
{
    int best = 1000;
    bool twice = false;
    int64_t first = -1;
    char name[32];
    meaning meanings[4];
    for (int64_t i = 0; i < s->count; i++) {
        normalise(name, s->names[i], (int64_t)strlen(s->names[i]));
        int count = meanings_of(meanings, name);
        for (int m = 0; m < count; m++) {
            if (meanings[m].side != side || meanings[m].column != column || meanings[m].rank > best || is_taken(s, i))
                continue;
            twice = meanings[m].rank == best;
            if (!twice)
                first = i;
            best = meanings[m].rank;
        }
    }
    if (twice)
        return qni_error_at(s->err, QN_DATA, s->file, 0, 0,
                            "more than one column may be the %s%s, \"%s\" is one: say which with a map, %s%s=NAME",
                            side_names[side], columns[column].name, s->names[first], side_names[side],
                            columns[column].name);
    s->layout->column[side][column] = first;
    return QN_OK;
}

/* The name of a map: "bid", "call_bid". */
static bool find_target(int *side, int *column, const char *name, size_t size)
{
    for (*side = QNI_CHAIN_SIDES - 1; *side >= 0; --*side) {
        size_t length = strlen(side_names[*side]);
        for (*column = 0; *column < QNI_CHAIN_COLUMN_COUNT; ++*column) {
            const char *text = columns[*column].name;
            if ((*side == QNI_CHAIN_ONE || has_sides(*column)) && size == length + strlen(text) &&
                memcmp(name, side_names[*side], length) == 0 && memcmp(name + length, text, size - length) == 0)
                return true;
        }
    }
    return false;
}

static qn_status unknown_target(const search *s, const char *name)
{
    char list[QNI_CHAIN_SENTENCE] = "";
    size_t at = 0;
    for (int c = 0; c < QNI_CHAIN_COLUMN_COUNT; c++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", c > 0 ? ", " : "", columns[c].name);
    return qni_error(s->err, QN_NAME, "map: \"%s\" is none of %s; with call_ or put_ before those from symbol on", name,
                     list);
}

/* One "bid=Best Bid" of the map; "bid=" leaves it out. */
static qn_status take_item(search *s, const char *item, size_t size)
{
    char text[QNI_CHAIN_MAP_ITEM];
    if (size >= sizeof text)
        return qni_error(s->err, QN_NAME, "map: an item is longer than %d bytes", QNI_CHAIN_MAP_ITEM - 1);
    memcpy(text, item, size);
    text[size] = '\0';
    char *value = strchr(text, '=');
    if (value == NULL)
        return qni_error(s->err, QN_NAME, "map: \"%s\" is not WHAT=COLUMN", text);
    *value++ = '\0';
    int side, column;
    if (!find_target(&side, &column, text, strlen(text)))
        return unknown_target(s, text);
    if (s->given[side][column])
        return qni_error(s->err, QN_NAME, "map: \"%s\" is given twice", text);
    s->given[side][column] = true;
    s->layout->column[side][column] = -1;
    if (*value == '\0')
        return QN_OK;
    for (int64_t i = 0; i < s->count; i++) {
        if (strcmp(s->names[i], value) == 0) {
            s->layout->column[side][column] = i;
            return QN_OK;
        }
    }
    int64_t nearest = qni_nearest(value, s->names, s->count);
    return qni_error_at(s->err, QN_NAME, s->file, 0, 0, "map: there is no column \"%s\"%s%s%s", value,
                        nearest >= 0 ? ": did you mean \"" : "", nearest >= 0 ? s->names[nearest] : "",
                        nearest >= 0 ? "\"?" : "");
}

static qn_status take_map(search *s, const char *map)
{
    for (const char *p = map; *p != '\0';) {
        p += strspn(p, " ");
        size_t size = strcspn(p, ","), trimmed = size;
        while (trimmed > 0 && p[trimmed - 1] == ' ')
            trimmed--;
        qn_status status = take_item(s, p, trimmed);
        if (status != QN_OK)
            return status;
        p += size;
        p += *p == ',';
    }
    return QN_OK;
}

/* A message's list of the file's columns. */
static qn_status missing(const search *s, const char *what, const char *advice)
{
    char list[QNI_CHAIN_SENTENCE / 2] = "";
    size_t at = 0;
    for (int64_t i = 0; i < s->count && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", s->names[i]);
    return qni_error_at(s->err, QN_DATA, s->file, 0, 0, "no column is the %s (there are: %s%s): name it with a map, %s",
                        what, list, at >= sizeof list ? "..." : "", advice);
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
        const char *name = columns[prices[i]].name;
        if (!s->layout->two_sided) {
            if (!has(s, QNI_CHAIN_ONE, prices[i]))
                return missing(s, name, i == 0 ? "bid=NAME" : "ask=NAME");
            continue;
        }
        for (int side = QNI_CHAIN_CALL; side <= QNI_CHAIN_PUT; side++) {
            if (!has(s, side, prices[i]))
                return missing(s, side == QNI_CHAIN_CALL ? "bid or ask of calls" : "bid or ask of puts",
                               "call_bid=NAME,call_ask=NAME,put_bid=NAME,put_ask=NAME");
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
        return missing(s, "strike", "strike=NAME");
    if (!has(s, QNI_CHAIN_ONE, QNI_CHAIN_EXPIRY) && !has(s, QNI_CHAIN_ONE, QNI_CHAIN_DAYS))
        return missing(s, "expiry", "expiry=NAME");
    if (!s->layout->two_sided && !has(s, QNI_CHAIN_ONE, QNI_CHAIN_TYPE))
        return missing(s, "type", "type=NAME");
    return check_prices(s);
}

static bool has_name(const search *s, const char *name)
{
    for (int64_t i = 0; i < s->count; i++) {
        if (strcmp(s->names[i], name) == 0)
            return true;
    }
    return false;
}

/* OptionMetrics and version 2 of ThetaData give strikes times 1000; what a map names is taken as it is. */
static bool has_thousandths(const search *s)
{
    const int64_t strike = s->layout->column[QNI_CHAIN_ONE][QNI_CHAIN_STRIKE];
    if (strike < 0 || s->mapped_strike)
        return false;
    if (strcmp(s->names[strike], "strike_price") == 0)
        return has_name(s, "cp_flag") && has_name(s, "best_offer");
    return strcmp(s->names[strike], "strike") == 0 && has_name(s, "ms_of_day");
}

qn_status qni_chain_find_layout(qni_chain_layout *out, const char *const *names, int64_t count, const char *map,
                                const char *file, qn_error *err)
{
    search s = {.layout = out, .names = names, .count = count, .file = file, .err = err};
    memset(out, 0, sizeof *out);
    for (int side = 0; side < QNI_CHAIN_SIDES; side++) {
        for (int c = 0; c < QNI_CHAIN_COLUMN_COUNT; c++)
            out->column[side][c] = -1;
    }
    qn_status status = map != NULL ? take_map(&s, map) : QN_OK;
    s.mapped_strike = s.given[QNI_CHAIN_ONE][QNI_CHAIN_STRIKE];
    for (int side = 0; side < QNI_CHAIN_SIDES; side++) {
        for (int c = QNI_CHAIN_COLUMN_COUNT - 1; c >= 0 && status == QN_OK; c--) {
            if (!s.given[side][c] && (side == QNI_CHAIN_ONE || has_sides(c)))
                status = find_best(&s, side, c);
            s.given[side][c] = true; /* what is bound is not free for anything else */
        }
    }
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
                s = qn_csv_select(csv, names[layout->column[side][c]], time ? QN_TYPE_TIMESTAMP : columns[c].type, err);
        }
    }
    return s;
}
