/* cli/replay_watch.c: the thread beside a running stream: it stops the stream when the command is asked to end, turns
 * the gate's kill switch on at SIGUSR1, and tells a person at a terminal how it goes:
 *
 *     12.4 M records, 21.3 M/s, latency p50 18 us p99 41 us p99.9 77 us, 0 dropped
 */
#include "base/error.h"
#include "base/progress.h"
#include "cli/limits.h"
#include "cli/replay_int.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    DRAW_EVERY = 4, /* looks */
    COUNT_TEXT = 48
};

/* "12.4 M" */
static void short_count(char out[COUNT_TEXT], double count)
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    size_t unit = 0;
    for (; count >= 9999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        count /= 1000;
    const int64_t tenths = (int64_t)(count * 10 + 0.5);
    if (unit == 0)
        (void)snprintf(out, COUNT_TEXT, "%" PRId64, (int64_t)count);
    else
        (void)snprintf(out, COUNT_TEXT, "%" PRId64 ".%" PRId64 "%s", tenths / 10, tenths % 10, units[unit]);
}

static void draw(const qni_progress_options *terminal, const qn_stream_stats *stats, int64_t before, double seconds)
{
    char records[COUNT_TEXT], rate[COUNT_TEXT], line[200];
    short_count(records, (double)stats->consumed);
    short_count(rate, (double)(stats->consumed - before) / seconds);
    int size = snprintf(line, sizeof line,
                        "%s records, %s/s, latency p50 %" PRId64 " us p99 %" PRId64 " us p99.9 %" PRId64 " us, %" PRId64
                        " dropped",
                        records, rate, stats->latency_p50_ns / 1000, stats->latency_p99_ns / 1000,
                        stats->latency_p999_ns / 1000, stats->dropped);
    if (terminal->columns > 0 && size >= terminal->columns)
        size = terminal->columns - 1;
    char whole[220];
    size = snprintf(whole, sizeof whole, "\r\x1b[K%.*s", size, line);
    terminal->write(terminal->write_user, whole, size);
}

/* SIGUSR1 came: no order passes from now on. */
static void look_at_switch(replay_job *job, const struct pollfd *file)
{
    struct signalfd_siginfo signal;
    if ((file->revents & POLLIN) != 0 && read(job->switch_file, &signal, sizeof signal) == (ssize_t)sizeof signal)
        qn_gate_kill(job->gate);
}

static void watch(void *user, qni_service *service)
{
    replay_job *const job = user;
    const qni_progress_options terminal = qni_progress_on_stderr("", 0);
    qn_stream_stats stats = {.size = sizeof stats};
    int64_t before = 0, before_ns = 0;
    bool drawn = false;
    struct pollfd files[2] = {[1] = {.fd = job->switch_file, .events = POLLIN}};
    for (int looks = 1; !qni_service_stopping(service); looks++) {
        files[1].revents = 0;
        qni_service_wait(service, files, job->gate != NULL ? 2 : 1, QNI_REPLAY_LOOK_MS);
        look_at_switch(job, &files[1]);
        if (qni_stop_requested(job->run->stop))
            qn_stream_stop(job->stream);
        if (!terminal.enabled || looks % DRAW_EVERY != 0 || qni_service_stopping(service))
            continue;
        qn_stream_get_stats(job->stream, &stats);
        if (stats.seconds_ns <= before_ns)
            continue;
        draw(&terminal, &stats, before, (double)(stats.seconds_ns - before_ns) / 1e9);
        before = stats.consumed;
        before_ns = stats.seconds_ns;
        drawn = true;
    }
    if (drawn)
        terminal.write(terminal.write_user, "\r\x1b[K", 4);
}

/* The signal waits for the watcher instead of ending the command; other threads have every signal blocked. */
static qn_status open_switch(replay_job *job, qn_error *err)
{
    sigset_t usr1;
    (void)sigemptyset(&usr1);
    (void)sigaddset(&usr1, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    job->switch_file = signalfd(-1, &usr1, SFD_NONBLOCK | SFD_CLOEXEC);
    return job->switch_file >= 0 ? QN_OK : qni_error_errno(err, QN_LIMIT, errno, "cannot wait for a signal");
}

qn_status qni_replay_watch(replay_job *job, qn_error *err)
{
    job->switch_file = -1;
    if (job->gate != NULL) {
        qn_status s = open_switch(job, err);
        if (s != QN_OK)
            return s;
    }
    return qni_service_new(&job->watcher, "quern-watch", watch, job, job->run->allocator, err);
}

void qni_replay_unwatch(replay_job *job)
{
    qni_service_free(job->watcher);
    job->watcher = NULL;
    if (job->switch_file >= 0)
        (void)close(job->switch_file);
}
