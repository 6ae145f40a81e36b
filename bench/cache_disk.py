#!/usr/bin/python3
"""bench/cache_disk.py FOLDER: diskcache for bench/cache_disk.c, which asks for work on standard input, one a line:

    fill SIZE COUNT     puts COUNT values of SIZE bytes
    hit SIZE COUNT      gets each of them once
    miss SIZE COUNT     asks for as many that are not there
    put SIZE COUNT      puts each of them again

Each is answered by a line when it is done. Where the system has no diskcache it is installed beside the bench's build,
into an environment of its own.
"""
import os
import shutil
import sys
import tempfile

import environment


def main():
    diskcache = environment.module("diskcache", "diskcache==5.6.3")
    folder = tempfile.mkdtemp(prefix="quern-diskcache-", dir=os.environ.get("TMPDIR"))
    try:
        cache = diskcache.Cache(folder)
        print("ready", diskcache.__version__, flush=True)
        for line in sys.stdin:
            what, size, count = line.split()
            count = int(count)
            keys = [f"{size}/{i}" for i in range(count)]
            value = os.urandom(int(size))
            if what in ("fill", "put"):
                for key in keys:
                    cache[key] = value
            elif what == "hit":
                for key in keys:
                    if len(cache[key]) != int(size):
                        raise ValueError(key)
            else:
                for key in keys:
                    if cache.get("none" + key) is not None:
                        raise ValueError(key)
            print("done", flush=True)
        cache.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
