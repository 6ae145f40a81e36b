/* cli/dotenv.h: the example of an environment file, .env.example: every variable that the command follows. */
#ifndef QNI_CLI_DOTENV_H
#define QNI_CLI_DOTENV_H

#include "cli/out.h"
#include "cli/verbs.h"

/* Writes it: each variable commented out with its default, below what it says. A shell can read it, and systemd. */
void qni_dotenv(qni_out *out, const qni_tables *tables);

#endif
