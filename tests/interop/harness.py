"""Drives the real program: one Pasokh server on free ports in a folder of its own, and the programs that act as its peers.

Standard library only. A test asks for what it needs (`Pasokh()`, `sipp(...)`, `Baresip(...)`, `Kamailio(...)`), everything is
ended and removed after it; on failure the folder is kept and its path printed when PASOKH_KEEP is set.
The program under test is $PASOKH_PROGRAM, else build/pasokh of this tree.
"""
import atexit
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import wave
import xml.sax.saxutils

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

from peers import g711, rtp, sip  # noqa: E402  (after the path)

PROGRAM = os.environ.get("PASOKH_PROGRAM") or os.path.join(ROOT, "build", "pasokh")
# Sanitizer builds are many times slower: their runs judge behaviour, never times.
SLOW = bool(os.environ.get("PASOKH_SLOW"))
KEEP = bool(os.environ.get("PASOKH_KEEP"))


def patient(seconds):
    return seconds * (6 if SLOW else 1)


def free_ports(count, kinds=(socket.SOCK_DGRAM, socket.SOCK_STREAM)):
    """`count` ports of the tests' range that are free for all `kinds` right now."""
    found = []
    while len(found) < count:
        s = sip.bind_free(kinds[0])
        port = s.getsockname()[1]
        s.close()
        try:
            for kind in kinds[1:]:
                sip.bind_free(kind, port=port).close()
            if claim("port-%d" % port):
                found.append(port)
        except OSError:
            pass
    return found


_claims = {}


def claim(name):
    """Keeps a name from all other test programs on this machine until this process ends (an abstract Unix socket); false when it was
    claimed before, here or there."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        s.bind("\0pasokh-tests-" + name)
    except OSError:
        s.close()
        return False
    _claims[name] = s
    return True


RTP_PORTS = range(26000, 32700)
_next_range = [None]


def claim_range(low, size):
    """Claims the range, by the hundred; a hundred that this process has is its own."""
    new = []
    for hundred in range(low // 100, (low + size - 1) // 100 + 1):
        name = "rtp-%d" % hundred
        if name in _claims:
            continue
        if not claim(name):
            for other in new:
                _claims.pop(other).close()
            return False
        new.append(name)
    return True


def free_range(size):
    """An even-based range of RTP ports that nobody holds now, below those that the kernel gives away by itself. (Where it cannot be
    had whole: the one with the fewest taken.)"""
    low = _next_range[0] or RTP_PORTS.start + (os.getpid() * 2 % 1000)
    best = None
    for _ in range(60):
        if low + size > RTP_PORTS.stop:
            low = RTP_PORTS.start + (low & 0x1E) % max(2, len(RTP_PORTS) - size)
        busy = 0 if claim_range(low, size) else size
        for port in range(low, low + size if busy == 0 else low):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                s.bind(("0.0.0.0", port))
            except OSError:
                busy += 1
            s.close()
        if best is None or busy < best[0]:
            best = (busy, low)
        if busy == 0:
            break
        low += 46
    _next_range[0] = best[1] + size
    return best[1], best[1] + size - 1


def wait_until(condition, timeout, what="", every=0.02):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %g s for %s" % (timeout, what() if callable(what) else what))
        time.sleep(every)


def process_clock(pid):
    """CPU seconds of a process, all its threads (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("Pss:",))) * 1024


def parse_time(text):
    """RFC 3339 UTC with fractions -> seconds since 1970."""
    import calendar
    found = re.match(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(\.\d+)?Z$", text)
    assert found, "not RFC 3339 UTC: %r" % text
    return calendar.timegm(tuple(int(x) for x in found.groups()[:6]) + (0, 0, 0)) + float(found.group(7) or 0)


def flat(row):
    out = {}
    for key, value in row.items():
        out.update(flat(value) if isinstance(value, dict) else {key: value})
    return out


class CommandFailed(AssertionError):
    def __init__(self, words, status, out, error):
        super().__init__("pasokh %s: status %d\n%s%s" % (" ".join(words), status, out, error))
        self.status, self.out, self.error = status, out, error


class Pasokh:
    """One server. `demo` is demo.json; `rtp_ports` the size of the RTP range."""

    def __init__(self, folder=None, rtp_ports=200, start=True, environment=None, init=True, wrapper=()):
        self.own_folder = folder is None
        self.base = tempfile.mkdtemp(prefix="pasokh-test-") if folder is None else None
        self.folder = folder or os.path.join(self.base, "centre")
        self.environment = dict(os.environ, **(environment or {}))
        self.wrapper = list(wrapper)
        self.log, self.log_lock = [], threading.Lock()
        self.process = None
        self.starts = []
        self.sip_port, self.http_port = free_ports(2)
        self.rtp_range = free_range(rtp_ports)
        self.demo = None
        if init:
            self.make()
            with open(os.path.join(self.folder, "demo.json")) as f:
                self.demo = json.load(f)
        if start:
            self.start()

    template = None  # (folder, its addresses as text) of this process' first `pasokh init`

    def make(self):
        """`pasokh init --demo`. It hashes a dozen passwords on purpose slowly, so later centres of this process are copies of the first,
        with other ports written into the two files that hold them."""
        places = ["127.0.0.1:%d" % self.sip_port, "127.0.0.1:%d" % self.http_port, "low = %d" % self.rtp_range[0], "high = %d" % self.rtp_range[1]]
        if Pasokh.template is None:
            keep = os.path.join(tempfile.mkdtemp(prefix="pasokh-template-"), "centre")
            atexit.register(shutil.rmtree, os.path.dirname(keep), True)
            self.run("init", keep, "--demo", "--sip", places[0], "--http", places[1], "--rtp", "%d-%d" % self.rtp_range, timeout=patient(90))
            Pasokh.template = (keep, places)
        keep, first = Pasokh.template
        shutil.copytree(keep, self.folder, symlinks=True)
        for name in ("pasokh.toml", "demo.json"):
            path = os.path.join(self.folder, name)
            with open(path) as f:
                text = f.read()
            for old, new in zip(first, places):
                text = text.replace(old, "\0" + new)  # marked, so that no new place is taken for an old one
            with open(path, "w") as f:
                f.write(text.replace("\0", ""))

    @property
    def server(self):
        return ("127.0.0.1", self.sip_port)

    # --- command line

    def run(self, *words, check=True, timeout=None, environment=None):
        finished = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  stdin=subprocess.DEVNULL, timeout=timeout or patient(30), env=dict(self.environment, **(environment or {})))
        if check and finished.returncode:
            raise CommandFailed([str(w) for w in words], finished.returncode, finished.stdout, finished.stderr)
        return finished

    def cli(self, *words, check=True, timeout=None):
        """`pasokh WORDS --data DIR`."""
        return self.run(*words, "--data", self.folder, check=check, timeout=timeout)

    def json(self, *words, timeout=None):
        out = self.cli(*words, "--format", "json", timeout=timeout).stdout
        return json.loads(out)

    def set(self, noun, target, verb="set", **settings):
        return self.cli(noun, verb, target, *("%s=%s" % s for s in settings.items()))

    def calls(self):
        return self.json("report", "calls")

    def report(self, what, *words):
        """Rows with the figures of nested objects beside the row's own fields."""
        return [flat(row) for row in self.json("report", what, *words)]

    def call_of(self, caller):
        """The report's row of a caller's number (asked once the call has ended)."""
        rows = [r for r in self.calls() if r["caller"] == caller]
        assert len(rows) == 1, "rows of %s: %s" % (caller, rows)
        return rows[0]

    # --- life

    def start(self, wait=True, timeout=None):
        self.started_at = time.time()
        self.process = subprocess.Popen([*self.wrapper, PROGRAM, "serve", self.folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        stdin=subprocess.DEVNULL, env=self.environment, errors="replace", start_new_session=True)
        ready = threading.Event()
        life = {"process": self.process, "ready_after": None}
        self.starts.append(life)
        threading.Thread(target=self._read, args=(self.process, ready, life, time.monotonic()), daemon=True).start()
        if wait:
            self.wait_ready(ready, timeout)
        return ready

    def _read(self, process, ready, life, began):
        for line in process.stdout:
            if not ready.is_set() and line.startswith("ready"):
                life["ready_after"] = time.monotonic() - began
                ready.set()
            with self.log_lock:
                self.log.append((time.time(), line.rstrip("\n")))
        process.stdout.close()
        ready.set()

    def wait_ready(self, ready, timeout=None):
        assert ready.wait(timeout or patient(15)), "no line `ready` in time; output:\n" + self.tail()
        assert self.starts[-1]["ready_after"] is not None, "the server ended (%s) before it was ready:\n%s" % (self.process.poll(), self.tail())
        return self.starts[-1]["ready_after"]

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, lines=40):
        with self.log_lock:
            return "\n".join(line for _, line in self.log[-lines:])

    def log_has(self, pattern):
        with self.log_lock:
            return any(re.search(pattern, line) for _, line in self.log)

    def kill(self):
        """kill -9 of the control process; the media workers live on."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart_after_kill(self):
        self.kill()
        return self.start()

    def stop(self, timeout=None):
        """SIGTERM; the exit status. A clean stop takes less than 10 s."""
        if not self.alive():
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout or patient(12))
        except subprocess.TimeoutExpired:
            raise AssertionError("the server did not stop in time:\n" + self.tail())

    def workers(self):
        """Pids of this folder's media workers."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if any(os.fsencode(self.folder) in w for w in words) and b"media" in words:
                found.append(int(path.split("/")[2]))
        return sorted(found)

    def processes(self):
        return ([self.pid] if self.alive() else []) + self.workers()

    def cpu(self):
        return sum(process_clock(p) for p in self.processes())

    def close(self):
        if self.process and self.alive():
            try:
                self.stop()
            except AssertionError:
                self.process.kill()
                self.process.wait()
        for pid in self.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.own_folder and not KEEP:
            shutil.rmtree(self.base, ignore_errors=True)

    # --- HTTP

    def http(self, method, path, body=None, headers=(), timeout=10):
        """(status, parsed JSON or text)."""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.http_port, path), method=method,
                                         data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(), headers=dict(headers))
        if body is not None and not isinstance(body, bytes):
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    # --- the demo centre

    def add_agents(self, count, queue="support", first=300, prefix="b"):
        """More agents with a device each, by import; [{"user", "password", "agent"}], as in demo.json."""
        devices = [{"user": str(first + i), "password": "interop-%d-secret" % (first + i), "agent": "%s%03d" % (prefix, i)} for i in range(count)]
        self.import_json({"devices": [{"user": d["user"], "password": d["password"]} for d in devices],
                          "agents": [{"code": d["agent"], "number": d["user"], "queues": queue, "device": d["user"]} for d in devices]})
        return devices

    def import_json(self, content):
        path = os.path.join(self.base, "import.json")
        with open(path, "w") as f:
            json.dump(content, f)
        return self.cli("import", path)

    def device(self, index):
        return self.demo["devices"][index]

    def number_of(self, queue):
        return next(n["number"] for n in self.demo["numbers"] if n["queue"] == queue)

    def number_of_agent(self, agent):
        """What a colleague dials to reach an agent."""
        return next(a["number"] for a in self.json("agent", "list") if a["agent"] == agent)

    def queues(self):
        return [n["queue"] for n in self.demo["numbers"]]


class InteropTest(unittest.TestCase):
    """Base of all: peers that end with the test, the server's log on failure."""

    maxDiff = None

    def setUp(self):
        self.stack = sip.Stack()
        self.addCleanup(self.stack.close)
        self.centres = []

    def run(self, result=None):
        problems = (len(result.failures), len(result.errors)) if result else None
        outcome = super().run(result)
        if result and problems != (len(result.failures), len(result.errors)):
            for centre in getattr(self, "centres", []):
                print("--- %s: the server's last words (%s)\n%s\n---" % (self.id(), centre.folder, centre.tail(30)), file=sys.stderr)
            for error in self.stack.errors[:3]:
                print("--- trouble in a peer: " + error, file=sys.stderr)
        return outcome

    def centre(self, **options):
        centre = Pasokh(**options)
        self.centres.append(centre)
        self.addCleanup(centre.close)
        return centre

    def rtp(self, signals=None):
        process = rtp.RtpProcess(signals)
        self.addCleanup(process.close)
        return process

    def quiet_queue(self, centre, queue="support", **settings):
        """Nothing spoken, no wrap-up: what tests of order and times want. Settings given win."""
        centre.set("queue", queue, **dict(dict(wrap_up="0s", notice="off", music="none", announce_place="off"), **settings))

    def phone(self, centre, device, behaviour=None, register=True, ready=True, **options):
        """A device (a row of demo.json, or its index there) as a phone; registered, its agent ready."""
        if isinstance(device, int):
            device = centre.device(device)
        phone = sip.UserAgent(self.stack, device["user"], centre.server, password=device["password"], behaviour=behaviour, **options)
        phone.code = device["agent"]
        phone.number = centre.number_of_agent(device["agent"])
        if register:
            status = phone.register(timeout=patient(10))
            self.assertEqual(status, 200, "REGISTER of %s" % device["user"])
        if ready:
            centre.cli("agent", "ready", device["agent"])
        return phone

    def customer(self, centre, number, **options):
        return sip.UserAgent(self.stack, number, centre.server, **options)

    def wait(self, condition, timeout=10, what=""):
        return self.stack.wait(condition, patient(timeout), what)

    def row(self, centre, caller, timeout=10):
        """The caller's report row once it is no longer in progress."""
        def ended():
            rows = [r for r in centre.calls() if r["caller"] == caller]
            return rows and rows[0]["outcome"] != "in_progress" and rows[0]
        return wait_until(ended, patient(timeout), "the report row of " + caller, every=0.05)


# --- SIPp

SCENARIOS = os.path.join(HERE, "sipp")


class Sipp:
    """One SIPp process; its message log is read afterwards. `rows` feed the scenario's [field0]… one line a call."""

    def __init__(self, scenario, remote, rows=None, calls=None, rate=None, keys=None, port=None, folder=None, extra=(), background=True,
                 media_port=None, order="SEQUENTIAL", messages=True):
        self.folder = folder or tempfile.mkdtemp(prefix="pasokh-sipp-")
        self.port = port or free_ports(1)[0]
        name = os.path.basename(scenario)[:-4]
        self.messages_file = os.path.join(self.folder, name + ".messages")
        self.errors_file = os.path.join(self.folder, name + ".errors")
        words = ["sipp", "%s:%d" % remote if remote else "", "-sf", scenario, "-i", "127.0.0.1", "-p", str(self.port), "-nostdin",
                 "-trace_err", "-error_file", self.errors_file]
        words = [w for w in words if w]
        if messages:
            words += ["-trace_msg", "-message_file", self.messages_file, "-message_overwrite", "false"]
        if media_port:
            words += ["-mp", str(media_port)]
        if rows is not None:
            path = os.path.join(self.folder, name + ".csv")
            with open(path, "w") as f:
                f.write(order + "\n" + "".join(";".join(map(str, r)) + "\n" for r in rows))
            words += ["-inf", path]
        if calls:
            words += ["-m", str(calls)]
        if rate:
            words += ["-r", str(rate)]
        for key, value in (keys or {}).items():
            words += ["-key", key, str(value)]
        words += list(extra)
        self.output = open(os.path.join(self.folder, name + ".out"), "w")
        self.words = words
        self.process = subprocess.Popen(words, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder,
                                        env=dict(os.environ, TERM="dumb"))
        if not remote:
            self._wait_bound()
        if not background:
            self.finish(60)

    def _wait_bound(self):
        mine = "%04X" % self.port

        def bound():
            assert self.process.poll() is None, "SIPp ended: " + self.trouble()
            with open("/proc/net/udp") as f:
                return any(line.split()[1].endswith(":" + mine) for line in f.readlines()[1:])
        wait_until(bound, 5, "SIPp to listen")

    def finish(self, timeout):
        """Waits for the end; the exit status (0: every call as the scenario wants)."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                return self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                if "Aborting" in self.trouble():  # one call went otherwise than the scenario says: the test has failed already
                    break
        self.process.kill()
        self.process.wait()
        raise AssertionError("SIPp did not end well in %g s: %s\n%s" % (timeout, " ".join(self.words), self.trouble()[:1500]))

    def trouble(self):
        for path in (self.errors_file, self.output.name):
            if os.path.exists(path) and os.path.getsize(path):
                with open(path, errors="replace") as f:
                    return f.read()[-3000:]
        return ""

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)  # SIPp: quit after the calls in hand
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()

    def messages(self):
        """[(time, 'sent'|'received', sip.Message)] from SIPp's own message log."""
        if not os.path.exists(self.messages_file):
            return []
        with open(self.messages_file, "rb") as f:
            text = f.read()
        found = []
        pattern = rb"-{40,} (\d+-\d+-\d+)[ T\t](\d+:\d+:\d+\.\d+)[^\n]*\n(?:UDP|TCP) message (sent|received)[^\n]*\n\n"
        marks = list(re.finditer(pattern, text))
        for mark, following in zip(marks, marks[1:] + [None]):
            body = text[mark.end():following.start() if following else len(text)]
            day, clock, way = (g.decode() for g in mark.groups())
            whole, fraction = clock.split(".")
            at = time.mktime(time.strptime(day + " " + whole, "%Y-%m-%d %H:%M:%S")) + float("0." + fraction)
            body = body.lstrip(b"\r\n")
            if body:
                found.append((at, way, sip.Message.parse(body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))))
        return found


def registration_rows(devices):
    """Rows for register.xml: SIPp takes the credentials as a keyword inside the field."""
    return [(d["user"], "[authentication username=%s password=%s]" % (d["user"], d["password"])) for d in devices]


def sipp_scenario(name):
    return os.path.join(SCENARIOS, name + ".xml")


# --- baresip

class Baresip:
    """A real phone program: registers, answers by itself, plays a WAV, writes what it hears into a WAV (`heard()`)."""

    def __init__(self, user, password, server, play, answer=True, transport="udp"):
        self.folder = tempfile.mkdtemp(prefix="pasokh-baresip-")
        self.port = free_ports(1)[0]
        self.control = self.port
        while abs(self.control - self.port) < 2:   # baresip takes the port after its own for TLS
            self.control = free_ports(1)[0]
        config = """
poll_method epoll
sip_listen 127.0.0.1:%d
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aufile.so
module sndfile.so
module aubridge.so
snd_path %s
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:%d
audio_source aufile,%s
audio_player aubridge,sink
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_level no
rtp_ports 45000-49999
rtp_timeout 0
call_max_calls 4
""" % (self.port, self.folder, self.control, play)
        account = "<sip:%s@%s:%d;transport=%s>;auth_user=%s;auth_pass=%s;answermode=%s;audio_codecs=pcma,pcmu;regint=60\n" % (
            user, server[0], server[1], transport, user, password, "auto" if answer else "manual")
        for name, text in (("config", config), ("accounts", account), ("contacts", "")):
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)
        self.output = open(os.path.join(self.folder, "output"), "w+")
        self.process = subprocess.Popen(["baresip", "-f", self.folder, "-v"], stdout=self.output, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()

    def wait_for(self, pattern, timeout=10):
        wait_until(lambda: re.search(pattern, self.text()), timeout, lambda: "%r in baresip's output:\n%s" % (pattern, self.text()[-2500:]))

    def heard(self):
        """Samples that came from the network, decoded (module sndfile writes them while the call lasts)."""
        files = sorted(glob.glob(os.path.join(self.folder, "*dec.wav")), key=os.path.getmtime)
        return read_wav(files[-1])[1][0] if files else []

    def command(self, command, parameters=""):
        """Over ctrl_tcp: a netstring of JSON."""
        body = json.dumps({"command": command, "params": parameters, "token": "t"})
        with socket.create_connection(("127.0.0.1", self.control), timeout=5) as s:
            s.sendall(("%d:%s," % (len(body), body)).encode())
            s.settimeout(2)
            try:
                return s.recv(65536).decode("utf-8", "replace")
            except socket.timeout:
                return ""

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- Kamailio

class Kamailio:
    """A carrier's proxy between the far side's user agent and the centre: what comes from the far side's port goes to `centre`, all
    else to the far side. With `register` it is a registrar that asks for a digest (user trunk, password secret) and sends calls to
    the registered contact, the dialled number in the Request-URI. It has a loopback address of its own: a trunk is known by its
    address, and customers call from 127.0.0.1."""
    IP = "127.0.0.2"

    def __init__(self, centre, far, register=False):
        self.folder = tempfile.mkdtemp(prefix="pasokh-kamailio-")
        self.port = free_ports(1)[0]
        to_centre = """
      $var(dialled) = $rU;
      $rU = "trunk";
      if (!lookup("location")) { sl_send_reply("404", "Not Registered"); exit; }
      $rU = $var(dialled);""" if register else """
      $du = "sip:%s:%d";""" % centre
        config = """
debug=2
log_stderror=yes
children=2
fork=yes
auto_aliases=no
listen=udp:%(ip)s:%(port)d
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("rr", "enable_full_lr", 1)
modparam("usrloc", "db_mode", 0)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (!is_method("ACK")) sl_send_reply("404", "Not Here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("carrier.test", "secret", "0")) { www_challenge("carrier.test", "1"); exit; }
    save("location");
    exit;
  }
  if (is_method("INVITE")) {
    record_route();
    if ($sp == %(far_port)d) {
%(to_centre)s
    } else {
      $du = "sip:%(far_ip)s:%(far_port)d";
    }
    if (!t_relay()) sl_reply_error();
    exit;
  }
  sl_send_reply("405", "Method Not Allowed");
}
""" % {"ip": self.IP, "port": self.port, "far_ip": far[0], "far_port": far[1], "to_centre": to_centre}
        path = os.path.join(self.folder, "kamailio.cfg")
        with open(path, "w") as f:
            f.write(config)
        self.output = open(os.path.join(self.folder, "output"), "w+")
        self.process = subprocess.Popen(["kamailio", "-f", path, "-DD", "-E", "-m", "32", "-M", "4", "-Y", self.folder, "-w", self.folder],
                                        stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.2)

        def answers():
            assert self.process.poll() is None, "Kamailio ended:\n" + self.text()
            probe.sendto(("OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s\r\nFrom: <sip:p@x>;tag=1\r\n"
                          "To: <sip:x@x>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
                          % (probe.getsockname()[1], sip.unique(), sip.unique())).encode(), (self.IP, self.port))
            try:
                return probe.recv(4096)
            except (socket.timeout, ConnectionRefusedError):
                return None
        try:
            wait_until(answers, 10, lambda: "Kamailio to answer:\n" + self.text()[-2000:])
        finally:
            probe.close()

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)  # its own session: only its children
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- sound files

def write_wav(path, samples):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(8000)
        f.writeframes(b"".join(int(max(-32768, min(32767, s))).to_bytes(2, "little", signed=True) for s in samples))


def read_wav(path):
    """(rate, [channel, …]) of a 16-bit file."""
    import array
    with wave.open(path, "rb") as f:
        assert f.getsampwidth() == 2, "%s: %d bytes a sample" % (path, f.getsampwidth())
        data = array.array("h", f.readframes(f.getnframes()))
        channels = f.getnchannels()
        return f.getframerate(), [data[c::channels] for c in range(channels)]


def main():
    unittest.main(verbosity=2)
