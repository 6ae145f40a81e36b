"""Completions, asked for in the shell itself. Usage: complete.py bash|zsh|fish. Exits with 77 where that shell is not here.

bash and zsh run in a terminal of their own: the line is typed, a key inserts all completions, another key hands the line over through a
pipe. fish answers "complete -C".
"""
import os
import pty
import select
import shlex
import shutil
import subprocess
import sys

from command import Command, QUERN, TIMEOUT, main

SHELL = sys.argv.pop(1)
SCRIPTS = os.path.join(os.environ["QUERN_PAGES"], "completions")
LEVELS = {"off", "error", "warn", "info", "debug", "trace"}

BASH = """
set +o history
PS1='here> '
source "$SCRIPTS/quern.bash"
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
bind '"\\C-x\\C-a": insert-completions'
hand_over() { printf '%s\\0' "$READLINE_LINE" >"$PIPE"; }
bind -x '"\\C-x\\C-p": hand_over'
"""

ZSH = """
PS1='here> '
unsetopt beep
fpath=("$SCRIPTS" $fpath)
autoload -Uz compinit && compinit -u -D
insert_all() { _main_complete; compstate[insert]=all; compstate[list]= }
zle -C insert-all complete-word insert_all
bindkey '^X^A' insert-all
hand_over() { print -rn -- "$BUFFER"$'\\0' >"$PIPE" }
zle -N hand_over
bindkey '^X^P' hand_over
bindkey '^U' kill-whole-line
"""


class Typed:
    """An interactive shell in a terminal."""

    def __init__(self, folder, environment):
        self.pipe_path = os.path.join(folder, "..pipe")
        os.mkfifo(self.pipe_path)
        self.pipe = os.open(self.pipe_path, os.O_RDWR)
        start = os.path.join(folder, ".zshrc")
        with open(start, "w") as file:
            file.write(BASH if SHELL == "bash" else ZSH)
        command = ["bash", "--noprofile", "--rcfile", start, "-i"] if SHELL == "bash" else ["zsh", "-d", "-i"]
        environment = {**environment, "PIPE": self.pipe_path, "SCRIPTS": SCRIPTS, "ZDOTDIR": folder, "HOME": folder, "TERM": "xterm",
                       "INPUTRC": "/dev/null"}
        self.terminal, inner = pty.openpty()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=inner, stdout=inner, stderr=inner,
                                        start_new_session=True)
        os.close(inner)
        self.shown = b""
        while b"here> " not in self.shown:  # the prompt comes when keys are read one by one
            self.look(self.terminal)

    def look(self, *sources):
        """Waits for any of the sources; reads away what the terminal shows. Gives those that are ready."""
        ready, _, _ = select.select(sources, [], [], TIMEOUT)
        if not ready:
            raise AssertionError(f"no answer; the terminal shows {self.shown!r}")
        if self.terminal in ready:
            self.shown += os.read(self.terminal, 65536)
        return ready

    def answer(self):
        """What comes through the pipe."""
        got = b""
        while not got.endswith(b"\0"):
            if self.pipe in self.look(self.pipe, self.terminal):
                got += os.read(self.pipe, 65536)
        return got[:-1].decode()

    def complete(self, stem, typed):
        os.write(self.terminal, (stem + typed).encode() + b"\x18\x01\x18\x10\x15")
        line = self.answer()
        if not line.startswith(stem):
            raise AssertionError(f"{stem!r} became {line!r}; the terminal shows {self.shown!r}")
        return shlex.split(line[len(stem):])

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        os.close(self.pipe)


class Asked:
    """fish, which completes a line that it is given."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = {**environment, "HOME": folder, "XDG_CONFIG_HOME": folder + "/.config", "XDG_DATA_HOME": folder + "/.data"}

    def complete(self, stem, typed):
        script = f"source {shlex.quote(SCRIPTS)}/quern.fish; complete -C {shlex.quote(stem + typed)}"
        done = subprocess.run(["fish", "--no-config", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=TIMEOUT)
        if done.returncode != 0 or done.stderr:
            raise AssertionError(done.stderr)
        word = stem[stem.rfind(" ") + 1:]
        return [line.split("\t")[0].removeprefix(word) for line in done.stdout.splitlines()]

    def close(self):
        pass


class Completion(Command):
    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, "sub"))
        for name in ("data.csv", "other.dat", "my data.csv", "packed.csv.gz", "notes.txt", "figure.svg", os.path.join("sub", "inner.csv")):
            self.write(name, "")
        environment = {**self.environment, "PATH": os.path.dirname(QUERN) + ":/usr/bin:/bin"}
        self.shell = (Asked if SHELL == "fish" else Typed)(self.folder, environment)
        self.addCleanup(self.shell.close)

    def gives(self, expected, stem, typed=""):
        got = self.shell.complete(stem, typed)
        if typed in got and typed not in expected:
            got.remove(typed)  # nothing was inserted
        if not typed:  # zsh offers options where it has nothing else
            got = [word for word in got if not (SHELL == "zsh" and word.startswith("-"))]
        self.assertEqual({word.rstrip("/=").replace("\\", "") for word in got}, set(expected), msg=stem + typed)

    def test_verbs(self):
        self.gives({"fit", "predict", "iv", "price", "smile", "scan", "explain", "import", "data", "replay", "journal", "sql", "db", "cache", "info", "config", "help"}, "quern ")
        self.gives({"fit"}, "quern ", "f")
        self.gives({"fit", "predict", "iv", "price", "smile", "scan", "explain", "import", "data", "replay", "journal", "sql", "db", "cache", "info", "config"}, "quern help ")
        self.gives({"import", "info", "iv"}, "quern --log-level info ", "i")

    def test_options_of_each_verb(self):
        self.gives({"--max-evals", "--memory", "--memory-limit", "--method"}, "quern fit ", "--m")
        self.gives({"--memory", "--memory-limit"}, "quern info ", "--m")
        self.gives({"--version"}, "quern ", "--v")
        self.gives({"--plot"}, "quern fit 'y = a*x' data.csv ", "--pl")

    def test_choices_are_values(self):
        self.gives({"text", "json", "csv"}, "quern fit --format ")
        self.gives({"text", "json", "csv"}, "quern fit -f ")
        self.gives({"json"}, "quern fit --format=", "j")
        self.gives({"text", "json"}, "quern info --format ")
        self.gives(LEVELS, "quern --log-level ")
        self.gives(LEVELS, "quern fit 'y = a*x' data.csv --log-level ")

    def test_files_where_a_file_is_meant(self):
        data = {"data.csv", "other.dat", "my data.csv", "packed.csv.gz", "sub"}
        self.gives(data, "quern fit 'y = a*x' ")
        self.gives(data, "quern fit nist ")
        self.gives(data, "quern fit --start a=1,b=2 --bounds=a=0:1 y=a*x ")
        self.gives({"sub/inner.csv"}, "quern fit 'y = a*x' ", "sub/")
        self.gives({"my data.csv"}, "quern fit 'y = a*x' ", "my")
        self.gives({"figure.svg", "sub"}, "quern fit 'y = a*x' data.csv --plot ")
        self.gives({"figure.svg"}, "quern fit --plot=", "fi")

    def test_other_files_where_there_are_no_better_ones(self):
        self.gives({"notes.txt"}, "quern fit 'y = a*x' ", "no")

    def test_where_a_secret_is(self):
        self.gives({"file:", "credential:", "command:"}, "quern sql --password ")
        self.gives({"file:"}, "quern fit --password=", "f")
        self.gives({"file:notes.txt"}, "quern sql memory: 'SELECT 1' --password ", "file:no")

    def test_a_form_is_offered_where_it_is_named(self):
        self.gives({"nist"}, "quern fit ", "n")
        self.gives({"nist"}, "quern fit --max-evals 7 ")
        self.gives({"show"}, "quern config ")

    def test_nothing_where_nothing_is_known(self):
        self.gives(set(), "quern fit --start ")
        self.gives(set(), "quern fit 'y = a*x' data.csv ")
        self.gives(set(), "quern info ")
        self.gives(set(), "quern nonsense ")


if __name__ == "__main__":
    if shutil.which(SHELL) is None:
        print(f"SKIPPED: {SHELL} is not installed; its completions were not tested (scripts/deps tests)", file=sys.stderr)
        sys.exit(77)
    main()
