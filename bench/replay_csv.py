#!/usr/bin/python3
"""bench/replay_csv.py ENVIRONMENT: pandas reads files of ticks, for bench/replay_csv.c: each line on standard input names a file, whose rows
are counted; times that are text become times.

Where the system has no pandas it is installed beside the bench's build, into an environment of its own.
"""
import sys

import environment

pandas = environment.pandas()
print(f"ready pandas {pandas.__version__}", flush=True)
for line in sys.stdin:
    path = line.rstrip("\n")
    with open(path) as file:
        file.readline()
        text = not file.readline().split(",")[0].isdigit()
    print(len(pandas.read_csv(path, engine="c", parse_dates=["time"] if text else None)), flush=True)
