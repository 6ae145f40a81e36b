/* JSON from arbitrary bytes: what is read is written and read again as the same tree, compact and pretty; and the scan
 * token by token takes what the reader takes, and refuses what it refuses but for what json_scan.h names. */
#include "base/json.h"
#include "base/json_scan.h"
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
        fprintf(stderr, "fuzz_json: %s\n", what);
        abort();
    }
}

/* Equal, where a real number that is whole may have become an integer: 5.0 is written 5. */
static bool equal(json_t *a, json_t *b)
{
    if (json_is_real(a))
        return json_is_number(b) && json_real_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (!equal(json_array_get(a, i), json_array_get(b, i)))
                return false;
        }
        return true;
    }
    if (!json_is_object(a))
        return json_equal(a, b) != 0;
    void *at_a = json_object_iter(a), *at_b = json_object_iter(b);
    for (; at_a != NULL && at_b != NULL; at_a = json_object_iter_next(a, at_a), at_b = json_object_iter_next(b, at_b)) {
        if (strcmp(json_object_iter_key(at_a), json_object_iter_key(at_b)) != 0 ||
            !equal(json_object_iter_value(at_a), json_object_iter_value(at_b)))
            return false;
    }
    return at_a == NULL && at_b == NULL;
}

static void write_and_read(json_t *tree, int indent)
{
    qni_json_buffer buffer = {0};
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_buffer_sink, &buffer, indent);
    qni_json_tree(&w, tree);
    require(qni_json_finish(&w, NULL) == QN_OK, "a tree can be written");
    json_t *again;
    qn_error err = qn_error_none();
    require(qni_json_read(&again, buffer.text, buffer.size, NULL, &err) == QN_OK, err.message);
    require(equal(tree, again), "the same tree comes back");
    json_decref(again);
    qni_json_buffer_free(&buffer);
}

/* Whether jansson refuses what the grammar allows. */
static bool beyond_the_grammar(const qn_error *err)
{
    static const char *const said[] = {"duplicate object key", "too big integer", "too big negative integer",
                                       "real number overflow", "\\u0000",         "invalid Unicode '\\u"};
    if (err->code == QN_LIMIT)
        return false;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (strstr(err->message, said[i]) != NULL)
            return true;
    return false;
}

/* Where the texts differ the scan ends with what ended the reading, or goes on to a later fault. */
static void scan(const char *text, int64_t size, qn_status read, const qn_error *why)
{
    qn_error err = qn_error_none();
    qn_status status = qni_json_check(text, size, "input", &err);
    require(status == QN_OK || (status == QN_DATA && err.line >= 1 && err.column >= 1), "a refusal says where");
    if (read == QN_OK)
        require(status == QN_OK, err.message);
    else if (!beyond_the_grammar(why))
        require(status != QN_OK, why->message);
}

/* No string is longer than its text, and all are UTF-8. */
static void unescape(const char *text, int64_t size)
{
    qni_json_scan s;
    qni_json_token token = {.kind = QNI_JSON_NULL};
    qni_json_scan_init(&s, text, size, NULL);
    while (qni_json_next(&token, &s, NULL) == QN_OK && token.kind != QNI_JSON_END) {
        require(token.text >= text && token.text + token.size <= text + size, "a token lies in the text");
        if (token.kind != QNI_JSON_KEY && token.kind != QNI_JSON_STRING)
            continue;
        char *out = malloc(token.size > 0 ? (size_t)token.size : 1);
        require(out != NULL, "memory");
        int64_t used = qni_json_unescape(out, &token);
        require(used <= token.size && qni_utf8_valid(out, used), "a string comes out as UTF-8");
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *tree;
    qn_error err = qn_error_none();
    qn_status status = qni_json_read(&tree, (const char *)data, (int64_t)size, "input", &err);
    scan((const char *)data, (int64_t)size, status, &err);
    unescape((const char *)data, (int64_t)size);
    if (status != QN_OK) {
        require(tree == NULL && err.code == status && err.message[0] != 0, "a refusal says why");
        require(err.line >= 1 && err.column >= 1, "a refusal says where");
    } else {
        write_and_read(tree, 0);
        write_and_read(tree, 2);
        json_decref(tree);
    }
    /* The bytes themselves as a string: always JSON afterwards. */
    qni_json_buffer buffer = {0};
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_buffer_sink, &buffer, 0);
    qni_json_string(&w, (const char *)data, (int64_t)size);
    require(size == 0 || qni_json_finish(&w, NULL) == QN_OK, "any bytes can be written as a string");
    if (size > 0 && memchr(data, 0, size) == NULL) { /* a zero byte is written, but not read */
        require(qni_json_read(&tree, buffer.text, buffer.size, NULL, NULL) == QN_OK, "a written string can be read");
        json_decref(tree);
    }
    qni_json_buffer_free(&buffer);
    return 0;
}
