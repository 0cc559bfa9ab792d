"""The web server against clients that we did not write for it: curl, openssl s_client, and a WebSocket client of the tests' own."""
import gzip
import hashlib
import hmac
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

import harness
from harness import PROGRAM, InteropTest, patient, wait_until
from peers.sip import Behaviour
from peers.websocket import BINARY, TEXT, Refused, WebSocket


class WebTest(InteropTest):
    def sign_in(self, centre, login):
        """(cookie line, token) of two sessions of this user of the demo."""
        password = next(u["password"] for u in centre.demo["users"] if u["login"] == login)
        status, told = centre.http("POST", "/v1/sessions", {"login": login, "password": password})
        self.assertEqual(status, 201, told)
        out = subprocess.run(["curl", "-s", "-D", "-", "-o", "/dev/null", "-H", "Content-Type: application/json", "-d", json.dumps({"login": login, "password": password, "cookie": True}),
                              "http://127.0.0.1:%d/v1/sessions" % centre.http_port], stdout=subprocess.PIPE, text=True, check=True).stdout
        line = next(l for l in out.splitlines() if l.lower().startswith("set-cookie:"))
        return line.split(":", 1)[1].strip().split(";")[0], told["token"]

    def origin(self, centre):
        return "http://127.0.0.1:%d" % centre.http_port

    def login_of(self, centre, role):
        return next(u["login"] for u in centre.demo["users"] if u["role"] == role)

    def live(self, centre, cookie, **options):
        return WebSocket(centre.http_port, cookie=cookie, origin=self.origin(centre), **options)


class Live(WebTest):
    def test_a_page_of_ours_opens_the_socket_and_nobody_elses(self):
        """ASVS 5.0 4.4.2: cross-site WebSocket hijacking."""
        centre = self.centre()
        cookie, token = self.sign_in(centre, self.login_of(centre, "supervisor"))
        socket = self.live(centre, cookie)
        socket.send({"type": "subscribe", "topic": "nothing"})
        self.assertEqual(socket.receive()["code"], "topic-unknown")
        for origin in ("http://evil.example", "https://127.0.0.1:%d" % centre.http_port, "http://127.0.0.1:1", "null", None):
            with self.assertRaises(Refused, msg=str(origin)) as refused:
                WebSocket(centre.http_port, cookie=cookie, origin=origin)
            self.assertEqual((refused.exception.status, json.loads(refused.exception.body)["code"]), (403, "cross-site"))
        WebSocket(centre.http_port, token=token)  # a program: no page can send this header
        with self.assertRaises(Refused) as refused:
            WebSocket(centre.http_port, origin=self.origin(centre))
        self.assertEqual(refused.exception.status, 401)
        self.assertEqual(centre.http("GET", "/v1/live", headers={"Authorization": "Bearer " + token})[0], 426)

    def test_whoever_speaks_nonsense_too_much_or_too_often_is_ended_and_others_are_not(self):
        centre = self.centre()
        cookie, _ = self.sign_in(centre, self.login_of(centre, "supervisor"))
        bystander = self.live(centre, cookie)

        def ended(act):
            socket = self.live(centre, cookie)
            act(socket)
            return socket.closed_with()
        self.assertEqual(ended(lambda s: s.send("no JSON")), 1007)
        self.assertEqual(ended(lambda s: s.send("[1,2]")), 1007)
        self.assertEqual(ended(lambda s: s.frame(BINARY, b"\x00\x01")), 1007)
        self.assertEqual(ended(lambda s: s.frame(TEXT, b"{" + b" " * 70000)), 1009)
        self.assertIn(ended(lambda s: s.frame(TEXT, b'{"type":"active"}', mask=False)), (1002, None))  # RFC 6455 section 5.1
        self.assertIn(ended(lambda s: s.frame(TEXT, b'{"type":"\xff\xfe"}')), (1007, None))            # section 8.1

        def flood(socket):
            try:
                for _ in range(400):
                    socket.send({"type": "active"})
            except OSError:
                pass
        self.assertIn(ended(flood), (1008, None))
        bystander.send({"type": "subscribe", "topic": "nothing"})
        self.assertEqual(bystander.receive()["code"], "topic-unknown")

    def test_a_session_holds_eight_sockets_and_no_more(self):
        centre = self.centre()
        cookie, _ = self.sign_in(centre, self.login_of(centre, "agent"))
        held = [self.live(centre, cookie) for _ in range(8)]
        self.assertEqual(self.live(centre, cookie).closed_with(), 4008)
        held.pop().close()
        wait_until(lambda: self.still_open(self.live(centre, cookie)), 5, "a place is free again")

    def still_open(self, socket):
        socket.send({"type": "subscribe", "topic": "nothing"})
        try:
            return socket.receive()["type"] == "error"
        except Exception:
            return False

    def test_signing_out_ends_the_socket_within_a_second_from_wherever_it_is_done(self):
        """ASVS 5.0 7.4.1, 7.4.5."""
        centre = self.centre()
        login = self.login_of(centre, "supervisor")
        for sign_out in ("page", "command line"):
            cookie, token = self.sign_in(centre, login)
            socket = self.live(centre, cookie)
            at = time.monotonic()
            if sign_out == "page":
                centre.http("DELETE", "/v1/sessions", headers={"Authorization": "Bearer " + token})
            else:
                centre.cli("user", "reset-password", login)
                at = time.monotonic()
            self.assertEqual(socket.receive()["type"], "signed-out")
            self.assertEqual(socket.closed_with(), 4001)
            self.assertLess(time.monotonic() - at, patient(1.5))

    def test_a_clean_stop_says_good_bye_and_a_session_outlives_it(self):
        centre = self.centre()
        cookie, _ = self.sign_in(centre, self.login_of(centre, "supervisor"))
        socket = self.live(centre, cookie)
        self.assertEqual(centre.stop(), 0)
        self.assertEqual(socket.closed_with(), 1001)
        centre.start()
        self.assertTrue(self.still_open(self.live(centre, cookie)), "the session holds after a restart")
        centre.restart_after_kill()
        self.assertTrue(self.still_open(self.live(centre, cookie)), "and after a kill")


class Topics(WebTest):
    def follow(self, socket, topic):
        socket.send({"type": "subscribe", "topic": topic})
        snapshot = socket.wait_for(lambda m: m["type"] == "snapshot" and m["topic"] == topic)
        socket.version = snapshot["version"]
        return snapshot["data"]

    def test_a_callers_way_is_seen_on_the_wallboard_and_on_the_desk(self):
        centre = self.centre()
        self.quiet_queue(centre, wrap_up="30s")
        supervisor, _ = self.sign_in(centre, self.login_of(centre, "supervisor"))
        phone = self.phone(centre, 0, behaviour=Behaviour(answer_after=1.0))
        wall = self.live(centre, supervisor)
        data = self.follow(wall, "floor")
        self.assertEqual(data["agents"][phone.code]["state"], "ready")
        desk = self.live(centre, self.sign_in(centre, phone.code)[0])
        self.assertEqual(self.follow(desk, "desk")["agent"]["state"], "ready")
        customer = self.customer(centre, "09121112233")
        call = customer.call(centre.number_of("support"))
        waits = wall.wait_for(lambda m: m["type"] == "delta" and any(w["caller"] == "09121112233" for w in m.get("set", {}).get("waiting", {}).values()))
        number, = waits["set"]["waiting"]
        rings = desk.wait_for(lambda m: m.get("set", {}).get("calls"))["set"]["calls"][number]
        self.assertEqual((rings["state"], rings["caller"], rings["queue"]), ("offered", "09121112233", "support"))
        gone = wall.wait_for(lambda m: number in m.get("gone", {}).get("waiting", []))
        self.assertEqual(gone["set"]["agents"][phone.code]["state"], "talking")
        self.assertEqual(gone["set"]["queues"]["support"]["talking"], 1)
        call.bye()
        wall.wait_for(lambda m: m.get("set", {}).get("agents", {}).get(phone.code, {}).get("state") == "wrap-up")
        # figures of today are those of the reports, in a few seconds
        told = wall.wait_for(lambda m: m.get("set", {}).get("queues", {}).get("support", {}).get("answered_today") == 1, 20)["set"]["queues"]["support"]
        row, = [r for r in centre.report("queues") if r["queue"] == "support"]
        self.assertEqual((told["offered_today"], told["answered_today"], told["service_level_today"]), (row["offered"], row["answered"], 1000))
        desk.wait_for(lambda m: m.get("set", {}).get("today", {}).get("calls") == 1, 20)
        # the versions leave no gap
        wall.send({"type": "subscribe", "topic": "floor"})
        version = wall.wait_for(lambda m: m["type"] == "snapshot")["version"]
        for state in ("pause", "ready", "pause"):
            centre.cli("agent", state, phone.code)
            version += 1
            self.assertEqual(wall.wait_for(lambda m: m["type"] == "delta")["version"], version)

    def test_roles_decide_what_may_be_followed(self):
        centre = self.centre()
        agent = self.live(centre, self.sign_in(centre, self.login_of(centre, "agent"))[0])
        agent.send({"type": "subscribe", "topic": "floor"})
        self.assertEqual(agent.receive()["code"], "not-allowed")
        administrator = self.live(centre, self.sign_in(centre, self.login_of(centre, "administrator"))[0])
        self.follow(administrator, "floor")
        administrator.send({"type": "subscribe", "topic": "desk"})
        self.assertEqual(administrator.wait_for(lambda m: m["type"] == "error")["code"], "not-allowed")

    def test_a_reader_that_stops_is_caught_up_by_one_snapshot_and_costs_nobody_anything(self):
        centre = self.centre()
        agents = [d["agent"] for d in centre.add_agents(400)]
        cookie, _ = self.sign_in(centre, self.login_of(centre, "supervisor"))
        slow, quick = self.live(centre, cookie, receive_buffer=4096), self.live(centre, cookie)
        self.follow(slow, "floor")
        self.follow(quick, "floor")
        for round in range(16):  # each round changes every row: about 65 KB a delta, more than sockets and outbox hold
            centre.import_json({"agents": [{"code": a, "queues": [["sales"], ["support"], ["support", "sales"], []][round % 4]} for a in agents]})
            time.sleep(0.12)     # a delta of its own
        centre.import_json({"agents": [{"code": agents[-1], "queues": ["support"]}]})
        quick.wait_for(lambda m: (m.get("set") or m.get("data") or {}).get("agents", {}).get(agents[-1], {}).get("queues") == ["support"] and centre.alive(), patient(20))
        last, version, snapshots = None, slow.version, 0
        while last is None or last[agents[-1]]["queues"] != ["support"] or last[agents[0]]["queues"]:
            message = slow.receive(patient(10))
            if message["type"] == "snapshot":
                snapshots += 1
                last = message["data"]["agents"]
            elif message["type"] == "delta":
                self.assertEqual(message["version"], version + 1, "no gap between two frames")
                last = last or {}
                last.update(message.get("set", {}).get("agents", {}))
            version = message.get("version", version)
        self.assertGreaterEqual(snapshots, 1, "deltas were dropped and a snapshot came instead")
        self.assertEqual([last[a]["queues"] for a in agents], [[]] * 399 + [["support"]])


class ConsoleFiles(WebTest):
    def setUp(self):
        super().setUp()
        self.bin = tempfile.mkdtemp(prefix="pasokh-console-")
        self.addCleanup(shutil.rmtree, self.bin, True)
        program = os.path.join(self.bin, "pasokh")
        os.link(PROGRAM, program) if os.stat(PROGRAM).st_dev == os.stat(self.bin).st_dev else shutil.copy(PROGRAM, program)
        self.files = os.path.join(self.bin, "console")
        os.makedirs(os.path.join(self.files, "assets"))
        self.script = b"console.log('pasokh');" * 100
        self.write("index.html", b'<!doctype html><style nonce="{{nonce}}"></style><script type="module" src="/assets/main-C0ffee12.js"></script>')
        self.write("assets/main-C0ffee12.js", self.script)
        self.write("assets/main-C0ffee12.js.gz", gzip.compress(self.script))
        self.write("favicon.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        self.write("../secret.txt", b"no")
        self.program = program

    def write(self, name, content):
        with open(os.path.join(self.files, name), "wb") as f:
            f.write(content)

    def get(self, centre, path, *more):
        out = subprocess.run(["curl", "-s", "-i", "--path-as-is", *more, "http://127.0.0.1:%d%s" % (centre.http_port, path)], stdout=subprocess.PIPE, check=True).stdout
        head, body = out.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:])}, body

    def test_the_console_is_served_from_the_folder_beside_the_program(self):
        centre = self.centre(start=False)
        with mock.patch.object(harness, "PROGRAM", self.program):
            centre.start()
        status, headers, body = self.get(centre, "/")
        self.assertEqual((status, headers["content-type"], headers["cache-control"]), (200, "text/html; charset=utf-8", "no-cache"))
        nonce = body.split(b'nonce="')[1].split(b'"')[0].decode()
        self.assertIn("'nonce-%s'" % nonce, headers["content-security-policy"])
        self.assertIn("script-src 'self';", headers["content-security-policy"])
        self.assertIn("ws://127.0.0.1:%d" % centre.http_port, headers["content-security-policy"])
        self.assertNotEqual(nonce, self.get(centre, "/")[2].split(b'nonce="')[1].split(b'"')[0].decode(), "a nonce is used once")
        for path in ("/app", "/app/desk", "/app/calls/12?tab=notes"):
            self.assertEqual(self.get(centre, path)[0], 200, path)
        status, headers, body = self.get(centre, "/assets/main-C0ffee12.js", "-H", "Accept-Encoding: gzip, br")
        self.assertEqual((status, headers["content-encoding"], headers["vary"], headers["cache-control"]), (200, "gzip", "Accept-Encoding", "public, max-age=31536000, immutable"))
        self.assertEqual(gzip.decompress(body), self.script)
        self.assertEqual(self.get(centre, "/assets/main-C0ffee12.js")[2], self.script)
        self.assertEqual(self.get(centre, "/assets/main-C0ffee12.js", "-H", "Accept-Encoding: gzip;q=0")[2], self.script)
        self.assertEqual(self.get(centre, "/favicon.svg")[1]["cache-control"], "no-cache")
        for path in ("/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt", "/assets/", "/nowhere", "/main-C0ffee12.js.gz"):
            self.assertEqual(self.get(centre, path)[0], 404, path)
        self.assertEqual(self.get(centre, "/v1/me")[0], 401, "the API is not hidden by the console")
        # a new build is served without a restart
        time.sleep(1.1)
        self.write("assets/main-Deadbee1.js", b"new")
        self.write("index.html", b"<!doctype html>new")
        wait_until(lambda: self.get(centre, "/")[2] == b"<!doctype html>new", 5, "the new page")
        self.assertEqual(self.get(centre, "/assets/main-Deadbee1.js")[2], b"new")


class Https(WebTest):
    def setUp(self):
        super().setUp()
        self.base = tempfile.mkdtemp(prefix="pasokh-https-")
        self.addCleanup(shutil.rmtree, self.base, True)

    def secure_centre(self, *options):
        centre = self.centre(start=False)
        self.https_port = next(p for p in harness.free_ports(4) if p not in (centre.sip_port, centre.http_port))
        self.configure(centre, "https", "0.0.0.0:%d" % self.https_port)
        for key, value in options:
            self.configure(centre, key, value)
        # plain HTTP on all addresses: from another one than loopback it must only redirect
        self.configure(centre, "listen", "0.0.0.0:%d" % centre.http_port)
        centre.start()
        self.authority = os.path.join(centre.folder, "tls", "authority.crt")
        return centre

    def configure(self, centre, key, value):
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            head, tail = f.read().split("[http]\n", 1)
        tail = "\n".join('%s = "%s"' % (key, value) if line.startswith(key + " =") else line for line in tail.split("[rtp]")[0].split("\n")) + "[rtp]" + tail.split("[rtp]", 1)[1]
        with open(path, "w") as f:
            f.write(head + "[http]\n" + tail)

    def curl(self, url, *more, check=True):
        finished = subprocess.run(["curl", "-s", "-S", "-i", "-m", "20", *more, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and finished.returncode:
            raise AssertionError("curl %s: %s" % (url, finished.stderr))
        return finished

    def s_client(self, *more):
        return subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.https_port, "-CAfile", self.authority, "-verify_return_error", *more],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)

    def other_address(self):
        out = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE, text=True).stdout.split()
        return next((a for a in out if ":" not in a), None)

    def test_init_makes_an_authority_that_curl_and_openssl_accept_under_every_name_of_the_host(self):
        centre = self.secure_centre()
        for name in ("localhost", "127.0.0.1", os.uname().nodename.lower(), *([self.other_address()] if self.other_address() else [])):
            self.assertIn("200", self.curl("https://%s:%d/health" % (name, self.https_port), "--cacert", self.authority, "--connect-to", "::127.0.0.1:").stdout.split("\n")[0], name)
        self.assertNotEqual(self.curl("https://stranger.example:%d/" % self.https_port, "--cacert", self.authority, "--connect-to", "::127.0.0.1:", check=False).returncode, 0)
        said = self.s_client("-verify_hostname", "localhost").stdout
        self.assertIn("Verification: OK", said)
        self.assertIn("prime256v1", subprocess.run(["openssl", "x509", "-in", os.path.join(centre.folder, "tls", "https.crt"), "-noout", "-text"], stdout=subprocess.PIPE, text=True).stdout)
        for file in ("authority.key", "https.key"):
            self.assertEqual(os.stat(os.path.join(centre.folder, "keys", file)).st_mode & 0o777, 0o400)
        for old in ("-tls1", "-tls1_1"):
            self.assertNotEqual(self.s_client(old, "-cipher", "ALL:@SECLEVEL=0").returncode, 0, old)
        for new in ("-tls1_2", "-tls1_3"):
            self.assertIn("Verification: OK", self.s_client(new).stdout, new)
        self.assertNotEqual(self.s_client("-tls1_2", "-cipher", "AES128-SHA").returncode, 0, "no forward secrecy")
        head = self.curl("https://localhost:%d/" % self.https_port, "--cacert", self.authority).stdout
        self.assertNotIn("strict-transport-security", head.lower())
        findings = {f["check"]: f for f in json.loads(centre.run("doctor", centre.folder, "--format", "json", check=False, timeout=60).stdout)}
        self.assertEqual(findings["certificate"]["verdict"], "ok", findings["certificate"])
        self.assertEqual(findings["browser-ports"]["verdict"], "ok", "no browser phone yet: its ports are free, and that is well")
        self.assertRegex(findings["certificate"]["found_fa"], "[\u0600-\u06ff]")

    def test_plain_http_serves_this_machine_and_sends_others_to_https(self):
        centre = self.secure_centre()
        self.assertEqual(centre.http("GET", "/health")[0], 200)
        self.assertEqual(self.sign_in(centre, "supervisor")[0].split("=")[0], "pasokh_session")
        address = self.other_address()
        if not address:
            self.skipTest("this machine has no address but loopback")
        plain = "http://%s:%d" % (address, centre.http_port)
        moved = self.curl(plain + "/app/desk?x=1").stdout
        self.assertIn(" 308 ", moved.split("\n")[0])
        self.assertIn("Location: https://%s:%d/app/desk?x=1\n" % (address, self.https_port), moved)
        self.assertIn("https-needed", self.curl(plain + "/v1/sessions", "-d", "{}").stdout)
        self.assertIn("BEGIN CERTIFICATE", self.curl(plain + "/authority.crt").stdout)
        page = self.curl(plain + "/authority").stdout
        self.assertIn('lang="fa" dir="rtl"', page)
        self.assertIn('lang="en" dir="ltr"', page)
        fingerprint = subprocess.run(["openssl", "x509", "-in", self.authority, "-noout", "-fingerprint", "-sha256"], stdout=subprocess.PIPE, text=True).stdout.split("=")[1].strip()
        self.assertEqual(page.count(fingerprint), 2)

    def test_the_live_socket_and_the_cookie_over_tls(self):
        centre = self.secure_centre()
        user = next(u for u in centre.demo["users"] if u["role"] == "supervisor")
        head = self.curl("https://127.0.0.1:%d/v1/sessions" % self.https_port, "--cacert", self.authority, "-H", "Content-Type: application/json",
                         "-d", json.dumps({"login": user["login"], "password": user["password"], "cookie": True})).stdout
        line = next(l for l in head.split("\n") if l.startswith("Set-Cookie: "))
        self.assertTrue(line.startswith("Set-Cookie: __Host-pasokh_session="), line)
        for attribute in ("; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"):
            self.assertIn(attribute, line)
        context = ssl.create_default_context(cafile=self.authority)
        cookie = line[len("Set-Cookie: "):].split(";")[0]
        socket = WebSocket(self.https_port, cookie=cookie, origin="https://127.0.0.1:%d" % self.https_port, tls=context)
        socket.send({"type": "subscribe", "topic": "floor"})
        self.assertEqual(socket.receive()["type"], "snapshot")
        with self.assertRaises(Refused):
            WebSocket(self.https_port, cookie=cookie, origin="http://127.0.0.1:%d" % self.https_port, tls=context)
        with self.assertRaises(Refused):  # a cookie that plain HTTP could have set is none over TLS
            WebSocket(self.https_port, cookie=cookie.replace("__Host-", ""), origin="https://127.0.0.1:%d" % self.https_port, tls=context)

    def test_own_certificates_are_used_and_a_new_one_needs_no_restart(self):
        certificate, key = os.path.join(self.base, "own.crt"), os.path.join(self.base, "own.key")

        def make(name):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key + ".new", "-out", certificate + ".new", "-days", "30", "-subj", "/CN=" + name,
                            "-addext", "subjectAltName=DNS:" + name], check=True, stderr=subprocess.DEVNULL)
            os.rename(key + ".new", key)
            os.rename(certificate + ".new", certificate)
        make("first.example")
        centre = self.secure_centre(("certificate", certificate), ("key", key))

        def subject():
            return subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.https_port], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        self.assertIn("first.example", subject())
        make("second.example")
        wait_until(lambda: "second.example" in subject(), 25, "the new certificate", every=0.5)
        with open(key, "w") as f:
            f.write("rubbish")
        findings = {f["check"]: f for f in json.loads(centre.run("doctor", centre.folder, "--format", "json", check=False, timeout=60).stdout)}
        self.assertEqual(findings["certificate"]["verdict"], "problem")
        self.assertIn("second.example", subject(), "the one in use serves on")


class Scrub(WebTest):
    def test_any_moment_of_the_past_shows_the_wallboard_as_it_was_seen_then(self):
        centre = self.centre()
        self.quiet_queue(centre)
        cookie, token = self.sign_in(centre, self.login_of(centre, "supervisor"))
        phone = self.phone(centre, 0, behaviour=Behaviour(answer_after=0.5))
        wall = self.live(centre, cookie)
        wall.send({"type": "subscribe", "topic": "floor"})
        page = wall.wait_for(lambda m: m["type"] == "snapshot")["data"]
        seen = []
        call = self.customer(centre, "09125556677").call(centre.number_of("support"))
        hung_up = False
        end = time.monotonic() + patient(15)
        while time.monotonic() < end and not (hung_up and page["agents"][phone.code]["state"] == "ready"):
            message = wall.receive(patient(10))
            if message["type"] != "delta":
                continue
            for section, rows in message.get("set", {}).items():
                page[section].update(rows)
            for section, keys in message.get("gone", {}).items():
                for key in keys:
                    del page[section][key]
            seen.append(json.loads(json.dumps(page)))
            if page["agents"][phone.code]["state"] == "talking" and not hung_up:
                hung_up = True
                call.bye()
        self.assertTrue(hung_up)
        shown = [s for s in seen if s["agents"][phone.code]["state"] in ("talking", "ready")]
        states = set()
        for then in shown:
            since = then["agents"][phone.code]["since"]
            status, told = centre.http("GET", "/v1/floor?at=" + since, headers={"Authorization": "Bearer " + token})
            self.assertEqual(status, 200, told)
            row = told["data"]["agents"][phone.code]
            self.assertEqual((row["state"], row["since"]), (then["agents"][phone.code]["state"], since))
            self.assertEqual(told["data"]["queues"]["support"]["talking"], 1 if row["state"] == "talking" else 0)
            states.add(row["state"])
        self.assertIn("talking", states)
        before = centre.http("GET", "/v1/floor?at=2020-01-01T00:00:00Z", headers={"Authorization": "Bearer " + token})[1]
        self.assertEqual(before["data"]["agents"], {}, "before the first event there was nobody")
        self.assertEqual(centre.http("GET", "/v1/floor?at=yesterday", headers={"Authorization": "Bearer " + token})[0], 422)
        self.assertEqual(centre.http("GET", "/v1/floor", headers={"Authorization": "Bearer " + self.sign_in(centre, self.login_of(centre, "agent"))[1]})[0], 403)


class Webhooks(WebTest):
    """A receiver of our own, that checks the signature as a stranger would: by the documentation alone."""

    def setUp(self):
        super().setUp()
        self.came, self.status = [], 200
        test = self

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                test.came.append((dict(self.headers), body))
                self.send_response(test.status)
                self.end_headers()

            def log_message(self, *words):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def genuine(self, headers, body, secret):
        time_of, code = (part.split("=", 1)[1] for part in headers["Pasokh-Signature"].split(","))
        return hmac.compare_digest(code, hmac.new(secret.encode(), time_of.encode() + b"." + body, hashlib.sha256).hexdigest()) and abs(int(time_of) - time.time()) < 300

    def allowed(self):
        centre = self.centre(start=False)
        with open(os.path.join(centre.folder, "pasokh.toml")) as f:
            text = f.read()
        with open(os.path.join(centre.folder, "pasokh.toml"), "w") as f:
            f.write(text.replace("hosts = []", 'hosts = ["crm.example.ir", "private:127.0.0.1"]'))
        centre.start()
        return centre

    def test_a_ring_is_told_with_agent_and_contact_before_it_is_answered(self):
        """Screen pop: docs/api/embedding.md"""
        centre = self.allowed()
        self.quiet_queue(centre)
        _, token = self.sign_in(centre, self.login_of(centre, "administrator"))
        bearer = {"Authorization": "Bearer " + token}
        status, contact = centre.http("POST", "/v1/contacts", {"name": "مینا راد", "organisation": "Pars", "numbers": [{"number": "0912 777 8899", "label": ""}]}, bearer)
        self.assertEqual(status, 200, contact)
        status, hook = centre.http("POST", "/v1/webhooks", {"url": "http://127.0.0.1:%d/pop" % self.server.server_port, "events": ["call.offered", "call.answered"]}, bearer)
        self.assertEqual(status, 200, hook)
        phone = self.phone(centre, 0, behaviour=Behaviour(answer_after=1.5))
        call = self.customer(centre, "09127778899").call(centre.number_of("support"))
        wait_until(lambda: self.came, patient(10), "the ring is told")
        headers, body = self.came[0]
        pop = json.loads(body)
        self.assertEqual((headers["Pasokh-Event"], pop["event"]), ("call.offered", "call.offered"))
        self.assertTrue(self.genuine(headers, body, hook["secret"]))
        data = pop["data"]
        self.assertEqual((data["caller"], data["number"], data["queue"], data["offered_to"]), ("09127778899", centre.number_of("support"), "support", phone.code))
        self.assertEqual(data["contact"], {"id": contact["id"], "name": "مینا راد", "organisation": "Pars"})
        call.wait_answered(patient(10))
        wait_until(lambda: len(self.came) >= 2, patient(10), "the answer is told")
        answered = json.loads(self.came[1][1])
        self.assertEqual((answered["event"], answered["data"]["call"]), ("call.answered", data["call"]), "under the same call")
        call.bye()
        stranger = self.customer(centre, "02144445555").call(centre.number_of("support"))
        wait_until(lambda: len(self.came) >= 3, patient(15), "the next ring")
        self.assertEqual((json.loads(self.came[2][1])["data"]["caller"], json.loads(self.came[2][1])["data"]["contact"]), ("02144445555", None))
        stranger.wait_answered(patient(10))
        stranger.bye()

    def test_calls_are_told_signed_again_after_failures_and_over_a_kill(self):
        centre = self.allowed()
        self.quiet_queue(centre)
        _, token = self.sign_in(centre, self.login_of(centre, "administrator"))
        bearer = {"Authorization": "Bearer " + token}
        url = "http://127.0.0.1:%d/hook" % self.server.server_port
        for wrong, code in (("https://evil.example/", "host-not-allowed"), ("http://crm.example.ir/", "https-only"), ("http://localhost:1/", "host-not-allowed"), ("https://a@crm.example.ir/", "url-bad")):
            self.assertEqual(centre.http("POST", "/v1/webhooks", {"url": wrong, "events": ["call.ended"]}, bearer)[1]["code"], code)
        self.assertEqual(centre.http("POST", "/v1/webhooks", {"url": url, "events": ["call.nothing"]}, bearer)[1]["code"], "event-unknown")
        status, hook = centre.http("POST", "/v1/webhooks", {"url": url, "events": ["call.arrived", "call.answered", "call.ended", "recording.finished"]}, bearer)
        self.assertEqual(status, 200, hook)
        with open(os.path.join(centre.folder, "centre.db"), "rb") as f:
            self.assertNotIn(hook["secret"].encode(), f.read(), "the secret is sealed")
        phone = self.phone(centre, 0, behaviour=Behaviour(answer_after=0.1))
        call = self.customer(centre, "09127778899").call(centre.number_of("support"))
        call.wait_answered(patient(10))
        wait_until(lambda: len(self.came) >= 2, patient(10), lambda: "arrival and answer: %s" % self.came)
        self.status = 500
        self.wait(lambda: phone.live(), 5, "the agent's talk")
        call.bye()
        wait_until(lambda: len(self.came) >= 3, patient(10), "the end, refused")
        centre.kill()
        self.status = 200
        centre.start()
        wait_until(lambda: sum(h["Pasokh-Event"] == "call.ended" for h, _ in self.came) >= 2, patient(15), lambda: "the end once more: %s" % [h["Pasokh-Event"] for h, _ in self.came])
        self.assertTrue(all(self.genuine(h, b, hook["secret"]) for h, b in self.came))
        self.assertFalse(self.genuine(self.came[0][0], self.came[0][1] + b" ", hook["secret"]))
        unique = {}
        for headers, body in self.came:
            unique.setdefault(headers["Pasokh-Delivery"], body)
            self.assertEqual(unique[headers["Pasokh-Delivery"]], body, "one id, one message")
        told = [json.loads(b) for b in unique.values()]
        self.assertEqual([m["event"] for m in told][:3], ["call.arrived", "call.answered", "call.ended"])
        self.assertEqual((told[0]["data"]["caller"], told[1]["data"]["agent"], told[2]["data"]["outcome"]), ("09127778899", phone.code, "answered"))
        listed, = centre.http("GET", "/v1/webhooks", headers=bearer)[1]
        self.assertEqual(listed["url"], url)
        self.assertEqual(centre.http("DELETE", "/v1/webhooks/" + hook["id"], headers=bearer)[0], 204)
        self.assertEqual(centre.http("GET", "/v1/webhooks", headers=bearer)[1], [])


if __name__ == "__main__":
    unittest.main()
