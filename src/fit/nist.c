/* fit/nist.c: reads the files of NIST's Statistical Reference Datasets for nonlinear regression.
 *
 * Such a file is meant for people: sections that follow each other, each known by the words that begin it:
 *
 *     Dataset Name: …   Model: … y = formula + e   Starting values … b1 = start start value deviation …
 *     Residual Sum of Squares: … Degrees of Freedom: … Number of Observations: …   Data: names, rows
 *
 * One pass over the lines; all that is kept lies in one arena. Nothing is guessed: what is missing or out of order is
 * an error with its line. One thread per call. */
#include <quern/nist.h>

#include <quern/arena.h>

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "fit/limits.h"

typedef struct line {
    const char *at, *end; /* without line break and surrounding blanks */
    const char *first;    /* the line's first byte, for columns */
} line;

typedef struct reader {
    const char *at, *end; /* what is still to be read */
    int64_t line_number;  /* of the line read last, 1-based */
    const char *file;
    const qn_allocator *allocator;
    qn_error *err;

    qn_arena *arena; /* owns what `nist` points to, but for the table */
    qn_nist *nist;
    double *start[2], *value, *deviation; /* (QNI_NIST_PARAMETERS) in the arena */
    const char **names;                   /* (QNI_NIST_PARAMETERS) */
    const char *column_names[QNI_NIST_COLUMNS];
    int64_t column_count;
    double *columns[QNI_NIST_COLUMNS]; /* (nist->n) in the arena */
    int64_t rows;
} reader;

/* What the caller's qn_nist stands in. */
typedef struct holder {
    qn_nist nist; /* first member */
    qn_arena *arena;
    qn_table *table;
    const qn_allocator *allocator;
} holder;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool next_line(reader *r, line *out)
{
    if (r->at == r->end)
        return false;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (stop == NULL)
        stop = r->end;
    *out = (line){.at = r->at, .end = stop, .first = r->at};
    r->at = stop == r->end ? stop : stop + 1;
    r->line_number++;
    while (out->at < out->end && is_blank(*out->at))
        out->at++;
    while (out->end > out->at && is_blank(out->end[-1]))
        out->end--;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* If the line begins with `words` (in any case), moves past them and following blanks. */
static bool line_skip(line *l, const char *words)
{
    const char *at = l->at;
    for (; *words != '\0'; words++, at++)
        if (at == l->end || lower(*at) != lower(*words))
            return false;
    while (at < l->end && is_blank(*at))
        at++;
    l->at = at;
    return true;
}

static qn_status complain(const reader *r, const line *l, qn_status code, const char *what)
{
    return qni_error_at(r->err, code, r->file, r->line_number, l != NULL ? l->at - l->first + 1 : 0, "%s", what);
}

static qn_status take(const reader *r, void **out, int64_t count, int64_t element_size)
{
    int64_t size;
    if (!qni_size_mul(&size, count, element_size))
        return qni_error(r->err, QN_NOMEM, "no memory for %" PRId64 " elements", count);
    return qn_arena_take(out, r->arena, size, r->err);
}

/* The piece [at, end) as a string in the arena. */
static qn_status keep(const reader *r, const char **out, const char *at, const char *end)
{
    void *copy;
    qn_status s = qn_arena_take(&copy, r->arena, end - at + 1, r->err);
    if (s != QN_OK)
        return s;
    memcpy(copy, at, (size_t)(end - at));
    ((char *)copy)[end - at] = '\0';
    *out = copy;
    return QN_OK;
}

/* Reads one number and the blanks behind it. */
static qn_status line_number_take(const reader *r, line *l, double *out)
{
    const char *after = qni_number_parse(out, l->at, l->end);
    if (after == NULL || (after < l->end && !is_blank(*after)))
        return complain(r, l, QN_DATA, "a number is expected here");
    l->at = after;
    while (l->at < l->end && is_blank(*l->at))
        l->at++;
    return QN_OK;
}

/* The next word that is a name, and the blanks behind it; false where the line has none left. */
static bool line_word_take(line *l, line *word)
{
    if (l->at == l->end)
        return false;
    *word = *l;
    while (l->at < l->end && !is_blank(*l->at))
        l->at++;
    word->end = l->at;
    while (l->at < l->end && is_blank(*l->at))
        l->at++;
    return true;
}

static qn_status read_name(reader *r)
{
    line l, word;
    if (!next_line(r, &l) || !line_skip(&l, "NIST/ITL StRD"))
        return complain(r, NULL, QN_DATA, "this is not a NIST StRD file: the first line must be \"NIST/ITL StRD\"");
    while (next_line(r, &l))
        if (line_skip(&l, "Dataset Name:")) {
            if (!line_word_take(&l, &word))
                return complain(r, &l, QN_DATA, "the name of the data set is missing");
            return keep(r, &r->nist->name, word.at, word.end);
        }
    return complain(r, NULL, QN_DATA, "the line \"Dataset Name:\" is missing");
}

/* Appends the line to the formula, its brackets turned into parentheses and arctan into atan. */
static bool formula_append(char *formula, int64_t *size, const line *l)
{
    if (*size + (l->end - l->at) + 1 > QNI_NIST_FORMULA)
        return false;
    if (*size > 0)
        formula[(*size)++] = ' ';
    for (const char *c = l->at; c < l->end; c++) {
        line rest = {.at = c, .end = l->end, .first = l->first};
        if (line_skip(&rest, "arctan")) {
            memcpy(formula + *size, "atan", 4);
            *size += 4;
            c += strlen("arctan") - 1;
        } else if (!is_blank(*c) || !is_blank(c[-1])) { /* one blank where there are several; the first is none */
            formula[(*size)++] = *c == '[' || *c == '{' ? '(' : *c == ']' || *c == '}' ? ')' : *c;
        }
    }
    return true;
}

/* Removes the noise term "+ e" from the end; false where there is none. */
static bool formula_drop_noise(const char *formula, int64_t *size)
{
    int64_t at = *size;
    if (at == 0 || formula[--at] != 'e')
        return false;
    while (at > 0 && is_blank(formula[at - 1]))
        at--;
    if (at == 0 || formula[--at] != '+')
        return false;
    while (at > 0 && is_blank(formula[at - 1]))
        at--;
    *size = at;
    return true;
}

/* Reads up to and with the line "Starting values". Lines before the formula (class, number of parameters, "pi = 3.14…")
 * are passed over. */
static qn_status read_formula(reader *r)
{
    char formula[QNI_NIST_FORMULA];
    int64_t size = 0;
    bool complete = false;
    line l;
    bool in_model = false;
    while (next_line(r, &l)) {
        if (line_skip(&l, "Model:"))
            in_model = true;
        else if (in_model && line_skip(&l, "Starting values"))
            return complete ? keep(r, &r->nist->formula, formula, formula + size)
                            : complain(r, NULL, QN_DATA, "no model \"y = … + e\" stands above this line");
        else if (!in_model || complete || l.at == l.end)
            continue;
        else if (size > 0 || (memchr(l.at, '=', (size_t)(l.end - l.at)) != NULL && !line_skip(&l, "pi ="))) {
            if (!formula_append(formula, &size, &l))
                return complain(r, &l, QN_LIMIT, "the model is too long");
            complete = formula_drop_noise(formula, &size);
        }
    }
    return complain(r, NULL, QN_DATA,
                    in_model ? "\"Starting values\" is missing" : "the section \"Model:\" is missing");
}

static qn_status read_parameter(reader *r, line *l)
{
    int64_t j = r->nist->p;
    if (j == QNI_NIST_PARAMETERS)
        return complain(r, l, QN_LIMIT, "too many parameters");
    const char *stop = l->at;
    while (stop < l->end && !is_blank(*stop) && *stop != '=')
        stop++;
    qn_status s = keep(r, &r->names[j], l->at, stop);
    l->at = stop;
    while (l->at < l->end && is_blank(*l->at))
        l->at++;
    if (s == QN_OK && !line_skip(l, "="))
        s = complain(r, l, QN_DATA, "a parameter's line must be \"name = start start value deviation\"");
    double *const fields[4] = {&r->start[0][j], &r->start[1][j], &r->value[j], &r->deviation[j]};
    for (int i = 0; i < 4 && s == QN_OK; i++)
        s = line_number_take(r, l, fields[i]);
    if (s == QN_OK && l->at != l->end)
        s = complain(r, l, QN_DATA, "a parameter's line ends after four numbers");
    if (s == QN_OK)
        r->nist->p++;
    return s;
}

/* Reads a whole number in [least, QNI_NIST_ROWS]. */
static qn_status read_count(reader *r, line *l, int64_t *out, double least)
{
    double value;
    qn_status s = line_number_take(r, l, &value);
    if (s == QN_OK && !(value >= least && value <= QNI_NIST_ROWS))
        s = complain(r, NULL, QN_DATA, "not a number of observations or degrees of freedom");
    if (s == QN_OK)
        *out = (int64_t)value;
    return s;
}

/* Reads one line between the starting values and the data. */
static qn_status read_result(reader *r, line *l)
{
    if (l->at == l->end || line_skip(l, "Start 1"))
        return QN_OK;
    if (line_skip(l, "Residual Sum of Squares:"))
        return line_number_take(r, l, &r->nist->certified_rss);
    if (line_skip(l, "Residual Standard Deviation:"))
        return line_number_take(r, l, &r->nist->certified_residual_sd);
    if (line_skip(l, "Degrees of Freedom:"))
        return read_count(r, l, &r->nist->certified_dof, 0);
    if (line_skip(l, "Number of Observations:"))
        return read_count(r, l, &r->nist->n, 1);
    return read_parameter(r, l);
}

/* Reads the parameters and the certified results, up to and with the number of observations. */
static qn_status read_results(reader *r)
{
    line l;
    while (r->nist->n == 0) {
        if (!next_line(r, &l))
            return complain(r, NULL, QN_DATA, "the line \"Number of Observations:\" is missing");
        qn_status s = read_result(r, &l);
        if (s != QN_OK)
            return s;
    }
    return r->nist->p > 0 ? QN_OK : complain(r, NULL, QN_DATA, "no parameter stands above this line");
}

static qn_status take_columns(reader *r)
{
    /* A row takes at least a digit and a line break: no memory for rows that cannot be there. */
    if (r->nist->n > (r->end - r->at) / 2 + 1)
        return complain(r, NULL, QN_DATA, "fewer rows follow than \"Number of Observations:\" says");
    qn_status s = QN_OK;
    for (int64_t c = 0; c < r->column_count && s == QN_OK; c++)
        s = take(r, (void **)&r->columns[c], r->nist->n, (int64_t)sizeof(double));
    return s;
}

static qn_status read_column_names(reader *r)
{
    line l, word;
    while (next_line(r, &l)) {
        if (l.at == l.end)
            continue;
        if (!line_skip(&l, "Data:"))
            return complain(r, &l, QN_DATA, "\"Data:\" with the names of the columns is expected here");
        for (; line_word_take(&l, &word); r->column_count++) {
            if (r->column_count == QNI_NIST_COLUMNS)
                return complain(r, &word, QN_LIMIT, "too many columns");
            qn_status s = keep(r, &r->column_names[r->column_count], word.at, word.end);
            if (s != QN_OK)
                return s;
        }
        return r->column_count > 0 ? take_columns(r) : complain(r, &l, QN_DATA, "the names of the columns are missing");
    }
    return complain(r, NULL, QN_DATA, "the section \"Data:\" is missing");
}

static qn_status read_rows(reader *r)
{
    line l;
    while (next_line(r, &l)) {
        if (l.at == l.end)
            continue;
        if (r->rows == r->nist->n)
            return complain(r, &l, QN_DATA, "more rows than \"Number of Observations:\" says");
        for (int64_t c = 0; c < r->column_count; c++) {
            qn_status s = line_number_take(r, &l, &r->columns[c][r->rows]);
            if (s != QN_OK)
                return s;
        }
        if (l.at != l.end)
            return complain(r, &l, QN_DATA, "more numbers than columns");
        r->rows++;
    }
    return r->rows == r->nist->n
               ? QN_OK
               : complain(r, NULL, QN_DATA, "fewer rows stand above than \"Number of Observations:\" says");
}

static qn_status read_all(reader *r)
{
    qn_status s = QN_OK;
    double **const numbers[4] = {&r->start[0], &r->start[1], &r->value, &r->deviation};
    for (int i = 0; i < 4 && s == QN_OK; i++)
        s = take(r, (void **)numbers[i], QNI_NIST_PARAMETERS, (int64_t)sizeof(double));
    if (s == QN_OK)
        s = take(r, (void **)&r->names, QNI_NIST_PARAMETERS, (int64_t)sizeof(char *));
    qn_status (*const parts[])(reader *) = {read_name, read_formula, read_results, read_column_names, read_rows};
    for (size_t i = 0; i < sizeof parts / sizeof *parts && s == QN_OK; i++)
        s = parts[i](r);
    return s;
}

qn_status qn_nist_read_bytes(qn_nist **out, const char *bytes, int64_t size, const char *name,
                             const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (bytes == NULL || size < 0)
        return qni_error(err, QN_INVALID, "no bytes to read");
    const char *zero = size > 0 ? memchr(bytes, 0, (size_t)size) : NULL;
    if (zero != NULL)
        return qni_error_at(err, QN_DATA, name, 0, 0, "byte %" PRId64 " is zero: this is not a text file",
                            (int64_t)(zero - bytes) + 1);
    holder *h = qni_new(allocator, holder);
    if (h == NULL)
        return qni_error(err, QN_NOMEM, "no memory to read \"%s\"", name);
    h->allocator = allocator;
    reader r = {.at = bytes, .end = bytes + size, .file = name, .allocator = allocator, .err = err, .nist = &h->nist};
    qn_status s = qn_arena_new(&h->arena, allocator, 0, err);
    r.arena = h->arena;
    if (s == QN_OK)
        s = read_all(&r);
    if (s == QN_OK)
        s = qn_table_from_f64(&h->table, r.column_names, (const double *const *)r.columns, r.column_count, r.rows,
                              allocator, err);
    if (s != QN_OK) {
        qn_nist_free(&h->nist);
        return s;
    }
    h->nist.table = h->table;
    h->nist.parameters = r.names;
    h->nist.start[0] = r.start[0];
    h->nist.start[1] = r.start[1];
    h->nist.certified_value = r.value;
    h->nist.certified_stderr = r.deviation;
    *out = &h->nist;
    return QN_OK;
}

qn_status qn_nist_read(qn_nist **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qni_file_bytes file;
    qn_status s = qni_file_read_all(&file, path, QNI_NIST_FILE, allocator, err);
    if (s == QN_OK)
        s = qn_nist_read_bytes(out, file.bytes, file.size, qni_file_name(path), allocator, err);
    qni_file_bytes_free(&file, allocator);
    return s;
}

void qn_nist_free(qn_nist *nist)
{
    if (nist == NULL)
        return;
    holder *h = (holder *)nist;
    qn_table_free(h->table);
    qn_arena_free(h->arena);
    qni_delete(h->allocator, h);
}
