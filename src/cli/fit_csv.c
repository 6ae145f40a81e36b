/* cli/fit_csv.c: a result as CSV: one row a parameter; what cannot be had is an empty cell. */
#include "cli/fit_int.h"

#include <math.h>
#include <string.h>

static void number_cell(qni_out *out, double value)
{
    qni_out_text(out, ",");
    if (!isnan(value))
        qni_out_number(out, value);
}

/* Quoted where RFC 4180 asks for it. */
static void text_cell(qni_out *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        qni_out_text(out, text);
        return;
    }
    qni_out_text(out, "\"");
    for (; *text != '\0'; text++)
        qni_out_bytes(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    qni_out_text(out, "\"");
}

void qni_fit_csv(const fit_job *job)
{
    qni_out *out = job->run->out;
    qni_out_text(out, "name,start,value,stderr,ci_low,ci_high,at_bound\n");
    for (int64_t i = 0; i < job->result->p; i++) {
        const qn_fit_parameter *p = &job->result->parameters[i];
        text_cell(out, p->name);
        number_cell(out, p->start);
        number_cell(out, p->value);
        number_cell(out, p->stderr_);
        number_cell(out, p->ci_low);
        number_cell(out, p->ci_high);
        qni_out_text(out, p->at_bound ? ",true\n" : ",false\n");
    }
}
