/* store/value.c: values to bind, what becomes of values in a table, and small texts that drivers share. */
#include "store/store_int.h"

#include "base/number.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum {
    SHORT_SECRET = 3 /* bytes of one that stands in many a word by chance, and is looked for as a word of its own */
};

static qn_value of_bytes(qn_value_type type, const char *bytes, int64_t size)
{
    if (size < 0)
        size = bytes != NULL ? (int64_t)strlen(bytes) : 0;
    return (qn_value){.type = type, .bytes = bytes != NULL ? bytes : "", .size = size};
}

qn_value qn_value_null(void)
{
    return (qn_value){.type = QN_VALUE_NULL};
}

qn_value qn_value_bool(bool value)
{
    return (qn_value){.type = QN_VALUE_BOOL, .i64 = value};
}

qn_value qn_value_i64(int64_t value)
{
    return (qn_value){.type = QN_VALUE_I64, .i64 = value};
}

qn_value qn_value_f64(double value)
{
    return (qn_value){.type = QN_VALUE_F64, .f64 = value};
}

qn_value qn_value_text(const char *text, int64_t size)
{
    return of_bytes(QN_VALUE_TEXT, text, size);
}

qn_value qn_value_bytes(const void *bytes, int64_t size)
{
    return of_bytes(QN_VALUE_BYTES, bytes, size < 0 ? 0 : size);
}

qn_value qn_value_date(int64_t days)
{
    return (qn_value){.type = QN_VALUE_DATE, .i64 = days};
}

qn_value qn_value_timestamp(int64_t microseconds)
{
    return (qn_value){.type = QN_VALUE_TIMESTAMP, .i64 = microseconds};
}

qn_value qn_value_decimal(const char *digits, int64_t size)
{
    return of_bytes(QN_VALUE_DECIMAL, digits, size);
}

qn_value qn_value_literal(const char *text, int64_t size)
{
    return of_bytes(QN_VALUE_LITERAL, text, size);
}

/* Five digits of base 36: 1 + the number, so that "00000" is not 0. */
int qn_sqlstate_pack(const char *sqlstate)
{
    int packed = 0;
    if (sqlstate == NULL || strlen(sqlstate) != 5)
        return 0;
    for (int i = 0; i < 5; i++) {
        char c = sqlstate[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return 0;
        packed = packed * 36 + digit;
    }
    return packed + 1;
}

void qn_sqlstate_text(char out[6], int native)
{
    const int most = 36 * 36 * 36 * 36 * 36;
    out[0] = '\0';
    if (native <= 0 || native > most)
        return;
    int rest = native - 1;
    for (int i = 4; i >= 0; i--, rest /= 36)
        out[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 36];
    out[5] = '\0';
}

qn_type qni_db_table_type(qn_value_type type)
{
    switch (type) {
    case QN_VALUE_BOOL:
        return QN_TYPE_BOOL;
    case QN_VALUE_I64:
        return QN_TYPE_I64;
    case QN_VALUE_F64:
    case QN_VALUE_DECIMAL:
        return QN_TYPE_F64;
    case QN_VALUE_TEXT:
        return QN_TYPE_STRING;
    case QN_VALUE_DATE:
        return QN_TYPE_DATE;
    case QN_VALUE_TIMESTAMP:
        return QN_TYPE_TIMESTAMP;
    default:
        return QN_TYPE_AUTO;
    }
}

/* What a value is called in a sentence. */
static const char *type_words(qn_value_type type)
{
    static const char *const words[] = {"NULL",  "a truth value", "a whole number", "a number",         "text",
                                        "bytes", "a date",        "a timestamp",    "a decimal number", "a literal"};
    return (unsigned)type < sizeof words / sizeof words[0] ? words[type] : "?";
}

static qn_status misfit(const qn_table *table, int64_t column, int64_t row, const qn_value *value, qn_error *err)
{
    return qni_error(err, QN_DATA,
                     "row %" PRId64 ", column \"%.80s\": %s where the column holds %s: CAST it in the query", row + 1,
                     qn_table_column_name(table, column), type_words(value->type),
                     qn_type_name(qn_table_column_type(table, column)));
}

/* A number for a column of doubles. */
static bool to_double(double *out, const qn_value *value)
{
    switch (value->type) {
    case QN_VALUE_F64:
        *out = value->f64;
        return true;
    case QN_VALUE_I64:
        *out = (double)value->i64;
        return true;
    case QN_VALUE_DECIMAL:
        return qni_number_parse(out, value->bytes, value->bytes + value->size) == value->bytes + value->size;
    default:
        return false;
    }
}

static bool put_whole(int64_t *out, const qn_value *value)
{
    *out = value->i64;
    return value->type == QN_VALUE_I64;
}

static bool put_days(int32_t *out, const qn_value *value)
{
    char text[QNI_TIME_TEXT_SIZE];
    if (value->type != QN_VALUE_DATE || qni_date_text(text, value->i64) == 0)
        return false;
    *out = (int32_t)value->i64;
    return true;
}

static bool put_time(int64_t *out, const qn_value *value)
{
    char text[QNI_TIME_TEXT_SIZE];
    *out = value->i64;
    return value->type == QN_VALUE_TIMESTAMP && qni_timestamp_text(text, value->i64, ' ') > 0;
}

qn_status qni_db_put(qn_table *table, int64_t column, int64_t row, const qn_value *value, qn_error *err)
{
    void *values = qni_table_build_values(table, column);
    bool fits = false;
    if (value->type == QN_VALUE_NULL)
        return qni_table_build_missing(table, column, row)
                   ? QN_OK
                   : qni_refused(err, NULL, 0, "what is missing in column \"%.80s\"",
                                 qn_table_column_name(table, column));
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_F64:
        fits = to_double((double *)values + row, value);
        break;
    case QN_TYPE_I64:
        fits = put_whole((int64_t *)values + row, value);
        break;
    case QN_TYPE_BOOL:
        fits = value->type == QN_VALUE_BOOL;
        qni_table_build_bool(table, column, row, value->i64 != 0);
        break;
    case QN_TYPE_STRING:
        if (value->type == QN_VALUE_TEXT)
            return qni_table_build_string(table, column, row, value->bytes, value->size, err);
        break;
    case QN_TYPE_DATE:
        fits = put_days((int32_t *)values + row, value);
        break;
    case QN_TYPE_TIMESTAMP:
        fits = put_time((int64_t *)values + row, value);
        break;
    default:
        break;
    }
    return fits ? QN_OK : misfit(table, column, row, value, err);
}

qn_value qni_db_table_value(const qn_table *table, int64_t column, int64_t row)
{
    const void *values = qn_table_values(table, column);
    if (qn_table_is_missing(table, column, row))
        return qn_value_null();
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_F64:
        return qn_value_f64(((const double *)values)[row]);
    case QN_TYPE_F32:
        return qn_value_f64((double)((const float *)values)[row]);
    case QN_TYPE_I64:
        return qn_value_i64(((const int64_t *)values)[row]);
    case QN_TYPE_BOOL:
        return qn_value_bool(((const uint8_t *)values)[row / 8] >> (row % 8) & 1);
    case QN_TYPE_STRING:
        return qn_value_text(qn_table_string(table, column, ((const int32_t *)values)[row]), -1);
    case QN_TYPE_DATE:
        return qn_value_date(((const int32_t *)values)[row]);
    case QN_TYPE_TIMESTAMP:
        return qn_value_timestamp(((const int64_t *)values)[row]);
    default:
        return qn_value_null();
    }
}

qn_status qni_db_quote_name(char **out, const char *name, const qn_allocator *allocator, qn_error *err)
{
    int64_t parts = 1, length = 2, part = 0;
    *out = NULL;
    for (const char *p = name; *p != '\0'; p++) {
        bool dot = *p == '.';
        if (dot && part == 0)
            break;
        parts += dot;
        length += dot ? 3 : *p == '"' ? 2 : 1;
        part = dot ? 0 : part + 1;
    }
    if (part == 0 || parts > 2)
        return qni_error(err, QN_INVALID, "\"%.80s\" cannot name a table: TABLE or SCHEMA.TABLE is wanted", name);
    char *quoted = qni_alloc(allocator, length + 1, 1), *at = quoted;
    if (quoted == NULL)
        return qni_refused(err, allocator, length + 1, "the name of a table");
    *at++ = '"';
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '.') {
            memcpy(at, "\".\"", 3);
            at += 3;
            continue;
        }
        if (*p == '"')
            *at++ = '"';
        *at++ = *p;
    }
    *at++ = '"';
    *at = '\0';
    *out = quoted;
    return QN_OK;
}

static bool of_a_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (c & 0x80) != 0;
}

/* Where the secret stands next, from `at` on; NULL: nowhere. */
static char *find_secret(const char *message, char *at, const char *secret, size_t size)
{
    while ((at = strstr(at, secret)) != NULL) {
        bool word = (at == message || !of_a_word(at[-1])) && !of_a_word(at[size]);
        if (size > SHORT_SECRET || word)
            return at;
        at++;
    }
    return NULL;
}

void qni_db_hide(qn_error *err, const char *secret)
{
    size_t size = secret != NULL ? strlen(secret) : 0;
    if (err == NULL || size == 0)
        return;
    size_t length = strlen(err->message), part = length < size ? length : size - 1;
    if (length < sizeof err->message - 1)
        part = 0;
    while (part > SHORT_SECRET && memcmp(err->message + length - part, secret, part) != 0)
        part--;
    if (part > SHORT_SECRET) /* the end of the secret is the end of the room */
        memcpy(err->message + length - part, "***", 4);
    for (char *at = err->message; (at = find_secret(err->message, at, secret, size)) != NULL;) {
        size_t shown = size < 3 ? size : 3; /* never longer than what it hides */
        memcpy(at, "***", shown);
        memmove(at + shown, at + size, strlen(at + size) + 1);
        at += shown;
    }
}
