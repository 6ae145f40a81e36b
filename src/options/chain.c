/* options/chain.c: what a chain is, and chains of a program's own quotes; see chain.h and chain_int.h. */
#include "options/chain_int.h"

#include "base/error.h"
#include "base/options.h"
#include "base/time.h"
#include "options/chain_make.h"
#include "options/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *qn_quote_class_name(qn_quote_class quote_class)
{
    switch (quote_class) {
#define CLASS_NAME(name, value, text) \
    case QN_QUOTE_##name:             \
        return text;
        QN_QUOTE_LIST(CLASS_NAME)
#undef CLASS_NAME
    case QN_QUOTE_CLASS_COUNT:
        break;
    }
    return "?";
}

void qn_chain_options_init(qn_chain_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qni_chain_free(qni_chain *c)
{
    if (c != NULL)
        qn_arena_free(c->arena); /* c itself lies there */
}

void qn_chain_free(qn_chain *chain)
{
    qni_chain_free((qni_chain *)chain);
}

qn_status qni_chain_new(qni_chain **out, const qn_allocator *allocator, int64_t quote_capacity, qn_error *err)
{
    *out = NULL;
    qn_arena *arena;
    void *block;
    qn_status s = qn_arena_new(&arena, allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = qn_arena_take(&block, arena, (int64_t)sizeof(qni_chain), err);
    if (s != QN_OK) {
        qn_arena_free(arena);
        return s;
    }
    qni_chain *c = block;
    *c = (qni_chain){.arena = arena, .allocator = allocator, .quote_capacity = quote_capacity};
    c->chain = (qn_chain){.size = (int64_t)sizeof c->chain, .ticker = "", .source = "", .format = "", .spot = NAN};
    s = qni_notes_init(&c->notes, arena, QNI_CHAIN_WARNINGS, err);
    if (s == QN_OK) {
        c->chain.warnings = c->notes.texts;
        s = qn_arena_take(&block, arena, quote_capacity * (int64_t)sizeof *c->quotes, err);
    }
    if (s != QN_OK) {
        qni_chain_free(c);
        return s;
    }
    c->quotes = block;
    c->chain.quotes = c->quotes;
    *out = c;
    return QN_OK;
}

qn_status qni_chain_warn(qni_chain *c, qn_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    qn_status s = qni_notes_add_list(&c->notes, err, format, arguments);
    va_end(arguments);
    c->chain.warning_count = c->notes.count;
    return s;
}

qn_status qni_chain_infer_as_of(bool *found, qni_chain *c, qn_error *err)
{
    int64_t latest = INT64_MIN;
    for (int64_t i = 0; i < c->chain.count; i++)
        latest = c->quotes[i].last_us > latest ? c->quotes[i].last_us : latest;
    *found = latest != INT64_MIN;
    if (!*found)
        return QN_OK;
    c->chain.as_of_us = latest;
    c->chain.as_of_inferred = true;
    char text[QNI_TIME_TEXT_SIZE];
    (void)qni_timestamp_text(text, latest, 'T');
    return qni_chain_warn(c, err, "the quotes are taken to be of %sZ, the time of the latest trade", text);
}

qn_status qni_chain_make(qn_chain **out, qn_quote **quotes, qn_arena **arena, int64_t count,
                         const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (count < 0 || count > QNI_CHAIN_QUOTES_MOST)
        return qni_error(err, QN_INVALID, "%" PRId64 " quotes: from 0 to %" PRId64, count, QNI_CHAIN_QUOTES_MOST);
    qni_chain *c;
    qn_status s = qni_chain_new(&c, allocator, count, err);
    if (s != QN_OK)
        return s;
    c->chain.count = count;
    *out = &c->chain;
    *quotes = c->quotes;
    *arena = c->arena;
    return QN_OK;
}

static qn_status check_quote(const qn_quote *q, int64_t index, qn_error *err)
{
    if (q->type != QN_CALL && q->type != QN_PUT)
        return qni_error(err, QN_INVALID, "quote %" PRId64 ": its type is neither QN_CALL nor QN_PUT", index);
    if (!(q->strike > 0) || isinf(q->strike))
        return qni_error(err, QN_INVALID, "quote %" PRId64 ": a strike is a number above 0, this is %g", index,
                         q->strike);
    if (q->settlement != QN_SETTLEMENT_PM && q->settlement != QN_SETTLEMENT_AM)
        return qni_error(err, QN_INVALID, "quote %" PRId64 ": its settlement is neither PM nor AM", index);
    return QN_OK;
}

static qn_status fill(qni_chain *c, const char *ticker, const qn_quote *quotes, int64_t count,
                      const qn_chain_options *o, qn_error *err)
{
    qn_status s = qni_arena_text(&c->chain.ticker, c->arena,
                                 o->ticker != NULL ? o->ticker
                                 : ticker != NULL  ? ticker
                                                   : "",
                                 -1, err);
    if (s != QN_OK)
        return s;
    if (quotes != NULL && count > 0)
        memcpy(c->quotes, quotes, (size_t)count * sizeof *quotes);
    c->chain.count = count;
    if (o->spot > 0)
        c->chain.spot = o->spot;
    bool found = o->as_of_us != 0;
    c->chain.as_of_us = o->as_of_us;
    if (!found)
        s = qni_chain_infer_as_of(&found, c, err);
    if (s == QN_OK && !found)
        s = qni_error(err, QN_INVALID, "no quote says when it was traded last: give as_of_us");
    return s == QN_OK ? qni_chain_finish(c, err) : s;
}

qn_status qn_chain_from_quotes(qn_chain **out, const char *ticker, const qn_quote *quotes, int64_t count,
                               const qn_chain_options *options, qn_error *err)
{
    *out = NULL;
    qn_chain_options o;
    qn_status s = qni_options_copy(&o, (int64_t)sizeof o, options, "qn_chain_options", err);
    if (s == QN_OK && (count < 0 || count > QNI_CHAIN_QUOTES_MOST || (count > 0 && quotes == NULL)))
        s = qni_error(err, QN_INVALID, "%" PRId64 " quotes: from 0 to %" PRId64, count, QNI_CHAIN_QUOTES_MOST);
    if (s == QN_OK && !(o.spot >= 0 && !isinf(o.spot)))
        s = qni_error(err, QN_INVALID, "spot is %g: a price above 0, or 0 where it is not known", o.spot);
    for (int64_t i = 0; quotes != NULL && i < count && s == QN_OK; i++)
        s = check_quote(&quotes[i], i, err);
    qni_chain *c;
    if (s == QN_OK)
        s = qni_chain_new(&c, o.allocator, count, err);
    if (s != QN_OK)
        return s;
    s = fill(c, ticker, quotes, count, &o, err);
    if (s != QN_OK) {
        qni_chain_free(c);
        return s;
    }
    *out = &c->chain;
    return QN_OK;
}
