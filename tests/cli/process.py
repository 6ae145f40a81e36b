"""The command as a process: where its output goes, signals, descriptors that are closed or full, locale, figures."""
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from command import Command, MISRA1A, MISRA1A_FORMULA, MISRA1A_START, QUERN, SLOW, TIMEOUT, main

WORDS = ("fit", MISRA1A_FORMULA, "data.csv", "--start", MISRA1A_START)


def has_cairo():
    done = subprocess.run([QUERN, "fit", "y = a*x", "-", "--plot", "/nonexistent/x.svg"], input=b"x,y\n1,1\n2,2\n",
                          capture_output=True)
    return done.returncode != 69


class Output(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def test_a_full_disk_is_an_error(self):
        for words in (WORDS, (*WORDS, "--format", "json"), (*WORDS, "--format", "csv"), ("--help",), ("--version",)):
            with open("/dev/full", "wb") as full:
                code, _, err = self.run_quern(*words, stdout=full)
            self.assertEqual(code, 74, msg=words)
            self.assertEqual(err, "quern: cannot write to standard output: No space left on device\n")

    def test_a_closed_standard_output_is_an_error(self):
        for words in (WORDS, ("--help",)):
            code, _, err = self.run_quern(*words, stdout=None, preexec_fn=lambda: os.close(1))
            self.assertEqual(code, 74, msg=words)
            self.assertEqual(err, "quern: cannot write to standard output: Bad file descriptor\n")

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_closed_descriptors_are_not_taken_by_files(self):
        path = self.write("figure.svg", "old")
        code, _, err = self.run_quern(*WORDS, "--plot", path, stdout=None, preexec_fn=lambda: (os.close(0), os.close(1)))
        self.assertEqual(code, 74)
        with open(path, "rb") as file:
            self.assertNotIn(b"converged", file.read())

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs /proc")
    def test_a_closed_standard_output_stays_occupied_while_files_are_open(self):
        process = self.popen("fit", "y = a*x", "-", "--log-level", "debug", stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                             preexec_fn=lambda: os.close(1))
        self.addCleanup(process.kill)
        for line in process.stderr:
            if b"opening" in line:
                break
        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/1"), "/dev/null")
        process.stdin.close()
        process.stderr.close()
        self.assertEqual(process.wait(TIMEOUT), 65)

    def test_a_closed_standard_error_does_no_harm(self):
        process = self.popen("fit", "y = (", "data.csv", preexec_fn=lambda: os.close(2))
        self.assertEqual(process.wait(TIMEOUT), 65)

    def test_a_reader_that_has_gone_ends_the_command_quietly(self):
        for words in (WORDS, ("--help",)):
            read, write = os.pipe()
            os.close(read)
            with os.fdopen(write, "wb") as nobody:
                code, _, err = self.run_quern(*words, stdout=nobody)
            self.assertEqual((code, err), (141, ""), msg=words)

    def test_the_locale_changes_nothing(self):
        expected = self.succeeds(*WORDS, "--format", "json")
        for name in ("de_DE.UTF-8", "tr_TR.UTF-8", "C", "POSIX"):
            self.assertEqual(self.succeeds(*WORDS, "--format", "json", environment={"LC_ALL": name}), expected)

    @unittest.skipUnless(shutil.which("nm"), "needs nm")
    def test_the_command_never_asks_for_a_locale(self):
        names = subprocess.run(["nm", "-D", "--undefined-only", QUERN], capture_output=True, text=True).stdout
        if SLOW == 1:
            self.assertNotRegex(names, r"\b(setlocale|newlocale|uselocale)\b")

    def test_text_to_a_pipe_has_neither_colour_nor_plot(self):
        out = self.succeeds(*WORDS, environment={"TERM": "xterm-256color"})
        self.assertTrue(out.isascii())
        self.assertNotIn("\x1b", out)


class Terminal(Command):
    """In a terminal of 90 columns and 30 lines."""

    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def shown(self, *words, environment=None, size=(30, 90)):
        import fcntl
        import pty
        import termios
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        process = self.popen(*words, stdin=follower, stdout=follower, stderr=follower,
                             environment={"TERM": "xterm-256color", **(environment or {})})
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(leader)
        return process.wait(TIMEOUT), text.decode().replace("\r\n", "\n")

    @staticmethod
    def plain(text):
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def test_a_plot_in_braille_and_colour(self):
        code, text = self.shown(*WORDS)
        self.assertEqual(code, 0)
        self.assertRegex(text, "[\u2801-\u28ff]")
        self.assertIn("\x1b[", text)
        self.assertIn("pressure", self.plain(text))
        self.assertRegex(self.plain(text), r"(?m)^  a +238\.9 ")
        for line in self.plain(text).splitlines():
            self.assertLessEqual(len(line), 90)

    def test_no_color_is_obeyed(self):
        code, text = self.shown(*WORDS, environment={"NO_COLOR": "1"})
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", text)
        self.assertRegex(text, "[\u2801-\u28ff]")
        self.assertNotIn("\x1b", self.shown("fit", "--hlep", environment={"NO_COLOR": "1"})[1])

    def test_a_terminal_without_utf8_gets_ascii(self):
        code, text = self.shown(*WORDS, environment={"LANG": "C"})
        self.assertEqual(code, 0)
        self.assertTrue(text.isascii())
        self.assertGreater(text.count("\n"), 25)

    def test_a_dumb_terminal_gets_no_colour(self):
        self.assertNotIn("\x1b", self.shown(*WORDS, environment={"TERM": "dumb"})[1])

    def test_a_small_terminal_gets_no_plot(self):
        code, text = self.shown(*WORDS, size=(5, 20))
        self.assertEqual(code, 0)
        self.assertNotRegex(text, "[\u2801-\u28ff]")

    def test_other_formats_are_the_same_as_in_a_pipe(self):
        for name in ("json", "csv"):
            self.assertEqual(self.shown(*WORDS, "--format", name), (0, self.succeeds(*WORDS, "--format", name)))


class Figure(Command):
    def setUp(self):
        super().setUp()
        self.write("data.csv", MISRA1A)

    def test_another_ending_is_refused_before_the_work(self):
        for name in ("x.pdf", "svg", "x.SVGX", "", "/dev/full"):
            self.fails(2, "ends neither in .svg nor in .png", "fit", "y = (", "none.csv", "--plot", name)

    def test_without_cairo_a_sentence_says_what_to_install(self):
        if has_cairo():
            self.skipTest("cairo is here")
        self.fails(69, "cairo", *WORDS, "--plot", "x.svg")

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_svg_and_png_show_columns_formula_and_parameters(self):
        expected = self.succeeds(*WORDS, "--format", "json")
        self.assertEqual(self.succeeds(*WORDS, "--format", "json", "--plot", "x.svg"), expected)
        self.assertEqual(self.succeeds(*WORDS, "--format", "json", "-p", "x.png"), expected)
        root = xml.etree.ElementTree.parse(os.path.join(self.folder, "x.svg")).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        with open(os.path.join(self.folder, "x.png"), "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["data.csv", "x.png", "x.svg"])

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_several_independent_columns_are_drawn_over_the_fit(self):
        self.write("plane.csv", "u,v,y\n" + "".join(f"{u},{v},{2 * u + 3 * v + (u * v) % 2 / 9}\n" for u in range(5) for v in range(5)))
        self.succeeds("fit", "y = a*u + b*v", "plane.csv", "-s", "a=1,b=1", "--plot", "x.svg")
        self.assertTrue(os.path.getsize(os.path.join(self.folder, "x.svg")) > 1000)

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_a_full_disk_leaves_the_old_figure_and_nothing_else(self):
        path = self.write("x.svg", "the old figure")
        elsewhere = tempfile.TemporaryDirectory()  # for what a build that measures coverage writes: the limit cuts it off
        self.addCleanup(elsewhere.cleanup)
        uncounted = {"GCOV_PREFIX": elsewhere.name, "GCOV_ERROR_FILE": "/dev/null"}
        code, out, err = self.run_quern(*WORDS, "--format", "json", "--plot", "x.svg", environment=uncounted,
                                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
        self.assertEqual(code, 74)
        self.assertRegex(err, r'^quern: .*"x\.svg".*\n$')
        self.assertEqual(json.loads(out)["status"], "converged")  # the result is not lost with the figure
        with open(path) as file:
            self.assertEqual(file.read(), "the old figure")
        self.assertEqual(sorted(os.listdir(self.folder)), ["data.csv", "x.svg"])
        os.symlink("/dev/full", os.path.join(self.folder, "full.svg"))
        code, out, err = self.run_quern(*WORDS, "--plot", "full.svg")
        self.assertEqual(code, 74)
        self.assertIn("No space left on device", err)

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_a_folder_that_is_not_there(self):
        code, out, err = self.run_quern(*WORDS, "--plot", "none/x.svg")
        self.assertEqual(code, 73)
        self.assertIn("none/x.svg", err)
        self.assertIn("converged", out)


class Signals(Command):
    """A fit that takes long: many rows, and a valley that the solver walks along for thousands of iterations."""

    FORMULA = "y = a*(b + x)^(-1/c) + d*exp(e*x)"
    START = "a=-2000,b=50,c=0.8,d=1,e=0.01"

    def setUp(self):
        super().setUp()
        rows = [f"{x / 100:.2f},{-2500 * (46 + x / 100) ** (-1 / 0.93) + (x * 7919 % 101 - 50) / 200:.6f}\n" for x in range(20000)]
        self.write("long.csv", "x,y\n" + "".join(rows) * 15)

    def start(self, *more):
        """Starts the fit and gives the process once it has said that it fits."""
        process = self.popen("fit", self.FORMULA, "long.csv", "-s", self.START, "--max-evals", "100000000", "--log-level", "info",
                             *more, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if b"fitting" in line:
                return process
        self.fail("the fit did not begin")

    def end(self, process):
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.decode(), err.decode()

    def test_ctrl_c_shows_the_result_so_far(self):
        process = self.start("--format", "json")
        process.send_signal(signal.SIGINT)
        code, out, err = self.end(process)
        result = json.loads(out)
        self.assertEqual((code, result["status"]), (130, "interrupted"))
        self.assertEqual(len(result["parameters"]), 5)

    def test_a_request_to_end_does_the_same(self):
        process = self.start()
        process.send_signal(signal.SIGTERM)
        code, out, err = self.end(process)
        self.assertEqual(code, 143)
        self.assertRegex(out, r"(?m)^interrupted: ")

    def test_the_figure_of_an_interrupted_fit_is_whole(self):
        if not has_cairo():
            self.skipTest("needs cairo")
        process = self.start("--plot", "x.svg")
        process.send_signal(signal.SIGINT)
        code, out, err = self.end(process)
        self.assertEqual(code, 130)
        xml.etree.ElementTree.parse(os.path.join(self.folder, "x.svg"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["long.csv", "x.svg"])

    def test_a_signal_while_a_file_is_written_leaves_nothing_behind(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            process = self.popen("fit", "y = a*x + b", "long.csv", "--residuals", "r.csv", "--save", "x.json", "--log-level", "info",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.addCleanup(process.kill)
            for line in process.stderr:
                if b'writing "r.csv"' in line:
                    break
            process.send_signal(number)
            err = process.communicate(timeout=TIMEOUT)[1].decode()
            self.assertIn('quern: interrupted: "r.csv" was not written\n', err)
            self.assertEqual(process.returncode, code)
            self.assertEqual(sorted(os.listdir(self.folder)), ["long.csv", "x.json"])

    def test_waiting_for_standard_input_ends_at_once(self):
        if json.loads(self.succeeds("info", "--format", "json"))["build"]["sanitizer"] == "thread":
            self.skipTest("the thread sanitizer holds a signal back while a read waits")
        process = self.popen("fit", "y = a*x", "-", "--log-level", "debug", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if b"opening" in line:
                break
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT), 130)
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()

    @unittest.skipUnless(has_cairo(), "needs cairo")
    def test_waiting_for_a_reader_of_the_figure_ends_at_once(self):
        self.write("data.csv", MISRA1A)
        os.mkfifo(os.path.join(self.folder, "x.svg"))
        process = self.popen(*WORDS, "--plot", "x.svg", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        for line in process.stdout:
            if b"work" in line:  # the last line: what follows is the figure
                break
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT), 143)

    def test_an_ignored_signal_stays_ignored(self):
        self.write("data.csv", MISRA1A)
        code, out, err = self.run_quern(*WORDS, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.assertEqual(code, 0)


if __name__ == "__main__":
    main()
