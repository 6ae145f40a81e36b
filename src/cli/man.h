/* cli/man.h: manual pages in man(7) form, made from the tables of cli/verbs.h alone. */
#ifndef QNI_CLI_MAN_H
#define QNI_CLI_MAN_H

#include "cli/out.h"
#include "cli/verbs.h"

/* The page quern-VERB(1). */
void qni_man_verb(qni_out *out, const qni_tables *tables, const qni_verb *verb);

/* The page quern(1): verbs, options before the verb, and what holds for every verb. */
void qni_man_command(qni_out *out, const qni_tables *tables);

/* The page quern.conf(5): how a configuration file is written, and every key. */
void qni_man_configuration(qni_out *out, const qni_tables *tables);

#endif
