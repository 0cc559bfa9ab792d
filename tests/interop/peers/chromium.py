"""Debian's Chromium without a window, driven over the DevTools protocol: a page with a microphone that plays a known file, and a
tap on what comes in. The page does WebRTC alone; what it says to the server goes through the test."""
import array
import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
import json
import wave

from peers.text_socket import TextSocket

PROGRAM = shutil.which("chromium") or "/usr/bin/chromium"

PAGE = """<!doctype html><title>phone</title><script>
window.phone = {
  heard: [], states: [], configuration: {},
  async open() {
    this.stream = await navigator.mediaDevices.getUserMedia({audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
    this.context = new AudioContext({sampleRate: 8000});
    await this.context.resume();
    return this.stream.getAudioTracks().length;
  },
  listen(track) {
    const stream = new MediaStream([track]);
    this.player = new Audio();
    this.player.srcObject = stream;
    this.player.muted = true;
    this.player.play();
    if (this.tap) this.tap.disconnect();
    const tap = this.tap = this.context.createScriptProcessor(1024, 1, 1);
    this.heard = [];
    tap.onaudioprocess = (e) => this.heard.push(...Array.from(e.inputBuffer.getChannelData(0), (x) => Math.round(x * 32767)));
    this.context.createMediaStreamSource(stream).connect(tap);
    tap.connect(this.context.destination);
  },
  async offer(restart) {
    if (restart) {
      this.pc.restartIce();
    } else {
      if (this.pc) this.pc.close();
      this.pc = new RTCPeerConnection(this.configuration);
      this.pc.onconnectionstatechange = () => this.states.push(this.pc.connectionState);
      this.pc.addTransceiver(this.stream.getAudioTracks()[0], {direction: 'sendrecv', streams: [this.stream]});
      this.pc.ontrack = (e) => this.listen(e.track, e.receiver);
    }
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.pc.localDescription.sdp;
  },
  // The same answer again, with another codec first: browsers send that.
  async prefer(payload) {
    const sdp = this.pc.currentRemoteDescription.sdp.replace(/^(m=audio \\d+ \\S+)((?: \\d+)+)/m, (_, head, list) => head + ' ' + [payload, ...list.trim().split(' ').filter((x) => x !== payload)].join(' '));
    await this.pc.setLocalDescription(await this.pc.createOffer());
    await this.pc.setRemoteDescription({type: 'answer', sdp});
    return true;
  },
  async answer(sdp) { await this.pc.setRemoteDescription({type: 'answer', sdp}); return true; },
  state() { return this.pc ? this.pc.connectionState : 'none'; },
  take() { const all = this.heard; this.heard = []; return all; },
  press(digits) { this.pc.getSenders()[0].dtmf.insertDTMF(digits, 120, 60); return true; },
  async figures() {
    const out = {};
    for (const row of (await this.pc.getStats()).values()) {
      if (row.type === 'inbound-rtp') Object.assign(out, {received: row.packetsReceived, lost: row.packetsLost, jitter: row.jitter, concealed: row.concealedSamples - (row.silentConcealedSamples || 0),
                                                          samples: row.totalSamplesReceived, fec: row.fecPacketsReceived, speaks: row.codecId});
      if (row.type === 'outbound-rtp') Object.assign(out, {sent: row.packetsSent, sends: row.codecId});
      if (row.type === 'remote-inbound-rtp') out.rtt = row.roundTripTime;
      if (row.type === 'codec') out.codec = row.mimeType;
      if (row.type === 'transport') out.srtp = row.srtpCipher;
    }
    for (const way of ['speaks', 'sends']) if (out[way]) out[way] = (await this.pc.getStats()).get(out[way]).mimeType;
    return out;
  },
};
</script>"""


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        pass


def write_microphone(path, samples):
    """8 kHz samples (of low frequencies only) as the 48 kHz file that Chromium's fake microphone wants; it is played round and round."""
    out = array.array("h")
    for i, here in enumerate(samples):
        there = samples[(i + 1) % len(samples)]
        out.extend(int(here + (there - here) * k / 6) for k in range(6))
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(48000)
        f.writeframes(out.tobytes())


class Chromium:
    def __init__(self, microphone):
        self.folder = tempfile.mkdtemp(prefix="pasokh-chromium-")
        sound = os.path.join(self.folder, "microphone.wav")
        write_microphone(sound, microphone)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.output = open(os.path.join(self.folder, "output"), "w+")
        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir=" + os.path.join(self.folder, "profile"), "--autoplay-policy=no-user-gesture-required",
             "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-audio-capture=" + sound,
             "--allow-loopback-in-peer-connection", "about:blank"],
            stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        port_file = os.path.join(self.folder, "profile", "DevToolsActivePort")
        end = time.monotonic() + 60
        told = ""
        while "\n" not in told:
            assert self.process.poll() is None and time.monotonic() < end, "Chromium does not start:\n" + self.text()
            time.sleep(0.05)
            if os.path.exists(port_file):
                with open(port_file) as f:
                    told = f.read()
        self.port = int(told.split()[0])

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()[-3000:]

    def page(self):
        return Page(self)

    def _http(self, path, method="GET"):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null") if "close" not in path else None

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)  # its own session: only its children
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.server.shutdown()
        self.server.server_close()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    def __init__(self, chromium):
        self.chromium = chromium
        target = chromium._http("/json/new?about:blank", "PUT")
        self.target = target["id"]
        self.devtools = TextSocket(target["webSocketDebuggerUrl"], timeout=20)
        self.ident = 0
        self.ask("Page.enable")
        self.load()

    def ask(self, method, timeout=30, **parameters):
        self.ident += 1
        ident = self.ident
        self.devtools.send({"id": ident, "method": method, "params": parameters})
        answer = self.devtools.wait(lambda m: m.get("id") == ident, timeout, method)
        assert "error" not in answer, "%s: %s" % (method, answer)
        return answer["result"]

    def load(self):
        """Also a reload: everything of the page before is gone."""
        self.ask("Page.navigate", url="http://127.0.0.1:%d/" % self.chromium.server.server_address[1])
        end = time.monotonic() + 20
        while self.run("document.readyState === 'complete' && !!window.phone") is not True:
            assert time.monotonic() < end, "the page does not load"
            time.sleep(0.05)
        assert self.run("phone.open()") == 1, "no microphone"

    def run(self, script, timeout=30):
        result = self.ask("Runtime.evaluate", timeout, expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError("%s: %s" % (script[:80], json.dumps(result["exceptionDetails"])[:1500]))
        return result["result"].get("value")

    def offer(self, restart=False):
        return self.run("phone.offer(%s)" % json.dumps(restart))

    def answer(self, sdp):
        self.run("phone.answer(%s)" % json.dumps(sdp))

    def state(self):
        return self.run("phone.state()")

    def wait_connected(self, timeout=15):
        end = time.monotonic() + timeout
        while self.state() != "connected":
            assert time.monotonic() < end, "the page is %s; states: %s" % (self.state(), self.run("phone.states"))
            time.sleep(0.05)

    def close(self):
        try:
            self.chromium._http("/json/close/" + self.target)
        except OSError:
            pass
        self.devtools.close()
