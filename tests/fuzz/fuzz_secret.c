/* A reference to a secret from arbitrary bytes: a refusal repeats nothing of it; what is shown of it is its beginning;
 * the words of a command can be quoted, and split again as the same. Nothing is read and nothing is run. */
#include "base/secret_int.h"

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
        fprintf(stderr, "fuzz_secret: %s\n", what);
        abort();
    }
}

/* Two texts that differ in every byte are refused by the same sentence. */
static void check_refusal(const char *text, const qn_error *err)
{
    static const char schemes[3][12] = {"file:", "credential:", "command:"};
    char other[QNI_SECRET_REFERENCE_MAX + 8];
    size_t kept = 0, size = strlen(text);
    for (int i = 0; i < 3; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            kept = strlen(schemes[i]);
    if (kept == 0 || size >= sizeof other)
        return; /* what stands before a colon decides which scheme was meant */
    memcpy(other, text, size + 1);
    for (size_t i = kept; i < size; i++)
        if (strchr(" \t\r\n'\"\\/.~", other[i]) == NULL)
            other[i] = (char)(other[i] == 'a' ? 'b' : 'a');
    qn_error again = qn_error_none();
    require(qni_secret_check(other, "it", &again) == QN_INVALID, "what is wrong with it is its form");
    require(strcmp(err->message, again.message) == 0, "a refusal does not depend on the secret");
}

static size_t quote(char *out, const char *word, bool single)
{
    size_t used = 0;
    out[used++] = single ? '\'' : '"';
    for (; *word != '\0'; word++) {
        if (single && *word == '\'') {
            memcpy(out + used, "'\\''", 4);
            used += 4;
            continue;
        }
        if (!single && (*word == '"' || *word == '\\'))
            out[used++] = '\\';
        out[used++] = *word;
    }
    out[used++] = single ? '\'' : '"';
    return used;
}

static void check_words(const char *text)
{
    static qni_secret_words words, again; /* large for a stack; the fuzzer is one thread */
    static char quoted[4 * QNI_SECRET_REFERENCE_MAX + 8 * QNI_SECRET_WORDS_MAX];
    require(qni_secret_split(&words, text) == NULL, "what was checked can be split");
    require(words.count >= 1 && words.count <= QNI_SECRET_WORDS_MAX && words.words[words.count] == NULL, "words end");
    size_t used = 0;
    for (int64_t i = 0; i < words.count; i++) {
        used += quote(quoted + used, words.words[i], (used & 1) == 0);
        quoted[used++] = ' ';
    }
    quoted[used] = '\0';
    if (used > QNI_SECRET_REFERENCE_MAX)
        return; /* quotes are longer than what they mean */
    require(qni_secret_split(&again, quoted) == NULL && again.count == words.count, "as many words come back");
    for (int64_t i = 0; i < words.count; i++)
        require(strcmp(words.words[i], again.words[i]) == 0, "the same words come back");
    int64_t first = qni_secret_first_word(text);
    require(first > 0 && first <= (int64_t)strlen(text), "the first word is a part of the text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char shown[QNI_SECRET_SHOWN_SIZE];
    char *text = malloc(size + 1);
    require(text != NULL, "memory");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    qn_error err = qn_error_none();
    qn_status s = qni_secret_check(text, "it", &err);
    qni_secret_show(shown, text);
    size_t length = strlen(shown);
    if (length > 4 && strcmp(shown + length - 4, " ...") == 0 && strncmp(shown, text, length) != 0)
        length -= 4;
    require(strncmp(shown, text, length) == 0, "what is shown is the beginning");
    if (s != QN_OK) {
        require(s == QN_INVALID && strncmp(err.message, "it: ", 4) == 0, "a refusal says why");
        check_refusal(text, &err);
    } else if (strncmp(text, "command:", 8) == 0) {
        check_words(text + 8);
    }
    free(text);
    return 0;
}
