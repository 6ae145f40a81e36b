/* base/secret_command.c: a program that writes a secret: its words, its run, its end. The only room that starts
 * processes.
 *
 * Always: a program that was started has ended, and was waited for, when qni_secret_run returns. No message has what it
 * wrote, or more of its words than the first. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, environ */
#endif
#include "base/secret_int.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where a word is read from and written to. */
typedef struct splitter {
    const char *at;
    char *to; /* NULL: the word is only passed over */
} splitter;

static void put(splitter *s, char c)
{
    if (s->to != NULL)
        *s->to++ = c;
}

/* What is between quotes. In "…", a backslash stands for itself but before " and \. */
static const char *quoted(splitter *s)
{
    char quote = *s->at++;
    while (*s->at != quote) {
        if (quote == '"' && s->at[0] == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
            s->at++;
        if (*s->at == '\0')
            return quote == '"' ? "a \" in its command is not closed" : "a ' in its command is not closed";
        put(s, *s->at++);
    }
    s->at++;
    return NULL;
}

/* A word, which begins at s->at. NULL, or what is wrong with it. */
static const char *word(splitter *s)
{
    const char *wrong = NULL;
    while (wrong == NULL && *s->at != '\0' && !is_blank(*s->at)) {
        if (*s->at == '"' || *s->at == '\'') {
            wrong = quoted(s);
            continue;
        }
        if (*s->at == '\\' && *++s->at == '\0')
            return "its command ends with a \\";
        put(s, *s->at++);
    }
    return wrong;
}

const char *qni_secret_split(qni_secret_words *out, const char *text)
{
    splitter s = {.at = text, .to = out->text};
    out->count = 0;
    for (;;) {
        while (is_blank(*s.at))
            s.at++;
        if (*s.at == '\0')
            break;
        if (out->count == QNI_SECRET_WORDS_MAX)
            return "its command has too many words";
        out->words[out->count++] = s.to;
        const char *wrong = word(&s);
        if (wrong != NULL)
            return wrong;
        put(&s, '\0');
    }
    out->words[out->count] = NULL;
    return out->count == 0 || out->words[0][0] == '\0' ? "the program's name is missing" : NULL;
}

int64_t qni_secret_first_word(const char *text)
{
    splitter s = {.at = text, .to = NULL};
    while (is_blank(*s.at))
        s.at++;
    return word(&s) == NULL ? s.at - text : 0;
}

/* ---- running ---- */

typedef struct child {
    const char *name;             /* the program's */
    pid_t pid;                    /* 0: it is known to be gone */
    int from;                     /* reads what it writes; -1: nothing comes any more */
    int64_t timeout_ms, until_ns; /* it has to have ended by then */
    qn_error *err;
} child;

#define NAME        "%.*s"
#define NAMED(text) (int)qni_utf8_cut((text), (int64_t)strlen(text), QNI_SECRET_ECHO_SIZE), (text)

/* Milliseconds that are left, rounded up; 0: none. */
static int left_ms(const child *c)
{
    int64_t left = c->until_ns - qni_clock_monotonic_ns();
    return left > 0 ? (int)((left + 999999) / 1000000) : 0;
}

static qn_status too_late(const child *c)
{
    return qni_error(c->err, QN_TIMEOUT,
                     "the program \"" NAME "\", which is to write a secret, has not ended within %" PRId64 " ms",
                     NAMED(c->name), c->timeout_ms);
}

/* Reads to the end of what it writes, or until `capacity` bytes are there. */
static qn_status gather(const child *c, char *out, int64_t *size, int64_t capacity)
{
    *size = 0;
    while (*size < capacity) {
        struct pollfd ready = {.fd = c->from, .events = POLLIN};
        int count = poll(&ready, 1, left_ms(c));
        if (count == 0)
            return too_late(c);
        ssize_t got = count < 0 ? -1 : read(c->from, out + *size, (size_t)(capacity - *size));
        if (got < 0 && errno != EINTR)
            return qni_error_errno(c->err, QN_IO, errno, "cannot read what the program \"" NAME "\" writes",
                                   NAMED(c->name));
        if (got == 0)
            return QN_OK;
        *size += got > 0 ? got : 0;
    }
    return qni_error(c->err, QN_CONFIG,
                     "the program \"" NAME "\" writes more than %" PRId64 " bytes: that is no secret", NAMED(c->name),
                     QNI_SECRET_SIZE_MAX);
}

/* Waits for its end: as a rule it comes with that of its output. There is no way to wait for both a process and a
 * time that is also safe in a host with signal handlers of its own; so it looks, at longer and longer intervals. */
static qn_status await(child *c, int *how)
{
    for (int pause_ms = 1;; pause_ms = pause_ms < 50 ? 2 * pause_ms : pause_ms) {
        pid_t pid = waitpid(c->pid, how, WNOHANG);
        if (pid == c->pid)
            return QN_OK;
        if (pid < 0 && errno != EINTR) { /* the host waits for all its children, or ignores their ends */
            c->pid = 0;
            return qni_error_errno(c->err, QN_CONFIG, errno, "how the program \"" NAME "\" ended cannot be known",
                                   NAMED(c->name));
        }
        if (left_ms(c) == 0)
            return too_late(c);
        (void)poll(NULL, 0, pause_ms);
    }
}

/* Whatever happened, nothing of it stays. */
static void end(const child *c)
{
    int how;
    pid_t pid;
    if (c->pid == 0)
        return;
    (void)kill(c->pid, SIGKILL);
    do
        pid = waitpid(c->pid, &how, 0);
    while (pid < 0 && errno == EINTR);
}

static qn_status judge(const child *c, int how, int64_t size)
{
    if (WIFSIGNALED(how))
        return qni_error(c->err, QN_CONFIG,
                         "the program \"" NAME "\", which is to write a secret, was ended by signal %d", NAMED(c->name),
                         WTERMSIG(how));
    if (WEXITSTATUS(how) != 0)
        return qni_error(c->err, QN_CONFIG,
                         "the program \"" NAME "\", which is to write a secret, failed with exit code %d",
                         NAMED(c->name), WEXITSTATUS(how));
    if (size == 0)
        return qni_error(c->err, QN_CONFIG, "the program \"" NAME "\", which is to write a secret, wrote nothing",
                         NAMED(c->name));
    return QN_OK;
}

/* What the child has otherwise than we: an empty input, the pipe as its output, and signals as a program expects them
 * that starts. Returns an errno. */
static int spawn_as(pid_t *pid, const qni_secret_words *program, int to, posix_spawn_file_actions_t *files,
                    posix_spawnattr_t *attributes)
{
    sigset_t none, usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGXFSZ);
    int e = posix_spawn_file_actions_adddup2(files, to, STDOUT_FILENO);
    if (e == 0)
        e = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (e == 0)
        e = posix_spawnattr_setsigmask(attributes, &none);
    if (e == 0)
        e = posix_spawnattr_setsigdefault(attributes, &usual);
    if (e == 0)
        e = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return e == 0 ? posix_spawnp(pid, program->words[0], files, attributes, program->words, environ) : e;
}

static int spawn(pid_t *pid, const qni_secret_words *program, int to)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int e = posix_spawn_file_actions_init(&files);
    if (e != 0)
        return e;
    e = posix_spawnattr_init(&attributes);
    if (e == 0) {
        e = spawn_as(pid, program, to, &files, &attributes);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return e;
}

static qn_status start(child *c, const qni_secret_words *program)
{
    int ends[2];
    int e = pipe2(ends, O_CLOEXEC) != 0 ? errno : 0;
    if (e == 0) {
        e = spawn(&c->pid, program, ends[1]);
        (void)close(ends[1]);
        c->from = ends[0];
        if (e == 0)
            return QN_OK;
        (void)close(ends[0]);
    }
    qn_error inner = qn_error_none();
    (void)qni_error_errno(&inner, QN_CONFIG, e, "cannot run the program \"" NAME "\", which is to write a secret",
                          NAMED(c->name));
    return qni_error(c->err, e == ENOENT ? QN_CONFIG : inner.code, "%s", inner.message);
}

qn_status qni_secret_run(char *out, int64_t *size, int64_t capacity, const qni_secret_words *program,
                         int64_t timeout_ms, qn_error *err)
{
    child c = {.name = program->words[0],
               .from = -1,
               .timeout_ms = timeout_ms,
               .until_ns = qni_clock_monotonic_ns() + timeout_ms * 1000000,
               .err = err};
    int how = 0;
    qn_status s = start(&c, program);
    if (s != QN_OK)
        return s;
    s = gather(&c, out, size, capacity);
    (void)close(c.from); /* one that still writes then ends */
    if (s == QN_OK)
        s = await(&c, &how);
    if (s != QN_OK) {
        end(&c);
        return s;
    }
    return judge(&c, how, *size);
}
