/* cli/option_settings.c: what the command line of `quern iv` and `quern price` says for all rows. */
#include "base/error.h"
#include "base/number.h"
#include "cli/limits.h"
#include "cli/option_int.h"

#include <math.h>
#include <string.h>

/* Years, a date or a time, as a column has it. */
static bool parse_expiry(double *years, int64_t *day, int64_t *us, const char *text)
{
    int64_t size = (int64_t)strlen(text), time;
    int32_t date;
    *years = NAN;
    *day = *us = INT64_MIN;
    if (qni_option_date_parse(&date, text, size)) {
        *day = date;
        return true;
    }
    if (qni_number_parse(years, text, text + size) == text + size)
        return fabs(*years) < QNI_OPTION_YEARS_MOST;
    if (!qni_option_time_parse(&time, text))
        return false;
    *us = time;
    return true;
}

const char *qni_option_expiry_refuse(const char *text)
{
    double years;
    int64_t day, us;
    return parse_expiry(&years, &day, &us, text) ? NULL : "neither a number of years nor a date, as 0.25 or 2026-12-18";
}

static void fix(option_job *job, option_role role, const qni_option *option)
{
    job->fixed[role] = option != NULL && qni_args_has(job->args, option);
    if (job->fixed[role])
        job->numbers[role] = qni_args_number(job->args, option, NAN);
}

static void fix_all(option_job *job)
{
    const qni_option *table = job->table;
    const char *expiry = qni_args_text(job->args, &table[OPTION_EXPIRY]);
    fix(job, OPTION_ROLE_SIGMA, job->sigma);
    fix(job, OPTION_ROLE_FORWARD, &table[OPTION_FORWARD]);
    fix(job, OPTION_ROLE_SPOT, &table[OPTION_SPOT]);
    fix(job, OPTION_ROLE_RATE, &table[OPTION_RATE]);
    fix(job, OPTION_ROLE_YIELD, &table[OPTION_YIELD]);
    job->fixed[OPTION_ROLE_EXPIRY] = expiry != NULL;
    if (expiry != NULL)
        (void)parse_expiry(&job->numbers[OPTION_ROLE_EXPIRY], &job->expiry_day, &job->expiry_us, expiry);
    job->fixed[OPTION_ROLE_TYPE] = qni_args_has(job->args, &table[OPTION_TYPE]);
    if (job->fixed[OPTION_ROLE_TYPE])
        (void)qn_option_type_from_text(&job->type, qni_args_text(job->args, &table[OPTION_TYPE]));
}

static qn_status check(const option_job *job, qn_error *err)
{
    if (job->fixed[OPTION_ROLE_FORWARD] && job->fixed[OPTION_ROLE_SPOT])
        return qni_error(err, QN_INVALID, "--forward and --spot: one of them says where the underlying is");
    if (job->fixed[OPTION_ROLE_FORWARD] && job->fixed[OPTION_ROLE_YIELD])
        return qni_error(err, QN_INVALID, "--yield goes with a spot: a forward has it already");
    if (job->fixed[OPTION_ROLE_FORWARD] && job->american)
        return qni_error(err, QN_INVALID, "--american needs a spot, in place of --forward: early exercise pays that");
    if (qni_args_has(job->args, &job->table[OPTION_DIVIDEND]) && !job->american)
        return qni_error(err, QN_INVALID,
                         "--dividend goes with --american; for European options, --yield or a forward has them");
    return QN_OK;
}

qn_status qni_option_settings(option_job *job, qn_error *err)
{
    const qni_args *args = job->args;
    const qni_option *table = job->table;
    qn_status s = QN_OK;
    job->format = qni_args_choice(args, &table[OPTION_FORMAT]);
    job->greeks = qni_args_choice(args, &table[OPTION_GREEKS]);
    job->on_error = qni_args_choice(args, &table[OPTION_ON_ERROR]);
    job->american = qni_args_flag(args, &table[OPTION_AMERICAN]);
    job->clock = (qn_clock)qni_args_choice(args, &table[OPTION_CLOCK]);
    job->settlement = (qn_settlement)qni_args_choice(args, &table[OPTION_SETTLEMENT]);
    job->expiry_day = job->expiry_us = job->as_of_us = job->known_day = job->known_expiry = INT64_MIN;
    fix_all(job);
    job->fixed[OPTION_ROLE_AS_OF] = qni_args_has(args, &table[OPTION_AS_OF]);
    if (job->fixed[OPTION_ROLE_AS_OF])
        s = qni_option_as_of(&job->as_of_us, qni_args_text(args, &table[OPTION_AS_OF]), err);
    if (s == QN_OK)
        s = check(job, err);
    if (s == QN_OK)
        s = qni_option_dividends(&job->dividends, &job->dividend_count, args, &table[OPTION_DIVIDEND], job->as_of_us,
                                 job->clock, qni_run_allocator(job->run, QNI_HOLDER_TABLE), err);
    return s;
}
