/* stream/csv_columns.c: which column of a file of ticks is what. */
#include "stream/csv_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/headings.h"
#include "base/utf8.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <stdio.h>
#include <string.h>

static const qni_heading headings[QNI_FEED_ROLES] = {
    [QNI_FEED_TIME] = {.name = "time",
                       .known = "time timestamp datetime ts timens timeus timems eventtime tradetime exchangetime "
                                "transacttime transactiontime tsevent timeutc unixtime epoch windowstart unnamed0 t"},
    [QNI_FEED_DATE] = {.name = "date", .known = "date day tradedate tradingdate tradingday"},
    [QNI_FEED_SYMBOL] = {.name = "symbol",
                         .known = "symbol ticker sym instrument product pair code security underlying"},
    [QNI_FEED_PRICE] = {.name = "price",
                        .known = "price lastprice tradeprice last close px limitprice closeprice adjclose"},
    [QNI_FEED_SIZE] = {.name = "size",
                       .known = "size qty quantity volume amount tradesize lastsize lastqty shares vol"},
    [QNI_FEED_BID] = {.name = "bid", .known = "bid bidprice bestbid bidpx bestbidprice bidpx00"},
    [QNI_FEED_ASK] = {.name = "ask",
                      .known = "ask askprice bestask offer askpx offerprice bestaskprice bestoffer askpx00"},
    [QNI_FEED_SIDE] = {.name = "side", .known = "side aggressor aggressorside takerside tradeside buysell direction"},
    [QNI_FEED_KIND] = {.name = "kind", .known = "kind recordkind recordtype"},
    [QNI_FEED_ORDER] = {.name = "order", .known = "order orderid orderno ordernumber"},
    [QNI_FEED_SEQUENCE] = {.name = "sequence",
                           .known = "sequence seq seqno seqnum sequencenumber sequenceno msgseqnum msgseq"},
};

/* The line's cells as zero-terminated names, in place. */
static qn_status cut(qni_feed *f, const char **names, char *line, int64_t size, qn_error *err)
{
    f->column_count = 0;
    f->line_text = line;
    for (char *p = line, *end = line + size;;) {
        qni_feed_cell cell;
        char *stop = qni_feed_next(f, &cell, p, end, err);
        if (stop == NULL)
            return QN_DATA;
        if (f->column_count == QNI_FEED_COLUMNS_MAX)
            return qni_error_at(err, QN_LIMIT, f->name, f->line, p - line + 1, "more than %d columns",
                                QNI_FEED_COLUMNS_MAX);
        if (!qni_utf8_valid(cell.text, cell.size))
            return qni_error_at(err, QN_DATA, f->name, f->line, p - line + 1,
                                "a name that is not UTF-8 (Latin-1? then convert it: iconv -f LATIN1 -t UTF-8)");
        names[f->column_count++] = cell.text;
        line[cell.text + cell.size - line] = '\0'; /* a quote, a blank or a delimiter was there */
        if (stop == end)
            return QN_OK;
        p = stop + 1;
    }
}

/* A day without a time is a time. */
static void settle_days(qni_feed *f)
{
    if (f->columns[QNI_FEED_TIME] < 0) {
        f->columns[QNI_FEED_TIME] = f->columns[QNI_FEED_DATE];
        f->columns[QNI_FEED_DATE] = -1;
    }
}

/* What the numbers of a column time_ns, Time (us), … count is in its name. */
static void take_unit(qni_feed *f, const char *const *names)
{
    static const char *const known[] = {
        [QN_TIME_UNIT_MS] = "timems", [QN_TIME_UNIT_US] = "timeus", [QN_TIME_UNIT_NS] = "timens"};
    char plain[QNI_HEADING_SIZE];
    const char *name = names[f->columns[QNI_FEED_TIME]];
    qni_heading_plain(plain, name, (int64_t)strlen(name));
    for (int i = QN_TIME_UNIT_MS; f->options.time_unit == QN_TIME_UNIT_FOUND && i <= QN_TIME_UNIT_NS; i++)
        if (strcmp(plain, known[i]) == 0)
            f->options.time_unit = (qn_time_unit)i;
}

static qn_status check(const qni_feed *f, const qni_heading_search *search, qn_error *err)
{
    const int64_t *columns = f->columns;
    if (columns[QNI_FEED_TIME] < 0)
        return qni_headings_missing(search, "time", "name it with a map, time=NAME", err);
    if (columns[QNI_FEED_PRICE] < 0 && (columns[QNI_FEED_BID] < 0 || columns[QNI_FEED_ASK] < 0))
        return qni_headings_missing(search, "price", "name it with a map, price=NAME, or bid=NAME,ask=NAME", err);
    return QN_OK;
}

/* The symbol of a file that has only one. */
static qn_status take_symbol(qni_feed *f, const qni_heading_search *search, qn_error *err)
{
    const char *name = f->options.symbol;
    int64_t size = -1;
    if (name == NULL) {
        if (strcmp(f->path, "-") == 0)
            return qni_headings_missing(search, "symbol", "name it with a map, symbol=NAME, or give the symbol", err);
        const char *slash = strrchr(f->path, '/');
        name = slash != NULL ? slash + 1 : f->path;
        size = (int64_t)strcspn(name, ".");
    }
    if (size < 0)
        size = (int64_t)strlen(name);
    f->symbol = qn_symbols_find(f->symbols, name, size);
    return f->symbol >= 0 ? QN_OK : qn_symbols_add(&f->symbol, f->symbols, name, size, err);
}

/* What the roles need while records are read. */
static qn_status prepare(qni_feed *f, const char *const *names, qn_error *err)
{
    const int64_t sequences = f->options.sequence_by_symbol ? qn_symbols_capacity(f->symbols) : 1;
    f->roles = qni_alloc(f->allocator, f->column_count, 1);
    f->sequences = qni_alloc(f->allocator, sequences, sizeof *f->sequences);
    f->has_sequence = qni_alloc_zeroed(f->allocator, sequences, sizeof *f->has_sequence);
    f->sequence_count = sequences;
    if (f->roles == NULL || f->sequences == NULL || f->has_sequence == NULL)
        return qni_refused(err, f->allocator, sequences * (int64_t)sizeof *f->sequences, "the columns of \"%s\"",
                           f->name);
    memset(f->roles, -1, (size_t)f->column_count);
    for (int i = 0; i < QNI_FEED_ROLES; i++) {
        if (f->columns[i] < 0)
            continue;
        int8_t *role = &f->roles[f->columns[i]];
        if (*role >= 0)
            return qni_error_at(err, QN_NAME, f->name, 0, 0, "map: the column \"%s\" cannot be both %s and %s",
                                names[f->columns[i]], headings[*role].name, headings[i].name);
        *role = (int8_t)i;
        int length = snprintf(f->names[i], sizeof f->names[i], "%s", names[f->columns[i]]);
        for (length = length < (int)sizeof f->names[i] ? length : (int)sizeof f->names[i] - 1;
             !qni_utf8_valid(f->names[i], length);) /* cut within a letter */
            f->names[i][--length] = '\0';
    }
    return QN_OK;
}

qn_status qni_feed_columns(qni_feed *f, char *line, int64_t size, qn_error *err)
{
    const char *names[QNI_FEED_COLUMNS_MAX];
    bool mapped[QNI_FEED_ROLES];
    if (f->delimiter == '\0')
        f->delimiter = qni_headings_delimiter(line, size);
    if (f->delimiter == ' ') /* there is none */
        f->delimiter = ',';
    qn_status s = cut(f, names, line, size, err);
    if (s != QN_OK)
        return s;
    const qni_heading_search search = {.file = f->name,
                                       .names = names,
                                       .name_count = f->column_count,
                                       .headings = headings,
                                       .heading_count = QNI_FEED_ROLES,
                                       .advice = "",
                                       .columns = f->columns,
                                       .mapped = mapped};
    s = qni_headings_find(&search, f->options.map, err);
    if (s != QN_OK)
        return s;
    settle_days(f);
    s = check(f, &search, err);
    if (s == QN_OK)
        take_unit(f, names);
    if (s == QN_OK && f->columns[QNI_FEED_SYMBOL] < 0)
        s = take_symbol(f, &search, err);
    return s == QN_OK ? prepare(f, names, err) : s;
}
