/* A database's URL from arbitrary bytes: a refusal says where; what is read is shown as a URL that is read again as the
 * same but for its secrets. The input stands around a password as well, which must not make a difference to anything
 * that is shown or said. */
#include "store/limits.h"
#include "store/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_db_url: %s\n", what);
        abort();
    }
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void check_again(const qni_url *url)
{
    qni_url again;
    qn_error err = qn_error_none();
    if (strlen(url->shown) > QNI_URL_MAX) /* stars are longer than a short secret */
        return;
    require(qni_url_parse(&again, url->shown, NULL, &err) == QN_OK, "what is shown is a URL");
    require(again.kind == url->kind && again.option_count == url->option_count, "of the same kind");
    require(same(again.path, url->path) && same(again.user, url->user) && same(again.host, url->host) &&
                same(again.port, url->port) && same(again.database, url->database),
            "with the same parts");
    require(same(again.password, "***") || url->password[0] == '\0', "but for the password");
    require(same(again.shown, url->shown), "and shown as the same");
    for (int64_t i = 0; i < url->option_count; i++) {
        require(same(again.options[i].name, url->options[i].name), "with the same options");
        require(same(again.options[i].value, url->options[i].value) || same(again.options[i].value, "***"),
                "of the same values");
        require(same(qni_url_find(url, url->options[i].name), url->options[i].value), "each of which is found");
    }
    qni_url_free(&again);
}

static void check_plain(const char *text)
{
    qni_url url;
    qn_error err = qn_error_none();
    qn_status s = qni_url_parse(&url, text, NULL, &err);
    if (s == QN_OK) {
        check_again(&url);
        qni_url_free(&url);
        return;
    }
    require(s == QN_INVALID && err.message[0] != '\0', "a refusal says why");
    require(strlen(text) > QNI_URL_MAX || (err.column >= 1 && err.column <= (int64_t)strlen(text) + 1), "and where");
    require(url.bytes == NULL && url.options == NULL && url.shown == NULL, "and leaves nothing");
}

/* Two passwords of the same length in the place of one: %q and %w stand in no message of ours. */
static void check_secret(const char *before, const char *text, const char *after, size_t room)
{
    static const char *const secrets[2] = {"%71QXqQXq", "%77WZwWZw"};
    qni_url url[2];
    qn_error err[2] = {qn_error_none(), qn_error_none()};
    qn_status s[2];
    char *whole = malloc(room);
    require(whole != NULL, "memory");
    for (int i = 0; i < 2; i++) {
        (void)snprintf(whole, room, "%s%s%s%s", before, secrets[i], after, text);
        s[i] = qni_url_parse(&url[i], whole, NULL, &err[i]);
    }
    require(s[0] == s[1] && same(err[0].message, err[1].message), "what is said does not depend on the password");
    if (s[0] == QN_OK)
        require(same(url[0].shown, url[1].shown), "nor does what is shown");
    qni_url_free(&url[0]);
    qni_url_free(&url[1]);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL, "memory");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_plain(text);
    check_secret("postgres://u:", text, "", size + 100);
    check_secret("postgres://u:", text, "@", size + 100);
    check_secret("postgres://h/d?password=", text, "", size + 100);
    check_secret("postgres://h/d?password=", text, "&", size + 100);
    check_secret("postgres://h/d?a=b&sslpassword=", text, "&", size + 100);
    free(text);
    return 0;
}
