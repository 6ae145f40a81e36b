/* store/postgres_params.c: values as libpq wants them: what has a type of its own is declared and goes in its binary
 * form, texts and what a person typed are left to the server to understand. */
#include "store/postgres_int.h"

#include "base/hash.h"

#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

static Oid declared_type(qn_value_type type)
{
    switch (type) {
    case QN_VALUE_BOOL:
        return QNI_OID_BOOL;
    case QN_VALUE_I64:
        return QNI_OID_INT8;
    case QN_VALUE_F64:
        return QNI_OID_FLOAT8;
    case QN_VALUE_BYTES:
        return QNI_OID_BYTEA;
    case QN_VALUE_DATE:
        return QNI_OID_DATE;
    case QN_VALUE_TIMESTAMP:
        return QNI_OID_TIMESTAMPTZ;
    case QN_VALUE_DECIMAL:
        return QNI_OID_NUMERIC;
    default:
        return 0;
    }
}

uint64_t qni_postgres_types(const qn_value *params, int64_t param_count)
{
    uint64_t types = 0;
    for (int64_t i = 0; i < param_count; i++)
        types = qni_hash_word(declared_type(params[i].type), types);
    return types;
}

qn_status qni_postgres_params_new(qni_postgres_params *out, const qn_value *params, int64_t param_count,
                                  const qn_allocator *allocator, qn_error *err)
{
    memset(out, 0, sizeof *out);
    if (param_count > UINT16_MAX)
        return qni_error(err, QN_LIMIT, "PostgreSQL takes at most 65535 parameters, not %" PRId64, param_count);
    out->count = (int)param_count;
    out->declared = qni_alloc_zeroed(allocator, param_count, sizeof *out->declared);
    out->resolved = qni_alloc_zeroed(allocator, param_count, sizeof *out->resolved);
    out->values = qni_alloc_zeroed(allocator, param_count, sizeof *out->values);
    out->lengths = qni_alloc_zeroed(allocator, param_count, sizeof *out->lengths);
    out->formats = qni_alloc_zeroed(allocator, param_count, sizeof *out->formats);
    out->fixed = qni_alloc_zeroed(allocator, param_count, sizeof *out->fixed);
    if (out->declared == NULL || out->resolved == NULL || out->values == NULL || out->lengths == NULL ||
        out->formats == NULL || out->fixed == NULL) {
        qni_postgres_params_free(out, allocator);
        return qni_refused(err, allocator, 0, "a statement of %" PRId64 " parameters", param_count);
    }
    for (int i = 0; i < out->count; i++)
        out->declared[i] = declared_type(params[i].type);
    return QN_OK;
}

void qni_postgres_params_free(qni_postgres_params *params, const qn_allocator *allocator)
{
    qni_free(allocator, params->declared, params->count, sizeof *params->declared);
    qni_free(allocator, params->resolved, params->count, sizeof *params->resolved);
    qni_free(allocator, params->values, params->count, sizeof *params->values);
    qni_free(allocator, params->lengths, params->count, sizeof *params->lengths);
    qni_free(allocator, params->formats, params->count, sizeof *params->formats);
    qni_free(allocator, params->fixed, params->count, sizeof *params->fixed);
    qni_free(allocator, params->texts, params->text_capacity, 1);
    memset(params, 0, sizeof *params);
}

static bool is_text(qn_value_type type)
{
    return type == QN_VALUE_TEXT || type == QN_VALUE_LITERAL || type == QN_VALUE_DECIMAL;
}

/* Whether the binary form of a type is its text, so that a text need not be copied to get a zero at its end. */
static bool is_sent_as_it_is(Oid type)
{
    return type == QNI_OID_TEXT || type == QNI_OID_VARCHAR || type == QNI_OID_BPCHAR;
}

static bool must_be_copied(const qni_postgres_params *params, const qn_value *value, int i)
{
    return is_text(value->type) && !is_sent_as_it_is(params->resolved[i]);
}

static qn_status out_of_range(const char *what, int i, qn_error *err)
{
    return qni_error(err, QN_INVALID, "parameter %d: PostgreSQL has no such %s", i + 1, what);
}

static void bind_fixed(qni_postgres_params *params, int i, uint64_t bits, int size)
{
    uint64_t swapped = htobe64(bits << (64 - 8 * size));
    memcpy(&params->fixed[i], &swapped, sizeof swapped);
    params->values[i] = (const char *)&params->fixed[i];
    params->lengths[i] = size;
    params->formats[i] = 1;
}

/* Those that are neither text nor bytes. */
static qn_status bind_number(qni_postgres_params *params, const qn_value *value, int i, qn_error *err)
{
    int64_t since;
    uint64_t bits;
    switch (value->type) {
    case QN_VALUE_BOOL:
        bind_fixed(params, i, value->i64 != 0, 1);
        return QN_OK;
    case QN_VALUE_I64:
        bind_fixed(params, i, (uint64_t)value->i64, 8);
        return QN_OK;
    case QN_VALUE_F64:
        memcpy(&bits, &value->f64, sizeof bits);
        bind_fixed(params, i, bits, 8);
        return QN_OK;
    case QN_VALUE_DATE: /* the ends of the range are the infinities */
        if (__builtin_sub_overflow(value->i64, QNI_POSTGRES_DAYS, &since) || since <= INT32_MIN || since >= INT32_MAX)
            return out_of_range("date", i, err);
        bind_fixed(params, i, (uint32_t)since, 4);
        return QN_OK;
    case QN_VALUE_TIMESTAMP:
        if (__builtin_sub_overflow(value->i64, QNI_POSTGRES_US, &since) || since == INT64_MIN)
            return out_of_range("timestamp", i, err);
        bind_fixed(params, i, (uint64_t)since, 8);
        return QN_OK;
    default:
        params->values[i] = NULL;
        return QN_OK;
    }
}

qn_status qni_postgres_bind(qni_postgres_params *params, const qn_value *bound, const qn_allocator *allocator,
                            qn_error *err)
{
    int64_t copied = 0;
    for (int i = 0; i < params->count; i++) {
        if (bound[i].size >= INT_MAX)
            return qni_error(err, QN_LIMIT, "parameter %d: PostgreSQL holds no value of %" PRId64 " bytes", i + 1,
                             bound[i].size);
        if (must_be_copied(params, &bound[i], i))
            copied += bound[i].size + 1;
    }
    if (!qni_grow(allocator, (void **)&params->texts, &params->text_capacity, copied, 1))
        return qni_refused(err, allocator, copied, "%" PRId64 " bytes of parameters", copied);
    char *at = params->texts;
    for (int i = 0; i < params->count; i++) {
        const qn_value *value = &bound[i];
        qn_status s = QN_OK;
        assert(!is_text(value->type) || value->size == 0 || memchr(value->bytes, '\0', (size_t)value->size) == NULL);
        params->lengths[i] = (int)value->size;
        params->formats[i] = 0;
        if (must_be_copied(params, value, i)) {
            if (value->size > 0)
                memcpy(at, value->bytes, (size_t)value->size);
            at[value->size] = '\0';
            params->values[i] = at;
            at += value->size + 1;
        } else if (is_text(value->type) || value->type == QN_VALUE_BYTES) {
            params->values[i] = value->bytes != NULL ? value->bytes : "";
            params->formats[i] = 1;
        } else {
            s = bind_number(params, value, i, err);
        }
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}
