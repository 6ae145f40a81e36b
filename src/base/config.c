/* base/config.c: one pass over the bytes, a line at a time; names and texts are copied into one block, which is as
 * large as the file and therefore never too small.
 *
 * Always: `at` is at most `end`; a text that was copied took at least its size + 1 bytes of the file, or the file ended
 * behind it; a name stands once in its table. */
#include "base/config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

typedef struct reader {
    qni_config *out;
    const char *at, *end;
    const char *line_begin;
    int64_t line;
    const char *file;
    qn_error *err;
} reader;

/* An error at the byte `place` of the line that is read. */
#define refuse(r, place, ...) \
    qni_error_at((r)->err, QN_CONFIG, (r)->file, (r)->line, (place) - (r)->line_begin + 1, __VA_ARGS__)

static qn_status no_memory(const reader *r)
{
    return qni_error(r->err, QN_NOMEM, "no memory for a configuration of %" PRId64 " bytes", r->out->text_capacity - 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_bare(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool at_line_end(const reader *r)
{
    return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n');
}

static bool next_is(const reader *r, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(r->end - r->at) >= size && memcmp(r->at, text, size) == 0;
}

static void skip_spaces(reader *r)
{
    while (r->at < r->end && is_space(*r->at))
        r->at++;
}

/* Spaces and a comment. */
static void skip_blank(reader *r)
{
    skip_spaces(r);
    if (r->at < r->end && *r->at == '#')
        while (!at_line_end(r))
            r->at++;
}

/* To the beginning of the next line. */
static void end_line(reader *r)
{
    assert(at_line_end(r));
    if (r->at == r->end)
        return;
    r->at += *r->at == '\r' ? 2 : 1;
    r->line_begin = r->at;
    r->line++;
}

/* ---- texts ---- */

static void put(reader *r, char c)
{
    assert(r->out->text_size < r->out->text_capacity);
    r->out->texts[r->out->text_size++] = c;
}

/* A copy that ends with a zero. */
static const char *put_text(reader *r, const char *from, const char *end)
{
    const char *text = r->out->texts + r->out->text_size;
    while (from < end)
        put(r, *from++);
    put(r, '\0');
    return text;
}

static void put_code_point(reader *r, uint32_t code)
{
    if (code < 0x80) {
        put(r, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    put(r, (char)(lead[more] | (code >> (6 * more))));
    while (more-- > 0)
        put(r, (char)(0x80 | ((code >> (6 * more)) & 0x3F)));
}

/* The `digits` hexadecimal digits of \u and \U; `at` stands on the letter. */
static qn_status read_code_point(reader *r, int digits)
{
    const char *escape = r->at - 1;
    uint32_t code = 0;
    r->at++;
    for (int i = 0; i < digits; i++, r->at++) {
        static const char hex[] = "0123456789abcdef";
        char c = r->at < r->end ? *r->at : '"';
        const char *digit = c == '\0' ? NULL : strchr(hex, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        if (digit == NULL)
            return refuse(r, escape, "\\%c wants %d hexadecimal digits", escape[1], digits);
        code = code << 4 | (uint32_t)(digit - hex);
    }
    if (code == 0)
        return refuse(r, escape, "a string cannot hold a zero");
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return refuse(r, escape, "\"%.*s\" is no character of Unicode", digits + 2, escape);
    put_code_point(r, code);
    return QN_OK;
}

/* Behind a backslash. */
static qn_status read_escape(reader *r)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";
    char c = r->at < r->end ? *r->at : '\n';
    if (c == 'u' || c == 'U')
        return read_code_point(r, c == 'u' ? 4 : 8);
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter == NULL)
        return refuse(r, r->at - 1,
                      "a backslash in a string is followed by one of b t n f r u U \" \\: write \\\\ for the "
                      "backslash itself, or the string in single quotes");
    put(r, meanings[letter - letters]);
    r->at++;
    return QN_OK;
}

static qn_status read_string(reader *r, qni_config_value *out)
{
    const char *begin = r->at;
    char quote = *begin;
    if (next_is(r, quote == '"' ? "\"\"\"" : "\'\'\'"))
        return refuse(r, begin, "text in three quotes is not read here: a string stands on one line");
    out->type = QNI_CONFIG_STRING;
    out->text = r->out->texts + r->out->text_size;
    for (r->at++; !at_line_end(r) && *r->at != quote;) {
        char c = *r->at++;
        if (c == '\\' && quote == '"') {
            qn_status s = read_escape(r);
            if (s != QN_OK)
                return s;
        } else {
            put(r, c);
        }
    }
    if (at_line_end(r))
        return refuse(r, begin, "the string that begins here is not closed on its line");
    r->at++;
    put(r, '\0');
    return QN_OK;
}

/* ---- numbers ---- */

/* Digits, with _ between two of them; no 0 before others where `whole`. */
static const char *skip_digits(const char *p, bool whole)
{
    const char *begin = p;
    while (is_digit(*p) || (*p == '_' && p > begin && is_digit(p[-1]) && is_digit(p[1])))
        p++;
    return p == begin || (whole && *begin == '0' && p - begin > 1) ? NULL : p;
}

/* Whether `text` is a number of TOML's, and which kind. */
static bool is_number(const char *text, bool *is_float)
{
    const char *p = text + (*text == '+' || *text == '-');
    *is_float = strcmp(p, "inf") == 0 || strcmp(p, "nan") == 0;
    if (*is_float)
        return true;
    p = skip_digits(p, true);
    if (p != NULL && *p == '.') {
        *is_float = true;
        p = skip_digits(p + 1, false);
    }
    if (p != NULL && (*p == 'e' || *p == 'E')) {
        *is_float = true;
        p++;
        p = skip_digits(p + (*p == '+' || *p == '-'), false);
    }
    return p != NULL && *p == '\0';
}

/* Takes the _ out. */
static void join_digits(reader *r, char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++)
        if (*from != '_')
            *to++ = *from;
    *to++ = '\0';
    r->out->text_size = to - r->out->texts;
}

/* What stands without quotes: a number, true or false. Anything else may be a secret that was written into the wrong
 * place: no message repeats it. */
static qn_status read_word(reader *r, qni_config_value *out)
{
    const char *begin = r->at;
    while (!at_line_end(r) && !is_space(*r->at) && strchr(",]#", *r->at) == NULL)
        r->at++;
    if (r->at == begin)
        return refuse(r, begin, "a value is missing");
    char *text = r->out->texts + r->out->text_size;
    out->text = put_text(r, begin, r->at);
    bool is_float;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        out->type = QNI_CONFIG_BOOLEAN;
        return QN_OK;
    }
    if (!is_number(text, &is_float))
        return refuse(r, begin,
                      "this is neither a number nor true nor false: text stands in quotes, and numbers are decimal");
    join_digits(r, text);
    int64_t value;
    out->type = is_float ? QNI_CONFIG_FLOAT : QNI_CONFIG_INTEGER;
    if (!is_float && qni_integer_parse(&value, text, text + strlen(text)) == NULL)
        return refuse(r, begin, "this is too large a whole number");
    return QN_OK;
}

/* ---- values ---- */

static qn_status read_value(reader *r)
{
    qni_config *c = r->out;
    if (!qni_grow(c->allocator, (void **)&c->values, &c->value_capacity, c->value_count + 1, sizeof *c->values))
        return no_memory(r);
    qni_config_value value = {.line = r->line, .column = r->at - r->line_begin + 1};
    char first = at_line_end(r) ? '\0' : *r->at;
    if (first == '[' || first == '{')
        return refuse(r, r->at, "%s is not read here",
                      first == '{' ? "a table in braces (write [name] above its keys)" : "an array in an array");
    qn_status s = first == '"' || first == '\'' ? read_string(r, &value) : read_word(r, &value);
    if (s == QN_OK)
        c->values[c->value_count++] = value;
    return s;
}

/* Blanks, comments and line ends between the items of an array that began at `begin` (line, column). */
static qn_status skip_to_item(reader *r, int64_t line, int64_t column)
{
    for (;;) {
        skip_blank(r);
        if (r->at == r->end)
            return qni_error_at(r->err, QN_CONFIG, r->file, line, column, "the array that begins here has no \"]\"");
        if (!at_line_end(r))
            return QN_OK;
        end_line(r);
    }
}

static qn_status read_array(reader *r)
{
    int64_t line = r->line, column = r->at - r->line_begin + 1;
    r->at++;
    for (;;) {
        qn_status s = skip_to_item(r, line, column);
        if (s == QN_OK && *r->at == ']')
            break;
        if (s == QN_OK)
            s = read_value(r);
        if (s == QN_OK)
            s = skip_to_item(r, line, column);
        if (s != QN_OK)
            return s;
        if (*r->at == ']')
            break;
        if (*r->at != ',')
            return refuse(r, r->at, "a comma belongs between the items of an array");
        r->at++;
    }
    r->at++;
    return QN_OK;
}

/* ---- keys and tables ---- */

/* A name in *out; `what` is for messages. */
static qn_status read_name(reader *r, const char **out, const char *what)
{
    const char *begin = r->at;
    while (r->at < r->end && is_bare(*r->at))
        r->at++;
    if (r->at == begin) {
        bool quoted = r->at < r->end && (*r->at == '"' || *r->at == '\'');
        return refuse(r, begin, "%s is missing here: a name of letters, digits, - and _%s", what,
                      quoted ? ", without quotes" : "");
    }
    *out = put_text(r, begin, r->at);
    skip_spaces(r);
    if (r->at < r->end && *r->at == '.')
        return refuse(r, r->at,
                      "names with dots are not read here: write [table] on a line of its own, and the key "
                      "below it");
    return QN_OK;
}

static qn_status end_of_line(reader *r, const char *behind)
{
    skip_blank(r);
    if (!at_line_end(r))
        return refuse(r, r->at, "nothing but a comment may follow %s on its line", behind);
    end_line(r);
    return QN_OK;
}

static qn_status too_many(const reader *r, const char *at, const char *what)
{
    return refuse(r, at, "a configuration has at most %d %s", QNI_CONFIG_ENTRIES_MAX, what);
}

static qn_status read_table(reader *r)
{
    qni_config *c = r->out;
    const char *begin = r->at++;
    if (r->at < r->end && *r->at == '[')
        return refuse(r, begin, "a list of tables is not read here: a table's name stands in single brackets");
    qni_config_table table = {.line = r->line, .column = begin - r->line_begin + 1};
    skip_spaces(r);
    qn_status s = read_name(r, &table.name, "the name of a table");
    if (s != QN_OK)
        return s;
    if (r->at == r->end || *r->at != ']')
        return refuse(r, r->at, "\"]\" is missing behind the name of the table");
    r->at++;
    for (int64_t i = 1; i < c->table_count; i++)
        if (strcmp(c->tables[i].name, table.name) == 0)
            return refuse(r, begin, "the table [%.40s] comes twice: it begins at line %" PRId64 " already", table.name,
                          c->tables[i].line);
    if (c->table_count == QNI_CONFIG_ENTRIES_MAX)
        return too_many(r, begin, "tables");
    if (!qni_grow(c->allocator, (void **)&c->tables, &c->table_capacity, c->table_count + 1, sizeof *c->tables))
        return no_memory(r);
    c->tables[c->table_count++] = table;
    return end_of_line(r, "the name of a table");
}

/* Whether the key is new in its table, and there is room for it. */
static qn_status check_key(reader *r, const qni_config_entry *entry, const char *begin)
{
    qni_config *c = r->out;
    for (int64_t i = c->entry_count; i > 0 && c->entries[i - 1].table == entry->table; i--)
        if (strcmp(c->entries[i - 1].key, entry->key) == 0)
            return refuse(r, begin, "the key \"%.40s\" comes twice: it stands in line %" PRId64 " already", entry->key,
                          c->entries[i - 1].line);
    if (c->entry_count == QNI_CONFIG_ENTRIES_MAX)
        return too_many(r, begin, "keys");
    if (!qni_grow(c->allocator, (void **)&c->entries, &c->entry_capacity, c->entry_count + 1, sizeof *c->entries))
        return no_memory(r);
    return QN_OK;
}

static qn_status read_entry(reader *r)
{
    qni_config *c = r->out;
    const char *begin = r->at;
    qni_config_entry entry = {.line = r->line, .column = begin - r->line_begin + 1, .table = c->table_count - 1};
    qn_status s = read_name(r, &entry.key, "a key");
    if (s == QN_OK)
        s = check_key(r, &entry, begin);
    if (s != QN_OK)
        return s;
    if (r->at == r->end || *r->at != '=')
        return refuse(r, r->at, "\"=\" is missing behind the key \"%.40s\"", entry.key);
    r->at++;
    skip_spaces(r);
    entry.value = c->value_count;
    entry.array = r->at < r->end && *r->at == '[';
    s = entry.array ? read_array(r) : read_value(r);
    if (s != QN_OK)
        return s;
    entry.value_count = c->value_count - entry.value;
    c->entries[c->entry_count++] = entry;
    return end_of_line(r, "a value");
}

static qn_status read_lines(reader *r)
{
    qn_status s = QN_OK;
    while (s == QN_OK && r->at < r->end) {
        skip_blank(r);
        if (at_line_end(r))
            end_line(r);
        else
            s = *r->at == '[' ? read_table(r) : read_entry(r);
    }
    return s;
}

/* Every byte: UTF-8, and no control character but tab and line end. Leaves the reader at the beginning again. */
static qn_status check_characters(reader *r)
{
    const char *begin = r->at;
    while (r->at < r->end) {
        uint32_t code;
        int size = qni_utf8_decode(&code, r->at, r->end);
        if (at_line_end(r))
            end_line(r);
        else if (size == 0)
            return refuse(r, r->at, "the text is not UTF-8 here (byte 0x%02X)", (unsigned char)*r->at);
        else if ((code < 0x20 && code != '\t') || code == 0x7F)
            return refuse(r, r->at, "a control character (0x%02X) stands here%s", (unsigned)code,
                          code == '\r' ? ": lines end with a line feed, or carriage return and line feed" : "");
        else
            r->at += size;
    }
    r->at = r->line_begin = begin;
    r->line = 1;
    return QN_OK;
}

qn_status qni_config_read(qni_config *out, const char *text, int64_t size, const char *file,
                          const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL && size >= 0 && (text != NULL || size == 0));
    *out = (qni_config){.allocator = allocator};
    if (size > QNI_CONFIG_SIZE_MAX)
        return qni_error_at(err, QN_CONFIG, file, 1, 1,
                            "a configuration has at most %" PRId64 " bytes, this one has %" PRId64, QNI_CONFIG_SIZE_MAX,
                            size);
    static const char mark[] = "\xEF\xBB\xBF"; /* editors put it there */
    int64_t skipped = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    const char *begin = size > 0 ? text + skipped : "";
    reader r = {.out = out,
                .at = begin,
                .end = begin + (size - skipped),
                .line_begin = begin,
                .line = 1,
                .file = file,
                .err = err};
    out->text_capacity = size + 1;
    out->texts = qni_alloc(allocator, out->text_capacity, 1);
    qn_status s = out->texts == NULL ? no_memory(&r) : check_characters(&r);
    if (s == QN_OK && !qni_grow(allocator, (void **)&out->tables, &out->table_capacity, 1, sizeof *out->tables))
        s = no_memory(&r);
    if (s == QN_OK) {
        out->tables[out->table_count++] = (qni_config_table){.name = "", .line = 1, .column = 1};
        s = read_lines(&r);
    }
    if (s != QN_OK)
        qni_config_free(out);
    return s;
}

void qni_config_free(qni_config *config)
{
    const qn_allocator *allocator = config->allocator;
    qni_free(allocator, config->tables, config->table_capacity, sizeof *config->tables);
    qni_free(allocator, config->entries, config->entry_capacity, sizeof *config->entries);
    qni_free(allocator, config->values, config->value_capacity, sizeof *config->values);
    qni_free(allocator, config->texts, config->text_capacity, 1);
    *config = (qni_config){.allocator = allocator};
}

const char *qni_config_type_name(qni_config_type type)
{
    switch (type) {
    case QNI_CONFIG_STRING:
        return "a string";
    case QNI_CONFIG_INTEGER:
        return "a whole number";
    case QNI_CONFIG_FLOAT:
        return "a floating-point number";
    default:
        return "true or false";
    }
}
