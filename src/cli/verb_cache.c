/* cli/verb_cache.c: `quern cache`: what the command remembers: looked at, taken out, checked, forgotten. */
#include "cli/cache_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secret.h"
#include "cli/report.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int run_cache(qni_run *run, const qni_args *args);

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

const qni_option qni_cache_options_table[CACHE_OPTION_COUNT] = {
    [CACHE_FOLDER] = {.name = "folder",
                      .type = QNI_OPTION_STRING,
                      .argument = "FOLDER",
                      .absent = "quern/cache in $XDG_CACHE_HOME, or in ~/.cache",
                      .refuse = qni_cache_folder_refuse,
                      .configurable = true,
                      .group = "The cache",
                      .help = "Where it lies; several processes may use one."},
    [CACHE_DISK_BYTES] = {.name = "disk-bytes",
                          .type = QNI_OPTION_STRING,
                          .argument = "SIZE",
                          .otherwise = "1G",
                          .refuse = qni_cache_size_refuse,
                          .configurable = true,
                          .group = "The cache",
                          .help = "How many bytes of values it keeps at most: a number, or one with K, M, G or T "
                                  "(powers of 1024). What was not used for longest goes first."},
    [CACHE_KEY] = {.name = "key",
                   .type = QNI_OPTION_SECRET,
                   .argument = QNI_SECRET_ARGUMENT,
                   .absent = "values are not encrypted",
                   .configurable = true,
                   .group = "The cache",
                   .help = "The key (32 bytes) by which values are encrypted and authenticated, on disk and in Redis. "
                           "What another key sealed is not there. " QNI_SECRET_HELP},
    [CACHE_REDIS] = {.name = "redis",
                     .type = QNI_OPTION_STRING,
                     .argument = "URL",
                     .absent = "none",
                     .configurable = true,
                     .group = "The cache",
                     .help = "A Redis that several machines share, asked for what is not on disk: "
                             "redis://HOST:PORT/DATABASE or unix:PATH."},
    [CACHE_REDIS_PASSWORD] = {.name = "redis-password",
                              .type = QNI_OPTION_SECRET,
                              .argument = QNI_SECRET_ARGUMENT,
                              .absent = "none",
                              .configurable = true,
                              .group = "The cache",
                              .help = "Its password, as SECRET above."},
    [CACHE_PREFIX] = {.name = "prefix",
                      .type = QNI_OPTION_STRING,
                      .argument = "TEXT",
                      .absent = "all entries",
                      .group = "The work",
                      .help = "list, clear: the entries whose keys begin with this."},
    [CACHE_OUTPUT] = {.name = "output",
                      .letter = 'o',
                      .type = QNI_OPTION_FILE,
                      .argument = "FILE",
                      .absent = "standard output",
                      .group = "The work",
                      .help = "get: where to write the value."},
    [CACHE_REPAIR] = {.name = "repair",
                      .type = QNI_OPTION_FLAG,
                      .group = "The work",
                      .help = "verify: remove what is damaged, missing or strange, and rebuild a damaged index."},
    [CACHE_FORMAT] = {.name = "format",
                      .letter = 'f',
                      .type = QNI_OPTION_CHOICE,
                      .argument = "FORMAT",
                      .choices = "text|json",
                      .otherwise = "text",
                      .configurable = true,
                      .group = "The work",
                      .help = "text is for people, json for programs; of list, one object a line."},
};

static const qni_argument get_arguments[] = {
    {"KEY", "The key of an entry, as list shows it.", NULL},
};

static const qni_form forms[] = {
    {.word = "stats"}, {.word = "list"},   {.word = "get", .arguments = get_arguments, .argument_count = 1},
    {.word = "clear"}, {.word = "verify"}, {.word = "path"},
};

static const qni_example examples[] = {
    {"quern fit 'volume = a*(1 - exp(-b*pressure))' examples/adsorption.csv --start a=500,b=1e-4 --cache "
     "&& quern cache list",
     "A fit that is remembered, and the entry:"},
    {"quern cache stats --format json", "How much there is, for a program:"},
    {"quern cache verify && quern cache clear --prefix fit/", "Check every value; forget all fits:"},
};

const qni_verb qni_verb_cache = {
    .name = "cache",
    .summary = "look at what is remembered of earlier runs, check it, forget it",
    .description =
        "Results that a verb was told to remember (quern fit --cache) lie in a folder, and come back when the same is "
        "asked again. Values are JSON, or arrays that NumPy opens (.npz); nothing in a cache is ever run. What is "
        "damaged, or was written by another version, is not there.\n"
        "stats says how much there is, list what, get writes one value as it is. clear forgets entries; verify reads "
        "all of them, and path prints the folder.",
    .answer_no = "get: there is no such entry. verify: something is damaged.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = qni_cache_options_table,
    .option_count = CACHE_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_cache,
};

/* ---- get ---- */

/* Whether a terminal can show it, and is not steered by it. */
static bool is_text(const char *bytes, int64_t size)
{
    const char *end = bytes + size;
    while (bytes < end) {
        int32_t code;
        bytes += qni_text_next(&code, bytes, end);
        if (code < 0 || (qni_text_is_control(code) && code != '\n' && code != '\t'))
            return false;
    }
    return true;
}

/* The value's own bytes: what it was made of, or an npz. */
static qn_status write_value(const qni_cache_job *job, const qn_datum *value, qn_error *err)
{
    const char *path = qni_args_text(job->args, &qni_cache_options_table[CACHE_OUTPUT]);
    const qn_allocator *allocator = job->run->allocator;
    void *bytes;
    int64_t size;
    qn_status s = qn_datum_encode(&bytes, &size, value, NULL, allocator, err);
    if (s != QN_OK)
        return s;
    if (path != NULL)
        s = qni_file_write_all(path, bytes, size, allocator, err);
    else if (job->run->out->terminal && !is_text(bytes, size))
        s = qni_error(err, QN_INVALID, "the value is no text (%s): write it to a file by --output FILE",
                      qn_datum_kind_name(qn_datum_kind_of(value)));
    else
        qni_out_bytes(job->run->out, bytes, size);
    qn_datum_encoded_free(bytes, size, allocator);
    return s;
}

static qn_status get(bool *no, const qni_cache_job *job, qn_error *err)
{
    qn_datum *value = NULL;
    qn_cache_found found = QN_CACHE_MISS;
    qn_status s = QN_OK;
    if (job->cache != NULL)
        s = qn_cache_get(&value, &found, job->cache, job->args->arguments[0], -1, err);
    *no = value == NULL;
    if (s == QN_OK && value == NULL)
        qni_report_warning(found == QN_CACHE_ABSENT ? "what is remembered is that there is no such value"
                                                    : "there is no such entry");
    else if (s == QN_OK)
        s = write_value(job, value, err);
    qn_datum_unref(value);
    return s;
}

/* ---- the rest ---- */

static qn_status clear(qni_cache_job *job, const char *prefix, qn_error *err)
{
    int64_t removed = 0;
    qn_status s = QN_OK;
    if (job->cache != NULL)
        s = prefix != NULL ? qn_cache_remove_prefix(&removed, job->cache, prefix, -1, err)
                           : qn_cache_clear(&removed, job->cache, err);
    return s == QN_OK ? qni_cache_show_removed(job, removed, err) : s;
}

/* A program gets its bytes, whatever they are; a terminal nothing that would steer it. */
static qn_status show_path(const qni_cache_job *job)
{
    if (job->run->out->terminal)
        qni_out_foreign(job->run->out, job->folder, -1);
    else
        qni_out_text(job->run->out, job->folder);
    qni_out_text(job->run->out, "\n");
    return QN_OK;
}

static qn_status do_task(bool *no, qni_cache_job *job, qn_error *err)
{
    const char *prefix = qni_args_text(job->args, &qni_cache_options_table[CACHE_PREFIX]);
    switch (job->task) {
    case QNI_CACHE_STATS:
        return qni_cache_show_stats(job, err);
    case QNI_CACHE_LIST:
        return qni_cache_show_list(job, prefix, err);
    case QNI_CACHE_GET:
        return get(no, job, err);
    case QNI_CACHE_CLEAR:
        return clear(job, prefix, err);
    case QNI_CACHE_VERIFY:
        return qni_cache_show_verified(no, job, qni_args_flag(job->args, &qni_cache_options_table[CACHE_REPAIR]), err);
    case QNI_CACHE_PATH:
    default:
        return show_path(job);
    }
}

/* An option that says nothing to the task is a mistake. */
static qn_status check(const qni_cache_job *job, qn_error *err)
{
    static const struct {
        int option;
        unsigned tasks; /* a bit each */
    } of[] = {{CACHE_PREFIX, 1U << QNI_CACHE_LIST | 1U << QNI_CACHE_CLEAR},
              {CACHE_OUTPUT, 1U << QNI_CACHE_GET},
              {CACHE_REPAIR, 1U << QNI_CACHE_VERIFY}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        if (qni_args_has(job->args, &qni_cache_options_table[of[i].option]) && (of[i].tasks >> job->task & 1) == 0)
            return qni_error(err, QN_INVALID, "option \"--%s\" does not go with \"%s\"",
                             qni_cache_options_table[of[i].option].name, job->args->form->word);
    return QN_OK;
}

static qn_status work(bool *no, qni_cache_job *job, qn_error *err)
{
    bool changes = job->task == QNI_CACHE_CLEAR ||
                   (job->task == QNI_CACHE_VERIFY && qni_args_flag(job->args, &qni_cache_options_table[CACHE_REPAIR]));
    uint64_t identity[2];
    qn_status s = qni_cache_folder(&job->folder, job->run, job->args, err);
    bool missing = s == QN_OK && !qni_file_identity(identity, job->folder) && errno == ENOENT;
    if (s == QN_OK && job->task != QNI_CACHE_PATH && !missing)
        s = qni_cache_open(&job->cache, job->run, job->args, job->folder, !changes, err);
    if (s == QN_OK)
        s = do_task(no, job, err);
    qn_status closed = qn_cache_close(job->cache, -1, s == QN_OK ? err : NULL);
    return s == QN_OK ? closed : s;
}

static int run_cache(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    bool no = false;
    qni_cache_job job = {.run = run,
                         .args = args,
                         .task = (qni_cache_task)(args->form - forms),
                         .json = qni_args_choice(args, &qni_cache_options_table[CACHE_FORMAT]) == FORMAT_JSON};
    if (check(&job, &err) != QN_OK)
        return qni_report_usage(&err, "cache");
    int code = work(&no, &job, &err) == QN_OK ? 0 : qni_report(&err);
    if (job.folder != NULL)
        qni_free(run->allocator, job.folder, (int64_t)strlen(job.folder) + 1, 1);
    return code == 0 && no ? QNI_EXIT_NO : code;
}
