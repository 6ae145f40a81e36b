/* bench/python.c: see python.h. */
#include "bench/python.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool bench_python_hear(bench_python *p)
{
    return fgets(p->line, sizeof p->line, p->from) != NULL;
}

/* In the new process. */
static void become(const int to[2], const int from[2], const char *script, const char *argument)
{
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    close(to[0]);
    close(to[1]);
    close(from[0]);
    close(from[1]);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("NUMEXPR_NUM_THREADS", "1", 1);
    execl("/usr/bin/python3", "python3", "-B", script, argument, (char *)NULL);
    _exit(127);
}

bool bench_python_begin(bench_python *p, const char *script, const char *argument)
{
    int to[2], from[2];
    *p = (bench_python){0};
    if (pipe(to) != 0 || pipe(from) != 0)
        exit(1);
    fcntl(to[1], F_SETFD, FD_CLOEXEC); /* else the next process holds it open, and this one never sees the end */
    fflush(stdout);
    p->process = fork();
    if (p->process == 0)
        become(to, from, script, argument);
    close(to[0]);
    close(from[1]);
    p->to = fdopen(to[1], "w");
    p->from = fdopen(from[0], "r");
    if (p->process > 0 && p->to != NULL && p->from != NULL && bench_python_hear(p) && strncmp(p->line, "ready", 5) == 0)
        return true;
    bench_python_end(p);
    return false;
}

void bench_python_end(bench_python *p)
{
    if (p->to != NULL)
        fclose(p->to);
    if (p->from != NULL)
        fclose(p->from);
    if (p->process > 0)
        waitpid(p->process, NULL, 0);
    p->to = p->from = NULL;
    p->process = 0;
}
