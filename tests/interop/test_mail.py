"""Alarms by threshold, and the mail that goes out: to a mail server that we did not write for it (Python's sockets), over TLS."""
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
    # Issue 5, item 4.
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


if __name__ == "__main__":
    main()
