/* cli/complete.c: reading the tables for completions. */
#include "cli/complete_int.h"

#include "cli/limits.h"

#include <string.h>

bool qni_complete_place(qni_place *out, const qni_verb *verb, int64_t index)
{
    bool found = false;
    *out = (qni_place){0};
    for (int64_t i = 0; i < verb->form_count; i++) {
        const qni_form *form = &verb->forms[i];
        int64_t k = form->word != NULL ? index - 1 : index;
        if (k == -1 && !found) { /* perhaps nothing but words stands here */
            out->name = form->word;
            found = true;
        }
        if (form->many && k >= form->argument_count && k < form->argument_count + QNI_COMPLETE_MORE)
            k = form->argument_count - 1;
        if (k < 0 || k >= form->argument_count)
            continue;
        if (!found)
            out->name = form->arguments[k].name;
        if (out->files == NULL)
            out->files = form->arguments[k].files;
        found = true;
    }
    return found;
}

const qni_verb *qni_complete_table(const qni_tables *tables, int64_t index)
{
    if (index == 0)
        return tables->leading;
    return index <= tables->verb_count ? tables->verbs[index - 1] : NULL;
}

void qni_complete_list(qni_out *out, const char *list, const char *separator)
{
    while (list != NULL) {
        size_t size = strcspn(list, "|");
        qni_out_bytes(out, list, (int64_t)size);
        list = list[size] == '|' ? list + size + 1 : NULL;
        qni_out_text(out, list != NULL ? separator : "");
    }
}

void qni_complete_quoted(qni_out *out, const char *text, int64_t size, const char *quote, const char *special)
{
    const char *end = text + (size < 0 ? (int64_t)strlen(text) : size);
    for (; text < end; text++) {
        if (*text == '\'') {
            qni_out_text(out, quote);
            continue;
        }
        qni_out_text(out, strchr(special, *text) != NULL ? "\\" : "");
        qni_out_bytes(out, text, 1);
    }
}

int64_t qni_complete_sentence(const char *help)
{
    const char *end = strstr(help, ". ");
    int64_t size = end != NULL ? end - help : (int64_t)strlen(help);
    return size > 0 && help[size - 1] == '.' ? size - 1 : size;
}
