/* cli/dotenv.c: lays out .env.example: what a variable says, what it may be and what holds without it, then the line
 * that sets it, commented out. */
#include "cli/dotenv.h"

#include "cli/configure.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>

/* Words in lines that begin with # and fit. */
static void comment(qni_out *out, const char *text)
{
    int64_t column = 0;
    while (*text != '\0') {
        int64_t size = (int64_t)strcspn(text, " ");
        int64_t width = qni_text_width(text, size);
        if (column + 1 + width > QNI_TEXT_COLUMNS) {
            qni_out_text(out, "\n");
            column = 0;
        }
        qni_out_text(out, column == 0 ? "# " : " ");
        column += column == 0 ? 2 : 1;
        qni_out_bytes(out, text, size);
        column += width;
        text += size;
        text += *text != '\0';
    }
    qni_out_text(out, "\n");
}

/* "text, json or csv" */
static void choices(qni_out *out, const char *list)
{
    while (list != NULL) {
        size_t size = strcspn(list, "|");
        qni_out_bytes(out, list, (int64_t)size);
        list = list[size] == '|' ? list + size + 1 : NULL;
        if (list != NULL)
            qni_out_text(out, strchr(list, '|') != NULL ? ", " : " or ");
    }
}

static void kind(qni_out *out, const qni_option *option)
{
    switch (option->type) {
    case QNI_OPTION_FLAG:
        qni_out_text(out, "true or false");
        break;
    case QNI_OPTION_CHOICE:
        choices(out, option->choices);
        break;
    case QNI_OPTION_INTEGER:
        qni_out_printf(out, "a whole number, at least %" PRId64, option->least);
        break;
    case QNI_OPTION_NUMBER:
        qni_out_text(out, "a number");
        break;
    case QNI_OPTION_SECRET:
        qni_out_text(out, "file:PATH, credential:NAME or command:PROGRAM");
        break;
    default:
        qni_out_text(out, "text");
    }
}

static const char *default_of(const qni_option *option)
{
    if (option->otherwise != NULL)
        return option->otherwise;
    return option->absent != NULL ? option->absent : option->type == QNI_OPTION_FLAG ? "false" : "none";
}

/* What a shell takes as one word. */
static void value(qni_out *out, const char *text)
{
    bool plain = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,+-") == strlen(text);
    qni_out_printf(out, plain ? "%s" : "'%s'", text);
}

static void key_entry(qni_out *out, const qni_key *key)
{
    char name[QNI_VARIABLE_SIZE];
    const qni_option *option = key->option;
    qni_key_variable(name, key);
    qni_out_text(out, "\n");
    comment(out, option->help);
    qni_out_text(out, "# Value: ");
    kind(out, option);
    qni_out_printf(out, ". Default: %s.\n#%s=", default_of(option), name);
    value(out, option->otherwise != NULL ? option->otherwise : option->type == QNI_OPTION_FLAG ? "false" : "");
    qni_out_text(out, "\n");
}

/* Whether one of the variables before the index-th has this name, too. */
static bool came_before(const qni_tables *tables, int64_t index, const char *name, size_t size)
{
    for (int64_t i = 0; i < index; i++)
        for (const char *at = tables->variables[i].name; *at != '\0'; at += strspn(at, ", ")) {
            size_t length = strcspn(at, ", ");
            if (length == size && memcmp(at, name, size) == 0)
                return true;
            at += length;
        }
    return false;
}

/* "XDG_CONFIG_HOME, HOME" are two. */
static void variable_entry(qni_out *out, const qni_tables *tables, int64_t index)
{
    qni_out_text(out, "\n");
    comment(out, tables->variables[index].help);
    for (const char *name = tables->variables[index].name; *name != '\0'; name += strspn(name, ", ")) {
        size_t size = strcspn(name, ", ");
        if (!came_before(tables, index, name, size)) {
            qni_out_text(out, "#");
            qni_out_bytes(out, name, (int64_t)size);
            qni_out_text(out, "=\n");
        }
        name += size;
    }
}

void qni_dotenv(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb = NULL;
    qni_key key;
    comment(out, "The environment variables that quern follows: what each says, what its value is, and what holds "
                 "without it. An empty one counts as not set. Made from the option tables of the command; see "
                 "docs/configuration.md.");
    qni_out_text(out, "#\n");
    comment(out, "To use it: copy it to .env, take the # from the lines that are to count, and have a shell read it "
                 "(set -a; . ./.env; set +a), or systemd (EnvironmentFile=).");
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        if (i == 0 || key.verb != verb)
            qni_out_printf(out, "\n\n# quern%s%s\n", key.verb != NULL ? " " : ", every verb",
                           key.verb != NULL ? key.verb->name : "");
        verb = key.verb;
        key_entry(out, &key);
    }
    qni_out_text(out, "\n\n# Where things are, and what the machine and the terminal can do\n");
    for (int64_t i = 0; i < tables->variable_count; i++)
        variable_entry(out, tables, i);
}
