/* Random tables written in random dialects read back equal, however few bytes arrive at a time and however many rows
 * are asked for. */
#include "harness/harness.h"

#include <quern/table.h>

#include "array/csv_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_COLUMNS = 6,
    MAX_ROWS = 40,
    TEXT_SIZE = 1 << 16,
    MAX_STRING = 12
};

typedef struct value {
    bool missing;
    double number;
    int64_t integer; /* also bool, date, timestamp */
    char string[4 * MAX_STRING];
} value;

typedef struct sheet {
    uint64_t random;
    int64_t column_count, row_count;
    qn_type types[MAX_COLUMNS];
    value values[MAX_ROWS][MAX_COLUMNS];
    int64_t lines[MAX_ROWS];
    char delimiter;
    const char *line_end;
    bool no_header;
    char text[TEXT_SIZE];
    int64_t size, line;
} sheet;

static bool chance(sheet *s, int64_t in)
{
    return test_random_below(&s->random, in) == 0;
}

/* Appends bytes, counting the lines they end. */
static void put_bytes(sheet *s, const char *bytes, int64_t size)
{
    assert_true(s->size + size < TEXT_SIZE);
    for (int64_t i = 0; i < size; i++)
        s->line += bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == size || bytes[i + 1] != '\n'));
    memcpy(s->text + s->size, bytes, (size_t)size);
    s->size += size;
}

static void put(sheet *s, const char *text)
{
    put_bytes(s, text, (int64_t)strlen(text));
}

static void make_string(sheet *s, char *out)
{
    static const char *const pieces[] = {"a",  "B",    "7",  "\"", ",",        ";",  " ", "\t",
                                         "\n", "\r\n", "\r", "#",  "\xC3\xA9", "NA", "|", "'"};
    *out = '\0';
    for (int64_t n = test_random_below(&s->random, MAX_STRING); n > 0; n--)
        strcat(out, pieces[test_random_below(&s->random, sizeof pieces / sizeof pieces[0])]);
}

static value make_value(sheet *s, qn_type type)
{
    value v = {.missing = chance(s, 6)};
    uint64_t bits = test_random(&s->random);
    switch (type) {
    case QN_TYPE_F64:
        if (chance(s, 2)) {
            v.number = (double)test_random_below(&s->random, 2000) / 8 - 100;
        } else {
            memcpy(&v.number, &bits, sizeof bits);
            if (v.number != v.number)
                v.number = 0.1;
        }
        break;
    case QN_TYPE_F32:
        v.number = (float)(test_random_unit(&s->random) * 1e6 - 5e5);
        break;
    case QN_TYPE_I64:
        v.integer = (int64_t)(bits >> test_random_below(&s->random, 64)) * (chance(s, 2) ? 1 : -1);
        break;
    case QN_TYPE_BOOL:
        v.integer = (int64_t)(bits & 1);
        break;
    case QN_TYPE_DATE:
        v.integer = test_random_below(&s->random, 3652059) - 719162; /* 0001-01-01 to 9999-12-31 */
        break;
    case QN_TYPE_TIMESTAMP:
        v.integer = test_random_below(&s->random, 315537897600000000) - 62135596800000000;
        break;
    default:
        make_string(s, v.string);
        break;
    }
    return v;
}

/* Beyond these a string cannot stand without quotes. */
static bool needs_quotes(const sheet *s, const char *text)
{
    static const char *const words[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0)
            return true;
    }
    char last = text[strlen(text) - 1];
    return strchr(text, s->delimiter) != NULL || strpbrk(text, "\r\n") != NULL || *text == '"' || *text == '#' ||
           *text == ' ' || *text == '\t' || last == ' ' || last == '\t' ||
           (s->delimiter == ' ' && strchr(text, '\t') != NULL);
}

static void put_quoted(sheet *s, const char *text)
{
    char quoted[2 * 80 + 3];
    char *p = quoted;
    *p++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"')
            *p++ = '"';
        *p++ = *text;
    }
    *p++ = '"';
    put_bytes(s, quoted, p - quoted);
}

/* Year, month … of a time: the C library's calendar is the second opinion. */
static struct tm calendar(int64_t seconds)
{
    time_t t = seconds;
    struct tm tm;
    assert_non_null(gmtime_r(&t, &tm));
    return tm;
}

static void format_timestamp(sheet *s, int64_t us, char *text)
{
    int64_t seconds = us / 1000000 - (us % 1000000 < 0);
    int64_t fraction = us - seconds * 1000000;
    int offset = chance(s, 2) ? 0 : (int)test_random_below(&s->random, 2 * 14 * 60 + 1) - 14 * 60; /* minutes */
    struct tm tm = calendar(seconds + offset * 60);
    if (tm.tm_year + 1900 < 1 || tm.tm_year + 1900 > 9999) {
        offset = 0;
        tm = calendar(seconds);
    }
    int n = sprintf(text, "%04d-%02d-%02d%c%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                    s->delimiter != ' ' && chance(s, 2) ? ' ' : 'T', tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (fraction != 0)
        n += sprintf(text + n, ".%06d", (int)fraction);
    if (offset != 0)
        (void)sprintf(text + n, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 60, abs(offset) % 60);
    else if (chance(s, 2))
        (void)sprintf(text + n, "Z");
}

/* A value of any type but text, as it stands in a file. */
static void format_value(sheet *s, qn_type type, const value *v, char *text)
{
    struct tm tm;
    switch (type) {
    case QN_TYPE_F64:
    case QN_TYPE_F32:
        (void)sprintf(text, "%.17g", v->number);
        break;
    case QN_TYPE_I64:
        (void)sprintf(text, "%" PRId64, v->integer);
        break;
    case QN_TYPE_BOOL:
        (void)strcpy(text, v->integer != 0 ? "true" : "False");
        break;
    case QN_TYPE_TIMESTAMP:
        format_timestamp(s, v->integer, text);
        break;
    default:
        tm = calendar(v->integer * 86400);
        (void)sprintf(text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        break;
    }
}

static void put_cell(sheet *s, qn_type type, const value *v)
{
    static const char *const absent[] = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None", "", "", ""};
    bool blanks = s->delimiter != ' ';
    char text[80];
    if (blanks && chance(s, 5))
        put(s, " ");
    if (v->missing) {
        put(s, absent[test_random_below(&s->random, blanks && s->column_count > 1 ? 10 : 7)]);
    } else {
        if (type == QN_TYPE_STRING)
            (void)strcpy(text, v->string);
        else
            format_value(s, type, v, text);
        if (chance(s, 4) || (type == QN_TYPE_STRING && needs_quotes(s, text)))
            put_quoted(s, text);
        else
            put(s, text);
    }
    if (blanks && chance(s, 5))
        put(s, "  ");
}

/* Lines that count for nothing. */
static void put_litter(sheet *s)
{
    while (chance(s, 8)) {
        put(s, chance(s, 2) ? "# \"a, comment;" : chance(s, 2) ? "  " : "");
        put(s, s->line_end);
    }
}

static void make_sheet(sheet *s)
{
    static const char delimiters[] = {',', ';', '\t', ' ', '|'};
    static const char *const line_ends[] = {"\n", "\r\n", "\r"};
    s->size = 0;
    s->line = 1;
    s->column_count = 1 + test_random_below(&s->random, MAX_COLUMNS);
    s->row_count = 1 + test_random_below(&s->random, MAX_ROWS);
    s->delimiter = delimiters[test_random_below(&s->random, sizeof delimiters)];
    s->line_end = line_ends[test_random_below(&s->random, 3)];
    s->no_header = chance(s, 4);
    char delimiter[2] = {s->delimiter, '\0'};
    if (chance(s, 4))
        put(s, "\xEF\xBB\xBF");
    put_litter(s);
    for (int64_t c = 0; c < s->column_count; c++) {
        char name[8];
        (void)sprintf(name, "c%d", (int)c + 1);
        s->types[c] = (qn_type)(1 + test_random_below(&s->random, 7));
        if (!s->no_header) {
            put(s, name);
            put(s, c + 1 < s->column_count ? delimiter : s->line_end);
        }
    }
    for (int64_t r = 0; r < s->row_count; r++) {
        put_litter(s);
        s->lines[r] = s->line;
        for (int64_t c = 0; c < s->column_count; c++) {
            s->values[r][c] = make_value(s, s->types[c]);
            put_cell(s, s->types[c], &s->values[r][c]);
            if (c + 1 < s->column_count)
                put(s, delimiter);
            else if (r + 1 < s->row_count || chance(s, 2))
                put(s, s->line_end);
        }
    }
}

static void assert_cell(const qn_table *t, int64_t column, int64_t row, const value *v)
{
    assert_int_equal(qn_table_is_missing(t, column, row), v->missing);
    if (v->missing)
        return;
    const void *values = qn_table_values(t, column);
    switch (qn_table_column_type(t, column)) {
    case QN_TYPE_F64:
        assert_memory_equal((const double *)values + row, &v->number, sizeof v->number);
        break;
    case QN_TYPE_F32:
        assert_true(((const float *)values)[row] == (float)v->number);
        break;
    case QN_TYPE_BOOL:
        assert_int_equal(((const uint8_t *)values)[row / 8] >> row % 8 & 1, v->integer);
        break;
    case QN_TYPE_DATE:
        assert_int_equal(((const int32_t *)values)[row], v->integer);
        break;
    case QN_TYPE_STRING:
        assert_string_equal(qn_table_string(t, column, ((const int32_t *)values)[row]), v->string);
        break;
    default:
        assert_int_equal(((const int64_t *)values)[row], v->integer);
        break;
    }
}

/* Hands out up to so many bytes a call. */
typedef struct trickle {
    const char *next, *end;
    int64_t piece;
} trickle;

static int64_t trickle_read(void *user, char *into, int64_t size)
{
    trickle *t = user;
    int64_t count = t->end - t->next;
    count = count > t->piece ? t->piece : count;
    count = count > size ? size : count;
    memcpy(into, t->next, (size_t)count);
    t->next += count;
    return count;
}

static void read_back(sheet *s)
{
    char types[200] = "";
    for (int64_t c = 0; c < s->column_count; c++)
        (void)sprintf(types + strlen(types), "%sc%d=%s", c > 0 ? "," : "", (int)c + 1, qn_type_name(s->types[c]));
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = types;
    options.delimiter = s->delimiter;
    options.no_header = s->no_header;
    trickle t = {s->text, s->text + s->size, 1 + test_random_below(&s->random, 20)};
    qni_input input = {.read = trickle_read, .user = &t, .total_size = chance(s, 2) ? s->size : -1};
    qni_csv_sizes sizes = {.chunk = 1 + test_random_below(&s->random, 64)};
    qn_error err;
    qn_csv *csv;
    assert_ok(qni_csv_open_input(&csv, input, &sizes, "sheet", &options, &err), &err);
    int64_t row = 0;
    for (;;) {
        qn_table *table;
        assert_ok(qn_csv_read(&table, csv, chance(s, 3) ? -1 : 1 + test_random_below(&s->random, 20), &err), &err);
        if (table == NULL)
            break;
        assert_int_equal(qn_table_column_count(table), s->column_count);
        for (int64_t r = 0; r < qn_table_row_count(table); r++, row++) {
            assert_true(row < s->row_count);
            assert_int_equal(qn_table_row_line(table, r), s->lines[row]);
            for (int64_t c = 0; c < s->column_count; c++)
                assert_cell(table, c, r, &s->values[row][c]);
        }
        qn_table_free(table);
    }
    assert_int_equal(row, s->row_count);
    qn_csv_close(csv);
}

static void random_tables_in_random_dialects_read_back_equal(void **state)
{
    (void)state;
    sheet *s = malloc(sizeof *s);
    s->random = test_seed(20240229);
    for (int64_t n = test_effort(3000, 200000); n > 0; n--) {
        make_sheet(s);
        read_back(s);
    }
    free(s);
}

/* A file of 50 MB, in long effort; of 1 MB else. */
static void a_large_file_adds_up(void **state)
{
    (void)state;
    int64_t rows = test_effort(40000, 2000000);
    char *text = malloc((size_t)rows * 40 + 16);
    char *p = text + sprintf(text, "i,x,s,m\n");
    for (int64_t i = 0; i < rows; i++)
        p += sprintf(p, "%" PRId64 ",%" PRId64 ".25,s%d,%s\n", i, 3 * i, (int)(i % 1000), i % 7 == 0 ? "NA" : "true");
    qn_error err;
    qn_csv *csv;
    qn_table *t;
    assert_ok(qn_csv_open_bytes(&csv, text, p - text, "large", NULL, &err), &err);
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    assert_int_equal(qn_table_row_count(t), rows);
    int64_t sum = 0, codes = 0;
    double total = 0;
    for (int64_t i = 0; i < rows; i++) {
        sum += ((const int64_t *)qn_table_values(t, 0))[i];
        total += qn_table_f64(t, 1)[i];
        codes += ((const int32_t *)qn_table_values(t, 2))[i];
        assert_int_equal(qn_table_is_missing(t, 3, i), i % 7 == 0);
        assert_int_equal(((const uint8_t *)qn_table_values(t, 3))[i / 8] >> i % 8 & 1, i % 7 != 0);
    }
    assert_int_equal(sum, rows * (rows - 1) / 2);
    assert_true(total == 1.5 * (double)(rows * (rows - 1)) + 0.25 * (double)rows); /* all partial sums are exact */
    assert_int_equal(codes, rows / 1000 * 499500);
    assert_int_equal(qn_table_string_count(t, 2), 1000);
    assert_int_equal(qn_table_missing_count(t, 3), (rows + 6) / 7);
    qn_table_free(t);
    qn_csv_close(csv);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_in_random_dialects_read_back_equal),
        cmocka_unit_test(a_large_file_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
