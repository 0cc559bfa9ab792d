"""Bad input is answered with a clear error, never with a crash: hostile SIP, unknown numbers, guessed passwords, broken files, an
unreadable configuration, a taken port, a second server, a full disk."""
import os
import shutil
import socket
import struct
import subprocess
import time

from harness import InteropTest, Pasokh, main, patient, sip, wait_until


def message(method="OPTIONS", uri="sip:127.0.0.1", via="SIP/2.0/UDP 127.0.0.1:9999;branch=z9hG4bK1;rport", extra="", cseq=None, body=""):
    return ("%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s"
            % (method, uri, via, sip.unique(), cseq or "1 " + method, extra, len(body), body)).encode()


HOSTILE = {
    "nothing": b"",
    "line ends only": b"\r\n\r\n",
    "zeros": b"\0" * 1200,
    "no SIP at all": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "high bytes": bytes(range(256)) * 8,
    "version 7": message().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1),
    "no Via": message().replace(b"Via:", b"X-Via:"),
    "no CSeq": message().replace(b"CSeq:", b"X-CSeq:"),
    "no Call-ID": message().replace(b"Call-ID:", b"X-Call-ID:"),
    "CSeq beyond 2^31": message(cseq="4294967297 OPTIONS"),
    "CSeq of another method": message(cseq="1 INVITE"),
    "negative Content-Length": message().replace(b"Content-Length: 0", b"Content-Length: -1"),
    "Content-Length beyond the datagram": message().replace(b"Content-Length: 0", b"Content-Length: 99999"),
    "two Froms": message(extra="From: <sip:x@y>;tag=2\r\n"),
    "NUL in a header": message(extra="Subject: a\0b\r\n"),
    "10,000 headers": message(extra="X: y\r\n" * 10000)[:65000],
    "one header of 60 kB": message(extra="Subject: " + "s" * 60000 + "\r\n"),
    "200 Vias": message(extra="Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n" * 200),
    "line feeds only": message().replace(b"\r\n", b"\n"),
    "quote never closed": message(extra='Contact: "evil <sip:a@b>\r\n'),
    "percent escapes": message(uri="sip:%00%ff%zz@127.0.0.1"),
    "empty user": message(method="INVITE", uri="sip:@127.0.0.1"),
    "Max-Forwards 0": message(method="INVITE", uri="sip:8000@127.0.0.1").replace(b"Max-Forwards: 70", b"Max-Forwards: 0"),
    "unknown method": message(method="FROBNICATE", uri="sip:8000@127.0.0.1"),
    "unknown extension required": message(method="INVITE", uri="sip:8000@127.0.0.1", extra="Require: frobnication\r\n"),
    "BYE of no dialog": message(method="BYE", uri="sip:8000@127.0.0.1"),
    "ACK of no dialog": message(method="ACK", uri="sip:8000@127.0.0.1"),
    "CANCEL of no transaction": message(method="CANCEL", uri="sip:8000@127.0.0.1"),
    "response to nothing": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKz\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: q\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
    "SDP that lies about its address": message(method="INVITE", uri="sip:8000@127.0.0.1", extra="Contact: <sip:a@127.0.0.1:9999>\r\nContent-Type: application/sdp\r\n",
                                              body="v=0\r\no=- 1 1 IN IP4 224.0.0.1\r\ns=-\r\nc=IN IP4 224.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n"),
    "SDP of garbage": message(method="INVITE", uri="sip:8000@127.0.0.1", extra="Contact: <sip:a@127.0.0.1:9999>\r\nContent-Type: application/sdp\r\n", body="m=\r\nv=9\r\n" * 50),
    "SDP with 1,000 codecs": message(method="INVITE", uri="sip:8000@127.0.0.1", extra="Contact: <sip:a@127.0.0.1:9999>\r\nContent-Type: application/sdp\r\n",
                                     body="v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP " + " ".join(str(i % 128) for i in range(1000)) + "\r\n"),
    "body of another type": message(method="INVITE", uri="sip:8000@127.0.0.1", extra="Contact: <sip:a@127.0.0.1:9999>\r\nContent-Type: text/plain\r\n", body="hello"),
    "compact and folded": b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nv:\r\n SIP/2.0/UDP 127.0.0.1:9999;branch=z9hG4bKfold\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: folded\r\nCSeq: 1\r\n OPTIONS\r\nl: 0\r\n\r\n",
    "half a SIP message": message(method="INVITE")[:120],
    "STUN": struct.pack("!HHI", 1, 0, 0x2112A442) + b"x" * 12,
}


class HostileSip(InteropTest):
    def test_malformed_and_hostile_messages_leave_calls_and_the_server_alone(self):
        centre = self.centre()
        self.quiet_queue(centre)
        agent = self.phone(centre, 0)
        call = self.customer(centre, "09120000001").call(centre.number_of("support"))
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.bind(("127.0.0.1", 0))
        for name, data in HOSTILE.items():
            with self.subTest(name):
                for _ in range(3):
                    probe.sendto(data[:65000], centre.server)
                self.assertTrue(centre.alive(), "the server died of: " + name)
        for name, data in HOSTILE.items():   # TCP: in pieces of 7 bytes, then the line is cut
            with self.subTest("TCP " + name):
                with socket.create_connection(centre.server, timeout=3) as s:
                    try:
                        for at in range(0, min(len(data), 700), 7):
                            s.sendall(data[at:at + 7])
                    except OSError:
                        pass                 # the server may hang up on rubbish
        self.assertTrue(centre.alive(), centre.tail())
        self.assertEqual(call.agent.options(), 200, "OPTIONS is answered to anyone")
        self.assertEqual(call.hold(), 200, "the call in progress goes on")
        self.assertEqual(call.resume(), 200)
        again = self.customer(centre, "09120000002")
        agent.live()[0].bye()
        call.wait_ended(patient(5))
        second = again.call(centre.number_of("support"))
        self.wait(lambda: agent.live(), 10, "a new call after all that")
        second.bye()

    def test_a_wrong_request_gets_the_status_that_the_rfc_names(self):
        centre = self.centre()
        caller = self.customer(centre, "09120000001")
        cases = [("FROBNICATE", [], 405), ("INVITE", [("Require", "frobnication")], 420), ("BYE", [], 481)]
        for method, headers, status in cases:
            with self.subTest(method):
                request = caller.request(method, "sip:8000@" + caller.domain, headers=headers)
                self.assertEqual(caller.ask(request).status, status)

    def test_an_unknown_number_is_404_and_stands_in_the_report(self):
        centre = self.centre()
        call = self.customer(centre, "09120000001").call("5551234")
        call.wait_ended(patient(10))
        self.assertEqual(call.status, 404)


class Passwords(InteropTest):
    def test_guessing_is_slowed_and_refused_while_others_register_and_talk(self):
        centre = self.centre()
        self.quiet_queue(centre)
        agent = self.phone(centre, 0)
        device = centre.device(1)
        guesser = sip.UserAgent(self.stack, device["user"], centre.server, password="wrong", ip="127.0.0.3")
        statuses, began = [], time.monotonic()
        while time.monotonic() - began < 4:
            statuses.append(guesser.register(password="guess-%d" % len(statuses), timeout=patient(40)))
        self.assertNotIn(200, statuses)
        right = guesser.register(password=device["password"], timeout=patient(40))
        self.assertNotEqual(right, 200, "after so many guesses this address is refused for this user, even with the right password: %s" % statuses)
        self.assertTrue(centre.log_has("auth-failed.*202.*127.0.0.3"), "the log says so:\n" + centre.tail())
        self.assertEqual(agent.register(), 200, "another device from its own address")
        owner = sip.UserAgent(self.stack, device["user"], centre.server, password=device["password"])
        self.assertEqual(owner.register(), 200, "the owner, from another address")
        call = self.customer(centre, "09120000001").call(centre.number_of("support"))
        self.wait(lambda: agent.live(), 10, "calls go on")
        call.bye()

    def test_unknown_and_known_users_are_told_the_same(self):
        centre = self.centre()
        known = sip.UserAgent(self.stack, centre.device(0)["user"], centre.server, password="x")
        unknown = sip.UserAgent(self.stack, "99887", centre.server, password="x")
        self.assertEqual(known.register(), unknown.register())


class Files(InteropTest):
    def refused(self, centre, *words):
        finished = centre.run(*words, check=False, timeout=patient(20))
        self.assertEqual(finished.returncode, 1, "exit status of %s: %s%s" % (words, finished.stdout, finished.stderr))
        self.assertTrue(finished.stderr.strip(), "a reason on stderr")
        return finished.stderr

    def test_an_unreadable_configuration_names_file_line_and_what_was_expected(self):
        centre = self.centre(start=False)
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            good = f.read()
        for wrong in ("[sip\n", "listen = maybe\n", "[sip]\nnonsense = 1\n", "[rtp]\nlow = \"many\"\n"):
            with self.subTest(wrong):
                with open(path, "w") as f:
                    f.write("# first line\n" + wrong)
                error = self.refused(centre, "serve", centre.folder)
                self.assertRegex(error, r"pasokh\.toml:[2-3]\b")
                self.assertRegex(error, "expected|unknown")
        with open(path, "w") as f:
            f.write(good)
        centre.start()

    def test_a_taken_port_is_named(self):
        centre = self.centre(start=False)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.bind(("127.0.0.1", centre.http_port))
            s.listen()
            error = self.refused(centre, "serve", centre.folder)
            self.assertIn(str(centre.http_port), error)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", centre.sip_port))
            error = self.refused(centre, "serve", centre.folder)
            self.assertIn(str(centre.sip_port), error)
        centre.start()

    def test_a_second_server_on_the_same_folder_is_refused_with_the_pid(self):
        centre = self.centre()
        error = self.refused(centre, "serve", centre.folder)
        self.assertIn(str(centre.pid), error)
        self.assertTrue(centre.alive())

    def test_init_leaves_a_folder_that_is_there_alone(self):
        centre = self.centre(start=False)
        before = sorted(os.listdir(centre.folder))
        self.refused(centre, "init", centre.folder)
        self.assertEqual(sorted(os.listdir(centre.folder)), before)

    def test_demo_json_is_private_and_complete(self):
        centre = self.centre(start=False)
        self.assertEqual(os.stat(os.path.join(centre.folder, "demo.json")).st_mode & 0o777, 0o600)
        demo = centre.demo
        self.assertEqual(len(demo["numbers"]), 2)
        self.assertEqual(len(demo["devices"]), 10)
        self.assertEqual(sorted(u["role"] for u in demo["users"]), ["administrator"] + ["agent"] * 10 + ["supervisor"])
        self.assertEqual(len({d["password"] for d in demo["devices"]}), 10)
        self.assertEqual(demo["sip"], "127.0.0.1:%d" % centre.sip_port)

    def test_a_broken_music_file_is_reported_and_the_call_goes_on(self):
        centre = self.centre(start=False)
        prompts = os.path.join(centre.folder, "prompts")
        for name, data in (("empty.wav", b""), ("torn.wav", b"RIFF\xff\xff\xff\xffWAVEfmt "), ("text.wav", b"this is no sound\n" * 100)):
            with open(os.path.join(prompts, name), "wb") as f:
                f.write(data)
        centre.start()
        for index, name in enumerate(("empty.wav", "torn.wav", "text.wav", "missing.wav")):
            with self.subTest(name):
                self.quiet_queue(centre, music=name)
                call = self.customer(centre, "0912000000%d" % index).call(centre.number_of("support")).wait_answered(patient(10))
                time.sleep(0.3)
                self.assertTrue(call.up and centre.alive(), centre.tail())
                call.bye()

    def test_wrong_usage_is_2_and_a_refusal_is_1(self):
        centre = self.centre()
        self.assertEqual(centre.run("frobnicate", check=False).returncode, 2)
        self.assertEqual(centre.run("serve", check=False).returncode, 2)
        self.assertEqual(centre.cli("queue", "frobnicate", check=False).returncode, 2)
        self.assertEqual(centre.cli("agent", "ready", "nobody", check=False).returncode, 1)
        self.assertEqual(centre.cli("queue", "set", "support", "wrap_up=soon", check=False).returncode, 1)
        self.assertEqual(centre.cli("report", "calls", "--from", "yesterdayish", check=False).returncode in (1, 2), True)
        for word in ("init", "serve", "doctor", "call", "queue", "agent", "import", "report", "explain", "archive", "journal"):
            finished = centre.run(word, "--help")
            self.assertIn("pasokh " + word, finished.stdout, "an example in --help")



class DiskFull(InteropTest):
    def test_on_a_full_disk_calls_go_on_recording_stops_with_an_alarm_and_nothing_written_is_lost(self):
        import tempfile
        base = tempfile.mkdtemp(prefix="pasokh-full-")
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", base], capture_output=True, text=True)
        if mount.returncode:
            self.skipTest("a small disk cannot be mounted here: " + mount.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", base])
        centre = Pasokh(folder=os.path.join(base, "centre"), start=False)
        centre.base = base
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("recording_stop_mib = 512", "recording_stop_mib = 1"))  # this disk is smaller than what else is to stay free
        centre.start()
        self.centres.append(centre)
        self.addCleanup(centre.close)
        self.quiet_queue(centre)
        sound = self.rtp()
        agents = [self.phone(centre, i, rtp=sound, source="stamped") for i in range(3)]
        first = self.customer(centre, "09120000001", rtp=sound, source="stamped").call(centre.number_of("support"))
        self.wait(lambda: sum(len(a.live()) for a in agents) == 1, 10, "a call before the disk is full")
        before = len(centre.calls())
        filler = os.path.join(base, "filler")
        handle = os.open(filler, os.O_WRONLY | os.O_CREAT)
        for size in (1 << 20, 4096, 1):
            try:
                while os.write(handle, b"x" * size):
                    pass
            except OSError:
                pass  # full, for pieces of this size
        os.close(handle)
        time.sleep(3)
        self.assertTrue(centre.alive(), centre.tail())
        self.assertTrue(first.up, "the call in progress goes on")
        counts = sound.counts()
        time.sleep(0.5)
        self.assertGreater(sound.counts()[first.media][1], counts[first.media][1], "its audio too")
        second = self.customer(centre, "09120000002", rtp=sound, source="stamped").call(centre.number_of("support"))
        self.stack.wait(lambda: second.answered_at or second.ended_at, patient(15), "the new call to be taken from the reserve or refused")
        wait_until(lambda: centre.log_has("(?i)alarm|disk|no space|space"), patient(20), lambda: "an alarm:\n" + centre.tail(), every=0.2)
        os.unlink(filler)
        time.sleep(1)
        first.bye()
        if second.up:
            second.bye()
        row = self.row(centre, "09120000001", 20)
        self.assertEqual(row["outcome"], "answered")
        self.assertGreaterEqual(len(centre.calls()), before)
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)
        third = self.customer(centre, "09120000003").call(centre.number_of("support"))
        self.wait(lambda: third.answered_at or third.ended_at, 20, "a call after there is space again")
        self.assertTrue(third.up, "it recovers by itself")
        third.bye()


if __name__ == "__main__":
    main()
