/* cli/verbs.h: the tables of the whole command: what help, manual pages and completions are made from. All const. */
#ifndef QNI_CLI_VERBS_H
#define QNI_CLI_VERBS_H

#include "cli/options.h"

/* The verbs, one file each. */
extern const qni_verb qni_verb_fit;
extern const qni_verb qni_verb_predict;
extern const qni_verb qni_verb_iv;
extern const qni_verb qni_verb_price;
extern const qni_verb qni_verb_smile;
extern const qni_verb qni_verb_scan;
extern const qni_verb qni_verb_explain;
extern const qni_verb qni_verb_import;
extern const qni_verb qni_verb_data;
extern const qni_verb qni_verb_replay;
extern const qni_verb qni_verb_journal;
extern const qni_verb qni_verb_sql;
extern const qni_verb qni_verb_db;
extern const qni_verb qni_verb_cache;
extern const qni_verb qni_verb_info;
extern const qni_verb qni_verb_config;

/* Options that stand before the verb. */
enum {
    QNI_LEADING_VERSION,
    QNI_LEADING_COUNT
};

/* An environment variable that the command follows, beside those of options. */
typedef struct qni_variable {
    const char *name;
    const char *help; /* a sentence */
} qni_variable;

/* An exit code and what it says. That of 1 is general: a verb has its own sentence, answer_no. */
typedef struct qni_exit_code {
    const char *code; /* "129, 130, 143" */
    const char *help;
} qni_exit_code;

typedef struct qni_tables {
    const qni_verb *leading; /* what stands before the verb */
    const qni_verb *const *verbs;
    int64_t verb_count;
    const char *help_summary; /* of "quern help", which has no table: it takes the name of a verb */
    const qni_variable *variables;
    int64_t variable_count;
    const qni_exit_code *exit_codes;
    int64_t exit_code_count;
} qni_tables;

/* Those of this command. */
extern const qni_tables qni_command_tables;

#endif
