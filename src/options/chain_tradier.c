/* options/chain_tradier.c: chains as Tradier answers GET /v1/markets/options/chains, one answer an expiry.
 *
 *   {"options": {"option": [{"symbol": "VXX190517P00016000", "bid": 0.0, "ask": 0.01, "strike": 16.0, ...}, ...]}}
 *
 * Several answers are one file as JSON lines, in an array, or anywhere inside of objects: what counts is an object
 * below "option", alone or in a list. One below "quote", as GET /v1/markets/quotes answers, tells the price of the
 * underlying. Fields are taken in any order, unknown ones passed over, null is not told. The text is read token by
 * token: no tree. */
#include "options/chain_int.h"

#include "base/error.h"
#include "base/json_scan.h"
#include "base/number.h"
#include "base/time.h"
#include "options/chain_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* X(ENUMERATOR, name). Those from MID_IV on stand in "greeks". */
#define FIELD_LIST(X)                 \
    X(SYMBOL, "symbol")               \
    X(TYPE, "option_type")            \
    X(STRIKE, "strike")               \
    X(EXPIRY, "expiration_date")      \
    X(UNDERLYING, "underlying")       \
    X(ROOT, "root_symbol")            \
    X(BID, "bid")                     \
    X(ASK, "ask")                     \
    X(LAST, "last")                   \
    X(VOLUME, "volume")               \
    X(OPEN_INTEREST, "open_interest") \
    X(BID_DATE, "bid_date")           \
    X(ASK_DATE, "ask_date")           \
    X(TRADE_DATE, "trade_date")       \
    X(MID_IV, "mid_iv")               \
    X(SMV_VOL, "smv_vol")

typedef enum field {
#define ENUMERATOR(name, text) name,
    FIELD_LIST(ENUMERATOR)
#undef ENUMERATOR
    FIELD_COUNT
} field;

static const struct {
    const char *name;
    int64_t size;
} fields[FIELD_COUNT] = {
#define NAME(name, text) {text, sizeof(text) - 1},
    FIELD_LIST(NAME)
#undef NAME
};

/* Of what the objects are that come next. */
typedef enum place {
    ELSEWHERE,
    OPTION,
    QUOTE,
} place;

/* The price of a share, in the order of the file. */
typedef struct price {
    const struct price *before;
    char ticker[16];
    double last;
} price;

typedef struct reader {
    qni_json_scan scan;
    qni_json_token token;
    qni_chain *c;
    qni_chain_names names;
    const char *name;
    const qn_chain_options *options;
    qn_arena *scratch;
    const price *prices; /* the last one */
    int64_t line;        /* at which `counted` stands */
    const char *counted;
    int64_t latest_us; /* of all bids and asks */
    int64_t empty;     /* answers without an option */
    int64_t adjusted;
    char adjusted_root[8];
    char *turn;                    /* (16) NULL: one chain is wanted; else others are chains of their own */
    char least[16], following[16]; /* underlyings by name: of all, of those behind the wanted one; "": none */
    qn_error *err;
} reader;

/* An object below "option" or "quote": the values that are known. QNI_JSON_END: not there. */
typedef struct object {
    qni_json_token values[FIELD_COUNT];
    int64_t line;
} object;

static qn_status next(reader *r)
{
    return qni_json_next(&r->token, &r->scan, r->err);
}

static bool is(const qni_json_token *token, const char *text)
{
    size_t size = strlen(text);
    return token->size == (int64_t)size && memcmp(token->text, text, size) == 0;
}

/* The line of the token at hand. */
static int64_t line_of(reader *r)
{
    for (const char *p; (p = memchr(r->counted, '\n', (size_t)(r->token.text - r->counted))) != NULL;) {
        r->counted = p + 1;
        r->line++;
    }
    r->counted = r->token.text;
    return r->line;
}

/* Goes to the end of the value at hand. */
static qn_status skip(reader *r)
{
    int depth = 0;
    for (;;) {
        if (r->token.kind == QNI_JSON_OBJECT || r->token.kind == QNI_JSON_ARRAY)
            depth++;
        else if (r->token.kind == QNI_JSON_OBJECT_END || r->token.kind == QNI_JSON_ARRAY_END)
            depth--;
        if (depth == 0)
            return QN_OK;
        qn_status s = next(r);
        if (s != QN_OK)
            return s;
    }
}

static field find_field(const qni_json_token *key, bool greeks)
{
    for (int f = greeks ? MID_IV : 0; f < (greeks ? FIELD_COUNT : MID_IV); f++) {
        if (key->size == fields[f].size && memcmp(key->text, fields[f].name, (size_t)key->size) == 0)
            return (field)f;
    }
    return FIELD_COUNT;
}

/* The values of the object at hand, and of the greeks in it. */
static qn_status take_values(object *o, reader *r, bool greeks)
{
    for (;;) {
        qn_status s = next(r);
        if (s != QN_OK || r->token.kind == QNI_JSON_OBJECT_END)
            return s;
        field f = find_field(&r->token, greeks);
        bool into = !greeks && is(&r->token, "greeks");
        s = next(r);
        if (s == QN_OK && f != FIELD_COUNT && r->token.kind != QNI_JSON_NULL)
            o->values[f] = r->token;
        if (s == QN_OK)
            s = into && r->token.kind == QNI_JSON_OBJECT ? take_values(o, r, true) : skip(r);
        if (s != QN_OK)
            return s;
    }
}

/* What is wrong with an object. */
#define REFUSE(r, o, ...) qni_error_at((r)->err, QN_DATA, (r)->name, (o)->line, 0, __VA_ARGS__)

/* NaN: not told. */
static qn_status number(double *out, const reader *r, const object *o, field f)
{
    const qni_json_token *t = &o->values[f];
    *out = (double)NAN;
    if (t->kind == QNI_JSON_END)
        return QN_OK;
    if (t->kind != QNI_JSON_NUMBER)
        return REFUSE(r, o, "\"%s\" is no number", fields[f].name);
    (void)qni_number_parse(out, t->text, t->text + t->size);
    return QN_OK;
}

/* Milliseconds since 1970; INT64_MIN: not told. */
static qn_status moment(int64_t *us, const reader *r, const object *o, field f)
{
    double ms;
    *us = INT64_MIN;
    qn_status s = number(&ms, r, o, f);
    if (s == QN_OK && ms > 0 && ms < QNI_CHAIN_MS_MOST)
        *us = (int64_t)ms * 1000;
    return s;
}

/* A text; "": not told. */
static qn_status text(char out[QNI_CHAIN_JSON_TEXT], const reader *r, const object *o, field f)
{
    const qni_json_token *t = &o->values[f];
    out[0] = '\0';
    if (t->kind == QNI_JSON_END)
        return QN_OK;
    if (t->kind != QNI_JSON_STRING || t->size >= QNI_CHAIN_JSON_TEXT)
        return REFUSE(r, o, "\"%s\" is no text of less than %d bytes", fields[f].name, QNI_CHAIN_JSON_TEXT);
    out[qni_json_unescape(out, t)] = '\0';
    return QN_OK;
}

static qn_status take_price(reader *r, const object *o)
{
    char symbol[QNI_CHAIN_JSON_TEXT];
    double last = (double)NAN;
    void *block;
    qn_status s = text(symbol, r, o, SYMBOL);
    if (s == QN_OK)
        s = number(&last, r, o, LAST);
    if (s != QN_OK || !(last > 0) || isinf(last))
        return s;
    s = qn_arena_take(&block, r->scratch, (int64_t)sizeof(price), r->err);
    if (s != QN_OK)
        return s;
    price *p = block;
    *p = (price){.before = r->prices, .last = last};
    (void)qn_ticker_plain(p->ticker, symbol);
    r->prices = p;
    return QN_OK;
}

/* The symbol of an option, and what stands beside it. */
typedef struct terms {
    char code[QNI_CHAIN_JSON_TEXT], type[QNI_CHAIN_JSON_TEXT], date[QNI_CHAIN_JSON_TEXT];
    bool has_symbol;
    qni_symbol symbol;
} terms;

static qn_status take_texts(terms *t, const reader *r, const object *o)
{
    qn_status s = text(t->code, r, o, SYMBOL);
    if (s == QN_OK)
        s = text(t->type, r, o, TYPE);
    if (s == QN_OK)
        s = text(t->date, r, o, EXPIRY);
    t->has_symbol = s == QN_OK && qni_symbol_parse(&t->symbol, t->code);
    if (s == QN_OK && !t->has_symbol && (t->type[0] == '\0' || t->date[0] == '\0'))
        s = REFUSE(r, o, "\"%.40s\" is no symbol of an option, and its type and expiry do not stand beside it",
                   t->code);
    return s;
}

/* By what the symbol and the quote say differently; NULL: nothing. */
static const char *contradiction(const qn_quote *q, const terms *t)
{
    if (!t->has_symbol)
        return NULL;
    return q->type != t->symbol.type                                      ? "type"
           : fabs(q->strike - t->symbol.strike) > QNI_CHAIN_STRIKE_DIGITS ? "strike"
           : q->expiry != t->symbol.expiry                                ? "expiry"
                                                                          : NULL;
}

/* What the option is: by its symbol and by fields, which must agree. */
static qn_status take_terms(qn_quote *q, terms *t, const reader *r, const object *o)
{
    qn_option_type kind = QN_CALL;
    qn_status s = take_texts(t, r, o);
    if (s == QN_OK)
        s = number(&q->strike, r, o, STRIKE);
    if (s != QN_OK)
        return s;
    if (t->has_symbol) {
        q->expiry = t->symbol.expiry;
        q->type = t->symbol.type;
        q->strike = isnan(q->strike) ? t->symbol.strike : q->strike;
    }
    if (t->type[0] != '\0' && !qn_option_type_from_text(&kind, t->type))
        return REFUSE(r, o, "\"option_type\": \"%.40s\" is neither call nor put", t->type);
    if (t->date[0] != '\0' && !qni_chain_date(&q->expiry, t->date))
        return REFUSE(r, o, "\"expiration_date\": \"%.40s\" is no date (2026-02-13)", t->date);
    q->type = t->type[0] != '\0' ? (int8_t)kind : q->type;
    if (!(q->strike > 0) || isinf(q->strike))
        return REFUSE(r, o, "a strike is above 0, this is %g", q->strike);
    const char *other = contradiction(q, t);
    return other == NULL ? QN_OK : REFUSE(r, o, "\"%s\" says another %s than what stands beside it", t->code, other);
}

/* Of what it is an option. False: it delivers something else than shares of that, after a merger or a split. */
static qn_status take_underlying(bool *plain, qn_quote *q, char underlying[16], const terms *t, reader *r,
                                 const object *o)
{
    char told[QNI_CHAIN_JSON_TEXT], root[QNI_CHAIN_JSON_TEXT], by_root[16];
    qn_status s = text(told, r, o, UNDERLYING);
    if (s == QN_OK)
        s = text(root, r, o, ROOT);
    if (s != QN_OK)
        return s;
    if (t->has_symbol)
        memcpy(root, t->symbol.root, sizeof t->symbol.root);
    q->settlement = (uint8_t)qni_root_settlement(root);
    (void)qn_ticker_plain(by_root, qni_root_ticker(root));
    (void)qn_ticker_plain(underlying, told[0] != '\0' ? told : by_root);
    (void)qn_ticker_plain(underlying, qni_root_ticker(underlying));
    *plain = by_root[0] == '\0' || strcmp(by_root, underlying) == 0;
    if (*plain || (r->names.wanted[0] != '\0' && strcmp(r->names.wanted, underlying) != 0))
        return QN_OK;
    if (r->adjusted++ == 0)
        memcpy(r->adjusted_root, by_root, sizeof r->adjusted_root - 1);
    return QN_OK;
}

static qn_status take_prices(qn_quote *q, reader *r, const object *o)
{
    double *const numbers[] = {&q->bid, &q->ask, &q->last, &q->volume, &q->open_interest};
    static const field of[] = {BID, ASK, LAST, VOLUME, OPEN_INTEREST};
    int64_t bid_us, ask_us;
    qn_status s = QN_OK;
    for (int i = 0; i < 5 && s == QN_OK; i++)
        s = number(numbers[i], r, o, of[i]);
    if (s == QN_OK)
        s = number(&q->provider_implied, r, o, MID_IV);
    if (s == QN_OK && !(q->provider_implied > 0))
        s = number(&q->provider_implied, r, o, SMV_VOL);
    if (s == QN_OK)
        s = moment(&bid_us, r, o, BID_DATE);
    if (s == QN_OK)
        s = moment(&ask_us, r, o, ASK_DATE);
    if (s == QN_OK)
        s = moment(&q->last_us, r, o, TRADE_DATE);
    if (s != QN_OK)
        return s;
    int64_t later = bid_us > ask_us ? bid_us : ask_us;
    r->latest_us = later > r->latest_us ? later : r->latest_us;
    return QN_OK;
}

static void keep_lesser(char name[16], const char other[16])
{
    if (name[0] == '\0' || strcmp(other, name) < 0)
        memcpy(name, other, 16);
}

/* Whose turn it is: the first one's where nobody says. And who comes next. */
static void note_turn(reader *r, const char underlying[16])
{
    if (r->turn == NULL || underlying[0] == '\0')
        return;
    if (r->names.wanted[0] == '\0')
        memcpy(r->names.wanted, underlying, sizeof r->names.wanted);
    keep_lesser(r->least, underlying);
    if (strcmp(underlying, r->names.wanted) > 0)
        keep_lesser(r->following, underlying);
}

static qn_status take_option(reader *r, const object *o)
{
    qn_quote q = {.line = o->line};
    terms t = {0};
    bool plain = true;
    char underlying[16];
    qn_status s = take_terms(&q, &t, r, o);
    if (s == QN_OK)
        s = take_underlying(&plain, &q, underlying, &t, r, o);
    if (s != QN_OK || !plain)
        return s;
    note_turn(r, underlying);
    if (!qni_chain_names_take(&r->names, underlying))
        return QN_OK;
    s = take_prices(&q, r, o);
    if (s != QN_OK)
        return s;
    if (r->c->chain.count == r->c->quote_capacity)
        return REFUSE(r, o, "an option without \"option_type\"");
    r->c->quotes[r->c->chain.count++] = q;
    return QN_OK;
}

static qn_status take(reader *r, place where);

static qn_status take_list(reader *r, place where)
{
    for (;;) {
        qn_status s = next(r);
        if (s != QN_OK || r->token.kind == QNI_JSON_ARRAY_END)
            return s;
        s = take(r, where);
        if (s != QN_OK)
            return s;
    }
}

/* An object that is neither an option nor a quote: what is looked for may be in it. */
static qn_status take_members(reader *r)
{
    for (;;) {
        qn_status s = next(r);
        if (s != QN_OK || r->token.kind == QNI_JSON_OBJECT_END)
            return s;
        bool answer = is(&r->token, "options");
        place where = is(&r->token, "option") ? OPTION : is(&r->token, "quote") ? QUOTE : ELSEWHERE;
        s = next(r);
        if (s == QN_OK) {
            r->empty += answer && r->token.kind == QNI_JSON_NULL;
            s = take(r, where);
        }
        if (s != QN_OK)
            return s;
    }
}

/* The value at hand, whatever it is. Nests no deeper than the scan allows. */
static qn_status take(reader *r, place where)
{
    if (r->token.kind == QNI_JSON_ARRAY)
        return take_list(r, where);
    if (r->token.kind != QNI_JSON_OBJECT)
        return QN_OK;
    if (where == ELSEWHERE)
        return take_members(r);
    object o = {.line = line_of(r)};
    qn_status s = take_values(&o, r, false);
    if (s != QN_OK)
        return s;
    return where == OPTION || o.values[TYPE].kind != QNI_JSON_END ? take_option(r, &o) : take_price(r, &o);
}

/* How many options there can be: "option_type" stands once in each. */
static int64_t count_options(const char *bytes, int64_t size)
{
    static const char name[] = "\"option_type\"";
    const char *end = bytes + size;
    int64_t count = 0;
    for (const char *p = bytes; (p = memchr(p, '"', (size_t)(end - p))) != NULL; p++)
        count += end - p >= (int64_t)sizeof name - 1 && memcmp(p, name, sizeof name - 1) == 0;
    return count;
}

static qn_status find_as_of(reader *r)
{
    bool found = true;
    if (r->options->as_of_us != 0) {
        r->c->chain.as_of_us = r->options->as_of_us;
        return QN_OK;
    }
    if (r->latest_us == INT64_MIN) {
        qn_status s = qni_chain_infer_as_of(&found, r->c, r->err);
        return s == QN_OK && !found ? qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                                                   "nothing in the file says when these quotes held: give as_of")
                                    : s;
    }
    char shown[QNI_TIME_TEXT_SIZE];
    r->c->chain.as_of_us = r->latest_us;
    r->c->chain.as_of_inferred = true;
    (void)qni_timestamp_text(shown, r->latest_us, 'T');
    return qni_chain_warn(r->c, r->err, "the quotes are taken to be of %sZ, the time of the latest bid or ask", shown);
}

static void find_spot(reader *r)
{
    for (const price *p = r->prices; p != NULL && isnan(r->c->chain.spot); p = p->before) {
        if (strcmp(p->ticker, r->c->chain.ticker) == 0)
            r->c->chain.spot = p->last;
    }
    if (r->options->spot > 0)
        r->c->chain.spot = r->options->spot;
}

static qn_status finish(reader *r)
{
    if (r->c->chain.count == 0 && r->names.others == 0 && r->adjusted == 0)
        return qni_error_at(r->err, QN_DATA, r->name, 1, 0,
                            r->empty > 0 ? "this is an answer of Tradier's without any option: is the expiry one?"
                                         : "this is JSON, but no chain as Tradier gives it ({\"options\": {\"option\": "
                                           "[...]}}); others are read from CSV");
    if (r->turn != NULL) {
        r->names.others = 0;
        memcpy(r->turn, r->following[0] != '\0' ? r->following : r->least, sizeof r->least);
    }
    qn_status s = qni_chain_name(r->c, &r->names, r->name, r->err);
    if (s == QN_OK)
        s = find_as_of(r);
    if (s == QN_OK && r->adjusted > 0)
        s = qni_chain_warn(r->c, r->err,
                           "%" PRId64 " quotes are of options that were adjusted after a split or a merger (%s) and "
                           "were left out",
                           r->adjusted, r->adjusted_root);
    if (s != QN_OK)
        return s;
    find_spot(r);
    r->c->chain.format = "tradier";
    return qni_chain_finish(r->c, r->err);
}

static qn_status read_values(reader *r)
{
    qn_status s = qni_arena_text(&r->c->chain.source, r->c->arena, r->name, -1, r->err);
    do {
        if (s == QN_OK)
            s = next(r);
        if (s == QN_OK)
            s = take(r, ELSEWHERE);
    } while (s == QN_OK && qni_json_another(&r->scan));
    return s == QN_OK ? finish(r) : s;
}

qn_status qni_chain_read_tradier(qni_chain **out, const char *bytes, int64_t size, const char *name,
                                 const qn_chain_options *options, char turn[16], qn_error *err)
{
    reader r = {.name = name,
                .options = options,
                .turn = turn,
                .line = 1,
                .counted = bytes,
                .latest_us = INT64_MIN,
                .err = err};
    const int64_t count = count_options(bytes, size);
    *out = NULL;
    if (options->map != NULL)
        return qni_error_at(err, QN_NAME, name, 0, 0, "map: this is JSON, which has no columns");
    if (count > QNI_CHAIN_QUOTES_MOST)
        return qni_error_at(err, QN_LIMIT, name, 0, 0, "more than %" PRId64 " quotes", QNI_CHAIN_QUOTES_MOST);
    qni_chain_names_init(&r.names, options->ticker);
    if (turn != NULL)
        memcpy(r.names.wanted, turn, sizeof r.names.wanted);
    qni_json_scan_init(&r.scan, bytes, size, name);
    qn_status s = qni_chain_new(&r.c, options->allocator, count, err);
    if (s == QN_OK)
        s = qn_arena_new(&r.scratch, options->allocator, 0, err);
    if (s == QN_OK)
        s = read_values(&r);
    qn_arena_free(r.scratch);
    if (s != QN_OK) {
        qni_chain_free(r.c);
        return s;
    }
    *out = r.c;
    return QN_OK;
}
