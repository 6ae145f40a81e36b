/* cli/help.h: help texts, made from the tables of cli/options.h alone. */
#ifndef QNI_CLI_HELP_H
#define QNI_CLI_HELP_H

#include "cli/options.h"
#include "cli/out.h"

/* The help of one verb. */
void qni_help_verb(qni_out *out, const qni_verb *verb);

/* The help of the command: what it is, its verbs, the options before the verb. */
void qni_help_command(qni_out *out, const qni_verb *leading, const qni_verb *const *verbs, int64_t count);

#endif
