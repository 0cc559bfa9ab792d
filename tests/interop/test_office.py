"""B1, B5, B6: the office's records around one real call: wrap-up held until the report is complete, the contact's history, hours, retention."""
import os
import tempfile
import time
import urllib.parse

from harness import InteropTest, Sipp, g711, main, patient, registration_rows, sipp_scenario, wait_until

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
        phone = self.peer("agent_audio", None, extra=["-d", "3000", "-mp", "44100"])
        registration = Sipp(sipp_scenario("register"), centre.server, rows=registration_rows([device]), calls=1, keys={"contact_port": phone.port})
        self.assertEqual(registration.finish(patient(10)), 0, registration.trouble())
        centre.cli("agent", "ready", code)
        customer = self.peer("customer_audio", centre.server, rows=[(CALLER, 0)], calls=1, extra=["-s", centre.number_of("support"), "-mp", "44140"])
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


if __name__ == "__main__":
    main()
