"""Alarms by threshold, and the mail that goes out: to a mail server that we did not write for it (Python's sockets), over TLS."""
import contextlib
import os
import shutil
import signal
import sqlite3
import tempfile
import time

from harness import main, patient, wait_until
from peers.mail_sink import MailSink, make_certificate
from test_web_server import WebTest


class MailTest(WebTest):
    def setUp(self):
        super().setUp()
        self.scratch = tempfile.mkdtemp(prefix="pasokh-mail-")
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.certificate = make_certificate(self.scratch)

    def sink(self, **options):
        sink = MailSink(certificate=self.certificate, **options)
        self.addCleanup(sink.close)
        return sink

    def posting_centre(self, sink, start=True, **settings):
        """A centre whose pasokh.toml names the sink; password and authority beside it."""
        centre = self.centre(start=False)
        with open(os.path.join(centre.folder, "mail.password"), "w") as f:
            f.write("%s\n" % (sink.password or "none"))
        shutil.copy(self.certificate[0], os.path.join(centre.folder, "mail.crt"))
        wanted = dict(host='"127.0.0.1"', port=str(sink.port), security='"%s"' % sink.tls, user='"%s"' % (sink.user or ""), password_file='"mail.password"' if sink.user else '""',
                      **{"from": '"pasokh@example.ir"'}, authority='"mail.crt"')
        wanted.update(settings)
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            head, rest = f.read().split("[mail]", 1)
        with open(path, "w") as f:
            f.write(head + "[mail]\n" + "".join("%s = %s\n" % pair for pair in wanted.items()) + "\n" + rest[rest.index("[rtp]"):])
        if start:
            centre.start()
        return centre

    def as_role(self, centre, role):
        return {"Authorization": "Bearer " + self.sign_in(centre, self.login_of(centre, role))[1]}


class Alarms(MailTest):
    def test_a_queue_past_its_threshold_is_told_live_listed_and_mailed_and_so_is_its_end(self):
        sink = self.sink()
        centre = self.posting_centre(sink)
        administrator, supervisor = self.as_role(centre, "administrator"), self.as_role(centre, "supervisor")
        centre.cli("centre", "set", "alarm_waiting=1", "alarm_after=0s")
        centre.set("queue", "sales", alarm_waiting="off")
        self.quiet_queue(centre)
        self.assertEqual(centre.http("PUT", "/v1/alarm-mail", {"recipients": ["boss@example.ir"], "language": "en"}, administrator)[0], 200)
        wall = self.live(centre, self.sign_in(centre, self.login_of(centre, "supervisor"))[0])
        wall.send({"type": "subscribe", "topic": "floor"})
        wall.wait_for(lambda m: m["type"] == "snapshot")
        in_sales = self.customer(centre, "09120000001").call(centre.number_of("sales"))
        call = self.customer(centre, "09120000002").call(centre.number_of("support"))
        told = wall.wait_for(lambda m: m["type"] == "alarm", patient(10))
        self.assertEqual((told["code"], told["kind"], told["queue"], told["threshold"], told["value"], told["over"]), ("waiting", "queue", "support", 1, 1, False))
        self.assertIn("۱ نفر", told["text_fa"])
        stands, = centre.http("GET", "/v1/alarms?open=true", headers=supervisor)[1]
        self.assertEqual((stands["id"], stands["until"], stands["seen_by"]), (told["id"], None, None))
        status, seen = centre.http("POST", "/v1/alarms/%s/seen" % told["id"], headers=supervisor)
        self.assertEqual((status, seen["seen_by"]), (200, self.login_of(centre, "supervisor")))
        mail = wait_until(lambda: sink.to("boss@example.ir"), patient(10), "the mail")[0]["message"]
        self.assertEqual(mail["subject"], "Alarm: Queue support: callers waiting: 1 (limit 1).")
        # it stands through a kill, once
        centre.kill()
        centre.start()
        time.sleep(2.5)
        self.assertEqual([a["id"] for a in centre.http("GET", "/v1/alarms?open=true", headers=supervisor)[1]], [told["id"]])
        call.bye()
        wait_until(lambda: centre.http("GET", "/v1/alarms?open=true", headers=supervisor)[1] == [], patient(15), "the end of the alarm")
        row, = centre.http("GET", "/v1/alarms?queue=support", headers=supervisor)[1]
        self.assertGreater(row["until"], row["since"])
        wait_until(lambda: len(sink.to("boss@example.ir")) == 2, patient(10), "the mail of its end")
        self.assertTrue(sink.to("boss@example.ir")[1]["message"]["subject"].startswith("Over: Queue support"))
        self.assertEqual(len(sink.mails), 2)
        del in_sales

    def test_the_death_of_a_media_worker_is_in_the_same_list(self):
        centre = self.centre()
        supervisor = self.as_role(centre, "supervisor")
        self.quiet_queue(centre)
        phone = self.phone(centre, 0)
        call = self.customer(centre, "09120000003").call(centre.number_of("support"))
        self.wait(lambda: phone.calls and phone.calls[0].answered_at, what="the call to be answered")
        for pid in centre.workers():
            os.kill(pid, signal.SIGKILL)
        row = wait_until(lambda: [a for a in centre.http("GET", "/v1/alarms", headers=supervisor)[1] if a["code"] == "media-worker-lost"], patient(15), "the alarm")[-1]
        self.assertEqual(row["kind"], "system")
        wait_until(lambda: centre.http("GET", "/v1/alarms?open=true", headers=supervisor)[1] == [], patient(15), "the workers to be back")
        call.bye()


class Mail(MailTest):
    """Reports sent by e-mail on a schedule."""

    def schedule(self, centre, headers, **fields):
        body = dict(name="صف‌ها، هر روز", report="queues", every="day", at="07:00", recipients=["boss@example.ir"], format="xlsx", language="fa")
        body.update(fields)
        status, made = centre.http("POST", "/v1/report-schedules", body, headers)
        self.assertEqual(status, 200, made)
        return made

    def due(self, centre, schedule, days=1):
        """As if the schedule had been made some days ago: its newest slot has come and was not dealt with. The server is down meanwhile."""
        with sqlite3.connect(os.path.join(centre.folder, "centre.db")) as db:
            db.execute("update report_schedule set slot_us = slot_us - ? where id = ?", (days * 86_400_000_000, int(schedule["id"])))

    def mails(self, centre, headers):
        return centre.http("GET", "/v1/mails", headers=headers)[1]

    def test_a_test_mail_goes_over_tls_with_a_password_and_is_told_of_in_the_servers_words_when_not(self):
        for tls in ("starttls", "tls"):
            sink = self.sink(tls=tls, user="pasokh", password="a secret of the post")
            centre = self.posting_centre(sink)
            administrator = self.as_role(centre, "administrator")
            self.assertEqual(centre.http("GET", "/v1/mail", headers=administrator)[1]["security"], tls)
            self.assertEqual(centre.http("POST", "/v1/mail/test", {"to": "boss@example.ir"}, administrator, timeout=40)[0], 204)
            mail, = sink.to("boss@example.ir")
            self.assertTrue(mail["secure"])
            self.assertIn("پاسخ", mail["message"]["subject"])
            sink.refuse["nobody@example.ir"] = "550 5.1.1 no such mailbox"
            status, told = centre.http("POST", "/v1/mail/test", {"to": "nobody@example.ir"}, administrator, timeout=40)
            self.assertEqual((status, told["code"]), (424, "mail-refused"))
            self.assertIn("no such mailbox", told["message"])
            sink.password = "another one"
            self.assertEqual(centre.http("POST", "/v1/mail/test", {"to": "boss@example.ir"}, administrator, timeout=40)[1]["code"], "mail-failed")
            self.assertNotIn("a secret of the post", centre.tail(1000))
            centre.stop()

    def test_nothing_is_said_to_a_server_whose_certificate_is_anothers(self):
        sink = self.sink()
        centre = self.posting_centre(sink, authority='""')  # the system's authorities do not know it
        self.assertEqual(centre.http("POST", "/v1/mail/test", {"to": "boss@example.ir"}, self.as_role(centre, "administrator"), timeout=40)[1]["code"], "mail-failed")
        self.assertEqual(sink.mails, [])

    def test_each_slot_gives_one_mail_to_each_whether_the_server_is_killed_or_the_post_is_down(self):
        sink = self.sink()
        centre = self.posting_centre(sink)
        supervisor, administrator = self.as_role(centre, "supervisor"), self.as_role(centre, "administrator")
        for format in ("xlsx", "pdf", "csv"):
            self.schedule(centre, supervisor, format=format, recipients=["boss@example.ir", "gone@example.ir"])
        sink.refuse["gone@example.ir"] = "550 5.1.1 gone"
        port = sink.port
        sink.close()                      # the post is down when they come due
        centre.kill()
        schedules = [{"id": str(i)} for i in (1, 2, 3)]
        for schedule in schedules:
            self.due(centre, schedule)
        centre.start()
        wait_until(lambda: len([m for m in self.mails(centre, administrator) if m["attempts"] > 0 and m["error"]]) >= 6, patient(30), "the tries that fail", every=0.3)
        for _ in range(3):                # killed at any moment, again and again
            centre.kill()
            centre.start()
            time.sleep(0.7)
        self.assertEqual(len(self.mails(centre, administrator)), 6, "one mail a slot and recipient")
        again = self.sink(port=port)
        again.refuse["gone@example.ir"] = "550 5.1.1 gone"
        for mail in self.mails(centre, administrator):
            centre.http("POST", "/v1/mails/%s/retry" % mail["id"], headers=administrator)
        wait_until(lambda: sorted(m["state"] for m in self.mails(centre, administrator)) == ["given-up"] * 3 + ["sent"] * 3, patient(40), "the mail to be sent", every=0.3)
        self.assertEqual(len(again.mails), 3)
        self.assertEqual(len({m["message"]["message-id"] for m in again.mails}), 3)
        files = {}
        for mail in again.mails:
            attachment, = mail["message"].iter_attachments()
            files[attachment.get_filename().rsplit(".", 1)[1]] = attachment.get_content()
        self.assertEqual(set(files), {"xlsx", "pdf", "csv"})
        self.assertTrue(files["xlsx"].startswith(b"PK") and files["pdf"].startswith(b"%PDF"))
        self.assertIn("صف‌ها، هر روز: ۱۴", again.mails[0]["message"]["subject"])
        rows = centre.http("GET", "/v1/report-schedules", headers=supervisor)[1]
        self.assertEqual({r["last"]["state"] for r in rows}, {"given-up"})
        self.assertIn("gone", rows[0]["last"]["error"])
        centre.kill()
        centre.start()
        time.sleep(3)
        self.assertEqual((len(self.mails(centre, administrator)), len(again.mails)), (6, 3), "and never a second one")

    def test_a_kill_between_the_servers_word_and_our_note_repeats_the_mail_under_the_same_name(self):
        sink = self.sink()
        centre = self.posting_centre(sink)
        supervisor = self.as_role(centre, "supervisor")
        schedule = self.schedule(centre, supervisor)
        sink.before_answer = lambda mail: centre.kill()  # it has the mail; we die before we hear so
        with contextlib.suppress(OSError):
            centre.http("POST", "/v1/report-schedules/%s/send" % schedule["id"], headers=supervisor)
        wait_until(lambda: not centre.alive() and sink.mails, patient(20), "the kill")
        sink.before_answer = None
        centre.start()
        wait_until(lambda: len(sink.mails) == 2, patient(40), "the mail to come again")
        first, second = (m["message"] for m in sink.mails)
        self.assertEqual(first["message-id"], second["message-id"])

    def test_a_saved_view_is_what_is_sent_and_goes_with_its_owner(self):
        sink = self.sink()
        centre = self.posting_centre(sink)
        supervisor, administrator = self.as_role(centre, "supervisor"), self.as_role(centre, "administrator")
        self.assertEqual(centre.http("PUT", "/v1/views/sales", {"kind": "calls", "preset": "week", "query": {"queue": "sales"}}, supervisor)[0], 200)
        made = self.schedule(centre, supervisor, report=None, view="sales", every="week", weekday="saturday", format="csv", language="en")
        self.assertEqual(centre.http("POST", "/v1/report-schedules/%s/send" % made["id"], headers=supervisor)[0], 204)
        mail = wait_until(lambda: sink.mails, patient(20), "the mail")[0]["message"]
        attachment, = mail.iter_attachments()
        self.assertTrue(attachment.get_filename().startswith("calls-"))
        status, refused = centre.http("POST", "/v1/report-schedules", {"name": "x", "report": "queues", "every": "day", "at": "25:00", "recipients": ["a@b"], "format": "csv", "language": "en"}, supervisor)
        self.assertEqual((status, refused["code"]), (422, "schedule-bad"))
        self.assertEqual(centre.http("POST", "/v1/report-schedules", dict(name="x", report="queues", every="day", at="07:00", recipients=["a@b\r\nBcc: c@d"], format="csv", language="en"), supervisor)[0], 422)
        agent = self.as_role(centre, "agent")
        self.assertEqual(centre.http("GET", "/v1/report-schedules", headers=agent)[0], 403)
        login = self.login_of(centre, "supervisor")
        centre.cli("user", "remove", login)
        status, refused = centre.http("POST", "/v1/report-schedules/%s/send" % made["id"], headers=administrator)
        self.assertEqual((status, refused["code"]), (422, "schedule-bad"))


if __name__ == "__main__":
    main()
