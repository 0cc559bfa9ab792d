"""Debian's Firefox ESR without a window, over WebDriver BiDi (W3C): the same page as in chromium.py. It has no microphone that plays
a file, so the page's sound comes from the page itself: the known signal, played round and round."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import http.server

from peers import chromium
from peers.text_socket import TextSocket

PROGRAM = shutil.which("firefox-esr") or "/usr/bin/firefox-esr"

PREFERENCES = {
    "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0, "media.navigator.permission.disabled": True, "media.navigator.streams.fake": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False, "media.cubeb.force_null_context": True, "media.cubeb.sandbox": False, "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False, "app.update.enabled": False, "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "toolkit.telemetry.server": "", "browser.startup.page": 0,
}

# Where the microphone was: the signal itself.
OPEN = """
phone.open = async function () {
  const context = new AudioContext({sampleRate: 48000});
  const samples = %s;
  const buffer = context.createBuffer(1, samples.length * 6, 48000);
  const into = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++)
    for (let k = 0; k < 6; k++) into[i * 6 + k] = (samples[i] + (samples[(i + 1) %% samples.length] - samples[i]) * k / 6) / 32768;
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.loop = true;
  const out = context.createMediaStreamDestination();
  source.connect(out);
  source.start();
  context.resume();
  this.stream = out.stream;
  this.context = new AudioContext();
  this.context.resume();
  return this.stream.getAudioTracks().length;
};
"""


class Firefox:
    def __init__(self, sound):
        self.sound = sound
        self.folder = tempfile.mkdtemp(prefix="pasokh-firefox-")
        profile = os.path.join(self.folder, "profile")
        os.mkdir(profile)
        with open(os.path.join(profile, "user.js"), "w") as f:
            f.write("".join("user_pref(%s, %s);\n" % (json.dumps(k), json.dumps(v)) for k, v in PREFERENCES.items()))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), chromium._Page)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.output = open(os.path.join(self.folder, "output"), "w+")
        self.process = subprocess.Popen([PROGRAM, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"], stdout=self.output,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, env=dict(os.environ, MOZ_HEADLESS="1", HOME=self.folder))
        end, found = time.monotonic() + 90, None
        while not found:
            assert self.process.poll() is None and time.monotonic() < end, "Firefox does not start:\n" + self.text()
            time.sleep(0.1)
            found = re.search(r"WebDriver BiDi listening on (ws://[\d.]+:\d+)", self.text())
        self.line = TextSocket(found.group(1) + "/session", timeout=20)
        self.ident = 0
        self.ask("session.new", capabilities={})

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()[-3000:]

    def ask(self, method, timeout=40, **parameters):
        self.ident += 1
        ident = self.ident
        self.line.send({"id": ident, "method": method, "params": parameters})
        answer = self.line.wait(lambda m: m.get("id") == ident, timeout, method)
        assert answer.get("type") == "success", "%s: %s" % (method, json.dumps(answer)[:1500])
        return answer["result"]

    def page(self):
        return Page(self)

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)  # its own session: only its children
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.line.close()
        self.server.shutdown()
        self.server.server_close()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page(chromium.Page):
    def __init__(self, firefox):
        self.firefox = firefox
        self.context = firefox.ask("browsingContext.create", type="tab")["context"]
        self.load()

    def load(self):
        self.firefox.ask("browsingContext.navigate", context=self.context, url="http://127.0.0.1:%d/" % self.firefox.server.server_address[1], wait="complete")
        self.run("(() => {%s; return true})()" % (OPEN % json.dumps(self.firefox.sound)))
        assert self.run("phone.open()") == 1, "no sound"

    def run(self, script, timeout=40):
        result = self.firefox.ask("script.evaluate", timeout, expression="(async () => JSON.stringify([await (%s)]))()" % script, target={"context": self.context}, awaitPromise=True,
                                  userActivation=True)
        assert result["type"] == "success", "%s: %s" % (script[:80], json.dumps(result)[:1500])
        return json.loads(result["result"]["value"])[0]

    def close(self):
        self.firefox.ask("browsingContext.close", context=self.context)
