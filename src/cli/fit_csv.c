/* cli/fit_csv.c: a result as CSV: one row a parameter; what cannot be had is an empty cell. */
#include "cli/fit_int.h"

#include <math.h>
#include <string.h>

void qni_fit_csv_text(void (*put)(void *to, const char *bytes, int64_t size), void *to, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        put(to, text, (int64_t)strlen(text));
        return;
    }
    put(to, "\"", 1);
    for (; *text != '\0'; text++)
        put(to, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    put(to, "\"", 1);
}

static void to_out(void *out, const char *bytes, int64_t size)
{
    qni_out_bytes(out, bytes, size);
}

static void number_cell(qni_out *out, double value)
{
    qni_out_text(out, ",");
    if (!isnan(value))
        qni_out_number(out, value);
}

static const char *role(const qn_fit_parameter *p)
{
    return p->role == QN_FIT_FIXED ? "fixed" : p->role == QN_FIT_TIED ? "tied" : "free";
}

void qni_fit_csv(const fit_job *job)
{
    qni_out *out = job->run->out;
    qni_out_text(out, "name,start,value,stderr,ci_low,ci_high,at_bound,role,profile_low,profile_high,tie\n");
    for (int64_t i = 0; i < job->result->p; i++) {
        const qn_fit_parameter *p = &job->result->parameters[i];
        qni_fit_csv_text(to_out, out, p->name);
        number_cell(out, p->start);
        number_cell(out, p->value);
        number_cell(out, p->stderr_);
        number_cell(out, p->ci_low);
        number_cell(out, p->ci_high);
        qni_out_text(out, p->at_bound ? ",true," : ",false,");
        qni_out_text(out, role(p));
        number_cell(out, job->result->profiled ? p->profile_low : NAN);
        number_cell(out, job->result->profiled ? p->profile_high : NAN);
        qni_out_text(out, ",");
        qni_fit_csv_text(to_out, out, p->tie != NULL ? p->tie : "");
        qni_out_text(out, "\n");
    }
}
