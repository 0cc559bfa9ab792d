"""Admission limit: ten times as many calls are offered as the limit lets in. Goodput stays at the limit (at least 90 % of it), calls in
progress lose nothing, refusals leave no state behind, and within 5 s after the storm a call is served as always. SIPp is the storm."""
import csv
import os
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

from harness import ROOT, InteropTest, Sipp, main, patient, registration_rows, resident_bytes, sipp_scenario  # noqa: E402

LIMIT, TIMES, SECONDS = 20, 10, 20


class Admission(InteropTest):
    def test_ten_times_the_limit_is_offered_and_the_limit_is_served(self):
        centre = self.centre(start=False)
        self.limit(centre)
        centre.start()
        for queue in ("support", "sales"):
            self.quiet_queue(centre, queue, record="off")
        talking = self.calls_in_progress(centre)
        phones, counted = self.storm_phones(centre)
        storm = self.sipp(os.path.join(HERE, "sipp", "limited_customer.xml"), centre.server, calls=LIMIT * TIMES * SECONDS, rate=LIMIT * TIMES,
                          extra=["-s", centre.number_of("support"), "-d", "300", "-l", "4000"])
        resident, states = resident_bytes(centre.pid), []
        began = time.monotonic()
        while time.monotonic() - began < SECONDS - 1:
            time.sleep(1)
            states.append(self.metrics(centre))
        storm.finish(SECONDS + 60)
        after_storm = time.monotonic()
        self.judge_normal(centre, after_storm)
        time.sleep(1)
        served = counted()
        last = self.metrics(centre)
        print("offered %d, served %d in %d s at a limit of %d/s, refused %d; most live legs %d; memory +%.1f MB" % (
            LIMIT * TIMES * SECONDS, served, SECONDS, LIMIT, last["pasokh_sip_not_admitted_total"], max(s["pasokh_live_legs"] for s in states), (resident_bytes(centre.pid) - resident) / 1e6))
        self.assertGreaterEqual(served, 0.9 * LIMIT * SECONDS)
        self.assertLessEqual(served, 1.1 * LIMIT * SECONDS + 10)     # the limit limits
        self.assertGreater(last["pasokh_sip_not_admitted_total"], LIMIT * SECONDS)
        self.assertLessEqual(max(s["pasokh_live_legs"] for s in states), 2 * LIMIT * 4 + 40)   # legs of admitted calls alone
        self.assertLess(resident_bytes(centre.pid) - resident, 24e6)
        self.judge_calls_in_progress(talking)
        phones.end()

    def limit(self, centre):
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            text = f.read()
        text, done = re.subn(r"new_calls_per_second = \d+", "new_calls_per_second = %d" % LIMIT, text)
        self.assertEqual(done, 1)
        with open(path, "w") as f:
            f.write(text)

    def calls_in_progress(self, centre):
        self.sound = self.rtp()
        for n in range(3):
            centre.set("agent", centre.device(n)["agent"], queues="sales")
        agents = [self.phone(centre, n, rtp=self.sound, source="stamped") for n in range(3)]
        customers = [self.customer(centre, "0935000000%d" % n, rtp=self.sound, source="stamped").call(centre.number_of("sales")) for n in range(3)]
        self.wait(lambda: all(a.live() for a in agents) and all(c.up for c in customers), 15, "three calls to talk")
        return [(c, next(a.live()[0] for a in agents if a.live()[0].caller == c.agent.user)) for c in customers]

    def judge_calls_in_progress(self, talking):
        for pair in talking:
            for call in pair:
                self.assertTrue(call.up, "%s ended" % call)
                self.assertEqual(self.sound.heard(call.media).missing_stamps(), 0, "packets lost towards %s" % call)

    def storm_phones(self, centre):
        devices = centre.add_agents(40, "support", first=1000)
        stats = os.path.join(tempfile.mkdtemp(prefix="pasokh-admission-"), "agents.csv")
        phones = self.sipp(os.path.join(ROOT, "bench", "sipp", "agent.xml"), None, extra=["-l", "2000", "-trace_stat", "-stf", stats, "-fd", "1"])
        registration = self.sipp(sipp_scenario("register"), centre.server, rows=registration_rows(devices), calls=len(devices), rate=100, keys={"contact_port": phones.port})
        self.assertEqual(registration.finish(30), 0)
        for device in devices:
            centre.cli("agent", "ready", device["agent"])

        def counted():
            with open(stats) as f:
                rows = list(csv.reader(f, delimiter=";"))
            return int(dict(zip(rows[0], rows[-1]))["SuccessfulCall(C)"])
        return phones, counted

    def sipp(self, *words, **options):
        peer = Sipp(*words, messages=False, **options)
        self.addCleanup(peer.end)
        return peer

    def metrics(self, centre):
        _, text = centre.http("GET", "/metrics")
        return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and not line.startswith("#") and "{" not in line}

    def judge_normal(self, centre, after_storm):
        """Calls are served as always, 5 s after the storm at the latest."""
        while True:
            began = time.monotonic()
            call = self.customer(centre, "0936%07d" % int(began * 10 % 1e7)).call(centre.number_of("support"))
            self.wait(lambda: call.up or call.ended_at, 10, "an answer")
            if call.up and time.monotonic() - began < 1:
                call.bye()
                break
            self.assertLess(time.monotonic() - after_storm, patient(5), "not back to normal: %s" % call)
            time.sleep(0.5)
        print("back to normal %.1f s after the storm" % (time.monotonic() - after_storm))


if __name__ == "__main__":
    main()
