/* cli/options.h: what a verb takes, as one const table, and the parser that follows it.
 *
 * Everything that is said about an option stands in its row: parser, help, manual pages, completions and the keys of
 * the configuration come from the table.
 *
 * The command line is GNU's: --name value, --name=value, -n value, -nvalue, bundled flags (-ab), options and arguments
 * in any order,
 * "--" ends the options, "-" is an argument. Names are never abbreviated. Of an option given twice the last one counts,
 * so that an alias can be overridden; lists add up. The word after an option is its value even where it begins with
 * "-", unless it is the long name of an option of this verb. One thread. */
#ifndef QNI_CLI_OPTIONS_H
#define QNI_CLI_OPTIONS_H

#include <quern/base.h>

typedef enum qni_option_type {
    QNI_OPTION_FLAG,
    QNI_OPTION_STRING,
    QNI_OPTION_FILE, /* a string that completes to a file */
    QNI_OPTION_INTEGER,
    QNI_OPTION_NUMBER,
    QNI_OPTION_CHOICE,
    QNI_OPTION_LIST,   /* given twice, both count; the verb reads the items */
    QNI_OPTION_SECRET, /* where a secret is, never the secret: base/secret.h; the verb fetches it when it needs it */
} qni_option_type;

/* How help calls the value of a secret, and what it says of it at the end of the sentence. */
#define QNI_SECRET_ARGUMENT "SECRET"
#define QNI_SECRET_HELP                                                                                           \
    "SECRET says where it is, and is never the secret itself: file:PATH, which nobody else may be able to read; " \
    "credential:NAME, which systemd keeps; or command:PROGRAM and its arguments, which writes it."

typedef struct qni_option {
    const char *name; /* "max-evals" */
    char letter;      /* 'y'; 0: no short form */
    qni_option_type type;
    const char *argument;  /* how help calls the value: "N"; NULL: a flag */
    const char *choices;   /* "text|json|csv", for a choice */
    const char *otherwise; /* the default as it would be typed; NULL: none */
    const char *
        absent; /* what holds without the option, where no value says it: "found from the data"; NULL: nothing to say */
    const char *files; /* endings of the files that a value names, "svg|png"; NULL: no file, or any */
    int64_t least;     /* of an integer */
    int64_t most;      /* of an integer; 0: any */
    const char *group; /* the heading in help */
    const char *help;  /* one sentence */
    /* What is wrong with a text, "none of , ; |", where its type alone does not say; NULL: nothing. */
    const char *(*refuse)(const char *text);
    bool configurable; /* has a key in the configuration, and an environment variable; a flag then takes =false too */
    const char *variable; /* that variable, where it is not QUERN_VERB_NAME */
} qni_option;

/* Where the value of a configurable option comes from. */
typedef enum qni_origin {
    QNI_ORIGIN_FILE,
    QNI_ORIGIN_ENVIRONMENT
} qni_origin;

/* An option as it was configured. */
typedef struct qni_setting {
    const qni_option *option;
    const char *text; /* "true" or "false" for a flag */
    qni_origin origin;
    int64_t line; /* in the file */
} qni_setting;

/* What stands in a place of its own. */
typedef struct qni_argument {
    const char *name; /* "DATA" */
    const char *help;
    const char *files; /* endings of the files that it names, "csv|dat"; NULL: it names none */
} qni_argument;

/* One way to use a verb: `quern fit FORMULA DATA`, `quern fit FORMULA --from URL --query SQL` and `quern fit nist FILE`
 * are three. */
typedef struct qni_form {
    const char *word; /* "nist": the first argument says so; NULL: the plain form, which stands first.
                         Without one, a word must be given */
    const qni_argument *arguments;
    int64_t argument_count; /* all must be given */
    bool many;              /* the last of them may be given more than once */
    /* "from|query": any of these options says so as well, and all of them are needed; NULL: none. Its arguments are
     * then the first ones of the plain form. */
    const char *options;
} qni_form;

typedef struct qni_example {
    const char *command; /* works as printed, in the project's folder */
    const char *help;
} qni_example;

typedef struct qni_args qni_args;
typedef struct qni_run qni_run;

typedef struct qni_verb {
    const char *name;
    const char *summary;     /* half a sentence, for the list of verbs */
    const char *description; /* paragraphs, separated by \n */
    const char *answer_no;   /* what exit code 1 means, a sentence; NULL: it never comes */
    const qni_form *forms;
    int64_t form_count;
    const qni_option *options;
    int64_t option_count;
    const qni_example *examples;
    int64_t example_count;
    bool leading; /* options end at the first argument: for what stands before the verb */
    int (*run)(qni_run *run, const qni_args *args); /* returns the exit code */
} qni_verb;

/* Options that every verb has. */
enum {
    QNI_COMMON_HELP,
    QNI_COMMON_LOG_LEVEL,
    QNI_COMMON_MEMORY,
    QNI_COMMON_MEMORY_LIMIT,
    QNI_COMMON_COUNT
};
extern const qni_option qni_common_options[QNI_COMMON_COUNT];

/* The i-th option: the verb's own, then the common ones; NULL after the last. */
const qni_option *qni_option_at(const qni_verb *verb, int64_t i);

/* The i-th of the options that the form needs; NULL after the last. */
const qni_option *qni_form_option(const qni_verb *verb, const qni_form *form, int64_t i);

/* Whether help explains the form's arguments: not where those of another stand for them, as with options, or where a
 * form before it has the same table. *word: the form's word stands before the first, for no other form shares them. */
bool qni_form_explains(bool *word, const qni_verb *verb, const qni_form *form);

/* An option as it was given. */
typedef struct qni_given {
    const qni_option *option;
    const char *text; /* NULL: a flag without a value */
} qni_given;

struct qni_args {
    const qni_verb *verb;
    const qni_form *form;
    const char **arguments; /* (argument_count) without the form's word; all texts are argv's own */
    int64_t argument_count;
    qni_given *given; /* (given_count) in the order of the command line */
    int64_t given_count;
    const qni_setting *settings; /* (setting_count) what holds for options that were not given; borrowed */
    int64_t setting_count;
    int64_t rest;     /* index in argv of the first word that was not looked at (a leading table only) */
    int64_t capacity; /* of arguments and given */
    const qn_allocator *allocator;
};

/* Reads argv[0 … argc - 1] (borrowed as long as `out` is used; without the names of program and verb) by the table of
 * `verb` and the common options. Every value is checked, so the getters cannot fail. With --help no argument need be
 * there. Errors: QN_INVALID (a sentence for the person who typed it), QN_NOMEM. */
QN_MUST_USE qn_status qni_args_parse(qni_args *out, const qni_verb *verb, int64_t argc, char *const *argv,
                                     const qn_allocator *allocator, qn_error *err);
void qni_args_free(qni_args *args);

/* Whether the option was given on the command line. */
bool qni_args_has(const qni_args *args, const qni_option *option);
/* What holds: what was given last, else what is configured, else the default; NULL: none of them. Of a flag: false
 * where there is none. */
bool qni_args_flag(const qni_args *args, const qni_option *option);
const char *qni_args_text(const qni_args *args, const qni_option *option);
int64_t qni_args_integer(const qni_args *args, const qni_option *option, int64_t otherwise);
double qni_args_number(const qni_args *args, const qni_option *option, double otherwise);
/* The index among the choices. The option must have a default. */
int qni_args_choice(const qni_args *args, const qni_option *option);
/* The option's values one after the other, those given or else those configured: begin with *at = 0; NULL after the
 * last. */
const char *qni_args_next(const qni_args *args, const qni_option *option, int64_t *at);

/* Whether `text` is a value of the option: of its type, in its range. `subject` begins the sentence otherwise: "option
 * \"--format\"". A flag's text is true or false. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_option_check(const qni_option *option, const char *text, const char *subject, qn_error *err);

/* The sentence for a name that is not known: `unknown option "--strat": did you mean "--start"?`. prefix: what stands
 * before the names
 * ("--"); otherwise: what to say where no name is near. */
qn_status qni_unknown_name(qn_error *err, const char *what, const char *prefix, const char *name,
                           const char *const *names, int64_t count, const char *otherwise);

#endif
