/* array/csv_cell.c: the text of a cell into a value, and what is said where it is none. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/time.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool equals(const char *text, int64_t size, const char *word)
{
    return (int64_t)strlen(word) == size && memcmp(text, word, (size_t)size) == 0;
}

qni_csv_shown qni_csv_show(const char *text, int64_t size)
{
    qni_csv_shown shown;
    int64_t kept = qni_utf8_cut(text, size, QNI_CSV_SHOWN_BYTES);
    for (int64_t i = 0; i < kept; i++)
        shown.text[i] = (uint8_t)text[i] < ' ' || text[i] == 0x7F ? '?' : text[i];
    memcpy(shown.text + kept, kept < size ? "..." : "", kept < size ? 4 : 1);
    return shown;
}

qni_csv_shown qni_csv_show_name(const qn_csv *csv, int64_t column)
{
    const char *name = csv->name_texts[column];
    return qni_csv_show(name, (int64_t)strlen(name));
}

bool qni_csv_is_missing(const qni_csv_cell *cell)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None"};
    if (cell->size == 0)
        return true;
    if (cell->size > 4 || (*cell->text | 0x20) != 'n')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (equals(cell->text, cell->size, words[i]))
            return true;
    }
    return false;
}

bool qni_csv_parse_f64(double *out, const char *text, int64_t size)
{
    return qni_number_parse(out, text, text + size) == text + size;
}

bool qni_csv_parse_i64(int64_t *out, const char *text, int64_t size)
{
    return qni_integer_parse(out, text, text + size) == text + size;
}

bool qni_csv_parse_bool(bool *out, const char *text, int64_t size)
{
    *out = equals(text, size, "true") || equals(text, size, "True") || equals(text, size, "TRUE");
    return *out || equals(text, size, "false") || equals(text, size, "False") || equals(text, size, "FALSE");
}

void qni_csv_trim(qni_csv_cell *cell)
{
    while (cell->size > 0 && is_blank(*cell->text)) {
        cell->text++;
        cell->size--;
    }
    while (cell->size > 0 && is_blank(cell->text[cell->size - 1]))
        cell->size--;
}

/* Whether the text is one of those by which people say that a value is missing, and that are not taken for it. */
static bool looks_missing(const char *text, int64_t size)
{
    static const char *const words[] = {"-", "--", ".", "?", "n/a", "na", "#N/A", "Null", "none", "missing"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (equals(text, size, words[i]))
            return true;
    }
    return false;
}

/* How often text has a character of the set. */
static int64_t count_of(const char *text, int64_t size, const char *set)
{
    int64_t count = 0;
    for (int64_t i = 0; i < size; i++)
        count += strchr(set, text[i]) != NULL;
    return count;
}

/* What may be meant by a text that is not a number, "" where nothing comes to mind. */
static const char *number_hint(const char *text, int64_t size)
{
    if (looks_missing(text, size))
        return " (missing? then leave it empty or write NA)";
    if (is_digit(*text) && text[size - 1] == '%')
        return " (write it without the percent sign)";
    int64_t commas = count_of(text, size, ","), points = count_of(text, size, ".");
    int64_t groups = count_of(text, size, " '_"), digits = count_of(text, size, "0123456789");
    if (digits == 0 || !is_digit(text[size - 1]) ||
        commas + points + groups + digits + count_of(text, size, "+-eE") < size)
        return "";
    if (groups > 0 || commas > 1 || points > 1 || (commas == 1 && points == 1))
        return " (thousands separators? write it without)";
    if (commas == 0)
        return "";
    return size >= 5 && text[size - 4] == ',' ? " (a decimal comma or a thousands separator? write a point or nothing)"
                                              : " (decimal comma?)";
}

/* What a column of the type wants, and what may help; " of 64 bits" and the like continue the sentence. */
static const char *wanted(qn_type type, const qni_csv_cell *cell, const char **hint)
{
    double number;
    bool is_number = qni_csv_parse_f64(&number, cell->text, cell->size);
    *hint = "";
    switch (type) {
    case QN_TYPE_I64:
        *hint = is_number ? " of 64 bits" : number_hint(cell->text, cell->size);
        return "an integer";
    case QN_TYPE_BOOL:
        return "true or false";
    case QN_TYPE_DATE:
        return "a date (YYYY-MM-DD)";
    case QN_TYPE_TIMESTAMP:
        return "a time (YYYY-MM-DDThh:mm:ss, then Z or an offset such as +01:00)";
    default:
        *hint = is_number ? " that fits: it is too large" : number_hint(cell->text, cell->size);
        return "a number";
    }
}

/* The type that a column should have been given to hold the cell as well. */
static qn_type wider_type(qn_type type, const qni_csv_cell *cell)
{
    double number;
    int64_t time;
    if (type == QN_TYPE_I64 && qni_csv_parse_f64(&number, cell->text, cell->size))
        return QN_TYPE_F64;
    if (type == QN_TYPE_DATE && qni_timestamp_parse(&time, cell->text, cell->size))
        return QN_TYPE_TIMESTAMP;
    return QN_TYPE_STRING;
}

/* Says why a cell has no value of its column's type. */
static void complain(qn_csv *csv, const qni_csv_step *step, const qni_csv_cell *cell)
{
    if (qni_csv_lex_check_count(csv, csv->at) == NULL) /* cells in the wrong columns, or the row must be read on */
        return;
    const qni_csv_target *target = &csv->targets[step->target];
    const char *hint;
    const char *what = wanted(target->type, cell, &hint);
    qni_csv_shown name = qni_csv_show_name(csv, step->source);
    char advice[160] = "";
    bool truth;
    if (target->inferred)
        (void)snprintf(advice, sizeof advice, "; the first rows suggested %s: to read it, give --types %s=%s",
                       qn_type_name(target->type), name.text, qn_type_name(wider_type(target->type, cell)));
    else if (target->type == QN_TYPE_F64 && qni_csv_parse_bool(&truth, cell->text, cell->size))
        (void)snprintf(advice, sizeof advice, "; to read true as 1 and false as 0, give --types %s=bool", name.text);
    (void)qni_csv_fail(csv, QN_DATA, cell->text, "column \"%s\": \"%s\" is not %s%s%s", name.text,
                       qni_csv_show(cell->text, cell->size).text, what, hint, advice);
}

static bool store_string(qn_csv *csv, qn_table *table, const qni_csv_step *step, int64_t row, qni_csv_cell *cell)
{
    qni_column *column = &table->columns[step->target];
    const char *where = cell->text;
    if (!qni_csv_undouble(csv, cell))
        return false;
    int64_t known = column->strings.count;
    int32_t code;
    qn_status s = qni_strings_add(&code, &column->strings, csv->allocator, cell->text, cell->size);
    if (s != QN_OK) {
        csv->status = qni_error(csv->err, s, "the distinct texts of column \"%s\" do not fit in memory",
                                qni_csv_show_name(csv, step->source).text);
        return false;
    }
    if (column->strings.count > known && !qni_utf8_valid(cell->text, cell->size)) {
        (void)qni_csv_fail(csv, QN_DATA, where,
                           "text that is not UTF-8 (Latin-1? then convert it: iconv -f LATIN1 -t UTF-8)");
        return false;
    }
    ((int32_t *)column->values)[row] = code;
    return true;
}

/* A cell of any type but text, trimmed, into the row. False: it has no such value. */
static bool store_value(qni_column *column, int64_t row, const qni_csv_cell *cell)
{
    double number;
    bool truth;
    switch (column->type) {
    case QN_TYPE_F64:
    case QN_TYPE_F32:
        if (!qni_csv_parse_f64(&number, cell->text, cell->size))
            return false;
        if (isinf(number) && is_digit(cell->text[cell->size - 1])) /* digits that overflow, not the word */
            return false;
        if (column->type == QN_TYPE_F64) {
            ((double *)column->values)[row] = number;
            return true;
        }
        ((float *)column->values)[row] = (float)number;
        return isinf(number) || !isinf((float)number);
    case QN_TYPE_I64:
        return qni_csv_parse_i64((int64_t *)column->values + row, cell->text, cell->size);
    case QN_TYPE_BOOL:
        truth = equals(cell->text, cell->size, "1");
        if (!truth && !equals(cell->text, cell->size, "0") && !qni_csv_parse_bool(&truth, cell->text, cell->size))
            return false;
        if (truth)
            ((uint8_t *)column->values)[row >> 3] |= (uint8_t)(1u << (row & 7));
        return true;
    case QN_TYPE_DATE:
        return qni_date_parse((int32_t *)column->values + row, cell->text, cell->size);
    case QN_TYPE_TIMESTAMP:
        return qni_timestamp_parse((int64_t *)column->values + row, cell->text, cell->size);
    default:
        return false;
    }
}

/* Whether a number was NaN, in whatever spelling: that is a missing value too. */
static bool stored_nan(const qni_column *column, int64_t row)
{
    return (column->type == QN_TYPE_F64 && isnan(((const double *)column->values)[row])) ||
           (column->type == QN_TYPE_F32 && isnan(((const float *)column->values)[row]));
}

bool qni_csv_store(qn_csv *csv, qn_table *table, const qni_csv_step *step, int64_t row, qni_csv_cell *cell)
{
    qni_column *column = &table->columns[step->target];
    if (column->type == QN_TYPE_STRING && (cell->quoted || !qni_csv_is_missing(cell)))
        return store_string(csv, table, step, row, cell);
    qni_csv_trim(cell);
    if (!qni_csv_is_missing(cell)) {
        if (!store_value(column, row, cell)) {
            complain(csv, step, cell);
            return false;
        }
        if (!stored_nan(column, row))
            return true;
    }
    if (qni_table_set_missing(table, column, row))
        return true;
    csv->status =
        qni_error(csv->err, QN_NOMEM, "no memory for column \"%s\"", qni_csv_show_name(csv, step->source).text);
    return false;
}
