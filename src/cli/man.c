/* cli/man.c: lays out manual pages: NAME, SYNOPSIS, DESCRIPTION, ARGUMENTS, OPTIONS, EXAMPLES, EXIT STATUS,
 * ENVIRONMENT, SEE ALSO. Follows man(7) as groff and mandoc both read it.
 *
 * Always: a source line begins with . only where a request is meant; text is typed as it must be copied (\- and \(aq,
 * not typographic signs); no line is longer than QNI_MANUAL_COLUMNS but examples. */
#include "cli/man.h"

#include "cli/help.h"
#include "cli/text.h"

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
    int64_t sum = 0;
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
    qni_out_text(out, ".\\\" Made from the option tables of the command.\n.TH ");
    literal(out, name, -1);
    qni_out_printf(out, " 1 %s \"Quern %s\" \"Quern Manual\"\n", QNI_MANUAL_DATE, qn_version());
    section(out, "NAME");
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
        for (int64_t k = 0; k < form->argument_count; k++) {
            if (!any)
                section(out, "ARGUMENTS");
            any = true;
            qni_out_text(out, ".TP\n");
            if (form->word != NULL && k == 0) {
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

static void environment(qni_out *out, const qni_tables *tables)
{
    section(out, "ENVIRONMENT");
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
    qni_out_text(out, ".BR quern (7)\n");
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
    environment(out, tables);
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
    environment(out, tables);
    see_also(out, tables, NULL);
}
