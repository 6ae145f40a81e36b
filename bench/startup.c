/* How long does a small fit take from the shell's point of view? `quern fit` on a table of 14 rows, from start to exit,
 * beside a Python interpreter that starts, does nothing and exits, and beside /bin/true, which is what starting any
 * process costs. */
#include "bench/common.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct words {
    char *list[8];
    char line[512]; /* a word a line */
} words;

static words fit = {.line = BENCH_QUERN "\nfit\nvolume = a*(1 - exp(-b*pressure))\nexamples/adsorption.csv\n"
                                        "--start=a=500,b=1e-4"};
static words python = {.line = "/usr/bin/python3\n-I\n-c\npass"};
static words nothing = {.line = "/bin/true"};

static void split(words *w)
{
    int count = 0;
    for (char *word = strtok(w->line, "\n"); word != NULL; word = strtok(NULL, "\n"))
        w->list[count++] = word;
}

/* Starts a process with their output thrown away and waits for the end. */
static void run(void *user)
{
    const words *w = user;
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, w->list[0], &actions, NULL, w->list, environ) != 0 || waitpid(child, &status, 0) != child ||
        status != 0) {
        fprintf(stderr, "\"%s\" does not run (from the project's folder?)\n", w->list[0]);
        exit(2);
    }
    posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv)
{
    bench b;
    split(&fit);
    split(&python);
    split(&nothing);
    bench_begin(&b, "startup", argc, argv);
    bench_side ours = {"quern fit", run, &fit};
    if (access(python.list[0], X_OK) == 0)
        bench_compare(&b, "start, fit 14 rows, exit", ours, (bench_side){"python3 -I -c pass", run, &python}, 0, NULL);
    else
        bench_no_peer("Python", "python3");
    bench_compare(&b, "beside an empty process", ours, (bench_side){"/bin/true", run, &nothing}, 0, NULL);
    return bench_end(&b);
}
