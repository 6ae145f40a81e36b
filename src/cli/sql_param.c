/* cli/sql_param.c: values of --param: what a person typed, of a type where a prefix says one. */
#include "cli/sql_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Reads what stands behind a prefix. `bytes`: where decoded bytes go, room for half the text. NULL: it is a value, else
 * what it should be. */
typedef const char *(*reader)(qn_value *out, const char *text, char **bytes);

static const char *read_text(qn_value *out, const char *text, char **bytes)
{
    (void)bytes;
    *out = qn_value_text(text, -1);
    return NULL;
}

static const char *read_integer(qn_value *out, const char *text, char **bytes)
{
    int64_t value = 0;
    const char *end = text + strlen(text);
    (void)bytes;
    if (qni_integer_parse(&value, text, end) != end)
        return "no whole number of 64 bits";
    *out = qn_value_i64(value);
    return NULL;
}

static const char *read_float(qn_value *out, const char *text, char **bytes)
{
    double value = 0;
    const char *end = text + strlen(text);
    (void)bytes;
    if (qni_number_parse(&value, text, end) != end)
        return "no number";
    *out = qn_value_f64(value);
    return NULL;
}

static const char *read_bool(qn_value *out, const char *text, char **bytes)
{
    (void)bytes;
    *out = qn_value_bool(strcmp(text, "true") == 0);
    return out->i64 != 0 || strcmp(text, "false") == 0 ? NULL : "neither true nor false";
}

static const char *read_date(qn_value *out, const char *text, char **bytes)
{
    int32_t days = 0;
    (void)bytes;
    if (!qni_date_parse(&days, text, (int64_t)strlen(text)))
        return "no date: YYYY-MM-DD";
    *out = qn_value_date(days);
    return NULL;
}

static const char *read_timestamp(qn_value *out, const char *text, char **bytes)
{
    int64_t us = 0;
    (void)bytes;
    if (!qni_timestamp_parse(&us, text, (int64_t)strlen(text)))
        return "no time: YYYY-MM-DDThh:mm:ssZ";
    *out = qn_value_timestamp(us);
    return NULL;
}

static const char *read_decimal(qn_value *out, const char *text, char **bytes)
{
    double unused = 0;
    const char *end = text + strlen(text);
    (void)bytes;
    if (qni_number_parse(&unused, text, end) != end || strpbrk(text, "0123456789") == NULL)
        return "no number in decimal digits";
    *out = qn_value_decimal(text, end - text);
    return NULL;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)((at - digits) % 16) : -1;
}

bool qni_sql_byte(char *out, const char *digits)
{
    int high = digit(digits[0]), low = high >= 0 ? digit(digits[1]) : -1;
    *out = low >= 0 ? (char)(high * 16 + low) : *out;
    return low >= 0;
}

static const char *read_bytes(qn_value *out, const char *text, char **bytes)
{
    char *begin = *bytes;
    for (; text[0] != '\0'; text += 2)
        if (!qni_sql_byte((*bytes)++, text))
            return "no bytes: two hexadecimal digits for each";
    *out = qn_value_bytes(begin, *bytes - begin);
    return NULL;
}

static const char *read_null(qn_value *out, const char *text, char **bytes)
{
    (void)bytes;
    *out = qn_value_null();
    return text[0] == '\0' ? NULL : "not null: nothing follows the colon";
}

static const struct {
    const char *prefix;
    reader read;
} readers[] = {{"text:", read_text},       {"int:", read_integer}, {"float:", read_float},
               {"bool:", read_bool},       {"date:", read_date},   {"timestamp:", read_timestamp},
               {"decimal:", read_decimal}, {"bytes:", read_bytes}, {"null:", read_null}};

static qn_status read_value(qn_value *out, const char *text, int64_t number, char **bytes, qn_error *err)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        size_t size = strlen(readers[i].prefix);
        if (strncmp(text, readers[i].prefix, size) != 0)
            continue;
        const char *wrong = readers[i].read(out, text + size, bytes);
        if (wrong == NULL)
            return QN_OK;
        int shown = (int)qni_utf8_cut(text, (int64_t)strlen(text), QNI_ECHO_SIZE);
        return qni_error(err, QN_INVALID, "--param, $%" PRId64 ": \"%.*s\" is %s (as text: text:%.*s)", number, shown,
                         text, wrong, shown, text);
    }
    *out = qn_value_literal(text, -1);
    return QN_OK;
}

qn_status qni_sql_params_read(qni_sql_params *out, const qni_args *args, const qni_option *option,
                              const qn_allocator *allocator, qn_error *err)
{
    int64_t count = 0, size = 0, at = 0;
    const char *text;
    *out = (qni_sql_params){0};
    while ((text = qni_args_next(args, option, &at)) != NULL) {
        count++;
        size += (int64_t)strlen(text) / 2;
    }
    if (count == 0)
        return QN_OK;
    out->count = count;
    out->byte_size = size;
    out->values = qni_alloc(allocator, count, (int64_t)sizeof *out->values);
    out->bytes = qni_alloc(allocator, size, 1);
    if (out->values == NULL || out->bytes == NULL)
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " parameters", count);
    char *bytes = out->bytes;
    qn_status s = QN_OK;
    at = 0;
    for (int64_t i = 0; s == QN_OK && i < count; i++)
        s = read_value(&out->values[i], qni_args_next(args, option, &at), i + 1, &bytes, err);
    return s;
}

void qni_sql_params_free(qni_sql_params *params, const qn_allocator *allocator)
{
    qni_free(allocator, params->values, params->count, (int64_t)sizeof *params->values);
    qni_free(allocator, params->bytes, params->byte_size, 1);
    *params = (qni_sql_params){0};
}
