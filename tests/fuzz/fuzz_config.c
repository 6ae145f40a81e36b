/* A configuration from arbitrary bytes: a refusal says why and where; what is read can be written, and read again as
 * the same. */
#include "base/config.h"
#include "base/number.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_config: %s\n", what);
        abort();
    }
}

static size_t write_string(char *out, const char *text)
{
    size_t used = 0;
    out[used++] = '"';
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F || c == '"' || c == '\\')
            used += (size_t)sprintf(out + used, "\\u%04X", c);
        else
            out[used++] = *text;
    }
    out[used++] = '"';
    return used;
}

/* Writes all of it; a byte becomes at most six, and each value, key and table brings less than eight of its own. */
static size_t write_all(char *out, const qni_config *c)
{
    size_t used = 0;
    int64_t at = 0;
    for (int64_t t = 0; t < c->table_count; t++) {
        if (t > 0)
            used += (size_t)sprintf(out + used, "[%s]\n", c->tables[t].name);
        for (; at < c->entry_count && c->entries[at].table == t; at++) {
            const qni_config_entry *e = &c->entries[at];
            used += (size_t)sprintf(out + used, "%s=%s", e->key, e->array ? "[" : "");
            for (int64_t i = 0; i < e->value_count; i++) {
                const qni_config_value *v = &c->values[e->value + i];
                used += v->type == QNI_CONFIG_STRING ? write_string(out + used, v->text)
                                                     : (size_t)sprintf(out + used, "%s", v->text);
                if (e->array)
                    out[used++] = ',';
            }
            used += (size_t)sprintf(out + used, "%s\n", e->array ? "]" : "");
        }
    }
    require(at == c->entry_count, "every key stands in a table");
    return used;
}

static void check_values(const qni_config *c, int64_t size)
{
    for (int64_t i = 0; i < c->value_count; i++) {
        const qni_config_value *v = &c->values[i];
        const char *end = v->text + strlen(v->text);
        int64_t integer;
        double number;
        require(v->line >= 1 && v->column >= 1 && v->line + v->column <= size + 1, "a value has a place");
        require(qni_utf8_valid(v->text, end - v->text), "a text is UTF-8");
        if (v->type == QNI_CONFIG_INTEGER)
            require(qni_integer_parse(&integer, v->text, end) == end, "a whole number is one");
        if (v->type == QNI_CONFIG_FLOAT)
            require(qni_number_parse(&number, v->text, end) == end, "a number is one");
        if (v->type == QNI_CONFIG_BOOLEAN)
            require(strcmp(v->text, "true") == 0 || strcmp(v->text, "false") == 0, "truth has two words");
    }
}

static void check_same(const qni_config *a, const qni_config *b)
{
    require(a->table_count == b->table_count && a->entry_count == b->entry_count && a->value_count == b->value_count,
            "as many come back");
    for (int64_t i = 0; i < a->table_count; i++)
        require(strcmp(a->tables[i].name, b->tables[i].name) == 0, "the same tables come back");
    for (int64_t i = 0; i < a->entry_count; i++)
        require(strcmp(a->entries[i].key, b->entries[i].key) == 0 && a->entries[i].table == b->entries[i].table &&
                    a->entries[i].array == b->entries[i].array &&
                    a->entries[i].value_count == b->entries[i].value_count,
                "the same keys come back");
    for (int64_t i = 0; i < a->value_count; i++)
        require(strcmp(a->values[i].text, b->values[i].text) == 0 && a->values[i].type == b->values[i].type,
                "the same values come back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qni_config config, again;
    qn_error err = qn_error_none();
    qn_status s = qni_config_read(&config, (const char *)data, (int64_t)size, "input", NULL, &err);
    if (s != QN_OK) {
        require(s == QN_CONFIG && err.code == s && err.message[0] != '\0', "a refusal says why");
        require(err.line >= 1 && err.column >= 1, "a refusal says where");
        require(config.texts == NULL && config.entry_count == 0, "a refusal leaves nothing");
        return 0;
    }
    check_values(&config, (int64_t)size);
    size_t capacity = 6 * size + 8 * (size_t)(config.value_count + config.entry_count + config.table_count) + 1;
    char *text = malloc(capacity);
    require(text != NULL, "memory");
    size_t used = write_all(text, &config);
    require(used < capacity, "what is written fits");
    if (used <= 4096) { /* escapes are longer than what they mean, and the reader has a limit */
        s = qni_config_read(&again, text, (int64_t)used, NULL, NULL, &err);
        require(s == QN_OK, err.message);
        check_same(&config, &again);
        qni_config_free(&again);
    }
    free(text);
    qni_config_free(&config);
    return 0;
}
