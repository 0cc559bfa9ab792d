"""B1, B5, B6: the office's records around one real call: wrap-up held until the report is complete, the contact's history, hours, retention."""
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unicodedata
import urllib.parse
import urllib.request
from xml.etree import ElementTree

from harness import CommandFailed, InteropTest, Sipp, free_range, g711, main, patient, registration_rows, sipp_scenario, wait_until, write_wav
from peers.sip import UserAgent
from test_web_server import WebTest

CALLER = "09121234567"


class Office(InteropTest):
    def signed_in(self, centre, login, role, **settings):
        """A person with a password of their own; headers for their requests."""
        words = ["user", "add", login, "role=" + role] + ["%s=%s" % pair for pair in settings.items()]
        given = centre.cli(*words).stdout.split("password ")[1].split()[0]
        status, session = centre.http("POST", "/v1/sessions", {"login": login, "password": given})
        self.assertEqual(status, 201, session)
        headers = {"Authorization": "Bearer " + session["token"]}
        status, answer = centre.http("POST", "/v1/password", {"present": given, "wanted": "a sentence of %s alone" % role}, headers)
        self.assertIn(status, (200, 204), answer)
        status, session = centre.http("POST", "/v1/sessions", {"login": login, "password": "a sentence of %s alone" % role})
        self.assertEqual(status, 201, session)
        return {"Authorization": "Bearer " + session["token"]}

    def peer(self, name, remote, **options):
        folder = tempfile.mkdtemp(prefix="pasokh-sipp-")
        with open(os.path.join(folder, "signal.alaw"), "wb") as f:
            f.write(g711.encode(g711.tone(440, 10), 8))
        peer = Sipp(sipp_scenario(name), remote, folder=folder, **options)
        self.addCleanup(peer.end)
        return peer

    def state_of(self, centre, agent):
        return next(row for row in centre.json("agent", "list") if row["agent"] == agent)

    def test_a_call_its_report_its_contact_and_the_end_of_its_recording(self):
        centre = self.centre()
        self.quiet_queue(centre, wrap_up="1s", report="required", retention_days="30")
        device = centre.device(0)
        code = device["agent"]
        agent = self.signed_in(centre, "sara", "agent", agent=code)
        supervisor = self.signed_in(centre, "boss", "supervisor")
        phone = self.peer("agent_audio", None, media_port=free_range(4)[0], extra=["-d", "3000"])
        registration = Sipp(sipp_scenario("register"), centre.server, rows=registration_rows([device]), calls=1, keys={"contact_port": phone.port})
        self.assertEqual(registration.finish(patient(10)), 0, registration.trouble())
        centre.cli("agent", "ready", code)
        customer = self.peer("customer_audio", centre.server, rows=[(CALLER, 0)], calls=1, media_port=free_range(4)[0], extra=["-s", centre.number_of("support")])
        self.assertEqual(customer.finish(patient(30)), 0, customer.trouble())
        row = self.row(centre, CALLER)
        call = row["call"]

        # B5: the second of wrap-up is over; the agent stays in it, and may not go on, until the report is complete.
        time.sleep(2)
        self.assertEqual((self.state_of(centre, code)["state"], self.state_of(centre, code)["report_due"]), ("wrap_up", True))
        status, refused = centre.http("POST", "/v1/agents/%s/ready" % code, {}, agent)
        self.assertEqual((status, refused["code"]), (409, "report-due"))
        status, draft = centre.http("PUT", "/v1/call-reports/" + call, {"note": "می‌خواهد فردا زنگ بزنیم"}, agent)
        self.assertEqual((status, draft["complete"]), (200, False))
        self.assertEqual(self.state_of(centre, code)["state"], "wrap_up", "a draft is not enough")
        status, whole = centre.http("PUT", "/v1/call-reports/" + call, {"disposition": "call_back", "follow_up_at": "2027-01-02T08:00:00Z"}, agent)
        self.assertEqual((status, whole["complete"]), (200, True), whole)
        self.assertEqual(self.state_of(centre, code)["state"], "ready")
        self.assertEqual([f["call"] for f in centre.http("GET", "/v1/follow-ups", headers=agent)[1]], [call])

        # B1: who calls, and what was before.
        status, contact = centre.http("POST", "/v1/contacts", {"name": "علی‌رضا کیانی", "numbers": [{"number": "+98 912 123 45 67", "label": ""}]}, agent)
        self.assertEqual(status, 200, contact)
        found = centre.http("GET", "/v1/contacts?search=" + urllib.parse.quote("عليرضا كياني"), headers=agent)[1]
        self.assertEqual([c["id"] for c in found], [contact["id"]])
        history = centre.http("GET", "/v1/contacts/%s/history" % contact["id"], headers=agent)[1]
        self.assertEqual([(h["call"], h["reports"][0]["disposition"]) for h in history], [(call, "call_back")])
        self.assertEqual([r["call"] for r in centre.http("GET", "/v1/recordings?text=" + urllib.parse.quote("میخواهد فردا"), headers=supervisor)[1]], [call])

        # Retention: held, it stays; let go, it is erased, and the call stays in every count.
        wait_until(lambda: [r for r in centre.json("archive", "list") if r["call"] == call and r["state"] == "finished"], patient(20), "the recording to be finished")
        self.assertEqual(centre.http("GET", "/v1/recordings/%s/download" % call, headers=supervisor)[1]["code"], "reason-missing")
        self.assertEqual(centre.http("POST", "/v1/recordings/%s/comments" % call, {"at_ms": 1000, "text": "خوب"}, supervisor)[0], 200)
        self.assertEqual(centre.http("PUT", "/v1/recordings/%s/hold" % call, {"reason": "شکایت ۱۲"}, supervisor)[0], 200)
        self.assertIn("erased 0, held 0", centre.cli("archive", "retention").stdout)
        self.assertIn("erased 0, held 1", centre.cli("archive", "retention", "--as-of", "2027-06-01").stdout)
        self.assertEqual(centre.http("DELETE", "/v1/recordings/%s/hold" % call, headers=supervisor)[0], 204)
        self.assertIn("would erase 1", centre.cli("archive", "retention", "--as-of", "2027-06-01", "--dry-run").stdout)
        self.assertIn("erased 1, held 0", centre.cli("archive", "retention", "--as-of", "2027-06-01").stdout)
        self.assertIn("erased 0, held 0", centre.cli("archive", "retention", "--as-of", "2027-06-01").stdout)
        entry = next(r for r in centre.json("archive", "list") if r["call"] == call)
        self.assertEqual((entry["state"], entry["why"]), ("erased", "retention"))
        self.assertEqual(centre.http("GET", "/v1/recordings/%s/audio" % call, headers=supervisor)[1]["code"], "recording-unknown")
        left = [name for _, _, names in os.walk(os.path.join(centre.folder, "recordings")) for name in names]
        self.assertEqual(left, [], "no file is left")
        self.assertEqual(self.row(centre, CALLER)["outcome"], "answered")
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)

    def test_a_closed_number_says_so_and_ends(self):
        centre = self.centre()
        centre.cli("holidays", "set", "iran", "template=iran-solar")
        centre.cli("hours", "set", "never", "week=", "holidays=iran")
        number = centre.number_of("support")
        centre.set("number", number, hours="never")
        caller = self.customer(centre, "02188776655")
        caller.call(number)
        row = self.row(centre, "02188776655", timeout=40)
        self.assertEqual((row["outcome"], row["queue"]), ("closed", ""))
        self.assertEqual(centre.cli("hours", "remove", "never", check=False).returncode, 1, "a number uses them")


class Files(WebTest):
    """Reports as files, opened by programs that are not ours: openpyxl, poppler."""

    def setUp(self):
        super().setUp()
        self.scratch = tempfile.mkdtemp(prefix="pasokh-files-")
        self.addCleanup(shutil.rmtree, self.scratch, True)

    def fetched(self, centre, path, name, headers):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (centre.http_port, path), headers=headers)
        with urllib.request.urlopen(request, timeout=patient(30)) as answer, open(os.path.join(self.scratch, name), "wb") as out:
            out.write(answer.read())
        return os.path.join(self.scratch, name)

    def test_a_report_is_a_spreadsheet_and_a_pdf_to_other_programs_too(self):
        import openpyxl
        centre = self.centre()
        self.quiet_queue(centre)
        call = self.customer(centre, CALLER).call(centre.number_of("support"))
        time.sleep(1.5)
        call.bye()
        self.row(centre, CALLER)
        supervisor = {"Authorization": "Bearer " + self.sign_in(centre, self.login_of(centre, "supervisor"))[1]}
        book = openpyxl.load_workbook(self.fetched(centre, "/v1/reports/calls?format=xlsx&lang=fa", "calls.xlsx", supervisor))
        sheet = book.active
        self.assertTrue(sheet.sheet_view.rightToLeft, "a Persian sheet runs right to left")
        cells = [cell for line in sheet.iter_rows() for cell in line if cell.value is not None]
        self.assertTrue(any(cell.value == "تماس‌گیرنده" for cell in cells))
        self.assertTrue(any(cell.value == CALLER for cell in cells), "a telephone number keeps its zero")
        self.assertTrue(any(cell.is_date for cell in cells), "times are times")
        self.assertTrue(any(isinstance(cell.value, (int, float)) and not cell.is_date or cell.data_type == "n" for cell in cells), "numbers are numbers")
        english = openpyxl.load_workbook(self.fetched(centre, "/v1/reports/calls?format=xlsx&lang=en", "calls-en.xlsx", supervisor)).active
        self.assertFalse(english.sheet_view.rightToLeft)
        pdf = self.fetched(centre, "/v1/reports/calls?format=pdf&lang=fa", "calls.pdf", supervisor)
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], stdout=subprocess.PIPE, text=True, check=True).stdout
        # letters in their order; where words end is poppler's guess from the gaps between joined letters, and at times a wrong one
        plain = "".join(c for c in unicodedata.normalize("NFKC", text) if not c.isspace() and unicodedata.category(c) != "Cf")
        for word in ("تماسها", "انتظار", "نتیجه"):
            self.assertTrue(word in plain or word[::-1] in plain, "%s is not found in:\n%s" % (word, plain))
        fonts = subprocess.run(["pdffonts", pdf], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[2:]
        self.assertTrue(fonts)
        for line in fonts:
            self.assertRegex(line, r" yes +yes +yes ", "embedded, a subset, with a map to Unicode")
        # the same on the command line
        out = os.path.join(self.scratch, "queues.xlsx")
        centre.cli("report", "queues", "--format", "xlsx", "--out", out, "--lang", "fa")
        self.assertTrue(openpyxl.load_workbook(out).active.sheet_view.rightToLeft)
        self.assertEqual(centre.cli("report", "queues", "--format", "pdf", check=False).returncode, 2)


class Integration(WebTest):
    def token(self, centre, role):
        return {"Authorization": "Bearer " + self.sign_in(centre, self.login_of(centre, role))[1]}

    def test_a_link_gives_a_phone_its_settings_once(self):
        centre = self.centre()
        administrator = self.token(centre, "administrator")
        device = centre.device(0)
        status, made = centre.http("POST", "/v1/devices/%s/provisioning" % device["user"], {"hours": 2, "transport": "tcp"}, administrator)
        self.assertEqual(status, 200, made)
        self.assertTrue(made["qr"].startswith("<svg"))
        path = made["url"][made["url"].index("/provision/"):]
        before = centre.http("GET", path)
        self.assertEqual(before[0], 200)
        self.assertEqual(centre.http("GET", path)[0], 200, "whoever only looks does not use it up")
        status, page = centre.http("POST", path)
        self.assertEqual(status, 200)
        password = re.search(r"گذرواژه</th><td><code dir=\"ltr\">([^<]+)<", page).group(1)
        self.assertEqual(centre.http("POST", path)[0], 410)
        self.assertEqual(centre.http("GET", path)[0], 410)
        phone = UserAgent(self.stack, device["user"], centre.server, password=password)
        self.assertEqual(phone.register(timeout=patient(10)), 200, "the password of the page is the device's")
        link, = centre.http("GET", "/v1/devices/%s/provisioning" % device["user"], headers=administrator)[1]
        self.assertEqual(link["opened_from"], "127.0.0.1")
        audit = centre.http("GET", "/v1/audit", headers=administrator)[1]
        self.assertTrue(any(r["what"] == "device_provision" and r["object"].endswith(device["user"]) for r in audit), audit[:5])
        self.assertNotIn(password, centre.tail(1000))
        # as Linphone reads it; and one that is revoked
        made = centre.http("POST", "/v1/devices/%s/provisioning" % device["user"], {}, administrator)[1]
        xml = ElementTree.fromstring(centre.http("GET", made["linphone_url"][made["linphone_url"].index("/provision/"):])[1])
        entries = {e.get("name"): e.text for e in xml.iter() if e.tag.endswith("entry")}
        self.assertEqual(entries["username"], device["user"])
        made = centre.http("POST", "/v1/devices/%s/provisioning" % device["user"], {}, administrator)[1]
        self.assertEqual(centre.http("DELETE", "/v1/devices/%s/provisioning" % device["user"], headers=administrator)[0], 204)
        self.assertEqual(centre.http("POST", made["url"][made["url"].index("/provision/"):])[0], 410)
        centre.cli("device", "add", "web-1", "kind=browser")
        self.assertEqual(centre.http("POST", "/v1/devices/web-1/provisioning", {}, administrator)[1]["code"], "device-not-phone")
        self.assertEqual(centre.http("POST", "/v1/devices/nobody/provisioning", {}, administrator)[1]["code"], "device-unknown")

    def test_a_program_calls_from_an_agents_desk_and_is_told_who_calls(self):
        centre = self.centre()
        made = centre.cli("token", "add", "crm", "role=agent", "agent=" + centre.device(0)["agent"]).stdout.splitlines()
        program = {"Authorization": "Bearer " + made[1]}
        self.assertEqual([t["agent"] for t in centre.json("token", "list")], [centre.device(0)["agent"]])
        centre.cli("centre", "set", "outbound=")
        phone = self.phone(centre, 0)
        status, refused = centre.http("POST", "/v1/desk/dial", {"number": "+98 912 123 45 67"}, program)
        self.assertEqual((status, refused["code"]), (409, "number-not-allowed"), "an empty plan lets nothing out")
        centre.cli("trunk", "add", "carrier", "host=127.0.0.1", "port=9")
        centre.cli("centre", "set", "outbound=0:carrier")
        status, placed = centre.http("POST", "/v1/desk/dial", {"number": "+98 912 123 45 67"}, program)
        self.assertEqual(status, 200, placed)
        self.wait(lambda: phone.calls and phone.calls[0].answered_at, what="the own phone to ring first")
        self.assertEqual(centre.http("GET", "/v1/reports/calls", headers=program)[0], 403, "and nothing else than an agent may")
        centre.cli("token", "remove", "crm")
        self.assertEqual(centre.http("POST", "/v1/desk/dial", {"number": "09121234567"}, program)[0], 401)

    def test_an_import_is_done_whole_or_not_at_all(self):
        centre = self.centre()
        bad = {"queues": [{"code": "new-queue"}], "agents": [{"code": "new-agent", "queues": ["new-queue"]}, {"code": "other", "queues": ["no-such-queue"]}]}
        with self.assertRaises(CommandFailed) as refused:
            centre.import_json(bad)
        self.assertIn("/agents/1", refused.exception.error)
        self.assertNotIn("new-queue", centre.queues() + [q["queue"] for q in centre.json("queue", "list")])
        bad_user = {"queues": [{"code": "new-queue"}], "users": [{"login": "Sara!", "role": "agent"}]}
        with self.assertRaises(CommandFailed) as refused:
            centre.import_json(bad_user)
        self.assertIn("/users/0/login", refused.exception.error)
        self.assertNotIn("new-queue", [q["queue"] for q in centre.json("queue", "list")])
        began = time.time()
        centre.import_json({"queues": [{"code": "big"}], "agents": [{"code": "m%d" % i, "queues": ["big"]} for i in range(10_000)]})
        print("10,000 agents imported in %.1f s" % (time.time() - began))
        self.assertEqual(len([a for a in centre.json("agent", "list") if a["agent"].startswith("m")]), 10_000)

    def test_an_upload_that_is_no_sound_is_refused_by_its_first_bytes(self):
        centre = self.centre()
        administrator = self.token(centre, "administrator")
        head = lambda length: ("PUT /v1/prompts/hello?language=fa HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\nAuthorization: %s\r\n\r\n" % (centre.http_port, length, administrator["Authorization"])).encode()

        def answer(length, first, then=b""):
            """The answer to an upload of which `first` is sent, then as much of `then` as is taken."""
            s = socket.create_connection(("127.0.0.1", centre.http_port), timeout=patient(10))
            self.addCleanup(s.close)
            s.sendall(head(length) + first)
            for _ in range(200 if then else 0):
                s.sendall(then)
            return s.recv(65536).decode()

        wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0" + struct.pack("<IIHH", 8000, 16000, 2, 16) + b"data" + b"\0" * 40
        self.assertIn("not-audio", answer(10 << 20, b"%PDF-1.7 this is no sound at all, and there are ten megabytes of it to come"))
        self.assertIn("prompt-long", answer(12 << 20, wav))
        self.assertIn("body-too-large", answer(200 << 20, wav, b"x" * (1 << 20)), "said although 200 MB are sent on")
        # kept, used, and not removed while it is used
        status, spoken = centre.http("POST", "/v1/prompts/eid/speech", {"text": "عید شما مبارک", "language": "fa"}, administrator)
        self.assertEqual((status, spoken["source"], spoken["spoken"], spoken["used_by"]), (200, "speech", "عید شما مبارک", []), spoken)
        centre.cli("number", "set", centre.number_of("support"), "closed=eid")
        status, refused = centre.http("DELETE", "/v1/prompts/eid?language=fa", headers=administrator)
        self.assertEqual((status, refused["code"]), (409, "prompt-in-use"))
        row, = [p for p in centre.http("GET", "/v1/prompts", headers=administrator)[1] if p["name"] == "eid"]
        self.assertEqual(row["used_by"], [{"kind": "number", "code": centre.number_of("support"), "as": "closed"}])
        centre.cli("number", "set", centre.number_of("support"), "closed=")
        self.assertEqual(centre.http("DELETE", "/v1/prompts/eid?language=fa", headers=administrator)[0], 204)

    def test_a_restart_forgives_no_guesser(self):
        """threats §3: slowed guesses; the throttle survives the process."""
        centre = self.centre()
        login = self.login_of(centre, "supervisor")
        guess = lambda: centre.http("POST", "/v1/sessions", {"login": login, "password": "not this one"})[0]
        failures, slowed = 0, 0
        while failures < 6:               # 1, 2, 4 s between them by then; the next one waits 8 s
            status = guess()
            failures += status == 401
            slowed += status == 429
            time.sleep(0.2)
        self.assertGreater(slowed, 0)
        centre.kill()
        centre.start()
        self.assertEqual(guess(), 429)


class Announcements(WebTest):
    """B1: what a queue says of its own while callers wait, by prompts of the house's own, in the caller's language."""
    TONES = {"hello": (700, 1200), "patience": (1900, 2600)}  # in Persian and in English: prompts that an ear of ours can tell apart

    def upload(self, name, language, hertz):
        path = os.path.join(self.server.folder, "upload.wav")
        write_wav(path, g711.tone(hertz, 1.5))
        with open(path, "rb") as f:
            status, body = self.server.http("PUT", "/v1/prompts/%s?language=%s" % (name, language), f.read(), dict(self.administrator, **{"Content-Type": "audio/wav"}))
        self.assertEqual(status, 200, body)

    def heard(self, call, hertz, after=0.0):
        """When that tone began to be heard, each time anew."""
        times, silent_since = [], 0.0
        heard = self.sound.heard(call.media)
        for at, (kind, _, _, data) in zip(heard.arrivals, heard.payloads):
            samples = g711.decode(data, kind) if kind in (0, 8) else []
            if not samples or g711.power(samples, hertz) < 0.8:
                continue
            if at - silent_since > 0.5:
                times.append(at)
            silent_since = at
        return times

    def test_a_queue_greets_and_announces_in_the_callers_language_also_after_a_kill(self):
        self.server = self.centre()
        self.administrator = {"Authorization": "Bearer " + self.sign_in(self.server, self.login_of(self.server, "administrator"))[1]}
        for name, hertz in self.TONES.items():
            for language, of in zip(("fa", "en"), hertz):
                self.upload(name, language, of)
        self.quiet_queue(self.server, greeting="hello", announcement="patience", announce_every="3s")
        self.assertEqual(self.server.http("PATCH", "/v1/queues/sales", {"greeting": "hello"}, self.administrator)[0], 200)
        self.assertEqual(self.server.http("GET", "/v1/queues/sales", headers=self.administrator)[1]["greeting"], "hello")
        status, refused = self.server.http("PATCH", "/v1/queues/sales", {"announcement": "../secret"}, self.administrator)
        self.assertEqual((status, refused["code"]), (422, "setting-wrong"), refused)
        for language in ("fa", "en"):
            self.server.set("number", self.server.number_of("support"), language=language)
            with self.subTest(language):
                self.one_caller(*(tones[language == "en"] for tones in self.TONES.values()))
        # in use: not to be taken away
        self.assertEqual((lambda status, body: (status, body["code"]))(*self.server.http("DELETE", "/v1/prompts/patience?language=fa", headers=self.administrator)), (409, "prompt-in-use"))
        row = next(p for p in self.server.http("GET", "/v1/prompts", headers=self.administrator)[1] if p["name"] == "hello")
        self.assertEqual(sorted((use["kind"], use["code"], use["as"]) for use in row["used_by"]), [("queue", "sales", "greeting"), ("queue", "support", "greeting")])
        for queue in ("support", "sales"):
            self.server.set("queue", queue, greeting="", announcement="")
        self.assertEqual(self.server.http("DELETE", "/v1/prompts/patience?language=fa", headers=self.administrator)[0], 204)

    def one_caller(self, welcome, patience):
        self.sound = self.rtp({"caller": g711.noise(3, 1)})
        call = self.customer(self.server, "09120000021", rtp=self.sound, source=("signal", "caller"), keep=True).call(self.server.number_of("support"))
        call.wait_answered(patient(5))
        wait_until(lambda: self.heard(call, welcome), patient(10), "the greeting", every=0.2)
        wait_until(lambda: self.heard(call, patience), patient(15), "the announcement", every=0.2)
        self.server.kill()
        self.server.start()
        wait_until(lambda: len(self.heard(call, patience)) >= 3, patient(25), lambda: "further announcements: %s" % self.heard(call, patience), every=0.2)
        call.bye()
        greeted, told = self.heard(call, welcome), self.heard(call, patience)
        self.assertEqual(len(greeted), 1, "greeted once, whatever comes between")
        self.assertLess(greeted[0], told[0])
        other = {hertz for tones in self.TONES.values() for hertz in tones} - {welcome, patience}
        self.assertEqual([self.heard(call, hertz) for hertz in other], [[], []], "nothing in the other language")
        wait_until(lambda: not self.server.json("call", "list"), patient(5), "the call to be over", every=0.1)


if __name__ == "__main__":
    main()
