/* base/secret.c: references to secrets, and where they lead: files and credentials here, commands in
 * secret_command.c.
 *
 * Always: the bytes of a secret lie only in a block of keep(), which discard() overwrites. */
#include "base/secret_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum scheme {
    SCHEME_FILE,
    SCHEME_CREDENTIAL,
    SCHEME_COMMAND,
    SCHEME_COUNT /* none of them */
} scheme;

static const char *const schemes[SCHEME_COUNT] = {"file", "credential", "command"};

/* What stands behind the scheme is *rest. */
static scheme scheme_of(const char **rest, const char *reference)
{
    const char *colon = strchr(reference, ':');
    *rest = colon != NULL ? colon + 1 : reference;
    for (int i = 0; colon != NULL && i < SCHEME_COUNT; i++)
        if (strlen(schemes[i]) == (size_t)(colon - reference) && memcmp(schemes[i], reference, strlen(schemes[i])) == 0)
            return (scheme)i;
    return SCHEME_COUNT;
}

/* A mistyped scheme is told from a secret with a colon in it by being near to one; neither is repeated. */
static qn_status no_reference(const char *reference, const char *subject, qn_error *err)
{
    char typed[16] = "";
    size_t size = strcspn(reference, ":");
    if (size < sizeof typed && reference[size] == ':')
        memcpy(typed, reference, size);
    int64_t near = qni_nearest(typed, schemes, SCHEME_COUNT);
    if (near >= 0)
        return qni_error(err, QN_INVALID, "%s: this is no way to a secret: did you mean \"%s:\"?", subject,
                         schemes[near]);
    return qni_error(err, QN_INVALID,
                     "%s: the secret itself does not belong here, but where it is: file:PATH, credential:NAME, or "
                     "command:PROGRAM and its arguments",
                     subject);
}

static const char *wrong_path(const char *path)
{
    return path[0] == '\0'                    ? "the path is missing: file:PATH"
           : path[0] == '~' && path[1] == '/' ? "only a shell knows what ~ is: write the whole path"
                                              : NULL;
}

static const char *wrong_credential(const char *name)
{
    bool folder = strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    return name[0] == '\0' ? "the name is missing: credential:NAME"
           : folder        ? "a credential has a name and no path"
                           : NULL;
}

qn_status qni_secret_check(const char *reference, const char *subject, qn_error *err)
{
    const char *rest, *wrong;
    qni_secret_words program;
    scheme is = scheme_of(&rest, reference);
    if (is == SCHEME_COUNT)
        return no_reference(reference, subject, err);
    if (strlen(reference) > QNI_SECRET_REFERENCE_MAX)
        return qni_error(err, QN_INVALID, "%s: a reference to a secret has at most %d bytes", subject,
                         QNI_SECRET_REFERENCE_MAX);
    wrong = is == SCHEME_FILE         ? wrong_path(rest)
            : is == SCHEME_CREDENTIAL ? wrong_credential(rest)
                                      : qni_secret_split(&program, rest);
    return wrong == NULL ? QN_OK : qni_error(err, QN_INVALID, "%s: %s", subject, wrong);
}

void qni_secret_show(char out[QNI_SECRET_SHOWN_SIZE], const char *reference)
{
    const char *rest;
    scheme is = scheme_of(&rest, reference);
    int64_t size = (int64_t)strlen(reference);
    int64_t kept = is == SCHEME_COUNT     ? 0
                   : is == SCHEME_COMMAND ? rest - reference + qni_secret_first_word(rest)
                                          : size;
    kept = kept < QNI_SECRET_REFERENCE_MAX ? kept : QNI_SECRET_REFERENCE_MAX;
    (void)snprintf(out, QNI_SECRET_SHOWN_SIZE, "%.*s%s", (int)kept, reference,
                   is == SCHEME_COMMAND && kept < size ? " ..." : "");
}

/* A path as a message names it: the end of a long one. */
typedef struct shown {
    char text[QNI_SECRET_ECHO_SIZE + 4];
} shown;

static shown show(const char *path)
{
    shown s;
    size_t size = strlen(path);
    const char *from = size > QNI_SECRET_ECHO_SIZE ? path + (size - QNI_SECRET_ECHO_SIZE) : path;
    while (((unsigned char)*from & 0xC0) == 0x80) /* the rest of a character */
        from++;
    size_t dots = from > path ? 3 : 0;
    memcpy(s.text, "...", dots);
    memcpy(s.text + dots, from, strlen(from) + 1);
    return s;
}

/* ---- memory ---- */

/* A block for `capacity` bytes and a zero. Its pages are its own, so that they can be kept out of swap and core dumps;
 * where they cannot be, the secret is as safe as any other memory of the process. */
static qn_status keep(qni_secret *out, int64_t capacity, qn_error *err)
{
    int64_t size;
    if (!qni_size_round_up(&size, capacity + 1, QNI_SECRET_PAGE))
        return qni_error(err, QN_NOMEM, "no memory for a secret");
    out->block_size = size + QNI_SECRET_PAGE;
    out->block = qni_alloc(out->allocator, out->block_size, 1);
    if (out->block == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a secret");
    uintptr_t past = (uintptr_t)out->block % QNI_SECRET_PAGE;
    out->bytes = (char *)out->block + (past == 0 ? 0 : QNI_SECRET_PAGE - past);
    (void)sodium_mlock(out->bytes, (size_t)size);
    return QN_OK;
}

void qni_secret_fini(qni_secret *secret)
{
    if (secret->block != NULL) {
        int64_t locked = secret->block_size - QNI_SECRET_PAGE;
        (void)sodium_munlock(secret->bytes, (size_t)locked); /* overwrites first */
        qni_free(secret->allocator, secret->block, secret->block_size, 1);
    }
    *secret = (qni_secret){.allocator = secret->allocator};
}

/* The bytes [0, size) were read from `source`. */
static qn_status finish(qni_secret *out, int64_t size, const char *source, qn_error *err)
{
    if (size > 0 && out->bytes[size - 1] == '\n')
        out->line_end = size > 1 && out->bytes[size - 2] == '\r' ? 2 : 1;
    out->size = size - out->line_end;
    out->bytes[out->size] = '\0';
    if (out->size == 0)
        return qni_error(err, QN_CONFIG, "the secret \"%s\" is empty", show(source).text);
    return QN_OK;
}

/* ---- files ---- */

/* What cannot be opened or read is a setting that is wrong, unless it is the machine's fault. */
static qn_status unreadable(const char *path, int errno_, qn_error *err)
{
    qn_error inner = qn_error_none();
    qn_status s = qni_error_errno(&inner, QN_CONFIG, errno_, "cannot read the secret \"%s\"", show(path).text);
    return qni_error(err, s == QN_NO_INPUT ? QN_CONFIG : s, "%s", inner.message);
}

/* Whether the file is one that may hold a secret. */
static qn_status judge(const struct stat *info, const char *path, bool credential, qn_error *err)
{
    unsigned mode = (unsigned)info->st_mode & 07777;
    shown name = show(path);
    if (!S_ISREG(info->st_mode))
        return qni_error(err, QN_CONFIG, "the secret \"%s\" is no regular file", name.text);
    if (credential && (mode & 07) != 0)
        return qni_error(err, QN_PERMISSION, "everybody can use the credential \"%s\" (mode %04o)", name.text, mode);
    if (!credential && info->st_uid != geteuid() && info->st_uid != 0)
        return qni_error(err, QN_PERMISSION,
                         "the secret \"%s\" belongs to another user (number %u): make a file of your own", name.text,
                         (unsigned)info->st_uid);
    if (!credential && (mode & 077) != 0)
        return qni_error(err, QN_PERMISSION, "others can use the secret \"%s\" (mode %04o): chmod 600 %s", name.text,
                         mode, name.text);
    if (info->st_size > QNI_SECRET_SIZE_MAX)
        return qni_error(err, QN_CONFIG, "the secret \"%s\" has more than %" PRId64 " bytes", name.text,
                         QNI_SECRET_SIZE_MAX);
    return QN_OK;
}

/* One byte more than the file had is asked for, which shows whether it grew meanwhile. */
static qn_status read_descriptor(qni_secret *out, int fd, int64_t expected, const char *path, qn_error *err)
{
    int64_t size = 0;
    qn_status s = keep(out, expected + 1, err);
    while (s == QN_OK && size <= expected) {
        ssize_t got = read(fd, out->bytes + size, (size_t)(expected + 1 - size));
        if (got == 0)
            return finish(out, size, path, err);
        if (got < 0 && errno != EINTR)
            return unreadable(path, errno, err);
        size += got > 0 ? got : 0;
    }
    return s != QN_OK ? s : qni_error(err, QN_CONFIG, "the secret \"%s\" changes while it is read", show(path).text);
}

/* The file is judged and read by one descriptor: nobody can exchange it in between. */
static qn_status read_file(qni_secret *out, const char *path, bool credential, qn_error *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe without a writer is not waited for */
    if (fd < 0)
        return unreadable(path, errno, err);
    qn_status s = fstat(fd, &info) != 0 ? unreadable(path, errno, err) : judge(&info, path, credential, err);
    if (s == QN_OK)
        s = read_descriptor(out, fd, info.st_size, path, err);
    (void)close(fd);
    return s;
}

static qn_status read_credential(qni_secret *out, const char *name, qn_error *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[QNI_SECRET_REFERENCE_MAX];
    if (folder == NULL || folder[0] != '/')
        return qni_error(err, QN_CONFIG,
                         "no credential is here, for CREDENTIALS_DIRECTORY is not set: systemd does that for a service "
                         "with LoadCredential=%.*s:PATH",
                         (int)qni_utf8_cut(name, (int64_t)strlen(name), QNI_SECRET_ECHO_SIZE), name);
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof path)
        return qni_error(err, QN_CONFIG, "the path of the credential is too long");
    return read_file(out, path, true, err);
}

/* ---- commands ---- */

static qn_status read_command(qni_secret *out, const char *text, qn_error *err)
{
    qni_secret_words program;
    int64_t size;
    const char *wrong = qni_secret_split(&program, text);
    if (wrong != NULL)
        return qni_error(err, QN_INVALID, "a secret: %s", wrong);
    qn_status s = keep(out, QNI_SECRET_SIZE_MAX + 1, err);
    if (s == QN_OK)
        s = qni_secret_run(out->bytes, &size, QNI_SECRET_SIZE_MAX + 1, &program, QNI_SECRET_TIMEOUT_MS, err);
    return s == QN_OK ? finish(out, size, program.words[0], err) : s;
}

/* ---- secrets ---- */

qn_status qni_secret_read(qni_secret *out, const char *reference, const qn_allocator *allocator, qn_error *err)
{
    const char *rest;
    *out = (qni_secret){.reference = reference, .allocator = allocator};
    qn_status s = qni_secret_check(reference, "a secret", err);
    if (s != QN_OK)
        return s;
    scheme is = scheme_of(&rest, reference);
    s = is == SCHEME_FILE         ? read_file(out, rest, false, err)
        : is == SCHEME_CREDENTIAL ? read_credential(out, rest, err)
                                  : read_command(out, rest, err);
    if (s != QN_OK)
        qni_secret_fini(out);
    return s;
}

/* The reference as messages name it. */
static shown named(const qni_secret *secret)
{
    char all[QNI_SECRET_SHOWN_SIZE];
    qni_secret_show(all, secret->reference);
    return show(all);
}

qn_status qni_secret_text(const char **out, const qni_secret *secret, qn_error *err)
{
    *out = NULL;
    if (strlen(secret->bytes) != (size_t)secret->size)
        return qni_error(err, QN_CONFIG, "the secret \"%s\" has a zero byte in it, so it is no text",
                         named(secret).text);
    *out = secret->bytes;
    return QN_OK;
}

/* Whether all of `text` is base64, with or without its padding, of a key. */
static bool from_base64(uint8_t key[QNI_SECRET_KEY_SIZE], const char *text, int64_t size)
{
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                   sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    size_t got = 0;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        if (sodium_base642bin(key, QNI_SECRET_KEY_SIZE, text, (size_t)size, NULL, &got, NULL, variants[i]) == 0 &&
            got == QNI_SECRET_KEY_SIZE)
            return true;
    return false;
}

static bool from_hexadecimal(uint8_t key[QNI_SECRET_KEY_SIZE], const char *text, int64_t size)
{
    size_t got = 0;
    return size == INT64_C(2) * QNI_SECRET_KEY_SIZE &&
           sodium_hex2bin(key, QNI_SECRET_KEY_SIZE, text, (size_t)size, NULL, &got, NULL) == 0 &&
           got == QNI_SECRET_KEY_SIZE;
}

qn_status qni_secret_key(uint8_t key[QNI_SECRET_KEY_SIZE], const qni_secret *secret, qn_error *err)
{
    int64_t size = secret->size;
    if (size + secret->line_end == QNI_SECRET_KEY_SIZE) { /* random bytes may well end like a line */
        const char *ending = secret->line_end == 2 ? "\r\n" : "\n";
        memcpy(key, secret->bytes, (size_t)size);
        memcpy(key + size, ending, (size_t)(QNI_SECRET_KEY_SIZE - size));
        return QN_OK;
    }
    if (size == QNI_SECRET_KEY_SIZE) {
        memcpy(key, secret->bytes, QNI_SECRET_KEY_SIZE);
        return QN_OK;
    }
    if (from_hexadecimal(key, secret->bytes, size) || from_base64(key, secret->bytes, size))
        return QN_OK;
    sodium_memzero(key, QNI_SECRET_KEY_SIZE);
    return qni_error(err, QN_CONFIG,
                     "\"%s\" is no key: that is 32 bytes, 64 hexadecimal digits, or base64 of 32 bytes. To make one: "
                     "head -c 32 /dev/urandom > FILE; chmod 600 FILE",
                     named(secret).text);
}
