/* array/csv_dialect.c: which delimiter a file has, and what its columns are called.
 *
 * A delimiter is judged by the first record and those after it within QNI_CSV_DETECT_BYTES, QNI_CSV_DETECT_RECORDS in
 * all: however the bytes arrive, the answer is the same. The candidate wins that gives most of them as many cells, more
 * than one, as the first has; of several ; then tab then comma (decimal commas are more frequent than semicolons inside
 * cells) and only then blanks. Without any there is one column. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_delimiter(qn_csv *csv, char delimiter)
{
    csv->delimiter = delimiter;
    csv->runs = delimiter == ' ';
    memset(csv->kind, QNI_CSV_PLAIN, sizeof csv->kind);
    csv->kind[' '] = csv->kind['\t'] = csv->runs ? QNI_CSV_DELIMITER : QNI_CSV_BLANK;
    csv->kind[(uint8_t)delimiter] = QNI_CSV_DELIMITER;
    csv->kind['\n'] = csv->kind['\r'] = QNI_CSV_LINE_END;
    csv->kind[0] = QNI_CSV_END;
}

/* The next record from *p on, whose line ends in the window before `limit` (NULL: anywhere); false: there is none. */
static bool next_record(qn_csv *csv, const char **p, const char *limit, int64_t *cells)
{
    const char *q = *p;
    for (;;) {
        const char *after = qni_csv_lex_line_to_skip(csv, q);
        if (after == q)
            break;
        if (after == NULL)
            return false;
        q = after;
    }
    bool last = false;
    if (*q == '\0' || (q = qni_csv_lex_skip(csv, qni_csv_lex_indent(csv, q), INT64_MAX, cells, &last)) == NULL)
        return false;
    *p = q = qni_csv_lex_line_end(csv, q);
    return q != NULL && (limit == NULL || q < limit);
}

/* Of how many records the cells are as many as in the first one; 0 where that has one cell only. */
static int64_t judge(qn_csv *csv, char delimiter, int64_t *records)
{
    set_delimiter(csv, delimiter);
    const char *p = csv->at;
    const char *limit = csv->at + QNI_CSV_DETECT_BYTES;
    int64_t first, cells, agreeing = 1;
    *records = 1;
    if (!next_record(csv, &p, NULL, &first) || first < 2)
        return 0;
    while (*records < QNI_CSV_DETECT_RECORDS && next_record(csv, &p, limit, &cells)) {
        ++*records;
        agreeing += cells == first;
    }
    return agreeing;
}

static char detect(qn_csv *csv)
{
    static const char candidates[] = {';', '\t', ',', ' '};
    char best = ',';
    int64_t most = 0;
    qn_error *err = csv->err;
    csv->err = NULL; /* what is wrong under a candidate is no error */
    for (size_t i = 0; i < sizeof candidates; i++) {
        int64_t records;
        int64_t agreeing = judge(csv, candidates[i], &records);
        if (candidates[i] == ' ' && (most > 0 || agreeing * 2 <= records))
            continue;
        if (agreeing > most) {
            most = agreeing;
            best = candidates[i];
        }
    }
    csv->err = err;
    csv->status = QN_OK;
    return best;
}

static bool is_first_record_whole(qn_csv *csv)
{
    int64_t cells;
    const char *p = csv->at;
    qn_error *err = csv->err;
    csv->err = NULL;
    bool whole = next_record(csv, &p, NULL, &cells) || csv->status != QN_OK;
    csv->err = err;
    csv->status = QN_OK;
    return whole;
}

static bool can_delimit(char c)
{
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    bool digit = c >= '0' && c <= '9';
    return !letter && !digit && (uint8_t)c < 0x7F && strchr("\"#\r\n.+-", c) == NULL;
}

/* At least so many bytes in the window, where the input has them. */
static qn_status look_ahead(qn_csv *csv, int64_t size)
{
    qn_status s = QN_OK;
    while (s == QN_OK && !csv->input_ended && csv->stop == QNI_CSV_GOES_ON && csv->end - csv->at < size)
        s = qni_csv_more(csv);
    return s;
}

static qn_status refuse_foreign(qn_csv *csv)
{
    const char *what = qni_input_foreign(csv->at, csv->end - csv->at);
    if (what != NULL)
        (void)qni_csv_fail(csv, QN_DATA, csv->at, "%s", what);
    return what != NULL ? csv->status : QN_OK;
}

static qn_status pass_byte_order_mark(qn_csv *csv)
{
    qn_status s = refuse_foreign(csv);
    if (s != QN_OK)
        return s;
    int64_t size = csv->end - csv->at;
    if (size >= 3 && memcmp(csv->at, "\xEF\xBB\xBF", 3) == 0) {
        csv->at += 3;
        csv->consumed += 3;
    }
    return QN_OK;
}

qn_status qni_csv_find_dialect(qn_csv *csv, char delimiter)
{
    bool given = delimiter != '\0';
    if (given && !can_delimit(delimiter))
        return qni_error(csv->err, QN_INVALID,
                         "a delimiter is one character such as , ; | or tab, or a space for runs of blanks");
    set_delimiter(csv, given ? delimiter : ',');
    qn_status s = look_ahead(csv, given ? QNI_CSV_MARK_BYTES : QNI_CSV_DETECT_BYTES);
    if (s == QN_OK)
        s = pass_byte_order_mark(csv);
    if (given)
        return s;
    while (s == QN_OK && !csv->input_ended && !is_first_record_whole(csv))
        s = qni_csv_more(csv);
    if (s == QN_OK)
        set_delimiter(csv, detect(csv));
    return s;
}

/* One more column, whose name stands at `where`. */
static bool add_column(qn_csv *csv, const char *name, int64_t size, const char *where)
{
    if (csv->column_count == QNI_CSV_COLUMN_LIMIT) {
        (void)qni_csv_fail(csv, QN_LIMIT, where, "more than %d columns", QNI_CSV_COLUMN_LIMIT);
        return false;
    }
    char made[32];
    if (size == 0) {
        size = snprintf(made, sizeof made, "c%" PRId64, csv->column_count + 1);
        name = made;
    }
    if (!qni_utf8_valid(name, size)) {
        (void)qni_csv_fail(csv, QN_DATA, where,
                           "a name that is not UTF-8 (Latin-1? then convert it: iconv -f LATIN1 -t UTF-8)");
        return false;
    }
    int32_t code;
    if (qni_strings_add(&code, &csv->names, csv->allocator, name, size) != QN_OK ||
        !qni_grow(csv->allocator, (void **)&csv->name_of_column, &csv->column_capacity, csv->column_count + 1,
                  sizeof code)) {
        csv->status =
            qni_error(csv->err, QN_NOMEM, "no memory for the names of %" PRId64 " columns", csv->column_count);
        return false;
    }
    csv->name_of_column[csv->column_count++] = code;
    return true;
}

/* The columns of the record at the window's beginning, which is passed unless it is data. */
static const char *read_names(qn_csv *csv)
{
    qni_strings_fini(&csv->names, csv->allocator);
    qni_strings_init(&csv->names);
    csv->column_count = 0;
    const char *p = qni_csv_lex_indent(csv, csv->at);
    for (bool last = false; !last;) {
        qni_csv_cell cell;
        if ((p = qni_csv_lex_cell(csv, p, &cell)) == NULL)
            return NULL;
        const char *where = cell.text;
        if (csv->no_header)
            cell.size = 0;
        if (!qni_csv_undouble(csv, &cell))
            return NULL;
        qni_csv_trim(&cell);
        if (!add_column(csv, cell.text, cell.size, where) || (p = qni_csv_lex_next(csv, p, &last)) == NULL)
            return NULL;
    }
    return csv->no_header ? csv->at : qni_csv_lex_line_end(csv, p);
}

/* The tables from columns to names and back. */
static qn_status index_names(qn_csv *csv)
{
    csv->name_texts = qni_alloc(csv->allocator, csv->column_count, sizeof *csv->name_texts);
    csv->column_of_name = qni_alloc(csv->allocator, csv->names.count, sizeof *csv->column_of_name);
    if (csv->name_texts == NULL || csv->column_of_name == NULL)
        return qni_error(csv->err, QN_NOMEM, "no memory for the names of %" PRId64 " columns", csv->column_count);
    int64_t known = 0; /* codes are given in order of appearance */
    for (int64_t i = 0; i < csv->column_count; i++) {
        int32_t code = csv->name_of_column[i];
        csv->name_texts[i] = qni_strings_at(&csv->names, code);
        if (code == known)
            csv->column_of_name[known++] = i;
        else if (csv->column_of_name[code] >= 0)
            csv->column_of_name[code] = -1 - csv->column_of_name[code];
    }
    return QN_OK;
}

qn_status qni_csv_read_header(qn_csv *csv)
{
    for (;;) {
        const char *next = qni_csv_lex_line_to_skip(csv, csv->at);
        if (next == csv->at && *next == '\0' && csv->input_ended)
            return qni_error_at(csv->err, QN_DATA, csv->name, csv->line, 1, "%s",
                                csv->consumed == 0 ? "the file is empty" : "nothing but blank lines and comments");
        bool is_record = next == csv->at;
        if (is_record)
            next = read_names(csv);
        if (next == NULL) {
            if (csv->status != QN_OK || (csv->status = qni_csv_more(csv)) != QN_OK)
                return csv->status;
            continue;
        }
        qni_csv_advance(csv, next);
        if (is_record)
            return index_names(csv);
    }
}
