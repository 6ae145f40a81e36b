/* stream/gate_read.c: a risk file, in the part of TOML that base/config.h reads, as a gate.
 *
 *     equity = 100_000                the account stands above all tables
 *     [limits]                        of every symbol, and of all together
 *     max_position = 1000
 *     [volatile]                      any other table is a group of symbols that have limits of their own
 *     symbols = ["BTCUSD", "GME"]
 *     max_position = 10
 *
 * Nothing is passed over: a key that nobody knows, or that stands in the wrong table, is refused where it stands. One
 * thread. */
#include "stream/gate_int.h"

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/time.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where keys stand. */
typedef enum place {
    ACCOUNT = 1, /* above all tables */
    ALL = 2,     /* [limits] */
    GROUP = 4,   /* any other table */
} place;

typedef struct reader {
    const qni_config *config;
    const char *file;
    qn_symbols *symbols;
    qn_gate *gate;
    qn_error *err;
} reader;

#define refuse(r, at, code, ...) qni_error_at((r)->err, (code), (r)->file, (at)->line, (at)->column, __VA_ARGS__)

/* ---- single values ---- */

static const qni_config_value *value_of(const reader *r, const qni_config_entry *e)
{
    return &r->config->values[e->value];
}

static qn_status read_number(const reader *r, const qni_config_entry *e, const qni_gate_number *number, double *out)
{
    const qni_config_value *v = value_of(r, e);
    if (e->array || (v->type != QNI_CONFIG_INTEGER && v->type != QNI_CONFIG_FLOAT))
        return refuse(r, e, QN_CONFIG, "%s must be %s, without quotes, not %s", number->name, number->wants,
                      e->array ? "a list" : qni_config_type_name(v->type));
    const char *end = v->text + strlen(v->text);
    if (qni_number_parse(out, v->text, end) != end || !qni_gate_number_fits(number, *out))
        return refuse(r, v, QN_CONFIG, "%s is %.40s: it must be %s%s", number->name, v->text, number->wants,
                      *out == 0 && !number->account ? " (leave the key out for no limit)" : "");
    return QN_OK;
}

static qn_status read_flag(const reader *r, const qni_config_entry *e, bool *out)
{
    const qni_config_value *v = value_of(r, e);
    if (e->array || v->type != QNI_CONFIG_BOOLEAN)
        return refuse(r, e, QN_CONFIG, "%s must be true or false, not %s", e->key,
                      e->array ? "a list" : qni_config_type_name(v->type));
    *out = v->text[0] == 't';
    return QN_OK;
}

static qn_status read_mark(const reader *r, const qni_config_entry *e, qn_gate_mark_from *out)
{
    const qni_config_value *v = value_of(r, e);
    bool text = !e->array && v->type == QNI_CONFIG_STRING;
    if (!text || (strcmp(v->text, "last") != 0 && strcmp(v->text, "mid") != 0))
        return refuse(r, e, QN_CONFIG, "mark must be \"last\" or \"mid\", in quotes");
    *out = v->text[0] == 'l' ? QN_GATE_MARK_LAST : QN_GATE_MARK_MID;
    return QN_OK;
}

/* hh:mm, UTC or with an offset: that of some day, whose UTC midnight is then subtracted. */
static qn_status read_day_start(const reader *r, const qni_config_entry *e, double *seconds)
{
    const qni_config_value *v = value_of(r, e);
    char text[QNI_TIME_TEXT_SIZE];
    int64_t us = 0;
    int size = e->array || v->type != QNI_CONFIG_STRING ? 0 : snprintf(text, sizeof text, "1970-01-02T%s", v->text);
    if (size <= 0 || size >= (int)sizeof text || !qni_timestamp_parse(&us, text, size))
        return refuse(r, e, QN_CONFIG,
                      "day_start must be the time at which a day begins, as \"22:00\" in UTC or as "
                      "\"17:00-05:00\" with an offset");
    const int64_t day_us = INT64_C(86400000000);
    *seconds = (double)((us % day_us + day_us) % day_us) / 1e6;
    return QN_OK;
}

/* ---- keys ---- */

static const char *const account_keys[] = {"day_start", "mark", "refuse_reducing", "only_listed"};
static const char *const group_keys[] = {"symbols", "closed"};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static int places_of_number(const qni_gate_number *number)
{
    return number->account ? ACCOUNT : number->limits >= 0 ? ALL | GROUP : ALL;
}

/* Where a key may stand; 0: nowhere. */
static int places_of(const char *key)
{
    for (int i = 0; i < QNI_GATE_NUMBER_COUNT; i++)
        if (strcmp(key, qni_gate_numbers[i].name) == 0)
            return places_of_number(&qni_gate_numbers[i]);
    for (int i = 0; i < COUNT(account_keys); i++)
        if (strcmp(key, account_keys[i]) == 0)
            return ACCOUNT;
    for (int i = 0; i < COUNT(group_keys); i++)
        if (strcmp(key, group_keys[i]) == 0)
            return GROUP;
    return 0;
}

static const char *place_text(int places)
{
    switch (places) {
    case ACCOUNT:
        return "above all tables";
    case ALL:
        return "below [limits]";
    case GROUP:
        return "below the name of a group";
    default:
        return "below [limits] or the name of a group";
    }
}

static qn_status refuse_key(const reader *r, const qni_config_entry *e)
{
    int places = places_of(e->key);
    if (places != 0)
        return refuse(r, e, QN_CONFIG, "the key \"%s\" stands %s", e->key, place_text(places));
    const char *known[QNI_GATE_NUMBER_COUNT + COUNT(account_keys) + COUNT(group_keys)];
    int count = 0;
    for (int i = 0; i < QNI_GATE_NUMBER_COUNT; i++)
        known[count++] = qni_gate_numbers[i].name;
    for (int i = 0; i < COUNT(account_keys); i++)
        known[count++] = account_keys[i];
    for (int i = 0; i < COUNT(group_keys); i++)
        known[count++] = group_keys[i];
    int64_t near = qni_nearest(e->key, known, count);
    if (near < 0)
        return refuse(r, e, QN_CONFIG, "unknown key \"%.60s\"", e->key);
    return refuse(r, e, QN_CONFIG, "unknown key \"%.60s\": did you mean \"%s\"?", e->key, known[near]);
}

/* A number of `into`, whose kind the place says. *found: it was one. */
static qn_status read_if_number(const reader *r, const qni_config_entry *e, place at, void *into, bool *found)
{
    for (int i = 0; i < QNI_GATE_NUMBER_COUNT; i++) {
        const qni_gate_number *number = &qni_gate_numbers[i];
        if ((places_of_number(number) & (int)at) == 0 || strcmp(e->key, number->name) != 0)
            continue;
        double value = 0;
        qn_status s = read_number(r, e, number, &value);
        int64_t offset = at == GROUP ? number->limits : number->option;
        if (s == QN_OK)
            memcpy((char *)into + offset, &value, sizeof value);
        *found = true;
        return s;
    }
    return QN_OK;
}

static qn_status read_option(const reader *r, const qni_config_entry *e, place at, qn_gate_options *o)
{
    bool found = false;
    qn_status s = read_if_number(r, e, at, o, &found);
    if (found)
        return s;
    if (at == ACCOUNT && strcmp(e->key, "day_start") == 0)
        return read_day_start(r, e, &o->day_start);
    if (at == ACCOUNT && strcmp(e->key, "mark") == 0)
        return read_mark(r, e, &o->mark);
    if (at == ACCOUNT && strcmp(e->key, "refuse_reducing") == 0)
        return read_flag(r, e, &o->refuse_reducing);
    if (at == ACCOUNT && strcmp(e->key, "only_listed") == 0)
        return read_flag(r, e, &o->only_listed);
    return refuse_key(r, e);
}

/* ---- the account and what holds for all ---- */

static bool is_limits(const reader *r, int64_t table)
{
    return strcmp(r->config->tables[table].name, "limits") == 0;
}

static qn_status read_options(const reader *r, qn_gate_options *o)
{
    const qni_config_entry *wants_equity = NULL;
    for (int64_t i = 0; i < r->config->entry_count; i++) {
        const qni_config_entry *e = &r->config->entries[i];
        if (e->table > 0 && !is_limits(r, e->table))
            continue;
        qn_status s = read_option(r, e, e->table == 0 ? ACCOUNT : ALL, o);
        if (s != QN_OK)
            return s;
        if (strcmp(e->key, "max_leverage") == 0 || strcmp(e->key, "max_drawdown") == 0)
            wants_equity = e;
    }
    if (wants_equity != NULL && o->equity == 0)
        return refuse(r, wants_equity, QN_CONFIG, "%s is a part of equity: say it above all tables, as equity = 100000",
                      wants_equity->key);
    return QN_OK;
}

/* ---- groups ---- */

static qn_status read_limits(const reader *r, int64_t table, qn_gate_limits *l, const qni_config_entry **symbols)
{
    for (int64_t i = 0; i < r->config->entry_count; i++) {
        const qni_config_entry *e = &r->config->entries[i];
        if (e->table != table)
            continue;
        bool found = false;
        qn_status s = read_if_number(r, e, GROUP, l, &found);
        if (!found && strcmp(e->key, "symbols") == 0)
            *symbols = e;
        else if (!found && strcmp(e->key, "closed") == 0)
            s = read_flag(r, e, &l->closed);
        else if (!found)
            s = refuse_key(r, e);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static qn_status limit_symbol(const reader *r, const qni_config_value *v, const qn_gate_limits *l)
{
    if (v->type != QNI_CONFIG_STRING)
        return refuse(r, v, QN_CONFIG, "a symbol stands in quotes");
    int32_t symbol;
    qn_error why = qn_error_none();
    qn_status s = qn_symbols_add(&symbol, r->symbols, v->text, -1, &why);
    if (s != QN_OK)
        return refuse(r, v, s == QN_NAME ? QN_NAME : QN_CONFIG, "%s", why.message);
    if (r->gate->symbols[symbol].listed)
        return refuse(r, v, QN_CONFIG, "the symbol \"%s\" is listed twice: it belongs to one group", v->text);
    return qn_gate_limit(r->gate, symbol, l, r->err);
}

static qn_status read_group(const reader *r, int64_t table)
{
    const qni_config_table *t = &r->config->tables[table];
    const qni_config_entry *symbols = NULL;
    qn_gate_limits l;
    qn_gate_limits_init(&l, sizeof l);
    qn_status s = read_limits(r, table, &l, &symbols);
    if (s != QN_OK)
        return s;
    if (symbols == NULL) {
        static const char *const limits[] = {"limits"};
        bool near = qni_nearest(t->name, limits, 1) == 0;
        return refuse(r, t, QN_CONFIG, "the group [%.60s] names no symbols: write symbols = [\"ABC\"] below it%s",
                      t->name, near ? ", or did you mean [limits]?" : "");
    }
    if (!symbols->array || symbols->value_count == 0)
        return refuse(r, symbols, QN_CONFIG, "symbols must be a list of at least one, as [\"ABC\", \"XYZ\"]");
    for (int64_t i = 0; i < symbols->value_count && s == QN_OK; i++)
        s = limit_symbol(r, &r->config->values[symbols->value + i], &l);
    return s;
}

/* ---- all of it ---- */

static qn_status make(reader *r, const qn_allocator *allocator)
{
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    o.allocator = allocator;
    qn_status s = read_options(r, &o);
    if (s == QN_OK)
        s = qn_gate_new(&r->gate, &o, qn_symbols_capacity(r->symbols), r->err);
    for (int64_t i = 1; i < r->config->table_count && s == QN_OK; i++)
        if (!is_limits(r, i))
            s = read_group(r, i);
    if (s != QN_OK) {
        qn_gate_free(r->gate);
        r->gate = NULL;
    }
    return s;
}

qn_status qni_gate_parse(qn_gate **out, const char *text, int64_t size, const char *file, qn_symbols *symbols,
                         const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL && symbols != NULL);
    *out = NULL;
    qni_config config;
    qn_status s = qni_config_read(&config, text, size, file, allocator, err);
    if (s != QN_OK)
        return s;
    reader r = {.config = &config, .file = file, .symbols = symbols, .err = err};
    s = make(&r, allocator);
    *out = r.gate;
    qni_config_free(&config);
    return s;
}

qn_status qn_gate_read(qn_gate **out, const char *path, qn_symbols *symbols, const qn_allocator *allocator,
                       qn_error *err)
{
    assert(out != NULL && path != NULL);
    *out = NULL;
    qni_file_bytes bytes;
    qn_status s = qni_file_read_all(&bytes, path, QNI_CONFIG_SIZE_MAX, allocator, err);
    if (s != QN_OK)
        return s;
    s = qni_gate_parse(out, bytes.bytes, bytes.size, qni_file_name(path), symbols, allocator, err);
    qni_file_bytes_free(&bytes, allocator);
    return s;
}
