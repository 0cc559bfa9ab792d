"""B2: what the system itself tells a supervisor: each code from its real cause, in the list, in both languages, and its end."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from harness import Pasokh, free_ports, main, patient, wait_until
from test_web_server import WebTest

MIB = 1 << 20


class Carrier(threading.Thread):
    """The far end of a trunk: answers every OPTIONS with 200, from when it is started until it is closed."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.start()

    def run(self):
        while True:
            try:
                request, peer = self.socket.recvfrom(65536)
            except OSError:
                return
            if not peer or not request.startswith(b"OPTIONS "):
                continue
            kept = [line for line in request.decode().split("\r\n")[1:] if re.match(r"(?i)(via|from|to|call-id|cseq):", line)]
            answer = "SIP/2.0 200 OK\r\n" + "\r\n".join(line + ";tag=far" if line.lower().startswith("to:") else line for line in kept) + "\r\nContent-Length: 0\r\n\r\n"
            self.socket.sendto(answer.encode(), peer)

    def close(self):
        self.socket.close()


class SystemAlarms(WebTest):
    def small_disk(self, size):
        base = tempfile.mkdtemp(prefix="pasokh-alarms-")
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", base], capture_output=True, text=True)
        if mount.returncode:
            self.skipTest("a small disk cannot be mounted here: " + mount.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", base])
        return base

    def fill(self, disk, free):
        """A file that leaves so much; it only grows."""
        with open(os.path.join(disk, "filler"), "ab", buffering=0) as f:
            for piece in (MIB, 4096):
                try:
                    while os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize >= free + piece:
                        f.write(b"x" * piece)
                except OSError:
                    pass  # full, for pieces of this size

    def empty(self, disk):
        os.unlink(os.path.join(disk, "filler"))

    def configure(self, centre, **lines):
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            text = f.read()
        for key, value in lines.items():
            text, count = re.subn(r"(?m)^%s = .*$" % key, "%s = %s" % (key, value), text)
            self.assertEqual(count, 1, key)
        with open(path, "w") as f:
            f.write(text)

    def begin(self, centre):
        self.server = centre
        centre.start()
        self.quiet_queue(centre, record="yes")
        self.supervisor = {"Authorization": "Bearer " + self.sign_in(centre, self.login_of(centre, "supervisor"))[1]}

    def alarms(self, code, state="", about=""):
        rows = self.server.http("GET", "/v1/alarms" + state, headers=self.supervisor)[1]
        return [row for row in rows if row["code"] == code and about in row["text"]] if isinstance(rows, list) else []

    def raised(self, code, seconds=20, about=""):
        rows = wait_until(lambda: self.alarms(code, "?open=true", about), patient(seconds), lambda: "%s among %s\n%s" % (code, self.server.http("GET", "/v1/alarms", headers=self.supervisor), self.server.tail(15)), every=0.2)
        self.assertEqual(len(rows), 1, "once, however often its cause is met")
        self.assertEqual((rows[0]["kind"], rows[0]["until"]), ("system", None))
        self.assertRegex(rows[0]["text_fa"], "[\u0600-\u06ff]")
        self.assertNotRegex(rows[0]["text"], "[\u0600-\u06ff]")
        return rows[0]

    def over(self, code, seconds=20, about=""):
        wait_until(lambda: not self.alarms(code, "?open=true", about), patient(seconds), "the end of " + code, every=0.2)
        row = self.alarms(code, about=about)[0]
        self.assertGreater(row["until"], row["since"])

    def talk(self, number="09120000001"):
        sound = self.rtp()
        agent = self.phone(self.server, 0, rtp=sound, source="stamped")
        call = self.customer(self.server, number, rtp=sound, source="stamped").call(self.server.number_of("support"))
        self.wait(lambda: call.up and agent.live(), what="the call to be up")
        return call, sound

    def test_a_carrier_that_does_not_answer_and_comes_back_and_one_that_is_removed(self):
        self.begin(self.centre(start=False))
        ports = dict(zip(("far", "gone"), free_ports(2)))
        for trunk, port in ports.items():
            self.server.cli("trunk", "add", trunk, "host=127.0.0.1", "port=%d" % port, "options_every=1")
        for trunk in ports:
            self.raised("trunk-down", 45, about="carrier %s is down" % trunk)
        carrier = Carrier(ports["far"])
        self.addCleanup(carrier.close)
        self.over("trunk-down", 45, about="carrier far ")
        self.assertTrue(self.alarms("trunk-down", "?open=true", about="carrier gone "), "the other one stands")
        self.server.cli("trunk", "remove", "gone")
        self.over("trunk-down", 45, about="carrier gone ")

    def test_a_disk_for_recordings_that_fills(self):
        """First it is told to be low; then recording stops, and the calls go on."""
        disk, centre = self.small_disk(64 * MIB), self.centre(start=False)
        self.configure(centre, captures='"%s"' % disk, recording_stop_mib="8")  # low: less than twice that
        self.begin(centre)
        call, sound = self.talk()
        self.fill(disk, 12 * MIB)
        self.assertIn("MiB", self.raised("disk-low")["text"])
        self.assertEqual(self.alarms("recording-stopped"), [], "not yet")
        self.fill(disk, 4 * MIB)
        self.raised("recording-stopped", 30)
        self.raised("recording-failed", 30)
        before = sound.counts()[call.media][1]
        time.sleep(0.5)
        self.assertTrue(call.up)
        self.assertGreater(sound.counts()[call.media][1], before, "the call goes on")
        self.empty(disk)
        self.over("disk-low")
        call.bye()

    def test_a_disk_on_which_the_journal_finds_no_room(self):
        """New calls are refused before its reserve is touched; it is told, and calls are taken again when there is room."""
        disk = self.small_disk(160 * MIB)
        centre = Pasokh(folder=os.path.join(disk, "centre"), start=False)
        centre.base = disk
        self.centres.append(centre)
        self.addCleanup(centre.close)
        self.configure(centre, recording_stop_mib="1")
        self.begin(centre)
        call, sound = self.talk()
        self.fill(disk, 2 * MIB)
        self.raised("journal-trouble", 30)
        refused = self.customer(centre, "09120000009").call(centre.number_of("support"))
        refused.wait_ended(patient(10))
        self.assertIsNone(refused.answered_at, "a new call is refused")
        self.assertTrue(call.up, "the call in progress goes on")
        self.empty(disk)
        self.over("journal-trouble", 60)
        taken = self.customer(centre, "09120000010").call(centre.number_of("support"))
        taken.wait_answered(patient(10))
        for each in (taken, call):
            each.bye()


if __name__ == "__main__":
    main()
