/* bench/python.h: a peer that is a Python script: a conversation of lines with a process of /usr/bin/python3. */
#ifndef QUERN_BENCH_PYTHON_H
#define QUERN_BENCH_PYTHON_H

#include <stdbool.h>
#include <stdio.h>

typedef struct bench_python {
    int process;     /* 0: not here */
    FILE *to, *from; /* NULL where there is no process */
    char line[4096]; /* the last one heard */
} bench_python;

/* Starts `script` with an argument (may be NULL); true when it has said a line that begins with "ready". One thread
 * each. */
bool bench_python_begin(bench_python *p, const char *script, const char *argument);

/* The next line of the process into p->line; false: it ended. */
bool bench_python_hear(bench_python *p);

/* Ends the conversation, waits for the process. Nothing where it was never begun. */
void bench_python_end(bench_python *p);

#endif
