/* cli/man.h: manual pages of section 1 in man(7) form, made from the tables of cli/verbs.h alone. */
#ifndef QNI_CLI_MAN_H
#define QNI_CLI_MAN_H

#include "cli/out.h"
#include "cli/verbs.h"

/* The page quern-VERB(1). */
void qni_man_verb(qni_out *out, const qni_tables *tables, const qni_verb *verb);

/* The page quern(1): verbs, options before the verb, and what holds for every verb. */
void qni_man_command(qni_out *out, const qni_tables *tables);

#endif
