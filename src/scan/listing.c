/* scan/listing.c: see listing.h. */
#include "scan/listing.h"

#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "options/chain_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static bool is_end(char c)
{
    return c == '\n' || c == '\r';
}

/* '|' where the header is divided so; else the CSV reader finds out. */
static char delimiter_of(const char *p, const char *stop)
{
    while (p < stop) {
        const char *end = p;
        while (end < stop && !is_end(*end))
            end++;
        if (end > p && *p != '#')
            return qni_headings_delimiter(p, end - p) == '|' ? '|' : '\0';
        p = end < stop ? end + 1 : end;
    }
    return '\0';
}

/* As many whole lines as fit into QNI_LISTING_PROBE bytes. */
static int64_t probe_size(const char *bytes, int64_t size)
{
    if (size <= QNI_LISTING_PROBE)
        return size;
    size = QNI_LISTING_PROBE;
    while (size > 0 && !is_end(bytes[size - 1]))
        size--;
    return size;
}

/* What is read: the bytes without the mark of UTF-8, and how they are separated. */
typedef struct content {
    const char *bytes;
    int64_t size;
    qn_csv_options csv;
} content;

/* Selects the columns that the file has in the order of headings, those of numbers as `number` or, where `written` says
 * so, as texts. */
static qn_status select_columns(const qni_listing *listing, qn_csv *csv, qn_type number, const bool *written,
                                qn_error *err)
{
    qn_status s = QN_OK;
    for (int h = 0; h < listing->kind->count && s == QN_OK; h++) {
        bool plain = listing->kind->columns[h].number && !written[h];
        if (listing->column[h] >= 0)
            s = qn_csv_select(csv, qn_csv_column_names(csv)[listing->column[h]], plain ? number : QN_TYPE_STRING, err);
    }
    return s;
}

/* The columns of the first rows, as they are inferred. *out is NULL where these rows cannot be read: what is wrong with
 * them is said when all is read. */
static qn_status probe(qn_table **out, const qni_listing *listing, const content *t, qn_error *err)
{
    static const bool none[QNI_LISTING_COLUMNS] = {false};
    qn_error own = qn_error_none();
    qn_csv *csv;
    *out = NULL;
    qn_status s = qn_csv_open_bytes(&csv, t->bytes, probe_size(t->bytes, t->size), "", &t->csv, &own);
    if (s == QN_OK) {
        s = select_columns(listing, csv, QN_TYPE_AUTO, none, &own);
        if (s == QN_OK)
            s = qn_csv_read(out, csv, -1, &own);
        qn_csv_close(csv);
    }
    if (s != QN_NOMEM && s != QN_BUDGET)
        return QN_OK;
    if (err != NULL)
        *err = own;
    return s;
}

/* Whether columns of numbers have such as are written for people, (QNI_LISTING_COLUMNS), by the first rows. */
static qn_status look_at_numbers(bool *written, const qni_listing *listing, const content *t, qn_error *err)
{
    qn_table *table;
    int64_t at = 0;
    memset(written, 0, QNI_LISTING_COLUMNS * sizeof *written);
    qn_status s = probe(&table, listing, t, err);
    for (int h = 0; h < listing->kind->count && table != NULL; h++) {
        if (listing->column[h] >= 0)
            written[h] = qn_table_column_type(table, at++) == QN_TYPE_STRING;
    }
    qn_table_free(table);
    return s;
}

static qn_status find_columns(qni_listing *listing, const qn_csv *csv, const qni_listing_source *source, qn_error *err)
{
    const qni_listing_kind *kind = listing->kind;
    bool mapped[QNI_LISTING_COLUMNS];
    const qni_heading_search search = {.file = listing->file,
                                       .names = qn_csv_column_names(csv),
                                       .name_count = qn_csv_column_count(csv),
                                       .headings = kind->headings,
                                       .heading_count = kind->count,
                                       .advice = "",
                                       .columns = listing->column,
                                       .mapped = mapped};
    qn_status s = qni_headings_find(&search, source->map, err);
    for (int h = 0; h < kind->count && s == QN_OK; h++) {
        const char *needed = kind->columns[h].needed;
        if (listing->column[h] < 0 && needed != NULL && !(h == kind->ticker && source->ticker != NULL))
            s = qni_headings_missing(&search, kind->headings[h].name, needed, err);
    }
    return s;
}

/* A complaint of the CSV reader about a table that was written anew tells the file's own line. */
static qn_status move_line(qn_status s, const qni_wide *wide, qn_error *err)
{
    if (s != QN_OK && err != NULL && err->line > 0 && wide->tickers > 0) {
        err->line = qni_wide_line(wide, err->line);
        err->column = 0;
    }
    return s;
}

static qn_status read_table(qni_listing *listing, const content *t, const qni_listing_source *source, qn_error *err)
{
    qn_csv *csv;
    qn_status s = qn_csv_open_bytes(&csv, t->bytes, t->size, listing->file, &t->csv, err);
    if (s != QN_OK)
        return s;
    s = find_columns(listing, csv, source, err);
    if (s == QN_OK) {
        bool written[QNI_LISTING_COLUMNS];
        s = look_at_numbers(written, listing, t, err);
        if (s == QN_OK)
            s = select_columns(listing, csv, QN_TYPE_F64, written, err);
    }
    if (s == QN_OK)
        s = move_line(qn_csv_read(&listing->table, csv, -1, err), &listing->wide, err);
    if (s == QN_OK && listing->table == NULL)
        s = qni_error_at(err, QN_DATA, listing->file, 0, 0, "there is a header and no row below it");
    qn_csv_close(csv);
    if (s != QN_OK)
        return s;
    int64_t at = 0;
    for (int h = 0; h < listing->kind->count; h++)
        listing->column[h] = listing->column[h] >= 0 ? at++ : -1;
    listing->row_count = qn_table_row_count(listing->table);
    return QN_OK;
}

/* ---- tickers ---- */

/* A ticker and where it stands. */
typedef struct named {
    char name[16];
    int32_t code;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static qn_status refuse(const qni_listing *listing, int heading, int64_t code, const char *wanted, qn_error *err)
{
    int64_t at = listing->column[heading], row = 0;
    while (qni_listing_code(listing, heading, row) != code)
        row++;
    return qni_error_at(err, QN_DATA, listing->file, qni_listing_line(listing, row), 0,
                        "column \"%s\": \"%.40s\" is no %s", qn_table_column_name(listing->table, at),
                        qn_table_string(listing->table, at, code), wanted);
}

/* Each text as a ticker, by name; tickers that are written in two ways are one. */
static qn_status number_tickers(qni_listing *listing, named *list, int64_t count, const char *only, qn_error *err)
{
    qn_status s = QN_OK;
    qsort(list, (size_t)count, sizeof *list, by_name);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        bool again = i > 0 && strcmp(list[i].name, list[i - 1].name) == 0;
        bool wanted = only == NULL || strcmp(list[i].name, only) == 0;
        if (wanted && !again) {
            void *name;
            s = qn_arena_take(&name, listing->arena, sizeof list[i].name, err);
            if (s == QN_OK)
                listing->tickers[listing->ticker_count++] = memcpy(name, list[i].name, sizeof list[i].name);
        }
        listing->ticker_of[list[i].code] = wanted ? (int32_t)listing->ticker_count - 1 : -1;
    }
    if (s == QN_OK && listing->ticker_count == 0)
        s = qni_error_at(err, QN_DATA, listing->file, 0, 0, "no row is of \"%s\", but of %s%s%s%s", only, list[0].name,
                         count > 1 ? ", " : "", count > 1 ? list[1].name : "", count > 2 ? ", ..." : "");
    return s;
}

static qn_status read_tickers(qni_listing *listing, const char *only, qn_error *err)
{
    const int heading = listing->kind->ticker;
    const int64_t at = listing->column[heading];
    const int64_t count = at >= 0 ? qn_table_string_count(listing->table, at) : 0;
    void *list, *names, *of;
    qn_status s = qn_arena_take(&list, listing->arena, (count + 1) * (int64_t)sizeof(named), err);
    if (s == QN_OK)
        s = qn_arena_take(&names, listing->arena, (count + 1) * (int64_t)sizeof *listing->tickers, err);
    if (s == QN_OK)
        s = qn_arena_take(&of, listing->arena, (count + 1) * (int64_t)sizeof *listing->ticker_of, err);
    if (s != QN_OK)
        return s;
    named *texts = list;
    listing->tickers = names;
    char wanted[16];
    int letters = only != NULL ? qn_ticker_plain(wanted, only) : 1;
    if (letters < 1 || letters >= (int)sizeof wanted)
        return qni_error(err, QN_INVALID, "\"%.40s\" is no ticker (AAPL)", only);
    if (at < 0) {
        memcpy(texts->name, wanted, sizeof wanted);
        listing->tickers[0] = texts->name;
        listing->ticker_count = 1;
        return QN_OK;
    }
    listing->ticker_of = of;
    for (int64_t i = 0; i < count; i++) {
        letters = qn_ticker_plain(texts[i].name, qn_table_string(listing->table, at, i));
        texts[i].code = (int32_t)i;
        if (letters < 1 || letters >= (int)sizeof texts[i].name)
            return refuse(listing, heading, i, "ticker (AAPL)", err);
    }
    if (count == 0)
        return qni_error_at(err, QN_DATA, listing->file, qni_listing_line(listing, 0), 0, "column \"%s\" is empty",
                            qn_table_column_name(listing->table, at));
    return number_tickers(listing, texts, count, only != NULL ? wanted : NULL, err);
}

qn_status qni_listing_ticker(int32_t *out, const qni_listing *listing, int64_t row, qn_error *err)
{
    *out = 0;
    if (listing->ticker_of == NULL)
        return QN_OK;
    int32_t code = qni_listing_code(listing, listing->kind->ticker, row);
    if (code < 0)
        return qni_error_at(err, QN_DATA, listing->file, qni_listing_line(listing, row), 0, "column \"%s\" is empty",
                            qn_table_column_name(listing->table, listing->column[listing->kind->ticker]));
    *out = listing->ticker_of[code];
    return QN_OK;
}

/* ---- cells ---- */

int32_t qni_listing_code(const qni_listing *listing, int heading, int64_t row)
{
    const int64_t at = listing->column[heading];
    if (at < 0 || qn_table_is_missing(listing->table, at, row))
        return -1;
    return ((const int32_t *)qn_table_values(listing->table, at))[row];
}

qn_status qni_listing_values(void **out, const qni_listing *listing, int heading, int64_t size, qni_listing_parse parse,
                             const char *wanted, qn_error *err)
{
    const int64_t at = listing->column[heading];
    *out = NULL;
    if (at < 0)
        return QN_OK;
    const int64_t count = qn_table_string_count(listing->table, at);
    void *block;
    qn_status s = qn_arena_take(&block, listing->arena, count * size, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        if (!parse((char *)block + i * size, qn_table_string(listing->table, at, i)))
            s = refuse(listing, heading, i, wanted, err);
    }
    if (s == QN_OK)
        *out = block;
    return s;
}

/* What stands for nothing in a cell. */
static bool is_nothing(const char *text)
{
    static const char *const nothing[] = {"", "-", "--", "N/A", "n/a", "NA", "nan", "NaN", "null", "None"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        if (strcmp(text, nothing[i]) == 0)
            return true;
    }
    return false;
}

/* The scale that a letter behind a number says; 0: none. */
static double scale_of(char letter)
{
    static const struct {
        char letter;
        double scale;
    } scales[] = {{'K', 1e3}, {'M', 1e6}, {'B', 1e9}, {'T', 1e12}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (letter == scales[i].letter || letter == (scales[i].letter | 0x20))
            return scales[i].scale;
    }
    return 0;
}

/* The digits of "1,234.50" without the commas; those stand before three digits each. False: they do not, or it is too
 * long. */
static bool drop_commas(char out[QNI_NUMBER_SIZE], int64_t *size, const char **text)
{
    const char *p = *text;
    int since = -1; /* digits since the last comma; -1: there was none */
    for (*size = 0; (*p >= '0' && *p <= '9') || *p == ',' || *p == '.'; p++) {
        if (*size == QNI_NUMBER_SIZE - 1)
            return false;
        if (*p == ',') {
            if (*size == 0 || (since >= 0 && since != 3))
                return false;
            since = 0;
            continue;
        }
        if (*p == '.') {
            if (since >= 0 && since != 3)
                return false;
            since = -1;
        }
        since += since >= 0;
        out[(*size)++] = *p;
    }
    *text = p;
    return since < 0 || since == 3;
}

/* "$1,234.50", "-0.12", "($0.12)", "45.3M". */
static bool parse_number(void *out, const char *text)
{
    char digits[QNI_NUMBER_SIZE];
    int64_t size;
    double value = (double)NAN;
    const char *p = text;
    bool negative = false, brackets = *p == '(';
    if (is_nothing(text)) {
        memcpy(out, &value, sizeof value);
        return true;
    }
    p += brackets;
    for (; *p == '$' || *p == '-' || *p == '+'; p++)
        negative |= *p == '-';
    if (p - text > 2 || !drop_commas(digits, &size, &p) ||
        qni_number_parse(&value, digits, digits + size) != digits + size)
        return false;
    double scale = scale_of(*p);
    p += scale > 0;
    value *= scale > 0 ? scale : 1;
    if (brackets && *p++ != ')')
        return false;
    value = negative || brackets ? -value : value;
    memcpy(out, &value, sizeof value);
    return *p == '\0' && !(negative && brackets);
}

qn_status qni_listing_numbers(const double **out, const qni_listing *listing, int heading, const char *wanted,
                              qn_error *err)
{
    const int64_t at = listing->column[heading];
    *out = at >= 0 ? qn_table_f64(listing->table, at) : NULL;
    if (at < 0 || *out != NULL)
        return QN_OK;
    void *values, *rows;
    qn_status s = qni_listing_values(&values, listing, heading, (int64_t)sizeof(double), parse_number, wanted, err);
    if (s == QN_OK)
        s = qn_arena_take(&rows, listing->arena, listing->row_count * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    double *numbers = rows;
    for (int64_t row = 0; row < listing->row_count; row++) {
        int32_t code = qni_listing_code(listing, heading, row);
        numbers[row] = code >= 0 && values != NULL ? ((const double *)values)[code] : (double)NAN;
    }
    *out = numbers;
    return QN_OK;
}

/* ---- the whole ---- */

qn_status qni_listing_open(qni_listing *out, const qni_listing_kind *kind, const qni_listing_source *source,
                           qn_error *err)
{
    *out = (qni_listing){.kind = kind, .allocator = source->allocator};
    out->file = source->path != NULL ? qni_file_name(source->path) : source->name;
    qn_status s = qn_arena_new(&out->arena, source->allocator, 0, err);
    if (s == QN_OK && (source->size < 0 || (source->size > 0 && source->bytes == NULL)))
        s = qni_error(err, QN_INVALID, "there cannot be %" PRId64 " bytes of %s%s", source->size, kind->what,
                      source->size > 0 ? " where none are given" : "");
    if (s != QN_OK)
        return s;
    if (source->path != NULL)
        s = qni_whole_file(&out->whole, source->path, QNI_LISTING_BYTES_MOST, source->allocator, err);
    else
        s = qni_whole_bytes(&out->whole, source->bytes, source->size, source->name, QNI_LISTING_BYTES_MOST,
                            source->allocator, err);
    if (s != QN_OK)
        return s;
    const int64_t mark = qni_headings_mark_size(out->whole.bytes, out->whole.size);
    content t = {.bytes = out->whole.bytes + mark, .size = out->whole.size - mark};
    s = qni_headings_check_text(t.bytes, t.size, kind->what, out->file, err);
    if (s != QN_OK)
        return s;
    qn_csv_options_init(&t.csv, (int64_t)sizeof t.csv);
    t.csv.delimiter = delimiter_of(t.bytes, t.bytes + t.size);
    t.csv.allocator = source->allocator;
    out->line_is_cut = !is_end(t.bytes[t.size - 1]);
    if (kind->wide) {
        s = qni_wide_read(&out->wide, t.bytes, t.size, out->file, out->arena, err);
        t.bytes = out->wide.bytes;
        t.size = out->wide.size;
    }
    if (s == QN_OK)
        s = read_table(out, &t, source, err);
    return s == QN_OK ? read_tickers(out, source->ticker, err) : s;
}

void qni_listing_close(qni_listing *listing)
{
    qn_table_free(listing->table);
    qni_whole_free(&listing->whole, listing->allocator);
    qn_arena_free(listing->arena);
}

qn_status qni_listing_home_new(qni_listing_home *out, int64_t size, int64_t row_count, int64_t row_size,
                               const char *source, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_listing_home){0};
    qn_status s = qn_arena_new(&out->arena, allocator, 0, err);
    if (s == QN_OK)
        s = qn_arena_take(&out->result, out->arena, size, err);
    if (s == QN_OK)
        s = qni_arena_text(&out->source, out->arena, source, -1, err);
    if (s == QN_OK)
        s = qni_notes_init(&out->notes, out->arena, QNI_LISTING_WARNINGS, err);
    if (s == QN_OK)
        s = qn_arena_take(&out->rows, out->arena, row_count * row_size, err);
    if (s != QN_OK)
        qn_arena_free(out->arena);
    return s;
}
