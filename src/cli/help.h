/* cli/help.h: help texts, made from the tables of cli/options.h alone. */
#ifndef QNI_CLI_HELP_H
#define QNI_CLI_HELP_H

#include "cli/out.h"
#include "cli/verbs.h"

/* The help of one verb. */
void qni_help_verb(qni_out *out, const qni_verb *verb);

/* What an option says of itself, with its default: a paragraph. */
void qni_help_option_text(char out[QNI_OPTION_TEXT_SIZE], const qni_option *option);

/* The help of the command: what it is, its verbs, the options before the verb. */
void qni_help_command(qni_out *out, const qni_tables *tables);

#endif
