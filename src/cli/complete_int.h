/* cli/complete_int.h: what the writers of completions share. */
#ifndef QNI_CLI_COMPLETE_INT_H
#define QNI_CLI_COMPLETE_INT_H

#include "cli/complete.h"

/* What can stand as the verb's argument number `index` (0: the first), over all its forms. */
typedef struct qni_place {
    const char *name;  /* "DATA" */
    const char *files; /* "csv|dat"; NULL: no file is meant */
} qni_place;

/* False where the verb takes fewer arguments. The word of a form stands first; it gives the name where nothing else can
 * stand there. */
bool qni_complete_place(qni_place *out, const qni_verb *verb, int64_t index);

/* The tables from the first: what stands before the verb, then each verb; NULL after the last. */
const qni_verb *qni_complete_table(const qni_tables *tables, int64_t index);

/* "a|b" with `separator` for each |; text NULL: nothing. */
void qni_complete_list(qni_out *out, const char *list, const char *separator);

/* `text` for inside of '…', where the shell writes ' as `quote`. Characters of `special` get a backslash before
 * them. */
void qni_complete_quoted(qni_out *out, const char *text, int64_t size, const char *quote, const char *special);

/* Bytes of the first sentence of `help`, without its period. */
int64_t qni_complete_sentence(const char *help);

#endif
