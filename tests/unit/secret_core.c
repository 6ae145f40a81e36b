/* Secrets: which files, credentials and commands give one, which are refused, and that none is ever told. */
#include "harness/harness.h"

#include "base/secret.h"
#include "base/secret_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "swordfish"

static char folder[] = "/tmp/quern-secret-XXXXXX";

/* A file in the folder, with these bytes and this mode. Gives its path, which the next call overwrites. */
static const char *file_of(const void *bytes, size_t size, mode_t mode)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    return path;
}

static const char *reference_to(const char *path)
{
    static char reference[128];
    (void)snprintf(reference, sizeof reference, "file:%s", path);
    return reference;
}

static const char *file_reference(const char *text, mode_t mode)
{
    return reference_to(file_of(text, strlen(text), mode));
}

/* Reads it, and counts what is held: descriptors, children, memory. */
static qn_status read_it(qni_secret *out, const char *reference, qn_error *err)
{
    static test_allocator t;
    test_allocator_init(&t);
    int before = dup(0);
    *err = qn_error_none();
    qn_status s = qni_secret_read(out, reference, &t.allocator, err);
    int after = dup(0);
    assert_int_equal(before + 1, after); /* both are open: the lowest number that is free is the next one */
    assert_int_equal(close(before), 0);
    assert_int_equal(close(after), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_true(s == QN_OK || t.live_bytes == 0);
    return s;
}

static void expect(const char *reference, const char *text)
{
    qn_error err;
    qni_secret secret;
    assert_ok(read_it(&secret, reference, &err), &err);
    const char *got;
    assert_ok(qni_secret_text(&got, &secret, &err), &err);
    assert_string_equal(got, text);
    assert_int_equal(secret.size, strlen(text));
    qni_secret_fini(&secret);
    assert_null(secret.bytes);
}

static void refuse(const char *reference, qn_status status, const char *sentence)
{
    qn_error err;
    qni_secret secret;
    assert_int_equal(read_it(&secret, reference, &err), status);
    assert_contains(err.message, sentence);
    if (strstr(err.message, SECRET) != NULL)
        fail_msg("told: %s", err.message);
    assert_null(secret.bytes);
}

/* ---- files ---- */

static void a_file_of_ours_gives_its_text_without_one_line_end(void **state)
{
    (void)state;
    expect(file_reference("open sesame", 0600), "open sesame");
    expect(file_reference("open sesame\n", 0400), "open sesame");
    expect(file_reference("open sesame\r\n", 0700), "open sesame");
    expect(file_reference("two\nlines\n\n", 0600), "two\nlines\n");
    expect(file_reference(" \t", 0600), " \t");
    expect(file_reference("\r", 0600), "\r");
    expect(file_reference("\n\n", 0600), "\n");
}

static void a_file_that_others_can_use_is_refused_with_what_to_do(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0777, 0440, 02640};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        const char *path = file_of(SECRET, strlen(SECRET), modes[i]);
        char sentence[128];
        (void)snprintf(sentence, sizeof sentence, "(mode %04o): chmod 600 %s", (unsigned)modes[i], path);
        refuse(reference_to(path), QN_PERMISSION, sentence);
    }
}

static void a_link_is_followed_and_its_target_counts(void **state)
{
    (void)state;
    char link[64];
    (void)snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink(file_of("x", 1, 0600), link), 0);
    expect(reference_to(link), "x");
    (void)file_of(SECRET, 9, 0644);
    refuse(reference_to(link), QN_PERMISSION, "link\" (mode 0644)");
    (void)unlink(file_of("x", 1, 0600));
    refuse(reference_to(link), QN_CONFIG, "No such file");
    assert_int_equal(unlink(link), 0);
}

static void what_is_no_regular_file_is_refused_and_not_waited_for(void **state)
{
    (void)state;
    char pipe_path[64];
    (void)snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    refuse(reference_to(pipe_path), QN_CONFIG, "no regular file");
    refuse(reference_to(folder), QN_CONFIG, "no regular file");
    refuse("file:/dev/null", QN_CONFIG, "\"/dev/null\" is no regular file");
    refuse("file:/dev/zero", QN_CONFIG, "no regular file");
    refuse("file:/nowhere/secret", QN_CONFIG, "cannot read the secret \"/nowhere/secret\": No such file");
    refuse("file:/dev/null/secret", QN_CONFIG, "cannot read");
    assert_int_equal(unlink(pipe_path), 0);
}

static void a_file_has_one_byte_to_64_kib(void **state)
{
    (void)state;
    static char large[65537];
    memset(large, 'x', sizeof large);
    refuse(file_reference("", 0600), QN_CONFIG, "is empty");
    refuse(file_reference("\n", 0600), QN_CONFIG, "is empty");
    refuse(file_reference("\r\n", 0600), QN_CONFIG, "is empty");
    refuse(reference_to(file_of(large, 65537, 0600)), QN_CONFIG, "more than 65536 bytes");
    qn_error err;
    qni_secret secret;
    assert_ok(read_it(&secret, reference_to(file_of(large, 65536, 0600)), &err), &err);
    assert_int_equal(secret.size, 65536);
    assert_memory_equal(secret.bytes, large, 65536);
    qni_secret_fini(&secret);
}

static void the_owner_of_a_file_is_us_or_root(void **state)
{
    (void)state;
    const char *path = file_of("x", 1, 0600);
    if (geteuid() != 0) { /* nobody else can give a file away, or read one that is not his */
        refuse("file:/etc/shadow", QN_PERMISSION, "");
        return;
    }
    assert_int_equal(chown(path, 12345, 0), 0);
    refuse(reference_to(path), QN_PERMISSION, "belongs to another user (number 12345)");
    assert_int_equal(chown(path, 0, 0), 0);
    expect(reference_to(path), "x");
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(seteuid(12345), 0); /* our own, and one of root's that we cannot open */
    expect(reference_to(path), "x");
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(seteuid(12345), 0);
    refuse(reference_to(path), QN_PERMISSION, "Permission denied");
    assert_int_equal(seteuid(0), 0);
}

/* ---- credentials ---- */

static void a_credential_is_a_file_where_systemd_says(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    refuse("credential:secret", QN_CONFIG, "LoadCredential=secret:PATH");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
    refuse("credential:secret", QN_CONFIG, "CREDENTIALS_DIRECTORY");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    (void)file_of("from systemd\n", 13, 0400);
    expect("credential:secret", "from systemd");
    (void)file_of("x", 1, 0440); /* how systemd shows an access list */
    expect("credential:secret", "x");
    const char *path = file_of("x", 1, 0440);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 12345, 12345), 0);
    expect("credential:secret", "x");
    static const mode_t modes[] = {0444, 0442, 0401};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        (void)file_of(SECRET, 9, modes[i]);
        refuse("credential:secret", QN_PERMISSION, "everybody can use the credential");
    }
    refuse("credential:other", QN_CONFIG, "No such file");
    refuse("credential:../secret", QN_INVALID, "a name and no path");
    refuse("credential:..", QN_INVALID, "a name and no path");
    refuse("credential:", QN_INVALID, "the name is missing");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

/* ---- commands ---- */

static void a_command_gives_what_it_writes(void **state)
{
    (void)state;
    expect("command:echo open sesame", "open sesame");
    expect("command: printf\t'a  b\\n' ", "a  b");
    expect("command:printf %s \"a b\"' c'd\\ e", "a b c"
                                                 "d e");
    expect("command:/bin/echo \"a \\\"quoted\\\" \\\\ \\$HOME\" '$HOME' $HOME ~ * `x` | > ; '' &",
           "a \"quoted\" \\ \\$HOME $HOME $HOME ~ * `x` | > ;  &");
    expect("command:sh -c 'echo one; sleep 0.01; echo two'", "one\ntwo");
}

static void a_command_starts_as_programs_expect(void **state)
{
    (void)state;
    const char *path = file_of("what is typed", 13, 0600);
    int before = dup(0), file = open(path, O_RDONLY);
    assert_int_equal(dup2(file, 0), 0);
    (void)close(file);
    expect("command:sh -c 'cat; echo nothing was typed'", "nothing was typed");
    assert_int_equal(dup2(before, 0), 0);
    (void)close(before);
    void (*usual)(int) = signal(SIGPIPE, SIG_IGN);
    refuse("command:sh -c 'kill -PIPE $$; echo alive'", QN_CONFIG, "was ended by signal 13");
    (void)signal(SIGPIPE, usual);
    usual = signal(SIGCHLD, SIG_IGN); /* then nobody learns how it ended */
    refuse("command:echo " SECRET, QN_CONFIG, "how the program \"echo\" ended cannot be known");
    (void)signal(SIGCHLD, usual);
    /* it has one end of the pipe, as its output alone */
    expect("command:sh -c 'for f in /proc/$$/fd/*; do [ $f -ef /proc/$$/fd/1 ] && echo ${f##*/}; done; true'", "1");
}

static void a_command_that_fails_gives_nothing(void **state)
{
    (void)state;
    refuse("command:sh -c 'echo " SECRET "; exit 3' " SECRET, QN_CONFIG,
           "\"sh\", which is to write a secret, failed with "
           "exit code 3");
    refuse("command:sh -c 'echo " SECRET "; kill -9 $$'", QN_CONFIG, "was ended by signal 9");
    refuse("command:true " SECRET, QN_CONFIG, "\"true\", which is to write a secret, wrote nothing");
    refuse("command:echo", QN_CONFIG, "\"echo\" is empty");
    refuse("command:head -c 65537 /dev/zero", QN_CONFIG, "\"head\" writes more than 65536 bytes");
    refuse("command:yes " SECRET, QN_CONFIG, "\"yes\" writes more than 65536 bytes");
    refuse("command:quern-no-such-program " SECRET, QN_CONFIG, "the program \"quern-no-such-program\"");
}

static void what_is_no_command_is_refused_before_it_runs(void **state)
{
    (void)state;
    refuse("command:", QN_INVALID, "the program's name is missing");
    refuse("command: \t", QN_INVALID, "the program's name is missing");
    refuse("command:'' x", QN_INVALID, "the program's name is missing");
    refuse("command:echo '" SECRET, QN_INVALID, "a ' in its command is not closed");
    refuse("command:echo \"" SECRET "\\\"", QN_INVALID, "a \" in its command is not closed");
    refuse("command:echo \"" SECRET "\\", QN_INVALID, "a \" in its command is not closed");
    refuse("command:echo " SECRET "\\", QN_INVALID, "its command ends with a \\");
    char many[256] = "command:echo";
    for (int i = 0; i < 63; i++)
        strcat(many, " a");
    qn_error err = qn_error_none();
    assert_ok(qni_secret_check(many, "it", &err), &err);
    strcat(many, " a");
    refuse(many, QN_INVALID, "too many words");
    static char longest[4098];
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "file:/", 6);
    refuse(longest, QN_INVALID, "at most 4096 bytes");
}

static qn_status run_for(int64_t timeout_ms, const char *text, qn_error *err)
{
    qni_secret_words program;
    char out[64];
    int64_t size;
    assert_null(qni_secret_split(&program, text));
    *err = qn_error_none();
    qn_status s = qni_secret_run(out, &size, sizeof out, &program, timeout_ms, err);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* there is no child any more */
    assert_int_equal(errno, ECHILD);
    return s;
}

static void a_command_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    qn_error err;
    assert_int_equal(run_for(30, "sleep 1000", &err), QN_TIMEOUT);
    assert_contains(err.message, "\"sleep\", which is to write a secret, has not ended within 30 ms");
    assert_int_equal(run_for(30, "sh -c 'echo " SECRET "; exec sleep 1000' " SECRET, &err), QN_TIMEOUT);
    assert_null(strstr(err.message, SECRET));
    assert_int_equal(run_for(30, "sh -c 'echo x; exec >&-; exec sleep 1000'", &err), QN_TIMEOUT);
    assert_int_equal(run_for(0, "sleep 1000", &err), QN_TIMEOUT);
    assert_ok(run_for(100000, "sh -c 'echo x; exec >&-; sleep 0.02'", &err), &err);
}

/* ---- references ---- */

static void a_secret_itself_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const literals[] = {
        SECRET,          "",     ":",        SECRET ":x",    "x:" SECRET, "postgres://u:" SECRET "@h/d",
        "File :" SECRET, "file", "/" SECRET, " file:" SECRET};
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        qn_error err = qn_error_none();
        assert_int_equal(qni_secret_check(literals[i], "option \"--key\"", &err), QN_INVALID);
        assert_contains(err.message, "option \"--key\": ");
        assert_contains(err.message, "file:");
        assert_null(strstr(err.message, SECRET));
        refuse(literals[i], QN_INVALID, "a secret: ");
    }
    refuse("fiel:" SECRET, QN_INVALID, "did you mean \"file:\"?");
    refuse("FILE:" SECRET, QN_INVALID, "did you mean \"file:\"?");
    refuse("credentials:" SECRET, QN_INVALID, "did you mean \"credential:\"?");
    refuse("cmd:" SECRET, QN_INVALID, "file:PATH, credential:NAME, or command:PROGRAM");
    refuse("file:", QN_INVALID, "the path is missing");
    refuse("file:~/secret", QN_INVALID, "write the whole path");
}

static void a_reference_is_shown_without_the_arguments_of_a_command(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"file:/a b/c", "file:/a b/c"},
        {"credential:name", "credential:name"},
        {"command:pass", "command:pass"},
        {"command:pass show " SECRET, "command:pass ..."},
        {"command:'my pass' " SECRET, "command:'my pass' ..."},
        {"command: \"a\\\" b\"c\\ d " SECRET, "command: \"a\\\" b\"c\\ d ..."},
        {SECRET, ""},
    };
    char shown[QNI_SECRET_SHOWN_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qni_secret_show(shown, cases[i][0]);
        assert_string_equal(shown, cases[i][1]);
    }
}

/* ---- keys and texts ---- */

/* What the file's bytes are as a key; NULL: none. */
static const uint8_t *key_of(const void *bytes, size_t size)
{
    static uint8_t key[QNI_SECRET_KEY_SIZE];
    qn_error err;
    qni_secret secret;
    assert_ok(read_it(&secret, reference_to(file_of(bytes, size, 0600)), &err), &err);
    qn_status s = qni_secret_key(key, &secret, &err);
    qni_secret_fini(&secret);
    if (s == QN_OK)
        return key;
    assert_int_equal(s, QN_CONFIG);
    assert_contains(err.message, "/secret\" is no key: that is 32 bytes");
    assert_contains(err.message, "head -c 32 /dev/urandom > FILE; chmod 600 FILE");
    return NULL;
}

static const uint8_t *key_of_text(const char *text)
{
    return key_of(text, strlen(text));
}

static void a_key_is_32_bytes_or_their_hexadecimal_or_base64(void **state)
{
    (void)state;
    uint8_t bytes[32];
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(i * 7 + 0xF8); /* has + and / in base64; xxd -p and base64 say the rest */
    static const char hexadecimal[] = "f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cad1";
    assert_memory_equal(key_of(bytes, 32), bytes, 32);
    assert_memory_equal(key_of_text(hexadecimal), bytes, 32);
    assert_memory_equal(key_of_text("F8FF060D141B222930373E454C535A61686F767D848B9299A0A7AEB5BCC3CAD1\r\n"), bytes, 32);
    assert_memory_equal(key_of_text("+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytE=\n"), bytes, 32);
    assert_memory_equal(key_of_text("+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytE"), bytes, 32);
    assert_memory_equal(key_of_text("-P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytE="), bytes, 32);
    bytes[31] = '\n'; /* random bytes may end like a line */
    assert_memory_equal(key_of(bytes, 32), bytes, 32);
    bytes[30] = '\r';
    assert_memory_equal(key_of(bytes, 32), bytes, 32);
    bytes[0] = bytes[31] = 0;
    assert_memory_equal(key_of(bytes, 32), bytes, 32);
}

static void what_is_no_key_says_how_to_make_one(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "x",
        "open sesame",
        "AAAA",
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDyg==", /* 31 bytes */
        "f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cad",
        "f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cad1f8",
        "f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cadg",
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytE==",
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDyt==",
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytF=", /* bits beyond the last byte */
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzDytE= ",
        "+P8GDRQbIikwNz5FTFNaYWhvdn2Ei5KZoKeutbzD ytE=",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(key_of_text(wrong[i]));
}

static void a_text_has_no_zero_byte(void **state)
{
    (void)state;
    qn_error err;
    qni_secret secret;
    const char *text;
    assert_ok(read_it(&secret, reference_to(file_of("sword\0fish", 10, 0600)), &err), &err);
    assert_int_equal(qni_secret_text(&text, &secret, &err), QN_CONFIG);
    assert_null(text);
    assert_contains(err.message, "has a zero byte in it");
    qni_secret_fini(&secret);
    qni_secret_fini(&secret); /* an empty one */
}

/* Looks at every block that is given back. */
static void *watching(void *user, void *block, int64_t old_size, int64_t new_size)
{
    int64_t *found = user;
    const qn_allocator *inner = qn_allocator_default();
    for (int64_t i = 0; new_size == 0 && i + 9 <= old_size; i++)
        *found += memcmp((const char *)block + i, SECRET, 9) == 0;
    void *made = inner->resize(inner->user, block, old_size, new_size);
    if (made != NULL && block == NULL)
        memset(made, 0, (size_t)new_size); /* what nobody wrote may be looked at, too */
    return made;
}

static void memory_is_overwritten_before_it_is_given_back(void **state)
{
    (void)state;
    int64_t found = 0;
    qn_allocator allocator = {.resize = watching, .user = &found};
    qni_secret secret;
    const char *const references[] = {file_reference(SECRET "\n", 0600), "command:echo " SECRET,
                                      "command:sh -c 'echo " SECRET "; exit 1'"};
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        qn_status s = qni_secret_read(&secret, references[i], &allocator, NULL);
        assert_int_equal(s, i < 2 ? QN_OK : QN_CONFIG);
        if (i < 2)
            assert_string_equal(secret.bytes, SECRET);
        qni_secret_fini(&secret);
    }
    assert_int_equal(found, 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(file_of("", 0, 0600));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_ours_gives_its_text_without_one_line_end),
        cmocka_unit_test(a_file_that_others_can_use_is_refused_with_what_to_do),
        cmocka_unit_test(a_link_is_followed_and_its_target_counts),
        cmocka_unit_test(what_is_no_regular_file_is_refused_and_not_waited_for),
        cmocka_unit_test(a_file_has_one_byte_to_64_kib),
        cmocka_unit_test(the_owner_of_a_file_is_us_or_root),
        cmocka_unit_test(a_credential_is_a_file_where_systemd_says),
        cmocka_unit_test(a_command_gives_what_it_writes),
        cmocka_unit_test(a_command_starts_as_programs_expect),
        cmocka_unit_test(a_command_that_fails_gives_nothing),
        cmocka_unit_test(what_is_no_command_is_refused_before_it_runs),
        cmocka_unit_test(a_command_that_takes_too_long_is_ended),
        cmocka_unit_test(a_secret_itself_is_refused_and_not_repeated),
        cmocka_unit_test(a_reference_is_shown_without_the_arguments_of_a_command),
        cmocka_unit_test(a_key_is_32_bytes_or_their_hexadecimal_or_base64),
        cmocka_unit_test(what_is_no_key_says_how_to_make_one),
        cmocka_unit_test(a_text_has_no_zero_byte),
        cmocka_unit_test(memory_is_overwritten_before_it_is_given_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
