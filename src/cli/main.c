/* cli/main.c: the process: its signals and its standard descriptors. Nothing else in Quern installs a signal handler.
 */
#include "cli/command.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* The handler's way to the work: the only mutable state of the command outside of a call. */
static qni_stop stop;
static atomic_bool patient; /* see qni_run */

static void on_signal(int signal)
{
    bool first = qni_stop_request(&stop, signal);
    if (!first || !atomic_load_explicit(&patient, memory_order_relaxed))
        _exit(128 + signal);
}

static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return; /* nohup and shells that start work in the background want it so */
    (void)sigaction(signal, &action, NULL);
}

/* A descriptor that is closed would be taken by the next file that is opened. This one refuses to be read or written.
 */
static void occupy(int fd, int mode)
{
    if (fcntl(fd, F_GETFD) == -1)
        (void)!open("/dev/null", mode);
}

int main(int argc, char **argv)
{
    occupy(STDIN_FILENO, O_WRONLY);
    occupy(STDOUT_FILENO, O_RDONLY);
    occupy(STDERR_FILENO, O_RDONLY);
    qni_stop_init(&stop, NULL);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    handle(SIGHUP, on_signal); /* the terminal is gone: whoever needs the work to go on says nohup */
    handle(SIGPIPE, SIG_IGN);  /* the write that fails says it better */
    handle(SIGXFSZ, SIG_IGN);  /* likewise: a file has become as large as it may */
    return qni_stop_finish(&stop, qni_command(argc, argv, &stop, &patient, NULL));
}
