/* cli/complete_bash.c: three generated functions that say what may stand where, and a written one that asks them. They
 * answer "words WORD…", "files ENDING…", "secret" or "none". */
#include "cli/complete_int.h"

#include <inttypes.h>
#include <stddef.h>

/* The word before the cursor is put together again, since bash also cuts words at = and :. */
static const char script[] =
    "# Files that end in one of the endings, and folders; all files where there are none.\n"
    "_quern_files() {\n"
    "    local word=$1 file ending\n"
    "    local -a all=()\n"
    "    shift\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t all < <(compgen -f -- \"$word\")\n"
    "    for file in \"${all[@]}\"; do\n"
    "        if [[ -d ${file/#\\~/$HOME} ]]; then\n"
    "            COMPREPLY+=(\"$file\")\n"
    "            continue\n"
    "        fi\n"
    "        for ending in \"$@\"; do\n"
    "            [[ $file == *.\"$ending\" ]] && COMPREPLY+=(\"$file\")\n"
    "        done\n"
    "    done\n"
    "    [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=(\"${all[@]}\")\n"
    "}\n"
    "\n"
    "_quern() {\n"
    "    local line=$COMP_LINE last=${COMP_WORDS[COMP_CWORD]} verb=quern option='' plain='' spec='' value gap word i\n"
    "    local -i count=0\n"
    "    local -a words=()\n"
    "    COMPREPLY=()\n"
    "    # Words as the shell will see them: COMP_WORDS is cut at = and : as well.\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        gap=${line%%[![:blank:]]*}\n"
    "        line=${line#\"$gap\"}\n"
    "        line=${line#\"${COMP_WORDS[i]}\"}\n"
    "        if [[ i -eq 0 || -n $gap ]]; then\n"
    "            words+=(\"${COMP_WORDS[i]}\")\n"
    "        else\n"
    "            words[${#words[@]}-1]+=${COMP_WORDS[i]}\n"
    "        fi\n"
    "    done\n"
    "    value=${words[${#words[@]}-1]}\n"
    "    unset 'words[${#words[@]}-1]'\n"
    "    for word in \"${words[@]:1}\"; do\n"
    "        if [[ -n $option ]]; then\n"
    "            option=''\n"
    "        elif [[ -z $plain && $word == -- ]]; then\n"
    "            plain=yes\n"
    "        elif [[ -z $plain && $word == -?* ]]; then\n"
    "            [[ $(_quern_value \"$verb $word\") ]] && option=$word\n"
    "        elif [[ $verb == quern ]]; then\n"
    "            verb=$word\n"
    "        else\n"
    "            count+=1\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $option ]]; then\n"
    "        spec=$(_quern_value \"$verb $option\")\n"
    "    elif [[ -z $plain && $value == --*=* ]]; then\n"
    "        spec=$(_quern_value \"$verb ${value%%=*}\")\n"
    "        value=${value#*=}\n"
    "        last=${last#--*=}\n"
    "    elif [[ -z $plain && $value == -* ]]; then\n"
    "        spec=\"words $(_quern_options \"$verb\")\"\n"
    "    else\n"
    "        spec=$(_quern_argument \"$verb $count\")\n"
    "    fi\n"
    "    [[ $last == [=:] ]] && last=''\n"
    "    gap=${value%\"$last\"} # what readline keeps as it is\n"
    "    value=${value#[\\\"\\']}\n"
    "    value=${value//\\\\/}\n"
    "    case $spec in\n"
    "    words*) mapfile -t COMPREPLY < <(compgen -W \"${spec#words}\" -- \"$value\") ;;\n"
    "    files*)\n"
    "        # shellcheck disable=SC2086 # one word an ending\n"
    "        _quern_files \"$value\" ${spec#files}\n"
    "        ;;\n"
    "    secret)\n"
    "        if [[ $value == file:* ]]; then\n"
    "            _quern_files \"${value#file:}\"\n"
    "            COMPREPLY=(\"${COMPREPLY[@]/#/file:}\")\n"
    "        else\n"
    "            compopt -o nospace 2>/dev/null\n"
    "            mapfile -t COMPREPLY < <(compgen -W 'file: credential: command:' -- \"$value\")\n"
    "        fi\n"
    "        ;;\n"
    "    esac\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$gap\"}\")\n"
    "}\n"
    "complete -F _quern quern\n";

static void value_case(qni_out *out, const qni_verb *verb, const qni_option *option)
{
    if (option->argument == NULL)
        return;
    qni_out_printf(out, "    '%s --%s'", verb->name, option->name);
    if (option->letter != 0)
        qni_out_printf(out, " | '%s -%c'", verb->name, option->letter);
    const char *kind = option->choices != NULL             ? "words "
                       : option->type == QNI_OPTION_FILE   ? "files "
                       : option->type == QNI_OPTION_SECRET ? "secret"
                                                           : "none";
    qni_out_printf(out, ") echo '%s", kind);
    qni_complete_list(out, option->choices != NULL ? option->choices : option->files, " ");
    qni_out_text(out, "' ;;\n");
}

static void values(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb;
    const qni_option *option;
    qni_out_text(out, "# What may follow the option in \"VERB OPTION\"; nothing where it takes no value.\n"
                      "_quern_value() {\n    case $1 in\n");
    for (int64_t i = 0; (verb = qni_complete_table(tables, i)) != NULL; i++)
        for (int64_t k = 0; (option = qni_option_at(verb, k)) != NULL; k++)
            value_case(out, verb, option);
    qni_out_text(out, "    esac\n}\n\n");
}

static void options(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb;
    const qni_option *option;
    qni_out_text(out, "# The options of a verb.\n_quern_options() {\n    case $1 in\n");
    for (int64_t i = 0; (verb = qni_complete_table(tables, i)) != NULL; i++) {
        qni_out_printf(out, "    %s) echo '", verb->name);
        for (int64_t k = 0; (option = qni_option_at(verb, k)) != NULL; k++)
            qni_out_printf(out, "%s--%s", k > 0 ? " " : "", option->name);
        qni_out_text(out, "' ;;\n");
    }
    qni_out_text(out, "    esac\n}\n\n");
}

static void verb_names(qni_out *out, const qni_tables *tables)
{
    for (int64_t i = 0; i < tables->verb_count; i++)
        qni_out_printf(out, " %s", tables->verbs[i]->name);
}

static void place_case(qni_out *out, const qni_verb *verb, int64_t index, const qni_place *place)
{
    qni_out_printf(out, "    '%s %" PRId64 "') echo '", verb->name, index);
    if (place->files != NULL) {
        qni_out_text(out, "files ");
        qni_complete_list(out, place->files, " ");
    } else {
        qni_out_text(out, "words");
        for (int64_t i = 0; index == 0 && i < verb->form_count; i++)
            if (verb->forms[i].word != NULL)
                qni_out_printf(out, " %s", verb->forms[i].word);
    }
    qni_out_text(out, "' ;;\n");
}

static void arguments(qni_out *out, const qni_tables *tables)
{
    qni_place place;
    qni_out_text(out, "# What may be the next argument in \"VERB COUNT\", the count being of those that stand before.\n"
                      "_quern_argument() {\n    case $1 in\n    'quern 0') echo 'words");
    verb_names(out, tables);
    qni_out_text(out, " help' ;;\n    'help 0') echo 'words");
    verb_names(out, tables);
    qni_out_text(out, "' ;;\n");
    for (int64_t i = 0; i < tables->verb_count; i++)
        for (int64_t k = 0; qni_complete_place(&place, tables->verbs[i], k); k++)
            place_case(out, tables->verbs[i], k, &place);
    qni_out_text(out, "    esac\n}\n\n");
}

void qni_complete_bash(qni_out *out, const qni_tables *tables)
{
    qni_out_text(
        out, "# shellcheck shell=bash\n# Completion of quern in bash, made from the option tables of the command.\n\n");
    values(out, tables);
    options(out, tables);
    arguments(out, tables);
    qni_out_text(out, script);
}
