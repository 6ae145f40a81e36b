/* cli/out.c: the buffer in front of a descriptor, and what the environment says of it. */
#include "cli/out.h"

#include "base/error.h"
#include "base/number.h"
#include "cli/text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

/* Whether `text` begins with UTF-8 or UTF8, in any case. */
static bool begins_utf8(const char *text)
{
    static const char name[] = "utf-8";
    for (const char *n = name; *n != '\0'; n++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c == *n)
            text++;
        else if (*n != '-')
            return false;
    }
    return true;
}

/* The first that is set decides, as for setlocale. */
static bool environment_is_utf8(void)
{
    const char *value = is_set("LC_ALL") ? getenv("LC_ALL") : is_set("LC_CTYPE") ? getenv("LC_CTYPE") : getenv("LANG");
    const char *charset = value != NULL ? strchr(value, '.') : NULL;
    return charset != NULL && begins_utf8(charset + 1);
}

void qni_out_init(qni_out *out, int fd)
{
    out->fd = fd;
    out->failed = 0;
    out->used = 0;
    out->terminal = isatty(fd) == 1;
    const char *term = getenv("TERM");
    out->colour = out->terminal && !is_set("NO_COLOR") && term != NULL && strcmp(term, "dumb") != 0;
    out->utf8 = environment_is_utf8();
}

static void drain(qni_out *out)
{
    int64_t at = 0;
    while (at < out->used && out->failed == 0) {
        ssize_t n = write(out->fd, out->buffer + at, (size_t)(out->used - at));
        if (n > 0)
            at += n;
        else if (n < 0 && errno != EINTR)
            out->failed = errno;
    }
    out->used = 0;
}

void qni_out_bytes(qni_out *out, const char *bytes, int64_t size)
{
    while (size > 0) {
        int64_t room = QNI_OUT_BUFFER_SIZE - out->used;
        int64_t n = size < room ? size : room;
        memcpy(out->buffer + out->used, bytes, (size_t)n);
        out->used += n;
        bytes += n;
        size -= n;
        if (out->used == QNI_OUT_BUFFER_SIZE)
            drain(out);
    }
}

void qni_out_text(qni_out *out, const char *text)
{
    qni_out_bytes(out, text, (int64_t)strlen(text));
}

void qni_out_printf(qni_out *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(n >= 0);
    qni_out_bytes(out, text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

void qni_out_foreign(qni_out *out, const char *text, int64_t size)
{
    const char *end = text + (size < 0 ? (int64_t)strlen(text) : size);
    while (text < end) {
        int32_t code;
        int n = qni_text_next(&code, text, end);
        if (code < 0 || qni_text_is_control(code))
            qni_out_bytes(out, "?", 1);
        else
            qni_out_bytes(out, text, n);
        text += n;
    }
}

void qni_out_spaces(qni_out *out, int64_t count)
{
    for (; count > 0; count--)
        qni_out_bytes(out, " ", 1);
}

void qni_out_number(qni_out *out, double value)
{
    char text[QNI_NUMBER_SIZE];
    qni_out_bytes(out, text, qni_number_format(text, value));
}

void qni_out_style(qni_out *out, qni_style style)
{
    static const char *const codes[] = {
        [QNI_STYLE_PLAIN] = "\033[0m", [QNI_STYLE_BOLD] = "\033[1m",  [QNI_STYLE_DIM] = "\033[2m",
        [QNI_STYLE_GOOD] = "\033[32m", [QNI_STYLE_WARN] = "\033[33m", [QNI_STYLE_BAD] = "\033[31m",
    };
    if (out->colour)
        qni_out_text(out, codes[style]);
}

qn_status qni_out_flush(qni_out *out, const char *name, qn_error *err)
{
    drain(out);
    if (out->failed == 0)
        return QN_OK;
    (void)qni_error_errno(err, QN_IO, out->failed, "cannot write to %s", name);
    if (err != NULL)
        err->code = QN_IO;
    return QN_IO;
}

qn_status qni_out_json_sink(void *user, const char *text, int64_t size, qn_error *err)
{
    qni_out *out = user;
    qni_out_bytes(out, text, size);
    return out->failed == 0 ? QN_OK : qni_error(err, QN_IO, "cannot write to standard output");
}

qn_status qni_out_json_finish(qni_json_writer *writer, qn_error *err)
{
    const qn_status s = qni_json_finish(writer, err);
    return s == QN_IO ? QN_OK : s;
}

void qni_out_terminal_size(const qni_out *out, int *columns, int *lines)
{
    struct winsize size;
    *columns = 80;
    *lines = 24;
    if (ioctl(out->fd, TIOCGWINSZ, &size) != 0)
        return;
    if (size.ws_col > 0)
        *columns = size.ws_col;
    if (size.ws_row > 0)
        *lines = size.ws_row;
}
