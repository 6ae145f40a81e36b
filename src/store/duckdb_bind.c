/* store/duckdb_bind.c: values into the parameters of a statement. */
#include "store/duckdb_int.h"

#include "base/number.h"
#include "base/time.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* What a person typed, by the type of the place where that is text, else by how it looks: DuckDB gives a parameter the
 * type of its value, and compares no text with a number or a date. */
static qn_value literal(duckdb_type wanted, const qn_value *v)
{
    const char *end = v->bytes + v->size;
    int32_t days;
    int64_t whole;
    double number;
    if (wanted == DUCKDB_TYPE_VARCHAR || v->size == 0)
        return qn_value_text(v->bytes, v->size);
    if (qni_integer_parse(&whole, v->bytes, end) == end)
        return qn_value_i64(whole);
    if (qni_number_parse(&number, v->bytes, end) == end)
        return wanted == DUCKDB_TYPE_DECIMAL || wanted == DUCKDB_TYPE_HUGEINT || wanted == DUCKDB_TYPE_UHUGEINT
                   ? qn_value_decimal(v->bytes, v->size)
                   : qn_value_f64(number);
    if (v->size == 4 && memcmp(v->bytes, "true", 4) == 0)
        return qn_value_bool(true);
    if (v->size == 5 && memcmp(v->bytes, "false", 5) == 0)
        return qn_value_bool(false);
    if (qni_date_parse(&days, v->bytes, v->size))
        return qn_value_date(days);
    if (qni_timestamp_parse(&whole, v->bytes, v->size))
        return qn_value_timestamp(whole);
    return qn_value_text(v->bytes, v->size);
}

/* [+-]digits[.digits] of at most 38 digits. */
static bool parse_decimal(duckdb_decimal *out, const char *text, int64_t size)
{
    const char *p = text, *end = text + size;
    bool negative = p < end && *p == '-', point = false, any = false;
    u128 whole = 0;
    int digits = 0, scale = 0;
    p += p < end && (*p == '-' || *p == '+');
    for (; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9')
            return false;
        any = true;
        digits += digits > 0 || *p != '0';
        scale += point;
        if (digits > QNI_DUCK_DECIMAL_DIGITS || scale > QNI_DUCK_DECIMAL_DIGITS)
            return false;
        whole = whole * 10 + (unsigned)(*p - '0');
    }
    int width = digits > scale ? digits : scale;
    if (negative)
        whole = -whole;
    out->width = (uint8_t)(width > 0 ? width : 1);
    out->scale = (uint8_t)scale;
    out->value = (duckdb_hugeint){.lower = (uint64_t)whole, .upper = (int64_t)(uint64_t)(whole >> 64)};
    return any;
}

static duckdb_state bind_decimal(const qni_duck_api *api, duckdb_prepared_statement prepared, idx_t index,
                                 const qn_value *v)
{
    duckdb_decimal decimal;
    if (parse_decimal(&decimal, v->bytes, v->size))
        return api->bind_decimal(prepared, index, decimal);
    return api->bind_varchar_length(prepared, index, v->bytes, (idx_t)v->size);
}

static duckdb_state bind_one(const qni_duck_statement *st, int64_t i, const qn_value *v)
{
    const qni_duck_api *api = &qni_duck_of(st->base.db)->api;
    duckdb_prepared_statement p = st->prepared;
    idx_t index = (idx_t)i + 1;
    switch (v->type) {
    case QN_VALUE_BOOL:
        return api->bind_boolean(p, index, v->i64 != 0);
    case QN_VALUE_I64:
        return api->bind_int64(p, index, v->i64);
    case QN_VALUE_F64:
        return api->bind_double(p, index, v->f64);
    case QN_VALUE_TEXT:
        return api->bind_varchar_length(p, index, v->bytes, (idx_t)v->size);
    case QN_VALUE_BYTES:
        return api->bind_blob(p, index, v->bytes, (idx_t)v->size);
    case QN_VALUE_DATE:
        return api->bind_date(p, index, (duckdb_date){(int32_t)v->i64});
    case QN_VALUE_TIMESTAMP:
        return st->param_types[i] == DUCKDB_TYPE_TIMESTAMP_TZ
                   ? api->bind_timestamp_tz(p, index, (duckdb_moment){v->i64})
                   : api->bind_timestamp(p, index, (duckdb_moment){v->i64});
    case QN_VALUE_DECIMAL:
        return bind_decimal(api, p, index, v);
    default:
        return api->bind_null(p, index);
    }
}

qn_status qni_duck_bind(qni_duck_statement *st, const qn_value *params, int64_t param_count, qn_error *err)
{
    qni_duck *duck = qni_duck_of(st->base.db);
    if (param_count == 0)
        return QN_OK;
    (void)duck->api.clear_bindings(st->prepared);
    for (int64_t i = 0; i < param_count; i++) {
        qn_value v = params[i].type == QN_VALUE_LITERAL ? literal(st->param_types[i], &params[i]) : params[i];
        if (v.type == QN_VALUE_DATE && (v.i64 < INT32_MIN || v.i64 > INT32_MAX))
            return qni_error(err, QN_INVALID, "parameter %" PRId64 ": DuckDB has no day so far from 1970", i + 1);
        if (bind_one(st, i, &v) != 0)
            return qni_error(err, QN_INVALID, "parameter %" PRId64 " cannot be bound: %.300s", i + 1,
                             duck->api.prepare_error(st->prepared) != NULL ? duck->api.prepare_error(st->prepared)
                                                                           : "DuckDB does not say why");
    }
    return QN_OK;
}
