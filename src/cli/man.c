/* cli/man.c: lays out manual pages: NAME, SYNOPSIS, DESCRIPTION, ARGUMENTS, OPTIONS, EXAMPLES, EXIT STATUS,
 * ENVIRONMENT, SEE ALSO; and KEYS of quern.conf(5). Follows man(7) as groff and mandoc both read it.
 *
 * Always: a source line begins with . only where a request is meant; text is typed as it must be copied (\- and \(aq,
 * not typographic signs); no line is longer than QNI_MANUAL_COLUMNS but examples. */
#include "cli/man.h"

#include "cli/configure.h"
#include "cli/help.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>

/* What roff reads as `c` itself; NULL: `c` is as good. */
static const char *escape(char c)
{
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    case '"':
        return "\\(dq";
    default:
        return NULL;
    }
}

/* `size` bytes (-1: up to the zero) that stand on one line. */
static void literal(qni_out *out, const char *text, int64_t size)
{
    const char *end = text + (size < 0 ? (int64_t)strlen(text) : size);
    qni_out_text(out, text < end && *text == '.' ? "\\&" : "");
    while (text < end) {
        int32_t code;
        int n = qni_text_next(&code, text, end);
        if (code >= 0x80)
            qni_out_printf(out, "\\[u%04X]", (unsigned)code);
        else if (escape(*text) != NULL)
            qni_out_text(out, escape(*text));
        else
            qni_out_bytes(out, text, n);
        text += n;
    }
}

/* How many bytes literal() makes of ASCII text. */
static int64_t literal_size(const char *text, int64_t size)
{
    int64_t sum = size > 0 && *text == '.' ? 2 : 0;
    for (int64_t i = 0; i < size; i++)
        sum += escape(text[i]) != NULL ? (int64_t)strlen(escape(text[i])) : 1;
    return sum;
}

static void request(qni_out *out, const char *name, const char *text)
{
    qni_out_printf(out, ".%s ", name);
    literal(out, text, -1);
    qni_out_text(out, "\n");
}

/* Words in lines that fit; a new paragraph at \n. */
static void prose(qni_out *out, const char *text)
{
    int64_t column = 0;
    while (*text != '\0') {
        int64_t size = (int64_t)strcspn(text, " \n");
        int64_t width = literal_size(text, size);
        if (column > 0 && column + 1 + width > QNI_MANUAL_COLUMNS) {
            qni_out_text(out, "\n");
            column = 0;
        }
        qni_out_text(out, column > 0 ? " " : "");
        literal(out, text, size);
        column += (column > 0) + width;
        text += size;
        if (*text == '\n') {
            qni_out_text(out, "\n.PP\n");
            column = 0;
        }
        text += *text != '\0';
    }
    qni_out_text(out, "\n");
}

/* A heading in capitals. */
static void section(qni_out *out, const char *title)
{
    qni_out_printf(out, ".SH %s\n", title);
}

static void title(qni_out *out, const char *name, int number)
{
    qni_out_text(out, ".\\\" Made from the option tables of the command.\n.TH ");
    literal(out, name, -1);
    qni_out_printf(out, " %d %s \"Quern %s\" \"Quern Manual\"\n", number, QNI_MANUAL_DATE, qn_version());
    section(out, "NAME");
}

/* `verb` NULL: the command itself. Ends with NAME. */
static void beginning(qni_out *out, const qni_verb *verb, const char *summary)
{
    char name[64] = "QUERN";
    if (verb != NULL) {
        size_t used = strlen(name);
        name[used++] = '-';
        for (const char *p = verb->name; *p != '\0' && used + 1 < sizeof name; p++)
            name[used++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        name[used] = '\0';
    }
    title(out, name, 1);
    qni_out_text(out, "quern");
    if (verb != NULL) {
        qni_out_text(out, "\\-");
        literal(out, verb->name, -1);
    }
    qni_out_text(out, " \\- ");
    literal(out, summary, -1);
    qni_out_text(out, "\n");
}

static void synopsis(qni_out *out, const qni_verb *verb)
{
    section(out, "SYNOPSIS");
    for (int64_t i = 0; i < verb->form_count; i++) {
        const qni_form *form = &verb->forms[i];
        qni_out_text(out, i > 0 ? ".br\n\\fBquern " : "\\fBquern ");
        literal(out, verb->name, -1);
        if (form->word != NULL) {
            qni_out_text(out, " ");
            literal(out, form->word, -1);
        }
        qni_out_text(out, "\\fR");
        for (int64_t k = 0; k < form->argument_count; k++) {
            qni_out_text(out, " \\fI");
            literal(out, form->arguments[k].name, -1);
            qni_out_text(out, form->many && k == form->argument_count - 1 ? "\\fR..." : "\\fR");
        }
        const qni_option *option;
        for (int64_t k = 0; (option = qni_form_option(verb, form, k)) != NULL; k++) {
            qni_out_text(out, " \\fB\\-\\-");
            literal(out, option->name, -1);
            qni_out_text(out, "\\fR \\fI");
            literal(out, option->argument, -1);
            qni_out_text(out, "\\fR");
        }
        qni_out_text(out, " [\\fIOPTION\\fR]...\n");
    }
}

static void arguments(qni_out *out, const qni_verb *verb)
{
    bool any = false;
    for (int64_t i = 0; i < verb->form_count; i++) {
        const qni_form *form = &verb->forms[i];
        bool word;
        bool explains = qni_form_explains(&word, verb, form);
        for (int64_t k = 0; explains && k < form->argument_count; k++) {
            if (!any)
                section(out, "ARGUMENTS");
            any = true;
            qni_out_text(out, ".TP\n");
            if (word && k == 0) {
                qni_out_text(out, "\\fB");
                literal(out, form->word, -1);
                qni_out_text(out, "\\fR ");
            }
            qni_out_text(out, "\\fI");
            literal(out, form->arguments[k].name, -1);
            qni_out_text(out, "\\fR\n");
            prose(out, form->arguments[k].help);
        }
    }
}

static void option_entry(qni_out *out, const qni_option *option)
{
    char text[QNI_OPTION_TEXT_SIZE];
    qni_out_text(out, ".TP\n");
    if (option->letter != 0)
        qni_out_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    qni_out_text(out, "\\fB\\-\\-");
    literal(out, option->name, -1);
    qni_out_text(out, "\\fR");
    if (option->argument != NULL) {
        qni_out_text(out, " \\fI");
        literal(out, option->argument, -1);
        qni_out_text(out, "\\fR");
    }
    qni_out_text(out, "\n");
    qni_help_option_text(text, option);
    prose(out, text);
}

/* The verb's options and the common ones, a subsection where the group changes. */
static void options(qni_out *out, const qni_verb *verb)
{
    const qni_option *option;
    const char *group = "";
    section(out, "OPTIONS");
    for (int64_t i = 0; (option = qni_option_at(verb, i)) != NULL; i++) {
        if (strcmp(group, option->group) != 0)
            request(out, "SS", option->group);
        group = option->group;
        option_entry(out, option);
    }
}

static void examples(qni_out *out, const qni_verb *verb)
{
    if (verb->example_count == 0)
        return;
    section(out, "EXAMPLES");
    for (int64_t i = 0; i < verb->example_count; i++) {
        qni_out_text(out, i > 0 ? ".PP\n" : "");
        prose(out, verb->examples[i].help);
        qni_out_text(out, ".PP\n.RS 4\n.nf\n");
        literal(out, verb->examples[i].command, -1);
        qni_out_text(out, "\n.fi\n.RE\n");
    }
}

/* A verb whose answer can be no says what that means. */
static void exit_codes(qni_out *out, const qni_tables *tables, const qni_verb *verb)
{
    section(out, "EXIT STATUS");
    for (int64_t i = 0; i < tables->exit_code_count; i++) {
        const qni_exit_code *code = &tables->exit_codes[i];
        bool no = strcmp(code->code, "1") == 0;
        if (no && verb != NULL && verb->answer_no == NULL)
            continue;
        qni_out_text(out, ".TP\n\\fB");
        literal(out, code->code, -1);
        qni_out_text(out, "\\fR\n");
        prose(out, no && verb != NULL ? verb->answer_no : code->help);
    }
}

/* The variables of options: the verb's own, and those of all verbs. */
static void option_variables(qni_out *out, const qni_tables *tables, const qni_verb *verb)
{
    qni_key key;
    char name[QNI_VARIABLE_SIZE];
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        if (key.verb != NULL && key.verb != verb)
            continue;
        qni_key_variable(name, &key);
        qni_out_text(out, ".TP\n\\fB");
        literal(out, name, -1);
        qni_out_text(out, "\\fR\nThe same as\n\\fB\\-\\-");
        literal(out, key.option->name, -1);
        qni_out_text(out, "\\fR,\nwhich wins over it.\n");
    }
}

static void environment(qni_out *out, const qni_tables *tables, const qni_verb *verb)
{
    section(out, "ENVIRONMENT");
    option_variables(out, tables, verb);
    for (int64_t i = 0; i < tables->variable_count; i++) {
        qni_out_text(out, ".TP\n\\fB");
        literal(out, tables->variables[i].name, -1);
        qni_out_text(out, "\\fR\n");
        prose(out, tables->variables[i].help);
    }
}

/* The other pages; `verb` is the one that is read, NULL: quern(1). */
static void see_also(qni_out *out, const qni_tables *tables, const qni_verb *verb)
{
    section(out, "SEE ALSO");
    qni_out_text(out, verb != NULL ? ".BR quern (1),\n" : "");
    for (int64_t i = 0; i < tables->verb_count; i++)
        if (tables->verbs[i] != verb) {
            qni_out_text(out, ".BR quern\\-");
            literal(out, tables->verbs[i]->name, -1);
            qni_out_text(out, " (1),\n");
        }
    qni_out_text(out, ".BR quern.conf (5),\n.BR quern (7)\n");
}

void qni_man_verb(qni_out *out, const qni_tables *tables, const qni_verb *verb)
{
    beginning(out, verb, verb->summary);
    synopsis(out, verb);
    section(out, "DESCRIPTION");
    prose(out, verb->description);
    arguments(out, verb);
    options(out, verb);
    examples(out, verb);
    exit_codes(out, tables, verb);
    environment(out, tables, verb);
    see_also(out, tables, verb);
}

void qni_man_command(qni_out *out, const qni_tables *tables)
{
    beginning(out, NULL, tables->leading->summary);
    section(out, "SYNOPSIS");
    qni_out_text(out, "\\fBquern\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...\n.br\n");
    qni_out_text(out, "\\fBquern help\\fR [\\fIVERB\\fR]\n");
    section(out, "DESCRIPTION");
    prose(out, tables->leading->description);
    section(out, "VERBS");
    for (int64_t i = 0; i < tables->verb_count; i++) {
        qni_out_text(out, ".TP\n\\fB");
        literal(out, tables->verbs[i]->name, -1);
        qni_out_text(out, "\\fR\n");
        prose(out, tables->verbs[i]->summary);
    }
    qni_out_text(out, ".TP\n\\fBhelp\\fR\n");
    prose(out, tables->help_summary);
    options(out, tables->leading);
    examples(out, tables->leading);
    exit_codes(out, tables, NULL);
    environment(out, tables, NULL);
    see_also(out, tables, NULL);
}

/* ---- quern.conf(5) ---- */

/* "text", "json" or "csv" */
static void choices(qni_out *out, const char *list)
{
    while (list != NULL) {
        size_t size = strcspn(list, "|");
        qni_out_text(out, "\\(dq\\fB");
        literal(out, list, (int64_t)size);
        qni_out_text(out, "\\fR\\(dq");
        list = list[size] == '|' ? list + size + 1 : NULL;
        if (list != NULL)
            qni_out_text(out, strchr(list, '|') != NULL ? ", " : " or ");
    }
}

static void value_kind(qni_out *out, const qni_option *option)
{
    switch (option->type) {
    case QNI_OPTION_FLAG:
        qni_out_text(out, "\\fBtrue\\fR or \\fBfalse\\fR");
        break;
    case QNI_OPTION_CHOICE:
        choices(out, option->choices);
        break;
    case QNI_OPTION_INTEGER:
        qni_out_printf(out, "\\fIwhole number\\fR, at least %" PRId64, option->least);
        break;
    case QNI_OPTION_NUMBER:
        qni_out_text(out, "\\fInumber\\fR");
        break;
    case QNI_OPTION_LIST:
        qni_out_text(out, "\\fIstring\\fR, or array of them");
        break;
    case QNI_OPTION_SECRET:
        qni_out_text(out, "\\fIstring\\fR, which says where a secret is");
        break;
    default:
        qni_out_text(out, "\\fIstring\\fR");
    }
}

static void key_entry(qni_out *out, const qni_key *key)
{
    char text[QNI_OPTION_TEXT_SIZE], name[QNI_VARIABLE_SIZE];
    const qni_option *option = key->option;
    qni_out_text(out, ".TP\n\\fB");
    literal(out, option->name, -1);
    qni_out_text(out, "\\fR = ");
    value_kind(out, option);
    qni_out_text(out, "\n");
    qni_help_option_text(text, option);
    prose(out, text);
    qni_out_text(out, option->type == QNI_OPTION_FLAG ? "Default: false.\n" : "");
    qni_key_variable(name, key);
    qni_out_text(out, "Variable: ");
    literal(out, name, -1);
    qni_out_text(out, ".\n");
}

static void keys(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb = NULL;
    qni_key key;
    section(out, "KEYS");
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        if (i == 0 && key.verb == NULL)
            request(out, "SS", "Above all tables");
        if (key.verb != verb)
            qni_out_printf(out, ".SS [%s]\n", key.verb->name);
        verb = key.verb;
        key_entry(out, &key);
    }
}

/* The first key, and the first of a verb. */
static void file_example(qni_out *out, const qni_tables *tables)
{
    qni_out_text(out, ".PP\n.RS 4\n.nf\n");
    qni_key key;
    bool common = false, own = false;
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        bool *shown = key.verb == NULL ? &common : &own;
        if (*shown || key.option->type != QNI_OPTION_CHOICE)
            continue;
        *shown = true;
        if (key.verb != NULL)
            qni_out_printf(out, "\n[%s]\n", key.verb->name);
        literal(out, key.option->name, -1);
        qni_out_text(out, " = \\(dq");
        literal(out, key.option->otherwise, -1);
        qni_out_text(out, "\\(dq\n");
    }
    qni_out_text(out, ".fi\n.RE\n");
}

void qni_man_configuration(qni_out *out, const qni_tables *tables)
{
    title(out, "QUERN.CONF", 5);
    qni_out_text(out, "quern.conf \\- configuration of quern\n");
    section(out, "SYNOPSIS");
    qni_out_text(out, "$XDG_CONFIG_HOME/quern/quern.conf\n.br\n\\(ti/.config/quern/quern.conf\n");
    section(out, "DESCRIPTION");
    prose(out, "What holds where the command line says nothing. A key is the long name of an option; it stands below "
               "the name of its verb in brackets, and above all of these where it holds for every verb. The file need "
               "not be there; the variable QUERN_CONFIG names another one, which must be, and empty it means none.\n"
               "An environment variable wins over the file, and the command line over both: after a flag that is "
               "configured, --name=false takes it back. A variable that is empty counts as not set; the value of a "
               "flag's is true or false, 1 or 0.\n"
               "All of it is checked before any verb runs, also what belongs to another verb: an unknown table, key or "
               "variable and a value that the option would not take end the command with status 78. quern config shows "
               "every key, its value, and where that comes from, in the form of such a file.");
    section(out, "FORMAT");
    prose(out, "A part of TOML 1.0, in UTF-8: comments after #; [table] and key = value, each on a line; strings as "
               "\"text\" with the escapes \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX, or as 'text' without any; "
               "decimal "
               "numbers; true and false; arrays of these. No table and no key may come twice.");
    file_example(out, tables);
    section(out, "SECRETS");
    prose(out, "A password or key never stands here or in a variable, but where it is: a secret itself is refused, and "
               "not repeated. file:PATH is a regular file of at most 64 KiB, owned by the user or root, with no "
               "permission for group and others (chmod 600 PATH). credential:NAME is a file that systemd keeps for a "
               "service (LoadCredential=NAME:PATH). command:PROGRAM and its arguments is run without a shell, for at "
               "most 10 seconds, and what it writes to standard output is the secret: words are split at blanks, with "
               "quotes and backslashes as in a shell, and nothing is expanded. One line end at the end does not "
               "count. A secret is fetched when it is needed; quern config shows no argument of a command.");
    keys(out, tables);
    section(out, "SEE ALSO");
    qni_out_text(out, ".BR quern (1),\n.BR quern\\-config (1),\n.BR quern (7)\n");
}
