"""A headless Chromium that is told what to do over a pipe (the DevTools protocol), one for all tests of a program."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until a browser that says nothing is given up


def find():
    """The browser's path; None: there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


class Browser:
    """One page. Every message that its console or its network gives is kept in `messages`."""

    def __init__(self, path):
        self.folder = tempfile.TemporaryDirectory(prefix="quern-browser-", ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def pipes():  # the browser reads descriptor 3 and writes descriptor 4
            os.dup2(os.dup(to_read), 3)
            os.dup2(os.dup(from_write), 4)

        self.process = subprocess.Popen(
            [path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=pipes, env={**os.environ, "HOME": self.folder.name})
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.session, self.messages, self.loaded = 0, b"", None, [], 0
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    def close(self):
        os.close(self.to)
        self.process.terminate()
        self.process.wait()
        os.close(self.back)
        self.folder.cleanup()

    def read(self, end):
        """The next message."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(end - time.monotonic(), 0))
            piece = os.read(self.back, 1 << 20) if ready else b""
            if not piece:
                raise RuntimeError("the browser says nothing any more")
            self.rest += piece
        text, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.messages.append(params)
        elif method == "Network.requestWillBeSent" and params["request"]["url"].split(":")[0] not in ("file", "about", "data"):
            self.messages.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded += 1
        return message

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.read(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, path, width, height, scheme, media=""):
        """Loads the file in a window of this size, light or dark, media "print": as on paper."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
        before, end = self.loaded, time.monotonic() + PATIENCE
        self.ask("Page.navigate", url="file://" + path)
        while self.loaded == before:
            self.read(end)

    def evaluate(self, expression):
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, box=None):
        """A PNG of the whole page, or of a box (x, y, width, height) of it."""
        if box is None:
            box = (0, 0, *self.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"))
        clip = dict(zip(("x", "y", "width", "height"), box), scale=1)
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"])
