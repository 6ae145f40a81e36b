/* stream/sink_text.c: see sink_text.h. */
#include "stream/sink_text.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* ---- the file ---- */

qn_status qni_sink_file_open(qni_sink_file *out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_sink_file){.allocator = allocator};
    out->buffer = qni_alloc(allocator, QNI_SINK_BUFFER, 1);
    qn_status status = out->buffer != NULL
                           ? qni_file_open(&out->file, path, allocator, err)
                           : qni_refused(err, allocator, QNI_SINK_BUFFER, "the rows of \"%.300s\"", path);
    if (status != QN_OK)
        qni_sink_file_fini(out);
    return status;
}

/* Keeps what failed. That nobody reads any more is no failure. */
static qn_status fail(qni_sink_file *f, const qn_error *what, qn_error *err)
{
    qni_file_abandon(f->file);
    f->file = NULL;
    f->used = 0;
    f->failed = *what;
    if (what->native == EPIPE) {
        f->failed.code = QN_CLOSED;
        (void)qni_error(&f->failed, QN_CLOSED, "nobody reads the output any more");
        f->failed.native = EPIPE;
    }
    if (err != NULL)
        *err = f->failed;
    return f->failed.code;
}

static qn_status flush(qni_sink_file *f, qn_error *err)
{
    if (f->file == NULL) {
        if (err != NULL)
            *err = f->failed;
        return qni_failed(f->failed.code);
    }
    qn_error why = qn_error_none();
    qn_status status = qni_file_write(f->file, f->buffer, f->used, &why);
    f->used = 0;
    return status == QN_OK ? QN_OK : fail(f, &why, err);
}

qn_status qni_sink_file_room(char **at, qni_sink_file *file, int64_t size, qn_error *err)
{
    assert(size <= QNI_SINK_BUFFER);
    *at = NULL;
    if (file->file == NULL || size > QNI_SINK_BUFFER - file->used) {
        qn_status status = flush(file, err);
        if (status != QN_OK)
            return status;
    }
    *at = file->buffer + file->used;
    return QN_OK;
}

void qni_sink_file_wrote(qni_sink_file *file, const char *end)
{
    file->used = end - file->buffer;
    assert(file->used <= QNI_SINK_BUFFER);
}

static bool needs_quotes(const char *text, int64_t size)
{
    static const char special[] = ",;\t\"\r\n";
    if (size == 0)
        return false;
    if (text[0] == ' ' || text[0] == '#' || text[size - 1] == ' ')
        return true;
    for (int64_t i = 0; i < size; i++)
        if (memchr(special, text[i], sizeof special - 1) != NULL)
            return true;
    return false;
}

qn_status qni_sink_file_cell(qni_sink_file *file, const char *text, qn_error *err)
{
    bool quotes = needs_quotes(text, (int64_t)strlen(text));
    char *at;
    qn_status status = qni_sink_file_room(&at, file, 1, err);
    if (status == QN_OK && quotes) {
        *at = '"';
        qni_sink_file_wrote(file, at + 1);
    }
    for (; status == QN_OK && *text != '\0'; text++) {
        status = qni_sink_file_room(&at, file, 3, err); /* two, and the quote at the end */
        if (status != QN_OK)
            break;
        *at++ = *text;
        if (*text == '"')
            *at++ = '"';
        qni_sink_file_wrote(file, at);
    }
    if (status == QN_OK && quotes)
        status = qni_sink_file_room(&at, file, 1, err);
    if (status == QN_OK && quotes) {
        *at = '"';
        qni_sink_file_wrote(file, at + 1);
    }
    return status;
}

qn_status qni_sink_file_span(qni_sink_file *file, qn_error *err)
{
    if (file->file != NULL && !qni_file_is_direct(file->file))
        return QN_OK;
    qn_status status = flush(file, err);
    if (status != QN_OK)
        return status;
    qn_error why = qn_error_none();
    status = qni_file_flush(file->file, &why);
    return status == QN_OK ? QN_OK : fail(file, &why, err);
}

qn_status qni_sink_file_close(qni_sink_file *file, qn_error *err)
{
    if (file->file == NULL && file->failed.code == QN_OK) /* given up before it began */
        return QN_OK;
    qn_error why = file->failed;
    qn_status status = file->failed.code != QN_OK ? file->failed.code : flush(file, &why);
    if (status == QN_OK) {
        status = qni_file_commit(file->file, &why);
        file->file = NULL;
        if (status != QN_OK)
            status = fail(file, &why, NULL);
    }
    if (status == QN_OK || status == QN_CLOSED)
        return QN_OK;
    if (err != NULL)
        *err = file->failed;
    return status;
}

void qni_sink_file_abandon(qni_sink_file *file)
{
    qni_file_abandon(file->file);
    file->file = NULL;
    file->used = 0;
}

void qni_sink_file_fini(qni_sink_file *file)
{
    qni_file_abandon(file->file);
    qni_free(file->allocator, file->buffer, QNI_SINK_BUFFER, 1);
    *file = (qni_sink_file){0};
}

/* ---- numbers ---- */

/* Two digits at a time halve the divisions. */
static const char pairs[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
    "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
    "888990919293949596979899";

static int digit_count(uint64_t value)
{
    for (int count = 1;; count += 4, value /= 10000) {
        if (value < 10)
            return count;
        if (value < 100)
            return count + 1;
        if (value < 1000)
            return count + 2;
        if (value < 10000)
            return count + 3;
    }
}

/* Digits go where they belong at once: what is copied right after it was written in pieces waits for them. */
static char *put_unsigned(char *at, uint64_t value)
{
    char *const end = at + digit_count(value), *p = end;
    for (; value >= 100; value /= 100)
        p = memcpy(p - 2, pairs + 2 * (value % 100), 2);
    if (value >= 10)
        memcpy(p - 2, pairs + 2 * value, 2);
    else
        p[-1] = (char)('0' + value);
    return end;
}

/* Exactly `count` digits, an even number. */
static void put_digits(char *at, uint64_t value, int count)
{
    for (int i = count - 2; i >= 0; i -= 2, value /= 100)
        memcpy(at + i, pairs + 2 * (value % 100), 2);
}

char *qni_text_integer(char *at, int64_t value)
{
    if (value < 0)
        *at++ = '-';
    return put_unsigned(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

enum {
    DECIMALS = 8
};
static_assert(QN_TICK_SCALE == 100000000, "eight decimals");

/* Of most prices, the last four digits are zeros. */
static char *put_fraction(char *at, uint64_t fraction)
{
    if (fraction == 0)
        return at;
    *at++ = '.';
    put_digits(at, fraction / 10000, DECIMALS / 2);
    at += DECIMALS / 2;
    if (fraction % 10000 != 0) {
        put_digits(at, fraction % 10000, DECIMALS / 2);
        at += DECIMALS / 2;
    }
    while (at[-1] == '0')
        at--;
    return at;
}

char *qni_text_decimal(char *at, int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0)
        *at++ = '-';
    at = put_unsigned(at, size / QN_TICK_SCALE);
    return put_fraction(at, size % QN_TICK_SCALE);
}

char *qni_text_sum(char *at, qni_i128 value)
{
    __extension__ typedef unsigned __int128 u128;
    enum {
        LOW_DIGITS = 18
    };
    const uint64_t low = 1000000000000000000;
    u128 size = value < 0 ? 0 - (u128)value : (u128)value, whole = size / QN_TICK_SCALE;
    if (value < 0)
        *at++ = '-';
    if (whole >= low) {
        at = put_unsigned(at, (uint64_t)(whole / low)); /* below 2^128 / 1e26 */
        put_digits(at, (uint64_t)(whole % low), LOW_DIGITS);
        at += LOW_DIGITS;
    } else {
        at = put_unsigned(at, (uint64_t)whole);
    }
    return put_fraction(at, (uint64_t)(size % QN_TICK_SCALE));
}

char *qni_text_column(char *at, double value)
{
    if (isnan(value))
        return at;
    return at + qni_number_format(at, value);
}

/* ---- time ---- */

enum {
    PER_SECOND = 1000000000,
    SECOND_SIZE = 19,
    SECOND_DIGITS = 9
};

char *qni_text_time(char *at, qni_text_clock *clock, int64_t time_ns)
{
    int64_t second = time_ns / PER_SECOND, rest = time_ns % PER_SECOND;
    if (rest < 0) {
        rest += PER_SECOND;
        second--;
    }
    if (second != clock->second || clock->text[0] == '\0') {
        char text[QNI_TIME_TEXT_SIZE];
        (void)qni_timestamp_text(text, second * 1000000, 'T'); /* 1677 to 2262: never fails */
        memcpy(clock->text, text, SECOND_SIZE);
        clock->second = second;
    }
    memcpy(at, clock->text, SECOND_SIZE);
    at += SECOND_SIZE;
    if (rest > 0) {
        at[0] = '.';
        at[1] = (char)('0' + rest / 100000000);
        put_digits(at + 2, (uint64_t)rest % 100000000, SECOND_DIGITS - 1);
        for (at += 1 + SECOND_DIGITS; at[-1] == '0';)
            at--;
    }
    *at++ = 'Z';
    return at;
}

/* ---- symbols ---- */

enum {
    NAME_QUOTES = 0x80
};

qn_status qni_text_symbols_init(qni_text_symbols *out, const qn_symbols *symbols, const qn_allocator *allocator,
                                qn_error *err)
{
    *out = (qni_text_symbols){.symbols = symbols, .allocator = allocator, .capacity = qn_symbols_capacity(symbols)};
    out->known = qni_alloc_zeroed(allocator, out->capacity, 1);
    if (out->known == NULL)
        return qni_refused(err, allocator, out->capacity, "the names of symbols");
    return QN_OK;
}

char *qni_text_symbol(char *at, qni_text_symbols *symbols, int32_t symbol)
{
    const char *name = qn_symbols_name(symbols->symbols, symbol);
    if (symbol < 0 || symbol >= symbols->capacity) {
        *at = *name;
        return at + 1;
    }
    uint8_t known = symbols->known[symbol];
    if (known == 0) {
        int64_t size = (int64_t)strlen(name);
        known = (uint8_t)(size | (needs_quotes(name, size) ? NAME_QUOTES : 0));
        symbols->known[symbol] = known;
    }
    if (known < NAME_QUOTES) {
        memcpy(at, name, known);
        return at + known;
    }
    *at++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"')
            *at++ = '"';
        *at++ = *name;
    }
    *at++ = '"';
    return at;
}

void qni_text_symbols_fini(qni_text_symbols *symbols)
{
    qni_free(symbols->allocator, symbols->known, symbols->capacity, 1);
    symbols->known = NULL;
}
