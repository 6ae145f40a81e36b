/* cli/complete.h: completions for shells, made from the tables of cli/verbs.h alone: verbs, options, choices, and files
 * where a file is meant. Each writes a script that needs nothing but its shell. */
#ifndef QNI_CLI_COMPLETE_H
#define QNI_CLI_COMPLETE_H

#include "cli/out.h"
#include "cli/verbs.h"

void qni_complete_bash(qni_out *out, const qni_tables *tables);
void qni_complete_zsh(qni_out *out, const qni_tables *tables);
void qni_complete_fish(qni_out *out, const qni_tables *tables);

#endif
