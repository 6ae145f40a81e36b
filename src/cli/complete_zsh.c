/* cli/complete_zsh.c: specifications for zsh's _arguments, one call a verb. */
#include "cli/complete_int.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static void quoted(qni_out *out, const char *text, int64_t size)
{
    qni_complete_quoted(out, text, size, "'\\''", "\\:[]");
}

/* A reference to a secret: its scheme, and behind file: a path. */
static const char secret_action[] =
    "{compset -P file\\: && _files || compadd -S \"\" -- file\\: credential\\: command\\:}";

/* :what it is called:how it is completed */
static void action(qni_out *out, const char *name, const char *words, bool file, const char *files)
{
    qni_out_text(out, ":");
    quoted(out, name, -1);
    qni_out_text(out, ":");
    if (words != NULL) {
        qni_out_text(out, "(");
        qni_complete_list(out, words, " ");
        qni_out_text(out, ")");
    } else if (files != NULL) {
        qni_out_text(out, "_files -g \"*.(");
        qni_complete_list(out, files, "|");
        qni_out_text(out, ")\"");
    } else {
        qni_out_text(out, file ? "_files" : " ");
    }
}

/* '(-f --format)'{-f+,--format=}'[explanation]:FORMAT:(text json csv)'; a list may come again. */
static void option_spec(qni_out *out, const qni_option *option)
{
    bool takes = option->argument != NULL;
    bool letter = option->letter != 0;
    qni_out_text(out, "        ");
    if (option->type == QNI_OPTION_LIST)
        qni_out_text(out, letter ? "'*'" : "'*");
    else if (letter)
        qni_out_printf(out, "'(-%c --%s)'", option->letter, option->name);
    if (letter)
        qni_out_printf(out, "{-%c%s,--%s%s}'", option->letter, takes ? "+" : "", option->name, takes ? "=" : "");
    else
        qni_out_printf(out, "%s--%s%s", option->type == QNI_OPTION_LIST ? "" : "'", option->name, takes ? "=" : "");
    qni_out_text(out, "[");
    quoted(out, option->help, qni_complete_sentence(option->help));
    qni_out_text(out, "]");
    if (option->type == QNI_OPTION_SECRET)
        qni_out_printf(out, ":%s:%s", option->argument, secret_action);
    else if (takes)
        action(out, option->argument, option->choices, option->type == QNI_OPTION_FILE, option->files);
    qni_out_text(out, "'");
}

static void option_specs(qni_out *out, const qni_verb *verb)
{
    const qni_option *option;
    for (int64_t i = 0; (option = qni_option_at(verb, i)) != NULL; i++) {
        qni_out_text(out, " \\\n");
        option_spec(out, option);
    }
}

/* The words of a verb's forms, as a list of choices; false: there are none. */
static bool form_words(char out[QNI_OPTION_TEXT_SIZE], const qni_verb *verb)
{
    size_t size = 0;
    for (int64_t i = 0; i < verb->form_count; i++) {
        const char *word = verb->forms[i].word;
        size_t word_size = word != NULL ? strlen(word) : 0;
        if (word == NULL || size + word_size + 2 > QNI_OPTION_TEXT_SIZE)
            continue;
        if (size > 0)
            out[size++] = '|';
        memcpy(out + size, word, word_size + 1);
        size += word_size;
    }
    return size > 0;
}

static void verb_case(qni_out *out, const qni_verb *verb)
{
    qni_place place;
    qni_out_printf(out, "    (%s)\n      _arguments -s -S :", verb->name);
    option_specs(out, verb);
    for (int64_t i = 0; qni_complete_place(&place, verb, i); i++) {
        char words[QNI_OPTION_TEXT_SIZE];
        qni_out_printf(out, " \\\n        '%" PRId64, i + 1);
        bool listed = i == 0 && place.files == NULL && form_words(words, verb);
        action(out, place.name, listed ? words : NULL, false, place.files);
        qni_out_text(out, "'");
    }
    qni_out_text(out, " && ret=0\n      ;;\n");
}

static void verb_list(qni_out *out, const qni_tables *tables)
{
    qni_out_text(out, "  local -a verbs=(\n");
    for (int64_t i = 0; i < tables->verb_count; i++) {
        qni_out_printf(out, "    '%s:", tables->verbs[i]->name);
        quoted(out, tables->verbs[i]->summary, -1);
        qni_out_text(out, "'\n");
    }
    qni_out_text(out, "  )\n");
}

void qni_complete_zsh(qni_out *out, const qni_tables *tables)
{
    qni_out_text(out, "#compdef quern\n# Completion of quern in zsh, made from the option tables of the command.\n\n"
                      "_quern() {\n  local curcontext=$curcontext state line ret=1\n  local -A opt_args\n");
    verb_list(out, tables);
    qni_out_text(out, "  _arguments -C -s -S :");
    option_specs(out, tables->leading);
    qni_out_text(out, " \\\n        '1:verb:->verb' \\\n        '*::argument:->arguments' && ret=0\n"
                      "  case $state in\n  (verb)\n    verbs+=('help:");
    quoted(out, tables->help_summary, -1);
    qni_out_text(out, "')\n    _describe -t verbs verb verbs && ret=0\n    ;;\n"
                      "  (arguments)\n    case $words[1] in\n");
    for (int64_t i = 0; i < tables->verb_count; i++)
        verb_case(out, tables->verbs[i]);
    qni_out_text(out, "    (help)\n      (( CURRENT == 2 )) && _describe -t verbs verb verbs && ret=0\n      ;;\n"
                      "    esac\n    ;;\n  esac\n  return ret\n}\n\n_quern \"$@\"\n");
}
