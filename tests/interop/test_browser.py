"""The browser as a phone: a real Chromium answers a real SIP caller. What each hears is compared with what the other said. Reload of
the page, loss of the network, an ICE restart, kill -9 of the control process and of the media worker: the call goes on."""
import json
import math
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from harness import InteropTest, free_ports, g711, main, patient, read_wav, wait_until
from peers.chromium import Chromium
from peers.firefox import Firefox
from peers.text_socket import TextSocket

RATE = 4  # compared at 2 kHz: both signals have nothing above 500 Hz, so the place between two samples does not matter


def murmur(seed, seconds):
    """Noise without high tones: what survives two changes of the sampling rate. Seamless when played round and round."""
    samples = g711.noise(seed, seconds, 20000)
    for _ in range(3):
        samples = [sum(samples[(i + k) % len(samples)] for k in range(8)) / 8 for i in range(len(samples))]
    return [int(s * 2.5) for s in samples]


SIGNALS = {"customer": murmur(21, 2), "agent": murmur(22, 2)}


def syllables(seed, seconds):
    """What an encoder takes for speech (there is no error correction for anything else): a murmur without its lowest tones that swells and ends."""
    samples, low = murmur(seed, seconds), 40
    around = [sum(samples[(i + k - low // 2) % len(samples)] for k in range(low)) / low for i in range(len(samples))]
    loud = [max(0.0, math.sin(2 * math.pi * 2.5 * i / 8000)) ** 0.5 for i in range(len(samples))]
    samples = [(s - a) * l for s, a, l in zip(samples, around, loud)]
    peak = max(map(abs, samples))
    return [int(s * 14000 / peak) for s in samples]


SPEECH = {"customer": syllables(31, 2), "agent": syllables(32, 2)}


def likeness(heard, signal):
    """The best correlation of 0.2 s of what was heard, at three places of it, with any place of the signal played round and round."""
    size = 400
    known, heard = (signal + signal[:size * RATE])[::RATE], heard[::RATE]
    best = 0.0
    for start in range((len(heard) - size) // 4, len(heard) - size, max(1, (len(heard) - size) // 4)):
        _, value = g711.best_lag(heard[start:start + size], known, range(0, len(known) - size, 1), size=size)
        best = max(best, value)
    return best


def share_unheard(heard, signal):
    """Of the loud 20 ms of what was said: the share that was not heard so. `heard` has silence where nothing came. The place is looked for anew each
    0.2 s: a page's microphone that is a file loses some milliseconds where it begins again."""
    around, size, piece = signal * 3, len(signal), 1600
    places, best = [], 0.0
    for start in range(0, len(heard) - piece, piece):
        if not places or best < 0.5:
            lags = range(0, size // 2)             # wherever
        else:
            lags = range(max(0, (places[-1] - 200) // 2), min(size, places[-1] + 200) // 2)
        lag, best = g711.best_lag(heard[start:start + piece:2], [around[(k + start) % size] for k in range(0, 2 * size, 2)], lags, size=piece // 2)
        places.append(2 * lag % size)
    loud = unheard = 0
    for start in range(0, len(heard) - piece - 160, 160):
        near = {places[k] for k in range(start // piece - 1, start // piece + 2) if 0 <= k < len(places)}
        said = [size + (start + lag) % size for lag in near]
        if min(sum(s * s for s in around[at:at + 160]) for at in said) < 160 * 1000 ** 2:
            continue
        loud += 1
        unheard += max(g711.correlation(heard[start:start + 160], around[at + d:at + d + 160]) for at in said for d in range(-3, 4)) < 0.7
    return unheard / max(1, loud)


class Desk:
    """One tab of an agent: signed in, its live connection, its page."""

    def __init__(self, test, centre, agent, page):
        self.test, self.centre, self.agent, self.page = test, centre, agent, page
        self.way = None                            # a router between page and server
        self.tab = "tab-%d" % id(self)             # a page keeps it over a reload (sessionStorage)
        user = next(u for u in centre.demo["users"] if u["login"] == agent)
        request = urllib.request.Request("http://127.0.0.1:%d/v1/sessions" % centre.http_port, method="POST", headers={"Content-Type": "application/json"},
                                         data=json.dumps({"login": user["login"], "password": user["password"], "cookie": True}).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        self.socket = None
        if centre.http("GET", "/v1/live")[0] == 404:
            test.skipTest("this program has no live socket")
        self.connect()

    def connect(self):
        self.socket = TextSocket("ws://127.0.0.1:%d/v1/live" % self.centre.http_port, {"Cookie": self.cookie, "Origin": "http://127.0.0.1:%d" % self.centre.http_port})

    def register(self, **more):
        self.say("register", tab=self.tab, **more)
        return self.told("registered")

    def say(self, what, leg=None, **more):
        self.socket.send(dict({"type": "phone." + what}, **dict({"leg": leg} if leg else {}, **more)))

    def told(self, what, timeout=10, leg=None):
        return self.socket.wait(lambda m: m.get("type") == "phone." + what and (leg is None or m.get("leg") == leg), patient(timeout), "phone." + what)

    def accept(self, leg, how="accept", restart=False):
        began = time.monotonic()
        self.say(how, leg, sdp=self.page.offer(restart))
        answer = self.told("answer", leg=leg)
        self.page.answer(self.way.through(answer["sdp"]) if self.way else answer["sdp"])
        self.page.wait_connected(patient(15))
        print("%s to connected: %.0f ms" % (how, (time.monotonic() - began) * 1000))
        return answer

    def close(self):
        if self.socket:
            self.socket.close()


class Way:
    """A router between the page and the server: it can lose everything or a share, and give the page another address."""

    def __init__(self, ip="127.0.0.1"):
        self.ip, self.loss, self.draw = ip, 0.0, random.Random(7)
        self.page_side, self.server_side = self._socket(), self._socket()
        self.port, self.open, self.page, self.server, self.ended = self.page_side.getsockname()[1], True, None, None, False
        threading.Thread(target=self._carry, daemon=True).start()

    def _socket(self):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((self.ip, 0))
        return made

    def through(self, sdp):
        """The answer, as if the server stood where this router's outside is."""
        self.server = (self.ip, int(re.search(r"m=audio (\d+)", sdp).group(1)))
        only = "".join(line for line in sdp.splitlines(True) if not line.startswith("a=candidate:") or " %s %d " % self.server in line)
        return re.sub(r"(m=audio |a=candidate:.* %s )\d+" % re.escape(self.ip), r"\g<1>%d" % self.port, only)

    def move(self):
        before, self.server_side = self.server_side, self._socket()
        before.close()

    def _carry(self):
        while not self.ended:
            for side in select.select([s for s in (self.page_side, self.server_side) if s.fileno() >= 0], [], [], 0.05)[0]:
                try:
                    data, source = side.recvfrom(2048)
                    if side is self.page_side:
                        self.page = source
                    if self.draw.random() < self.loss:
                        continue
                    if self.open and side is self.page_side:
                        self.server_side.sendto(data, self.server)
                    elif self.open:
                        self.page_side.sendto(data, self.page)
                except OSError:
                    pass

    def close(self):
        self.ended = True
        time.sleep(0.1)
        self.page_side.close()
        self.server_side.close()


class WithChromium(InteropTest):
    signals = SIGNALS

    @classmethod
    def open_browser(cls):
        return Chromium(cls.signals["agent"])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = cls.open_browser()

    @classmethod
    def tearDownClass(cls):
        cls.chromium.end()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.server = self.centre(start=False)
        path = os.path.join(self.server.folder, "pasokh.toml")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(re.sub(r"(?m)^port = \d+", "port = %d" % self.two_ports(), text, count=1))
        self.prepare(path)
        self.server.start()
        self.quiet_queue(self.server)
        self.sound = self.rtp(self.signals)
        self.page = self.chromium.page()
        self.addCleanup(self.page.close)
        self.desk = Desk(self, self.server, "a01", self.page)
        self.addCleanup(lambda: self.desk.close())

    def prepare(self, configuration):
        pass

    def two_ports(self):
        for low in range(41000 + os.getpid() % 400 * 2, 43000, 2):
            try:
                for port in (low, low + 1):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                        s.bind(("0.0.0.0", port))
                return low
            except OSError:
                pass
        raise AssertionError("no two free ports")

    def sit_down(self):
        told = self.desk.register()
        self.assertEqual((told["device"], told["legs"]), ("a01-web", []))
        self.server.cli("agent", "ready", "a01", "--device", "a01-web")

    def call(self, number="09120000001"):
        self.caller = self.customer(self.server, number, rtp=self.sound, source=("signal", "customer"), keep=True)
        return self.caller.call(self.server.number_of("support"))

    def talk(self):
        """A call that is answered in the browser: (the customer's call, the browser's leg)."""
        self.sit_down()
        call = self.call()
        ring = self.desk.told("ring")
        self.assertEqual((ring["caller"], ring["queue"]), ("09120000001", "support"))
        self.desk.accept(ring["leg"])
        self.wait(lambda: call.up, 10, "the customer's call to be up")
        return call, ring["leg"]

    def check_both_hear(self, call, seconds=2.5):
        before = len(self.sound.heard(call.media).payloads)
        self.page.run("phone.take()")
        time.sleep(seconds)  # the conversation itself
        at_page = self.page.run("phone.take()")
        at_customer = [sample for kind, _, _, data in self.sound.heard(call.media).payloads[before:] if kind in (0, 8) for sample in g711.decode(data, kind)]
        self.assertGreater(len(at_page), 8000 * (seconds - 1), "samples that came to the page")
        self.assertGreater(len(at_customer), 8000 * (seconds - 1), "samples that came to the customer")
        self.assertGreater(likeness(at_customer, SIGNALS["agent"]), 0.9, "what the customer heard is not what the page said")
        self.assertGreater(likeness(at_page, SIGNALS["customer"]), 0.9, "what the page heard is not what the customer said")

    def recording(self, row):
        def finished():
            return any(r["call"] == row["call"] and r["state"] == "finished" for r in self.server.json("archive", "list"))
        wait_until(finished, patient(20), lambda: "the recording to be finished: %s" % self.server.json("archive", "list"), every=0.1)
        path = os.path.join(self.server.base, "call.wav")
        self.server.cli("archive", "export", row["call"], "--to", path)
        rate, (left, right) = read_wav(path)
        self.assertEqual(rate, 8000)
        return left, right


class BrowserPhone(WithChromium):
    def test_a_call_is_answered_in_the_browser_and_both_hear_each_other(self):
        call, leg = self.talk()
        self.check_both_hear(call)
        figures = self.page.run("phone.figures()")
        self.assertEqual(figures["codec"], "audio/PCMA", "what the customer speaks, so that nothing is translated")
        self.assertEqual(figures["srtp"], "SRTP_AEAD_AES_128_GCM")
        stats = self.desk.told("stats")
        self.assertLess(stats["loss"], 5)
        self.page.run("phone.press('7')")
        wait_until(lambda: self.sound.heard(call.media).digits() == "7", patient(5), "the page's digit at the customer")
        self.desk.say("digits", leg, digits="4#")
        wait_until(lambda: self.sound.heard(call.media).digits() == "74#", patient(5), lambda: "the digits that the server sends; came: %s" % self.sound.heard(call.media).events)
        self.desk.say("stats", leg, loss=1.5, jitter_ms=12, rtt_ms=40)
        self.desk.say("hangup", leg)
        self.desk.told("bye")
        call.wait_ended(patient(5))
        row = self.row(self.server, "09120000001")
        self.assertEqual((row["outcome"], row["agent"]), ("answered", "a01"))
        self.check_recording(row)

    def check_recording(self, row):
        (left, right), rate = self.recording(row), 8000
        self.assertGreater(likeness(left[rate:3 * rate], SIGNALS["customer"]), 0.8, "the customer on the left")
        self.assertGreater(likeness(right[rate:3 * rate], SIGNALS["agent"]), 0.8, "the browser on the right")


    def test_reload_of_the_page_in_mid_call(self):
        call, leg = self.talk()
        self.desk.close()
        self.page.load()                           # everything of the page before is gone, its keys too
        self.desk.connect()
        told = self.desk.register()
        self.assertEqual([(x["leg"], x["state"], x["caller"]) for x in told["legs"]], [(leg, "talking", "09120000001")])
        self.desk.accept(leg, how="resume")
        self.check_both_hear(call)
        self.assertTrue(call.up)

    def test_ice_restart_keeps_the_association(self):
        call, leg = self.talk()
        first = self.desk.page.run("phone.pc.remoteDescription.sdp")
        self.desk.accept(leg, how="resume", restart=True)
        second = self.desk.page.run("phone.pc.remoteDescription.sdp")
        names = [re.search("a=ice-ufrag:(.+)", sdp).group(1).strip() for sdp in (first, second)]
        self.assertNotEqual(*names)
        self.check_both_hear(call)

    def test_ten_seconds_without_a_network(self):
        self.desk.way = Way()
        self.addCleanup(self.desk.way.close)
        call, leg = self.talk()
        self.check_both_hear(call)
        self.desk.way.open = False
        self.desk.socket.cut()
        time.sleep(1)                              # what was under way is through
        silent = len(self.sound.heard(call.media).pcm())
        time.sleep(9)                              # the loss itself: 10 s
        self.assertEqual(len(self.sound.heard(call.media).pcm()) - silent, 0, "the network was not gone: this test would show nothing")
        self.desk.way.open = True
        self.desk.connect()
        told = self.desk.register()
        self.assertEqual([x["state"] for x in told["legs"]], ["talking"])
        if self.page.state() == "failed":          # as a page does: it offers anew when ICE does not come back by itself
            self.desk.accept(leg, how="resume", restart=True)
        self.page.wait_connected(patient(15))
        self.check_both_hear(call)

    def test_a_router_that_gives_the_page_another_address(self):
        self.desk.way = Way()
        self.addCleanup(self.desk.way.close)
        call, leg = self.talk()
        self.desk.way.move()                       # the server sees another source from now on, the page notices nothing
        time.sleep(4)                              # the page's next check
        self.check_both_hear(call)

    def test_kill_of_the_control_process_in_mid_call(self):
        call, leg = self.talk()
        before = len(self.sound.heard(call.media).arrivals)
        self.server.restart_after_kill()
        self.desk.connect()
        told = self.desk.register()
        self.assertEqual([(x["leg"], x["state"]) for x in told["legs"]], [(leg, "talking")])
        self.assertEqual(self.page.state(), "connected")
        self.assertEqual(self.page.run("phone.states.filter((s) => s !== 'connecting' && s !== 'connected')"), [], "the page noticed the kill")
        self.assertGreater(len(self.sound.heard(call.media).arrivals), before)
        self.check_both_hear(call)
        self.desk.say("hangup", leg)
        call.wait_ended(patient(5))

    def test_kill_while_it_rings(self):
        self.sit_down()
        call = self.call()
        leg = self.desk.told("ring")["leg"]
        self.server.restart_after_kill()
        self.desk.connect()
        told = self.desk.register()
        self.assertEqual([(x["leg"], x["state"]) for x in told["legs"]], [(leg, "ringing")])
        self.desk.accept(leg)
        self.wait(lambda: call.up, 10, "the customer's call to be up")
        self.check_both_hear(call)

    def test_a_media_worker_dies_and_the_page_begins_anew_in_another(self):
        call, leg = self.talk()
        port = int(re.search(r"m=audio (\d+)", self.page.run("phone.pc.remoteDescription.sdp")).group(1))
        for pid in self.server.workers():
            if self.has_udp_port(pid, port):
                os.kill(pid, signal.SIGKILL)
        self.desk.told("restart", leg=leg)
        answer = self.desk.accept(leg, how="resume")
        self.assertNotEqual(int(re.search(r"m=audio (\d+)", answer["sdp"]).group(1)), port)
        self.check_both_hear(call)

    def has_udp_port(self, pid, port):
        inodes = set()
        for fd in os.listdir("/proc/%d/fd" % pid):
            try:
                inodes.add(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
            except OSError:
                pass
        with open("/proc/net/udp") as f:
            return any(line.split()[1].endswith(":%04X" % port) and "socket:[%s]" % line.split()[9] in inodes for line in f.readlines()[1:])

    def test_two_tabs_the_second_takes_over_when_told_to(self):
        call, leg = self.talk()
        page = self.chromium.page()
        self.addCleanup(page.close)
        other = Desk(self, self.server, "a01", page)
        self.addCleanup(other.close)
        other.say("register", tab=other.tab)
        other.told("taken")
        other.say("hangup", leg)                   # it has no phone: nothing happens
        self.assertEqual(other.told("error")["code"], "not-registered")
        self.assertTrue(call.up)
        told = other.register(take=True)
        self.assertEqual([x["leg"] for x in told["legs"]], [leg])
        self.desk.told("taken")
        other.accept(leg, how="resume")
        self.page = page
        self.check_both_hear(call)

    def test_the_caller_leaves_while_it_rings_and_a_refused_call_waits_for_another(self):
        self.sit_down()
        call = self.call()
        leg = self.desk.told("ring")["leg"]
        call.bye()
        self.assertEqual(self.desk.told("stop", leg=leg)["why"], "cancelled")
        second = self.call("09120000002")
        leg = self.desk.told("ring")["leg"]
        phone = self.phone(self.server, 1, rtp=self.sound, source=("signal", "agent"))
        self.desk.say("reject", leg)
        self.wait(lambda: second.up and phone.live(), 10, "the other agent to get the refused call")

    def test_hold_and_transfer_to_a_telephone(self):
        call, leg = self.talk()
        self.server.cli("agent", "hold", "a01")
        self.assertIs(self.desk.told("held", leg=leg)["held"], True)
        self.server.cli("agent", "resume", "a01")
        self.assertIs(self.desk.told("held", leg=leg)["held"], False)
        self.check_both_hear(call)
        phone = self.phone(self.server, 1, rtp=self.sound, source=("signal", "customer"))
        self.server.cli("agent", "transfer", "a01", "--to-agent", phone.code)
        self.wait(lambda: phone.live(), 10, "the telephone to have the call")
        self.desk.told("bye", leg=leg)
        self.assertTrue(call.up)

    def test_a_page_that_is_gone_is_a_dead_telephone(self):
        self.sit_down()
        self.desk.close()
        wait_until(lambda: not next(d for d in self.server.json("device", "list") if d["device"] == "a01-web")["reachable"], patient(20), "the device to be told as lost")
        self.assertEqual(next(a for a in self.server.json("agent", "list") if a["agent"] == "a01")["state"], "paused")
        self.desk.connect()
        self.desk.register()
        wait_until(lambda: next(a for a in self.server.json("agent", "list") if a["agent"] == "a01")["state"] == "ready", patient(5), "the agent to be ready again")


class Lossy(WithChromium):
    """F1: a seat whose network loses packets."""
    signals = SPEECH
    loss = 0.09

    def way(self):
        return Way()

    def talk_through_loss(self):
        self.desk.way = self.way()
        self.addCleanup(self.desk.way.close)
        call, leg = self.talk()
        time.sleep(2)                              # sound flows and the page's buffer is filled
        self.desk.way.loss = self.loss
        return call, leg

    def hear(self, call, seconds):
        """What came to the customer in that time, silence where nothing came; and the share that the page had to guess."""
        before, page = len(self.sound.heard(call.media).payloads), self.page.run("phone.figures()")
        time.sleep(seconds)                        # the conversation itself
        payloads, figures = self.sound.heard(call.media).payloads[before:], self.page.run("phone.figures()")
        first = payloads[0][2]
        came = [((ts - first) & 0xFFFFFFFF, g711.decode(data, kind)) for kind, _, ts, data in payloads if kind in (0, 8)]
        heard = [0] * (max(at for at, _ in came if at < 1 << 31) + 160)
        for at, samples in came:
            if at < 1 << 31:
                heard[at:at + len(samples)] = samples
        return heard, (figures["concealed"] - page["concealed"]) / max(1, figures["samples"] - page["samples"]), figures

    def to_opus(self, leg):
        told = self.desk.told("codec", leg=leg, timeout=25)
        self.assertEqual(told["codec"], "opus")
        self.page.run("phone.prefer('%d')" % told["payload"])

    def measured_leg(self, row, leg):
        def measured():
            return [each for each in self.server.report("call", row["call"])[0]["legs"] if each["leg"] == leg and each["codec"]]
        wait_until(measured, patient(10), lambda: "the figures of the leg: %s" % self.server.report("call", row["call"]))
        return measured()[0]


class WithLoss(Lossy):
    """The same loss first with G.711, then with Opus and its error correction."""

    def test_loss_is_measured_and_opus_is_heard_better_than_g711_under_the_same_loss(self):
        call, leg = self.talk_through_loss()
        g711_heard, g711_guessed, figures = self.hear(call, 4)
        self.assertEqual((figures["sends"], figures["speaks"]), ("audio/PCMA", "audio/PCMA"))
        self.to_opus(leg)
        time.sleep(4)                              # the page's encoder learns of the loss from our reports (RFC 3550 §6.4)
        opus_heard, opus_guessed, figures = self.hear(call, 8)
        self.assertEqual((figures["sends"], figures["speaks"]), ("audio/opus", "audio/opus"))
        self.assertGreater(figures["fec"], 0)
        self.desk.socket.wait(lambda m: m.get("type") == "phone.stats" and m["codec"] == "opus", patient(5), "the codec beside the figures")
        shares = {"customer": (share_unheard(g711_heard, SPEECH["agent"]), share_unheard(opus_heard, SPEECH["agent"])), "page": (g711_guessed, opus_guessed)}
        print("loss %.0f %%: not heard by the customer: G.711 %.1f %%, Opus %.1f %%; guessed by the page: G.711 %.1f %%, Opus %.1f %%" %
              tuple(100 * x for x in (self.loss, *shares["customer"], *shares["page"])))
        for who, (with_g711, with_opus) in shares.items():
            self.assertGreater(with_g711, self.loss / 2, "%s: the network was not that bad: this test would show nothing" % who)
            self.assertLess(with_opus, 0.6 * with_g711, who)
        self.desk.way.loss = 0.0
        self.page.run("phone.take()")
        time.sleep(3)                              # the conversation itself
        self.assertGreater(likeness(self.page.run("phone.take()"), SPEECH["customer"]), 0.8, "what the page heard is not what the customer said")
        self.page.run("phone.press('7')")
        wait_until(lambda: self.sound.heard(call.media).digits() == "7", patient(5), "the page's digit at the customer, beside Opus")
        self.desk.close()                          # a page that is loaded anew goes on with Opus by itself
        self.page.load()
        self.desk.connect()
        self.desk.register()
        answer = self.desk.accept(leg, how="resume")
        self.assertRegex(answer["sdp"], r"m=audio \d+ \S+ 111 8 ")
        self.hear(call, 3)
        self.assertEqual(self.page.run("phone.figures()")["sends"], "audio/opus")
        self.desk.say("hangup", leg)
        call.wait_ended(patient(5))
        row = self.row(self.server, "09120000001")
        left, right = self.recording(row)
        self.assertGreater(len(right), 8000 * 20)
        said = right[-8000 * 14:-8000 * 8]         # in the time of Opus
        self.assertLess(share_unheard(said, SPEECH["agent"]), 0.6 * shares["customer"][0], "the recording has what was heard")
        self.assertLess(share_unheard(left[8000 * 4:8000 * 12], SPEECH["customer"]), 0.02, "the customer's side never was on that network")
        measured = self.measured_leg(row, leg)
        self.assertEqual(measured["codec"], "Opus")
        self.assertGreater(measured["lost"], 20)


class WithoutUdp(WithChromium):
    """A page that no UDP leaves from: its sound goes by TCP through coturn (docs/connect-browser.md)."""

    def prepare(self, configuration):
        port = free_ports(1)[0]
        folder = tempfile.mkdtemp(prefix="pasokh-turn-")
        self.addCleanup(shutil.rmtree, folder, True)
        output = open(os.path.join(folder, "output"), "w")
        self.addCleanup(output.close)
        turn = subprocess.Popen(["turnserver", "-n", "--listening-ip", "127.0.0.1", "--listening-port", str(port), "--relay-ip", "127.0.0.1", "--min-port", "42500", "--max-port", "42999",
                                 "--use-auth-secret", "--static-auth-secret", "north", "--realm", "centre", "--no-tls", "--no-dtls", "--no-udp", "--no-cli", "--allow-loopback-peers",
                                 "--log-file", "stdout", "--pidfile", os.path.join(folder, "pid"), "--userdb", os.path.join(folder, "turndb")],
                                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.addCleanup(turn.wait)
        self.addCleanup(turn.kill)
        with open(configuration) as f:
            text = f.read()
        with open(configuration, "w") as f:
            f.write(text.replace('turn = ""', 'turn = "turn:127.0.0.1:%d?transport=tcp"' % port).replace('turn_secret = ""', 'turn_secret = "north"'))

    def sit_down(self):
        told = self.desk.register()
        self.assertEqual(len(told["ice"]), 1)
        self.page.run("void (phone.configuration = {iceServers: %s, iceTransportPolicy: 'relay'})" % json.dumps(told["ice"]))
        self.server.cli("agent", "ready", "a01", "--device", "a01-web")

    def test_the_sound_goes_by_tcp_through_a_turn_server(self):
        call, leg = self.talk()
        pair = self.page.run("(async () => { const all = [...(await phone.pc.getStats()).values()]; const t = all.find((r) => r.type === 'transport');"
                             " return all.find((r) => r.id === all.find((p) => p.id === t.selectedCandidatePairId).localCandidateId); })()")
        self.assertEqual((pair["candidateType"], pair["relayProtocol"]), ("relay", "tcp"))
        self.check_both_hear(call)


class InFirefox(WithChromium):
    """One call in Firefox ESR. It sends nothing to 127.0.0.1, so the server listens everywhere."""

    @classmethod
    def open_browser(cls):
        return Firefox()

    def prepare(self, configuration):
        with open(configuration) as f:
            text = f.read()
        with open(configuration, "w") as f:
            f.write(text.replace('listen = "127.0.0.1:%d"' % self.server.sip_port, 'listen = "0.0.0.0:%d"' % self.server.sip_port))

    def test_a_call_is_answered_in_firefox_and_both_hear_each_other(self):
        call, leg = self.talk()
        self.page.run("phone.take()")
        before = len(self.sound.heard(call.media).payloads)
        time.sleep(2.5)  # the conversation itself
        at_page = g711.decode(bytes(self.page.run("phone.take()")), 8)
        at_customer = [sample for kind, _, _, data in self.sound.heard(call.media).payloads[before:] if kind == 8 for sample in g711.decode(data, kind)]
        self.assertGreater(likeness(at_page, SIGNALS["customer"]), 0.9, "what the page heard is not what the customer said")
        self.assertGreater(len(at_customer), 12000)
        tone = max((440, 1000), key=lambda hertz: g711.power(at_customer[4000:8000], hertz))
        self.assertGreater(g711.power(at_customer[4000:8000], tone), 0.8, "the customer does not hear Firefox's tone")
        self.desk.say("hangup", leg)
        call.wait_ended(patient(5))


class InFirefoxWithLoss(Lossy):
    """Firefox changes to Opus too."""
    prepare = InFirefox.prepare

    @classmethod
    def open_browser(cls):
        return Firefox()

    def way(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("192.0.2.1", 9))            # nothing is sent: which address of ours leads outside
            return Way(s.getsockname()[0])

    def test_firefox_changes_to_opus_when_loss_is_measured(self):
        call, leg = self.talk_through_loss()
        self.to_opus(leg)
        time.sleep(2)                              # the conversation itself
        heard, _, figures = self.hear(call, 4)
        self.assertEqual((figures["sends"], figures["speaks"]), ("audio/opus", "audio/opus"))
        tone = max((440, 1000), key=lambda hertz: g711.power(heard[4000:8000], hertz))
        self.assertGreater(g711.power(heard[4000:8000], tone), 0.6, "the customer does not hear Firefox's tone")
        self.desk.say("hangup", leg)
        call.wait_ended(patient(5))
        measured = self.measured_leg(self.row(self.server, "09120000001"), leg)
        self.assertEqual(measured["codec"], "Opus")


if __name__ == "__main__":
    main()
