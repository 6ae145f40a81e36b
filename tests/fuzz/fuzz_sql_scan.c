/* Where arbitrary text controls its transaction, in both dialects: the place lies in the text and one of the words
 * stands there; what stands before it controls nothing; a statement more is counted as one. */
#include "store/migrate_int.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_sql_scan: %s\n", what);
        abort();
    }
}

static bool is_control(const char *word, int64_t size)
{
    static const char *const words[] = {"begin", "commit", "end", "abort", "start", "prepare", "rollback"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((int64_t)strlen(words[i]) == size && strncasecmp(words[i], word, (size_t)size) == 0)
            return true;
    return false;
}

static void look(char *text, bool sqlite)
{
    int64_t size = (int64_t)strlen(text), semicolons = 0, line, column;
    qni_sql_summary all = qni_sql_scan(text, sqlite);
    for (int64_t i = 0; i < size; i++)
        semicolons += text[i] == ';';
    require(0 <= all.statement_count && all.statement_count <= semicolons + 1,
            "no more statements than are ended, and one");
    if (all.control < 0)
        return;
    require(all.control + all.control_size <= size, "the place lies in the text");
    require(is_control(text + all.control, all.control_size), "a word that controls stands there");
    qni_sql_place(&line, &column, text, all.control);
    require(1 <= line && line <= size + 1 && 1 <= column && column <= size + 1, "the line lies in the text");
    char first = text[all.control];
    text[all.control] = '\0';
    qni_sql_summary before = qni_sql_scan(text, sqlite);
    require(before.control < 0, "it is the first");
    require(before.statement_count < all.statement_count, "it is a statement more");
    text[all.control] = first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    look(text, true);
    look(text, false);
    free(text);
    return 0;
}
