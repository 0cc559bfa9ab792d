"""kill -9 of control and of media workers, at random moments, at the named crash points, during recovery and all at once, under calls that
come and go all the time. Who judges was not killed: the peers' own logs, laid beside the report's rows and figures, and the journal's chain.
PASOKH_KILLS (default 20), PASOKH_SECONDS (an end before that), PASOKH_SEED. It prints how many kills there were and how long they took."""
import os
import random
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

from harness import InteropTest, main, patient, sip, wait_until  # noqa: E402
from test_kill_control import CROSSING, Churn  # noqa: E402

KILLS = int(os.environ.get("PASOKH_KILLS", "20"))
SECONDS = float(os.environ.get("PASOKH_SECONDS", "1e9"))
SEED = int(os.environ.get("PASOKH_SEED", "20261124"))
LONG = 6
POINTS = ("submit", "committed", "orders", "datagrams", "restored", "resumed")
KINDS = ("control",) * 8 + ("twice",) * 2 + ("point",) * 5 + ("worker",) * 3 + ("all",) * 2
TALK_EARLY, TALK_LATE = 0.5, 8.0   # seconds: a BYE is asked again while the server is down


class Kills(InteropTest):
    def test_no_kill_of_anything_loses_doubles_or_miscounts_a_call(self):
        self.draw = random.Random(SEED)
        print("seed", SEED)
        self.server = centre = self.centre(rtp_ports=700)
        for queue in ("support", "sales"):
            self.quiet_queue(centre, queue)
        self.sound = self.rtp()
        self.long_calls()
        churn = Churn(self, centre, self.draw)
        self.kinds, began = {}, time.monotonic()
        while sum(self.kinds.values()) < KILLS and time.monotonic() - began < SECONDS:
            time.sleep(self.draw.uniform(0.2, 1.2))
            kind = self.draw.choice(KINDS)
            getattr(self, "kill_" + kind)()
            self.kinds[kind] = self.kinds.get(kind, 0) + (2 if kind in ("twice", "point") else 1)
            down = [c for c in self.talking if not c.up]
            self.assertEqual(down, [], "dropped by kill %d (%s)" % (sum(self.kinds.values()), kind))
        took = time.monotonic() - began
        churn.stop()
        print("%d kills %s in %.0f s (%.2f s each), %d calls" % (sum(self.kinds.values()), self.kinds, took, took / max(1, sum(self.kinds.values())), len(churn.calls)))
        self.judge_audio()
        for call in self.talking:
            call.bye()
        self.judge(churn)

    def long_calls(self):
        centre = self.server
        for n in range(LONG):
            centre.set("agent", centre.device(n)["agent"], queues="sales")
        self.agents = [self.phone(centre, n, rtp=self.sound, source="stamped") for n in range(LONG)]
        self.talking = [self.customer(centre, "0935%07d" % n, rtp=self.sound, source="stamped").call(centre.number_of("sales")) for n in range(LONG)]
        self.wait(lambda: all(a.live() for a in self.agents) and all(c.up for c in self.talking), 20, "the long calls to talk")

    # --- what is killed

    def kill_control(self):
        self.server.restart_after_kill()

    def kill_twice(self):
        self.server.kill()
        self.server.start(wait=False)
        time.sleep(self.draw.uniform(0.0, 0.15))
        self.server.restart_after_kill()

    def kill_point(self):
        """It dies by itself at a named place; if traffic does not come by there, by hand."""
        self.server.kill()
        self.server.environment["PASOKH_CRASH_POINT"] = "%s:%d" % (self.draw.choice(POINTS), self.draw.randint(1, 6))
        self.server.start(wait=False)
        self.server.environment.pop("PASOKH_CRASH_POINT")
        end = time.monotonic() + 6
        while self.server.alive() and time.monotonic() < end:
            time.sleep(0.02)
        if self.server.alive():
            self.server.kill()
        self.server.start()

    def kill_worker(self):
        workers = self.server.workers()
        if workers:
            os.kill(self.draw.choice(workers), signal.SIGKILL)

    def kill_all(self):
        for pid in self.server.workers():
            os.kill(pid, signal.SIGKILL)
        self.server.restart_after_kill()

    # --- the judge

    def judge_audio(self):
        """Audio flows on every long leg afterwards, whichever worker has it now."""
        legs = self.talking + [a.live()[0] for a in self.agents]
        since = time.time()
        wait_until(lambda: all((self.sound.counts()[leg.media][2] or 0) > since for leg in legs), patient(10), "audio on every leg")

    def judge(self, churn):
        centre = self.server
        wait_until(lambda: all(r["outcome"] != "in_progress" for r in centre.calls()), patient(60), "every call to be over", every=0.5)
        rows = centre.calls()
        by_caller = {r["caller"]: r for r in rows}
        self.assertEqual(len(by_caller), len(rows), "one row a caller")
        calls, phones = churn.calls + self.talking, churn.agents + self.agents
        self.assertEqual(sorted(by_caller), sorted(c.agent.user for c in calls), "every caller, and nobody else")
        customers, heard = {c.agent.user: c for c in calls}, {}
        for phone in phones:
            self.assertEqual(phone.live(), [], "a phone is left in a call")
            for call in phone.calls:
                # Two crossings in which nobody can know whether they talked: the phone hung up before an ACK came (the server was down),
                # or the caller had hung up when the phone's answer was on its way (it is acknowledged and ended, RFC 3261 §13.2.2.4).
                # Then the report may say either, if it names this phone.
                row, customer = by_caller.get(call.caller), customers[call.caller]
                crossed = not call.confirmed_at or (getattr(customer, "bye_at", None) and customer.bye_at <= call.confirmed_at + CROSSING)
                if not crossed or (call.answered_at and row and row["outcome"] == "answered" and row["agent"] == phone.code and call.caller not in heard):
                    self.assertNotIn(call.caller, heard, "talked to two agents")
                    heard[call.caller] = (phone, call)
        wrong = [(c, by_caller[c.agent.user]) for c in calls if (by_caller[c.agent.user]["outcome"] == "answered") != (c.agent.user in heard)]
        self.assertEqual(wrong, [], "outcomes that differ from the peers'")
        for caller, (phone, call) in heard.items():
            row = by_caller[caller]
            self.assertEqual(row["agent"], phone.code)
            lived, told = call.ended_at - (call.confirmed_at or call.ended_at), row["talk_ms"] / 1000
            self.assertTrue(lived - TALK_EARLY <= told <= lived + TALK_LATE, "%s talked %.1f s, the report says %.1f s" % (caller, lived, told))
        self.judge_figures(heard, calls)
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)

    def judge_figures(self, heard, calls):
        queues, agents = self.server.report("queues"), self.server.report("agents")
        self.assertEqual(sum(q["answered"] for q in queues if q["queue"] in ("churn", "sales")), len(heard), queues)
        self.assertEqual(sum(q["entered"] for q in queues if q["queue"] in ("churn", "sales")), len(calls), queues)
        per_agent = {}
        for phone, _ in heard.values():
            per_agent[phone.code] = per_agent.get(phone.code, 0) + 1
        told = {a["agent"]: a["handled"] for a in agents if a["handled"]}
        self.assertEqual(told, per_agent, "calls of each agent")


if __name__ == "__main__":
    main()
