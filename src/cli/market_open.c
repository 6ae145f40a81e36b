/* cli/market_open.c: where the store of chains, prices and earnings lies, and opening it. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/folder.h"
#include "cli/market_int.h"

#include <stdlib.h>
#include <string.h>

const char *qni_market_store_refuse(const char *text)
{
    return text[0] != '\0' ? NULL : "no name of a store";
}

static qn_status join(char **out, const qni_run *run, const char *a, const char *b, qn_error *err)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    *out = qni_alloc(run->allocator, (int64_t)(a_size + b_size + 1), 1);
    if (*out == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the name of the store");
    memcpy(*out, a, a_size);
    memcpy(*out + a_size, b, b_size + 1);
    return QN_OK;
}

/* An environment variable that names a folder; NULL: not set, or relative, which the specification has ignored. */
static const char *folder_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] == '/' ? value : NULL;
}

qn_status qni_market_place(char **out, const qni_run *run, const qni_args *args, const qni_option *option,
                           qn_error *err)
{
    const char *given = qni_args_text(args, option);
    const char *xdg = folder_variable("XDG_DATA_HOME"), *home = folder_variable("HOME");
    *out = NULL;
    if (given != NULL)
        return join(out, run, given, "", err);
    if (xdg != NULL)
        return join(out, run, xdg, "/quern/market.db", err);
    if (home != NULL)
        return join(out, run, home, "/.local/share/quern/market.db", err);
    return qni_error(err, QN_CONFIG,
                     "nothing says where the store lies: name it by --store, or set XDG_DATA_HOME or HOME to a path "
                     "that begins with /");
}

/* A path in the file system; of another URL nothing is known here. */
static const char *path_of(const char *place)
{
    static const char scheme[] = "sqlite:";
    if (strncmp(place, "memory:", 7) == 0)
        return NULL;
    return strncmp(place, scheme, sizeof scheme - 1) != 0 ? place : NULL;
}

/* The folder of the default place, which nobody makes by hand. */
static qn_status make_folder(char *place, qn_error *err)
{
    char *slash = strrchr(place, '/');
    *slash = '\0';
    qn_status s = qni_folder_make(place, err);
    *slash = '/';
    return s;
}

qn_status qni_market_open(qn_archive **out, const qni_run *run, const qni_args *args, const qni_option *option,
                          bool make, qn_error *err)
{
    char *place;
    *out = NULL;
    qn_status s = qni_market_place(&place, run, args, option, err);
    if (place == NULL)
        return s;
    const char *path = path_of(place);
    const bool missing = path != NULL && !qni_folder_has(path);
    if (missing && !make && qni_args_has(args, option))
        s = qni_error(err, QN_NO_INPUT, "%.300s: there is no such store: quern import makes one", place);
    else if (missing && make && qni_args_text(args, option) == NULL)
        s = make_folder(place, err);
    if (s == QN_OK && (make || !missing))
        s = qn_archive_open(out, place, run->allocator, err);
    qni_free(run->allocator, place, (int64_t)strlen(place) + 1, 1);
    return s;
}
