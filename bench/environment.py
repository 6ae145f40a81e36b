"""bench/environment.py: modules that the peers of benchmarks need. Where the system has one not, it is installed beside the bench's build, into
an environment of its own, and the program that asked runs again there: its first argument names the folder."""
import importlib
import os
import subprocess
import sys

AGAIN = "again"  # the last argument of a program that runs in its environment


def module(name, *packages):
    """The module, from the system or from the environment with those packages."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if sys.argv[-1] == AGAIN:
            raise
    environment = sys.argv[1]
    python = os.path.join(environment, "bin", "python")
    if not os.path.exists(os.path.join(environment, "done")):
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        subprocess.run([sys.executable, "-m", "venv", environment], **quiet)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], **quiet)
        open(os.path.join(environment, "done"), "w").close()
    os.execv(python, [python, "-B", *sys.argv, AGAIN])


def pandas():
    return module("pandas", "pandas==2.2.3", "scipy==1.13.1")
