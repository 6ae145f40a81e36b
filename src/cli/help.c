/* cli/help.c: lays out help in QNI_TEXT_COLUMNS columns: usage, description, arguments, options by group, examples. */
#include "cli/help.h"

#include "cli/text.h"

#include <string.h>

/* Writes `text` in lines that start at column `left` (the first line is at `column` already); \n starts a new one. */
static void wrap(qni_out *out, const char *text, int64_t column, int64_t left)
{
    bool fresh = true;
    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        int64_t width = qni_text_width(text, (int64_t)size);
        if (!fresh && column + 1 + width > QNI_TEXT_COLUMNS) {
            qni_out_text(out, "\n");
            column = 0;
            fresh = true;
        }
        qni_out_spaces(out, fresh ? left - column : 1);
        column = (fresh ? (column > left ? column : left) : column + 1) + width;
        qni_out_bytes(out, text, (int64_t)size);
        fresh = false;
        text += size;
        if (*text == '\n') {
            qni_out_text(out, "\n");
            column = 0;
            fresh = true;
        }
        text += *text != '\0';
    }
    qni_out_text(out, "\n");
}

static void heading(qni_out *out, const char *text)
{
    qni_out_text(out, "\n");
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_printf(out, "%s:", text);
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, "\n");
}

/* A term at the left, its explanation at QNI_HELP_COLUMN, below the term where that is too long. */
static void entry(qni_out *out, const char *term, const char *text)
{
    int64_t width = 2 + qni_text_width(term, -1);
    qni_out_printf(out, "  %s", term);
    if (width + 2 > QNI_HELP_COLUMN) {
        qni_out_text(out, "\n");
        width = 0;
    }
    wrap(out, text, width, QNI_HELP_COLUMN);
}

static void append(char *out, size_t capacity, const char *text)
{
    size_t used = strlen(out);
    size_t size = strlen(text);
    size_t n = size < capacity - used - 1 ? size : capacity - used - 1;
    memcpy(out + used, text, n);
    out[used + n] = '\0';
}

void qni_help_option_text(char out[QNI_OPTION_TEXT_SIZE], const qni_option *option)
{
    out[0] = '\0';
    append(out, QNI_OPTION_TEXT_SIZE, option->help);
    const char *otherwise = option->otherwise != NULL ? option->otherwise : option->absent;
    if (otherwise == NULL)
        return;
    append(out, QNI_OPTION_TEXT_SIZE, " Default: ");
    append(out, QNI_OPTION_TEXT_SIZE, otherwise);
    append(out, QNI_OPTION_TEXT_SIZE, ".");
}

static void option_entry(qni_out *out, const qni_option *option)
{
    char term[128] = "    ";
    char text[QNI_OPTION_TEXT_SIZE];
    if (option->letter != 0) {
        term[0] = '-';
        term[1] = option->letter;
        term[2] = ',';
    }
    append(term, sizeof term, "--");
    append(term, sizeof term, option->name);
    if (option->argument != NULL) {
        append(term, sizeof term, " ");
        append(term, sizeof term, option->argument);
    }
    qni_help_option_text(text, option);
    entry(out, term, text);
}

/* Options in the order of the table; a heading where the group changes. */
static void option_entries(qni_out *out, const qni_option *options, int64_t count)
{
    const char *group = "";
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(group, options[i].group) != 0)
            heading(out, options[i].group);
        group = options[i].group;
        option_entry(out, &options[i]);
    }
}

static void usage(qni_out *out, const qni_verb *verb)
{
    for (int64_t i = 0; i < verb->form_count; i++) {
        const qni_form *form = &verb->forms[i];
        qni_out_printf(out, "%s quern %s", i == 0 ? "Usage:" : "      ", verb->name);
        if (form->word != NULL)
            qni_out_printf(out, " %s", form->word);
        for (int64_t k = 0; k < form->argument_count; k++)
            qni_out_printf(out, " %s%s", form->arguments[k].name,
                           form->many && k == form->argument_count - 1 ? "..." : "");
        const qni_option *option;
        for (int64_t k = 0; (option = qni_form_option(verb, form, k)) != NULL; k++)
            qni_out_printf(out, " --%s %s", option->name, option->argument);
        qni_out_text(out, " [OPTION]...\n");
    }
}

static void argument_entries(qni_out *out, const qni_verb *verb, const qni_form *form)
{
    bool word;
    bool explains = qni_form_explains(&word, verb, form);
    for (int64_t i = 0; explains && i < form->argument_count; i++) {
        char term[64] = "";
        if (word && i == 0) {
            append(term, sizeof term, form->word);
            append(term, sizeof term, " ");
        }
        append(term, sizeof term, form->arguments[i].name);
        entry(out, term, form->arguments[i].help);
    }
}

static void examples(qni_out *out, const qni_verb *verb)
{
    if (verb->example_count > 0)
        heading(out, "Examples");
    for (int64_t i = 0; i < verb->example_count; i++) {
        qni_out_text(out, i > 0 ? "\n  " : "  ");
        wrap(out, verb->examples[i].help, 2, 2);
        qni_out_printf(out, "    %s\n", verb->examples[i].command);
    }
}

void qni_help_verb(qni_out *out, const qni_verb *verb)
{
    usage(out, verb);
    qni_out_text(out, "\n");
    wrap(out, verb->description, 0, 0);
    bool any = false;
    for (int64_t i = 0; i < verb->form_count; i++)
        any = any || verb->forms[i].argument_count > 0;
    if (any)
        heading(out, "Arguments");
    for (int64_t i = 0; i < verb->form_count; i++)
        argument_entries(out, verb, &verb->forms[i]);
    option_entries(out, verb->options, verb->option_count);
    option_entries(out, qni_common_options, QNI_COMMON_COUNT);
    examples(out, verb);
}

void qni_help_command(qni_out *out, const qni_tables *tables)
{
    const qni_verb *leading = tables->leading;
    qni_out_text(out, "Usage: quern VERB [ARGUMENT]... [OPTION]...\n\n");
    wrap(out, leading->description, 0, 0);
    heading(out, "Verbs");
    for (int64_t i = 0; i < tables->verb_count; i++)
        entry(out, tables->verbs[i]->name, tables->verbs[i]->summary);
    entry(out, "help", tables->help_summary);
    option_entries(out, leading->options, leading->option_count);
    option_entries(out, qni_common_options, QNI_COMMON_COUNT);
    examples(out, leading);
}
