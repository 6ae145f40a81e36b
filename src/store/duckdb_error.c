/* store/duckdb_error.c: DuckDB's errors as ours. What kind it is stands at the beginning of its text, "Catalog Error:
 * …", everywhere, while only some of its calls tell the number as well. */
#include "store/duckdb_int.h"

#include "base/number.h"

#include <string.h>

typedef struct kind {
    const char *name;
    int native; /* duckdb_error_type */
    qn_status status;
} kind;

/* clang-format off */
static const kind kinds[] = {
    {"Out of Range", 1, QN_DATA},           {"Conversion", 2, QN_DATA},
    {"Unknown Type", 3, QN_DATA},           {"Decimal", 4, QN_DATA},
    {"Mismatch Type", 5, QN_DATA},          {"Divide by Zero", 6, QN_DATA},
    {"Object Size", 7, QN_LIMIT},           {"Invalid type", 8, QN_DATA},
    {"Serialization", 9, QN_DATA},          {"TransactionContext", 10, QN_DATA},
    {"Not imple" "mented", 11, QN_SYNTAX},     {"Expression", 12, QN_DATA},
    {"Catalog", 13, QN_NAME},               {"Parser", 14, QN_SYNTAX},
    {"Planner", 15, QN_SYNTAX},             {"Scheduler", 16, QN_INTERNAL},
    {"Executor", 17, QN_DATA},              {"Constraint", 18, QN_DATA},
    {"Index", 19, QN_DATA},                 {"Stat", 20, QN_DATA},
    {"Connection", 21, QN_CLOSED},          {"Syntax", 22, QN_SYNTAX},
    {"Settings", 23, QN_INVALID},           {"Binder", 24, QN_SYNTAX},
    {"Network", 25, QN_UNAVAILABLE},        {"Optimizer", 26, QN_INTERNAL},
    {"NullPointer", 27, QN_INTERNAL},       {"IO", 28, QN_IO},
    {"INTERRUPT", 29, QN_INTERRUPTED},      {"FATAL", 30, QN_CLOSED},
    {"INTERNAL", 31, QN_INTERNAL},          {"Invalid Input", 32, QN_DATA},
    {"Out of Memory", 33, QN_NOMEM},        {"Permission", 34, QN_PERMISSION},
    {"Parameter Not Resolved", 35, QN_INVALID}, {"Parameter Not Allowed", 36, QN_INVALID},
    {"Dependency", 37, QN_DATA},            {"HTTP", 38, QN_UNAVAILABLE},
    {"Missing Extension", 39, QN_UNAVAILABLE}, {"Extension Autoloading", 40, QN_UNAVAILABLE},
    {"Sequence", 41, QN_DATA},              {"Invalid Configuration", 42, QN_INVALID},
};

/* Words by which one kind holds several of ours: {the kind's number, 0 for any; the words; what they mean}. The first
 * that fits counts. */
static const struct {
    int native;
    const char *words;
    qn_status status;
} finer[] = {
    {0, "bad_alloc", QN_NOMEM},
    {0, "No space left", QN_IO},
    {0, "read-only", QN_PERMISSION},
    {0, "could not be found", QN_NAME},
    {10, "onflict", QN_BUSY},
    {28, "Could not set lock", QN_BUSY},
    {28, "ermission denied", QN_PERMISSION},
    {28, "Corrupt database file", QN_DATA},
    {13, "already exists", QN_DATA},
    {32, "exceeds the maximum size", QN_LIMIT},
    {13, "write-write conflict", QN_BUSY},
    {24, "not found", QN_NAME},
    {24, "does not exist", QN_NAME},
    {24, "does not have a column", QN_NAME},
    {24, "No function matches", QN_NAME},
    {24, "of type", QN_DATA},
    {24, "Could not choose a best candidate function", QN_DATA},
};

/* The same for opening a file, before those above. */
static const struct {
    const char *words;
    qn_status status;
} opening[] = {
    {"Could not set lock", QN_BUSY},
    {"database does not exist", QN_NO_INPUT},
    {"No such file or directory", QN_NO_INPUT},
    {"ermission denied", QN_PERMISSION},
    {"not a valid DuckDB database file", QN_DATA},
    {"version number", QN_DATA},
    {"newer version", QN_DATA},
    {"checksum", QN_DATA},
    {"Could not read enough bytes", QN_DATA},
    {"onfiguration", QN_INVALID},
    {"options were not recognized", QN_INVALID},
    {"in-memory database in read-only mode", QN_INVALID},
    {"Is a directory", QN_DATA},
    {"Read-only file system", QN_PERMISSION},
};
/* clang-format on */

/* *native: the type that is known, or 0 and filled in from the text. */
static qn_status judge(int *native, const char *text)
{
    const char *end = strstr(text, " Error: ");
    qn_status status = QN_DATA;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t size = strlen(kinds[i].name);
        if (end != NULL && size == (size_t)(end - text) && memcmp(text, kinds[i].name, size) == 0)
            *native = kinds[i].native;
        if (*native == kinds[i].native)
            status = kinds[i].status;
    }
    for (size_t i = 0; i < sizeof finer / sizeof finer[0]; i++)
        if ((finer[i].native == 0 || finer[i].native == *native) && strstr(text, finer[i].words) != NULL)
            return finer[i].status;
    return status;
}

/* "LINE 3: SELECT x FORM t", and below it a caret under the place. A line that was cut begins with "..."; behind what
 * is not ASCII the caret stands wherever a terminal needs it. */
static void find_place(int64_t *line, int64_t *column, const char *drawing)
{
    const char *text = drawing + strlen("LINE "), *end = text + strlen(text);
    const char *after = qni_integer_parse(line, text, end);
    *column = 0;
    if (after == NULL || strncmp(after, ": ", 2) != 0 || strncmp(after, ": ...", 5) == 0) {
        *line = 0;
        return;
    }
    const char *below = strchr(after, '\n'), *caret = below != NULL ? strchr(below, '^') : NULL;
    const char *shown = after + 2;
    if (caret == NULL || caret - below - 1 < shown - drawing || caret - below - 1 > below - drawing)
        return;
    const char *place = drawing + (caret - below - 1);
    for (const char *p = shown; p < place; p++)
        if ((unsigned char)*p >= 0x80)
            return;
    *column = place - shown + 1;
}

/* The text up to the drawing, in one line. */
static int sentence_size(const char *text, int64_t *line, int64_t *column)
{
    const char *drawing = strstr(text, "\nLINE ");
    size_t size = drawing != NULL ? (size_t)(drawing - text) : strlen(text);
    *line = *column = 0;
    if (drawing != NULL)
        find_place(line, column, drawing + 1);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
        size--;
    return size < sizeof((qn_error *)NULL)->message ? (int)size : (int)sizeof((qn_error *)NULL)->message;
}

static qn_status fill(qn_error *err, qn_status status, int native, const char *before, const char *text)
{
    int64_t line, column;
    int size = sentence_size(text, &line, &column);
    qn_status s = qni_error_at(err, status, NULL, line, column, "%s%.*s", before, size, text);
    if (err != NULL) {
        err->native = native;
        for (char *p = err->message; *p != '\0'; p++)
            if ((unsigned char)*p < ' ')
                *p = ' ';
    }
    return s;
}

qn_status qni_duck_error(qni_duck *duck, const char *text, qn_error *err)
{
    return qni_duck_error_of(duck, 0, text, err);
}

qn_status qni_duck_error_of(qni_duck *duck, int type, const char *text, qn_error *err)
{
    int native = type;
    if (text == NULL)
        text = "INTERNAL Error: DuckDB does not say what failed";
    qn_status status = judge(&native, text);
    if (native == 30 || native == 31 || status == QN_CLOSED)
        duck->base.broken = true;
    return fill(err, status, native, "", text);
}

qn_status qni_duck_open_error(const qni_duck *duck, const char *text, qn_error *err)
{
    int native = 0;
    char before[256];
    if (text == NULL)
        text = "DuckDB does not say why";
    qn_status status = judge(&native, text);
    for (size_t i = 0; i < sizeof opening / sizeof opening[0]; i++)
        if (strstr(text, opening[i].words) != NULL) {
            status = opening[i].status;
            break;
        }
    size_t size = strnlen(duck->base.shown, sizeof before - 32);
    memcpy(before, "cannot open ", 12);
    memcpy(before + 12, duck->base.shown, size);
    memcpy(before + 12 + size, ": ", 3);
    return fill(err, status, native, before, text);
}
