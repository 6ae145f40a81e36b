/* cli/configure.h: what is configured: the keys that the option tables give, the file quern.conf, the environment.
 *
 * A key is the long name of an option. It stands in the table of its verb, those of every verb above all tables; as an
 * environment variable it is QUERN_VERB_NAME. The command line wins over the environment, that over the file, that over
 * the option's default. Everything is checked when it is read, whichever verb runs: a name that is no key, and a value
 * that the option would not take, are errors. So is a variable that is nearly one of ours. One thread. */
#ifndef QNI_CLI_CONFIGURE_H
#define QNI_CLI_CONFIGURE_H

#include "base/config.h"
#include "cli/limits.h"
#include "cli/verbs.h"

/* An option that can be configured. */
typedef struct qni_key {
    const qni_verb *verb; /* NULL: common to all verbs */
    const qni_option *option;
} qni_key;

/* The index-th key: those of all verbs, then verb by verb. False after the last. */
bool qni_key_at(qni_key *out, const qni_tables *tables, int64_t index);

/* The environment variable of a key, "QUERN_FIT_FORMAT". */
void qni_key_variable(char out[QNI_VARIABLE_SIZE], const qni_key *key);

typedef struct qni_settings {
    qni_setting *items; /* (count) several of one option only where that is a list */
    int64_t count, capacity;
    char *path;        /* of the file; NULL: there is to be none */
    int64_t path_size; /* of its block */
    bool present;      /* the file is there and was read */
    qni_config config; /* holds the texts of the file */
    const qn_allocator *allocator;
} qni_settings;

/* Reads what is configured for the options of `tables`: the file that QUERN_CONFIG names (empty: none), else
 * $XDG_CONFIG_HOME/quern/quern.conf, else $HOME/.config/quern/quern.conf, which need not be there; then `environment`
 * ("NAME=value", NULL at the end; borrowed as long as the settings are used). Variables that are empty count as not
 * set. On failure *out is empty. Errors: QN_CONFIG, with file, line and column or with the name of the variable;
 * QN_PERMISSION, QN_IO (the file); QN_NOMEM. */
QN_MUST_USE qn_status qni_settings_read(qni_settings *out, const qni_tables *tables, char *const *environment,
                                        const qn_allocator *allocator, qn_error *err);
void qni_settings_free(qni_settings *settings);

/* The first setting of the option; NULL: its default holds. */
const qni_setting *qni_settings_find(const qni_settings *settings, const qni_option *option);

#endif
