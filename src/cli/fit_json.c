/* cli/fit_json.c: a result as one JSON object: the same that --save writes. */
#include "cli/fit_int.h"

#include <quern/predict.h>

qn_status qni_fit_json(const fit_job *job, qn_error *err)
{
    qn_fit_json_options options;
    qn_fit_json_options_init(&options, sizeof options);
    options.certified = job->certified ? job->nist : NULL;
    qn_status s = qn_fit_write_json(job->result, job->model, &options, qni_out_json_sink, job->run->out, err);
    return s == QN_IO ? QN_OK : s; /* the command reports what could not be written, once */
}
