/* cli/pages.c: a program of the build, not installed: writes what comes from the option tables: manual pages,
 * completions and .env.example.
 *
 * Usage: quern-pages FOLDER. Below FOLDER, which must be there, it writes man1/quern.1, man1/quern-VERB.1,
 * man5/quern.conf.5, completions/{quern.bash,_quern,quern.fish}, and .env.example. */
#include "base/error.h"
#include "cli/complete.h"
#include "cli/dotenv.h"
#include "cli/man.h"
#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096
};

static qn_status join(char out[PATH_SIZE], const char *folder, const char *name, const char *more, const char *ending,
                      qn_error *err)
{
    int size = snprintf(out, PATH_SIZE, "%s/%s%s%s", folder, name, more, ending);
    return size > 0 && size < PATH_SIZE ? QN_OK : qni_error(err, QN_INVALID, "the name of the folder is too long");
}

static qn_status open_output(qni_out *out, const char *path, qn_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return qni_error_errno(err, QN_CREATE, errno, "cannot create \"%s\"", path);
    qni_out_init(out, fd);
    return QN_OK;
}

static qn_status close_output(qni_out *out, const char *path, qn_error *err)
{
    qn_status s = qni_out_flush(out, path, err);
    if (close(out->fd) != 0 && s == QN_OK)
        s = qni_error_errno(err, QN_IO, errno, "cannot write to \"%s\"", path);
    return s;
}

static qn_status make_folder(const char *parent, const char *name, qn_error *err)
{
    char path[PATH_SIZE];
    qn_status s = join(path, parent, name, "", "", err);
    if (s == QN_OK && mkdir(path, 0777) != 0 && errno != EEXIST)
        s = qni_error_errno(err, QN_CREATE, errno, "cannot create \"%s\"", path);
    return s;
}

/* `verb` NULL: the page of the command. */
static qn_status write_page(const char *folder, const qni_tables *tables, const qni_verb *verb, qn_error *err)
{
    qni_out out;
    char path[PATH_SIZE];
    qn_status s =
        join(path, folder, verb != NULL ? "man1/quern-" : "man1/quern", verb != NULL ? verb->name : "", ".1", err);
    if (s == QN_OK)
        s = open_output(&out, path, err);
    if (s != QN_OK)
        return s;
    if (verb != NULL)
        qni_man_verb(&out, tables, verb);
    else
        qni_man_command(&out, tables);
    return close_output(&out, path, err);
}

typedef struct page {
    const char *name; /* a path below the folder */
    void (*write)(qni_out *out, const qni_tables *tables);
} page;

static const page files[] = {
    {"man5/quern.conf.5", qni_man_configuration},
    {"completions/quern.bash", qni_complete_bash},
    {"completions/_quern", qni_complete_zsh},
    {"completions/quern.fish", qni_complete_fish},
    {".env.example", qni_dotenv},
};

static qn_status write_file(const char *folder, const page *file, const qni_tables *tables, qn_error *err)
{
    qni_out out;
    char path[PATH_SIZE];
    qn_status s = join(path, folder, file->name, "", "", err);
    if (s == QN_OK)
        s = open_output(&out, path, err);
    if (s != QN_OK)
        return s;
    file->write(&out, tables);
    return close_output(&out, path, err);
}

int main(int argc, char **argv)
{
    qn_error err = qn_error_none();
    const qni_tables *tables = &qni_command_tables;
    if (argc != 2) {
        (void)qni_error(&err, QN_INVALID, "usage: quern-pages FOLDER");
        return qni_report(&err);
    }
    qn_status s = make_folder(argv[1], "man1", &err);
    if (s == QN_OK)
        s = write_page(argv[1], tables, NULL, &err);
    for (int64_t i = 0; s == QN_OK && i < tables->verb_count; i++)
        s = write_page(argv[1], tables, tables->verbs[i], &err);
    if (s == QN_OK)
        s = make_folder(argv[1], "man5", &err);
    if (s == QN_OK)
        s = make_folder(argv[1], "completions", &err);
    for (size_t i = 0; s == QN_OK && i < sizeof files / sizeof files[0]; i++)
        s = write_file(argv[1], &files[i], tables, &err);
    return s == QN_OK ? 0 : qni_report(&err);
}
