/* Files in and out: whole or not at all, full disks, links, permissions, devices, limits. Works in a folder of its own.
 */
#include "harness/harness.h"

#include "base/file.h"
#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* The number of files in the folder; all are removed where `empty` is true. */
static int files_in_folder(bool empty)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (empty)
            (void)remove(in_folder(entry->d_name));
    }
    (void)closedir(dir);
    return count;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quern-file-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int sweep(void **state)
{
    (void)state;
    (void)files_in_folder(true);
    return 0;
}

static void must_write(const char *path, const char *text)
{
    qn_error err;
    assert_ok(qni_file_write_all(path, text, (int64_t)strlen(text), NULL, &err), &err);
}

static void assert_content(const char *path, const char *text)
{
    qni_file_bytes bytes;
    qn_error err;
    assert_ok(qni_file_read_all(&bytes, path, 1 << 20, NULL, &err), &err);
    assert_string_equal(bytes.bytes, text);
    assert_int_equal(bytes.size, strlen(text));
    qni_file_bytes_free(&bytes, NULL);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    static char big[5 * QNI_FILE_BUFFER_SIZE / 2 + 17];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 251);
    static const int64_t steps[] = {
        1, 7, 4096, QNI_FILE_BUFFER_SIZE - 1, QNI_FILE_BUFFER_SIZE, QNI_FILE_BUFFER_SIZE + 1, sizeof big};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        qni_file_writer *writer;
        qn_error err;
        assert_ok(qni_file_open(&writer, in_folder("big"), NULL, &err), &err);
        for (int64_t at = 0; at < (int64_t)sizeof big; at += steps[s]) {
            int64_t left = (int64_t)sizeof big - at;
            assert_ok(qni_file_write(writer, big + at, left < steps[s] ? left : steps[s], &err), &err);
        }
        assert_ok(qni_file_commit(writer, &err), &err);
        qni_file_bytes bytes;
        assert_ok(qni_file_read_all(&bytes, in_folder("big"), sizeof big, NULL, &err), &err);
        assert_int_equal(bytes.size, sizeof big);
        assert_memory_equal(bytes.bytes, big, sizeof big);
        assert_int_equal(bytes.bytes[bytes.size], 0);
        qni_file_bytes_free(&bytes, NULL);
    }
    assert_int_equal(files_in_folder(false), 1);
}

static void the_old_file_stands_until_the_commit(void **state)
{
    (void)state;
    must_write(in_folder("f"), "old");
    qni_file_writer *writer;
    qn_error err;
    assert_ok(qni_file_open(&writer, in_folder("f"), NULL, &err), &err);
    assert_ok(qni_file_write(writer, "new", 3, &err), &err);
    assert_content(in_folder("f"), "old");
    assert_ok(qni_file_commit(writer, &err), &err);
    assert_content(in_folder("f"), "new");
    assert_ok(qni_file_open(&writer, in_folder("f"), NULL, &err), &err);
    assert_ok(qni_file_write(writer, "newer", 5, &err), &err);
    qni_file_abandon(writer);
    assert_content(in_folder("f"), "new");
    assert_int_equal(files_in_folder(false), 1);
    qni_file_abandon(NULL);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    must_write(in_folder("empty"), "");
    assert_content(in_folder("empty"), "");
}

/* Writes four buffers' worth in a child that may make files of one buffer only; returns 0 where all went as it should.
 */
static int write_beyond_the_limit(const char *path, bool small_pieces)
{
    struct rlimit limit = {QNI_FILE_BUFFER_SIZE, QNI_FILE_BUFFER_SIZE};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    static char bytes[4 * QNI_FILE_BUFFER_SIZE];
    qn_error err;
    if (!small_pieces) {
        qn_status status = qni_file_write_all(path, bytes, sizeof bytes, NULL, &err);
        return status == QN_IO && err.native == EFBIG && strstr(err.message, path) != NULL ? 0 : 3;
    }
    qni_file_writer *writer;
    if (qni_file_open(&writer, path, NULL, &err) != QN_OK)
        return 4;
    qn_status status = QN_OK;
    for (int i = 0; i < (int)sizeof bytes / 64; i++) { /* a caller that looks at nothing until the end */
        qn_status one = qni_file_write(writer, bytes, 64, NULL);
        if (status != QN_OK && one != status)
            return 5;
        status = one;
    }
    return qni_file_commit(writer, &err) == QN_IO && err.native == EFBIG && strstr(err.message, path) != NULL ? 0 : 6;
}

static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    for (int small = 0; small < 2; small++) {
        must_write(in_folder("f"), "old");
        (void)fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(write_beyond_the_limit(in_folder("f"), small == 1));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_content(in_folder("f"), "old");
        assert_int_equal(files_in_folder(false), 1);
    }
}

static void a_device_is_written_to_and_not_replaced(void **state)
{
    (void)state;
    qn_error err;
    assert_int_equal(qni_file_write_all("/dev/full", "x", 1, NULL, &err), QN_IO);
    assert_int_equal(err.native, ENOSPC);
    assert_contains(err.message, "cannot write \"/dev/full\": No space left on device");
    assert_ok(qni_file_write_all("/dev/null", "x", 1, NULL, &err), &err);
    struct stat info;
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

static void a_name_that_cannot_be_is_refused(void **state)
{
    (void)state;
    qni_file_writer *writer = (void *)1;
    qn_error err;
    assert_int_equal(qni_file_open(&writer, in_folder("none/f"), NULL, &err), QN_CREATE);
    assert_null(writer);
    assert_int_equal(err.code, QN_CREATE);
    assert_contains(err.message, "none/f\": No such file or directory");
    assert_int_equal(qni_file_open(&writer, folder, NULL, &err), QN_CREATE);
    assert_contains(err.message, "folder");
    assert_int_equal(qni_file_open(&writer, "", NULL, &err), QN_CREATE);
    assert_int_equal(qni_file_open(&writer, in_folder("slash/"), NULL, &err), QN_CREATE);
    must_write(in_folder("f"), "x");
    assert_int_equal(qni_file_open(&writer, in_folder("f/g"), NULL, &err), QN_CREATE);
    assert_int_equal(files_in_folder(false), 1);
    char longest[5000];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(qni_file_open(&writer, longest, NULL, &err), QN_CREATE);
    assert_contains(err.message, "File name too long"); /* the reason is not cut off */
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void permissions_of_a_replaced_file_are_kept_and_new_ones_follow_the_umask(void **state)
{
    (void)state;
    mode_t before = umask(027);
    must_write(in_folder("f"), "x");
    (void)umask(before);
    assert_int_equal(mode_of(in_folder("f")), 0640);
    assert_int_equal(chmod(in_folder("f"), 0604), 0);
    must_write(in_folder("f"), "y");
    assert_int_equal(mode_of(in_folder("f")), 0604);
}

static void a_link_is_followed(void **state)
{
    (void)state;
    must_write(in_folder("real"), "old");
    assert_int_equal(symlink("real", in_folder("link")), 0);
    must_write(in_folder("link"), "new");
    struct stat info;
    assert_int_equal(lstat(in_folder("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content(in_folder("real"), "new");
}

static void a_link_to_nothing_is_refused_and_stays(void **state)
{
    (void)state;
    qn_error err;
    struct stat info;
    assert_int_equal(symlink("nothing", in_folder("link")), 0);
    assert_int_equal(qni_file_write_all(in_folder("link"), "x", 1, NULL, &err), QN_CREATE);
    assert_contains(err.message, "a link to a file that is not there");
    assert_int_equal(lstat(in_folder("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

/* Runs in a child as nobody, who may change the folder but not the file. */
static int write_protected(const char *path)
{
    if (geteuid() == 0 && setuid(65534) != 0)
        return 2;
    qn_error err;
    return qni_file_write_all(path, "x", 1, NULL, &err) == QN_PERMISSION && strstr(err.message, path) != NULL ? 0 : 3;
}

static void a_protected_file_is_not_replaced(void **state)
{
    (void)state;
    must_write(in_folder("f"), "old");
    assert_int_equal(chmod(in_folder("f"), 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_protected(in_folder("f")));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_content(in_folder("f"), "old");
    assert_int_equal(files_in_folder(false), 1);
}

static void a_dash_is_standard_output_and_input(void **state)
{
    (void)state;
    int ends[2];
    static const char *const names[] = {"-", "/dev/stdout"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(ends), 0);
        (void)fflush(stdout);
        int out = dup(STDOUT_FILENO), in = dup(STDIN_FILENO);
        assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
        (void)close(ends[1]);
        qn_error err = qn_error_none();
        qn_status status = qni_file_write_all(names[i], "through a pipe", 14, NULL, &err);
        assert_int_equal(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
        (void)close(out);
        assert_ok(status, &err);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        (void)close(ends[0]);
        assert_content("-", "through a pipe");
        if (in >= 0) {
            assert_int_equal(dup2(in, STDIN_FILENO), STDIN_FILENO);
            (void)close(in);
        }
    }
}

static void standard_output_that_is_a_file_keeps_its_file(void **state)
{
    (void)state;
    int file = open(in_folder("out"), O_RDWR | O_CREAT | O_APPEND, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, "before ", 7), 7);
    (void)fflush(stdout);
    int out = dup(STDOUT_FILENO);
    assert_int_equal(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
    qn_error err = qn_error_none();
    qn_status status = qni_file_write_all("/dev/stdout", "after", 5, NULL, &err);
    assert_int_equal(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(out);
    (void)close(file);
    assert_ok(status, &err);
    assert_content(in_folder("out"), "before after");
}

static void nobody_reading_is_an_error_with_its_errno(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    int reader = open(in_folder("fifo"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    qni_file_writer *writer;
    qn_error err;
    assert_ok(qni_file_open(&writer, in_folder("fifo"), NULL, &err), &err);
    (void)close(reader);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    assert_ok(qni_file_write(writer, "x", 1, &err), &err); /* gathered */
    assert_int_equal(qni_file_commit(writer, &err), QN_IO);
    (void)signal(SIGPIPE, before);
    assert_int_equal(err.native, EPIPE);
}

static void reading_says_what_is_wrong(void **state)
{
    (void)state;
    qni_file_bytes bytes;
    qn_error err;
    assert_int_equal(qni_file_read_all(&bytes, in_folder("none"), 10, NULL, &err), QN_NO_INPUT);
    assert_null(bytes.bytes);
    assert_contains(err.message, "none\": No such file or directory");
    assert_int_equal(qni_file_read_all(&bytes, folder, 10, NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "folder");
    must_write(in_folder("f"), "0123456789");
    assert_int_equal(qni_file_read_all(&bytes, in_folder("f"), 9, NULL, &err), QN_LIMIT);
    assert_contains(err.message, "larger than 9 bytes");
    assert_null(bytes.bytes);
    assert_ok(qni_file_read_all(&bytes, in_folder("f"), 10, NULL, &err), &err);
    qni_file_bytes_free(&bytes, NULL);
    qni_file_bytes_free(&bytes, NULL);
}

typedef struct feed {
    const char *path;
    int64_t size;
} feed;

static void *feed_fifo(void *user)
{
    const feed *f = user;
    int fd = open(f->path, O_WRONLY);
    for (int64_t i = 0; i < f->size; i += 1000)
        if (write(fd, "0123456789", i + 10 <= f->size ? 10 : (size_t)(f->size - i)) < 0)
            break;
    (void)close(fd);
    return NULL;
}

static void an_input_of_unknown_size_is_read_up_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    char path[400];
    snprintf(path, sizeof path, "%s", in_folder("fifo"));
    for (int limit = 999; limit <= 1000; limit++) {
        feed f = {path, 100000};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, feed_fifo, &f), 0);
        void (*before)(int) = signal(SIGPIPE, SIG_IGN);
        qni_file_bytes bytes;
        qn_error err;
        qn_status status = qni_file_read_all(&bytes, path, limit, NULL, &err);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)signal(SIGPIPE, before);
        assert_int_equal(status, limit < 1000 ? QN_LIMIT : QN_OK);
        assert_int_equal(bytes.size, limit < 1000 ? 0 : 1000);
        qni_file_bytes_free(&bytes, NULL);
    }
    qni_file_bytes bytes;
    qn_error err;
    assert_int_equal(qni_file_read_all(&bytes, "/dev/zero", 3 << 20, NULL, &err), QN_LIMIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, sweep)
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read),
        TEST(the_old_file_stands_until_the_commit),
        TEST(an_empty_file_is_a_file),
        TEST(a_full_disk_leaves_the_old_file_and_nothing_else),
        TEST(a_device_is_written_to_and_not_replaced),
        TEST(a_name_that_cannot_be_is_refused),
        TEST(permissions_of_a_replaced_file_are_kept_and_new_ones_follow_the_umask),
        TEST(a_link_is_followed),
        TEST(a_link_to_nothing_is_refused_and_stays),
        TEST(a_protected_file_is_not_replaced),
        TEST(a_dash_is_standard_output_and_input),
        TEST(standard_output_that_is_a_file_keeps_its_file),
        TEST(nobody_reading_is_an_error_with_its_errno),
        TEST(reading_says_what_is_wrong),
        TEST(an_input_of_unknown_size_is_read_up_to_the_limit),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
