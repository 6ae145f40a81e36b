/* cli/smile_int.h: what the files of `quern smile` share. verb_smile.c runs it, smile_text.c and smile_json.c say what
 * came of it, smile_plot.c draws it. */
#ifndef QNI_CLI_SMILE_INT_H
#define QNI_CLI_SMILE_INT_H

#include <quern/smile.h>

#include "cli/command.h"

typedef struct smile_job {
    qni_run *run;
    const qni_args *args;
    qn_chain *chain;
    qn_surface *surface;    /* of all expiries: they say something of each other */
    const qn_smile *smiles; /* (smile_count) of the surface, what is shown */
    int64_t smile_count;
    qn_dividend *dividends; /* (dividend_count) */
    int64_t dividend_count;
} smile_job;

/* Fitted points of a smile whose curve lies between bid and ask, of those that the fit used. */
int64_t qni_smile_inside(const qn_smile *smile);

/* smile_text.c, smile_json.c: to standard output. */
QN_MUST_USE qn_status qni_smile_show_text(const smile_job *job, qn_error *err);
QN_MUST_USE qn_status qni_smile_show_json(const smile_job *job, qn_error *err);

/* smile_plot.c: a figure as a file. Errors: those of quern/plot.h, QN_DATA (nothing is fitted), QN_NOMEM. */
QN_MUST_USE qn_status qni_smile_plot(const smile_job *job, const char *path, qn_error *err);

#endif
