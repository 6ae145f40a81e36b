/* cli/verb_journal.c: `quern journal`: records that a stream kept: looked at, checked, cut, written out. */
#include "base/error.h"
#include "cli/journal_int.h"
#include "cli/place.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <string.h>

static int run_journal(qni_run *run, const qni_args *args);

enum {
    JOURNAL_FROM,
    JOURNAL_TO,
    JOURNAL_OUTPUT,
    JOURNAL_AFTER,
    JOURNAL_LOSE,
    JOURNAL_FORMAT,
    JOURNAL_OPTION_COUNT
};

typedef enum task {
    TASK_INFO,
    TASK_VERIFY,
    TASK_CUT,
    TASK_EXPORT,
    TASK_COUNT
} task;

static const char *const task_names[TASK_COUNT] = {"info", "verify", "cut", "export"};

static const qni_option options[JOURNAL_OPTION_COUNT] = {
    [JOURNAL_FROM] = {.name = "from",
                      .type = QNI_OPTION_STRING,
                      .argument = "PLACE",
                      .absent = "the first record",
                      .refuse = qni_place_refuse,
                      .group = "The work",
                      .help = "export: the first record that is written: its number, or a time such as "
                              "2026-02-13T14:30:00 (UTC, or with an offset): the first record of that time or later."},
    [JOURNAL_TO] = {.name = "to",
                    .type = QNI_OPTION_STRING,
                    .argument = "PLACE",
                    .absent = "the last record",
                    .refuse = qni_place_refuse,
                    .group = "The work",
                    .help = "export: the last record that is written: its number, or a time: the one before the first "
                            "that is later."},
    [JOURNAL_OUTPUT] = {.name = "output",
                        .letter = 'o',
                        .type = QNI_OPTION_FILE,
                        .argument = "FILE",
                        .absent = "standard output",
                        .group = "The work",
                        .help = "export: where to write the records."},
    [JOURNAL_AFTER] = {.name = "after",
                       .type = QNI_OPTION_INTEGER,
                       .argument = "N",
                       .absent = "cut at the first damage",
                       .group = "The work",
                       .help = "cut: the record that becomes the last one. All that come after it are gone."},
    [JOURNAL_LOSE] = {.name = "lose",
                      .type = QNI_OPTION_FLAG,
                      .group = "The work",
                      .help = "cut: give up whole records that lie behind the damage as well."},
    [JOURNAL_FORMAT] = {.name = "format",
                        .letter = 'f',
                        .type = QNI_OPTION_CHOICE,
                        .argument = "FORMAT",
                        .choices = "text|json|csv",
                        .absent = "text; export: csv",
                        .group = "The result",
                        .help = "text is for people, json for programs; of an export, one object a line. csv is an "
                                "export's alone, and quern replay reads it again."},
};

static const qni_argument arguments[] = {
    {"DIR", "The folder of the journal.", NULL},
    {"TASK", "What to do: info, verify, cut or export.", NULL},
};

static const qni_form forms[] = {{.arguments = arguments, .argument_count = 2}};

static const qni_example examples[] = {
    {"quern replay generate:100000 --journal kept && quern journal kept info",
     "Keep what a stream brings, and see what there is:"},
    {"quern replay generate:1000 --journal all && quern journal all verify && quern journal all export --from 10 --to "
     "30",
     "Check every record; write 21 of them out:"},
};

const qni_verb qni_verb_journal = {
    .name = "journal",
    .summary = "look at a journal of ticks, check it, cut it, write it out",
    .description =
        "A journal is a folder of files in which records lie one after another, each with its number and a checksum. "
        "It can be read while it is written.\n"
        "info says what there is. verify reads everything and lists what is damaged. cut takes away the tail: from the "
        "first damaged record on, or what comes after --after; where whole records lie behind the damage, only with "
        "--lose. export writes records as CSV, as JSON or as a table.",
    .answer_no = "verify: something is damaged.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = JOURNAL_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_journal,
};

static qn_status find_task(task *out, const char *name, qn_error *err)
{
    for (int i = 0; i < TASK_COUNT; i++)
        if (strcmp(name, task_names[i]) == 0) {
            *out = (task)i;
            return QN_OK;
        }
    return qni_unknown_name(err, "task", "", name, task_names, TASK_COUNT, "info, verify, cut and export are there");
}

/* An option that says nothing to the task is a mistake. */
static qn_status check(task what, const qni_args *args, qn_error *err)
{
    static const task of[JOURNAL_FORMAT] = {[JOURNAL_FROM] = TASK_EXPORT,
                                            [JOURNAL_TO] = TASK_EXPORT,
                                            [JOURNAL_OUTPUT] = TASK_EXPORT,
                                            [JOURNAL_AFTER] = TASK_CUT,
                                            [JOURNAL_LOSE] = TASK_CUT};
    for (int i = 0; i < JOURNAL_FORMAT; i++)
        if (qni_args_has(args, &options[i]) && of[i] != what)
            return qni_error(err, QN_INVALID, "option \"--%s\" does not go with \"%s\"", options[i].name,
                             task_names[what]);
    const char *format = qni_args_text(args, &options[JOURNAL_FORMAT]);
    if (format != NULL && strcmp(format, "csv") == 0 && what != TASK_EXPORT)
        return qni_error(err, QN_INVALID, "option \"--format\": csv goes with \"export\" alone");
    return QN_OK;
}

static qni_journal_format format_of(task what, const qni_args *args)
{
    const char *text = qni_args_text(args, &options[JOURNAL_FORMAT]);
    if (text == NULL)
        return what == TASK_EXPORT ? QNI_JOURNAL_CSV : QNI_JOURNAL_TEXT;
    return strcmp(text, "json") == 0 ? QNI_JOURNAL_JSON : strcmp(text, "csv") == 0 ? QNI_JOURNAL_CSV : QNI_JOURNAL_TEXT;
}

static qn_status do_task(bool *no, task what, const qni_journal_job *job, const qni_args *args, qn_error *err)
{
    switch (what) {
    case TASK_VERIFY:
        return qni_journal_show_verified(no, job, err);
    case TASK_CUT:
        return qni_journal_show_cut(job, qni_args_integer(args, &options[JOURNAL_AFTER], -1),
                                    qni_args_flag(args, &options[JOURNAL_LOSE]), err);
    case TASK_EXPORT:
        return qni_journal_export(job, qni_args_text(args, &options[JOURNAL_FROM]),
                                  qni_args_text(args, &options[JOURNAL_TO]), err);
    case TASK_INFO:
    default:
        return qni_journal_show_info(job, err);
    }
}

static int run_journal(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    task what = TASK_INFO;
    bool no = false;
    if (find_task(&what, args->arguments[1], &err) != QN_OK || check(what, args, &err) != QN_OK)
        return qni_report_usage(&err, "journal");
    const qni_journal_job job = {.run = run,
                                 .folder = args->arguments[0],
                                 .format = format_of(what, args),
                                 .output = qni_args_text(args, &options[JOURNAL_OUTPUT])};
    int code = do_task(&no, what, &job, args, &err) == QN_OK ? 0 : qni_report(&err);
    return code == 0 && no ? QNI_EXIT_NO : code;
}
