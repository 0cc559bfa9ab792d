"""A4, D5, field.md §2 no. 29–31: kill -9 of the control process under 50 live and 20 waiting calls, at 50 random moments.

The legs are UDP peers that keep RTP flowing; every packet carries a counter, arrival times are the kernel's. A kill is judged
against the seconds before it: no packet missing, the largest gap at most 40 ms above the largest one before. (A gap here is what
the relay adds: a late wake-up of our own sender is taken off.)
"""
import json
import os
import random
import threading
import time

from harness import InteropTest, Pasokh, main, patient, sip, wait_until

LIVE, WAITING = 50, 20
KILLS = int(os.environ.get("PASOKH_KILLS", "50"))
EXTRA_GAP = 0.040
SEED = int(os.environ.get("PASOKH_SEED", "20261124"))
CROSSING = 0.1  # seconds: a message under way


class KillControl(InteropTest):
    def test_50_kills_under_50_live_and_20_waiting_calls(self):
        draw = random.Random(SEED)
        print("seed", SEED)
        centre = self.centre(rtp_ports=700)
        for queue in ("support", "sales"):
            self.quiet_queue(centre, queue)
        sound = self.rtp()
        devices = centre.add_agents(LIVE + 4, "support")
        agents = [self.phone(centre, d, rtp=sound, source="stamped") for d in devices]
        customers = [self.customer(centre, "0912%07d" % i, rtp=sound, source="stamped") for i in range(LIVE)]
        calls = []
        for customer in customers:
            calls.append(customer.call(centre.number_of("support")))
            time.sleep(0.01)
        self.wait(lambda: sum(len(a.live()) for a in agents) == LIVE and all(c.up for c in calls), 20, "50 calls to be up")
        waiters = [self.customer(centre, "0935%07d" % i) for i in range(WAITING)]
        waiting = []
        for waiter in waiters:
            waiting.append(waiter.call(centre.number_of("sales")))
            waiting[-1].wait_answered(patient(5))

        churn = Churn(self, centre, draw)
        pairs = self.pairs(calls, agents)
        kills, ready_times = [], []
        time.sleep(2)  # the control window before the first kill
        for number in range(KILLS):
            time.sleep(draw.uniform(0.2, 0.9))
            moment = time.time()
            centre.kill()
            if number % 10 == 9:  # twice in a row, the second during recovery
                centre.start(wait=False)
                time.sleep(draw.uniform(0.0, 0.15))
                centre.kill()
            ready = centre.start()
            ready_times.append(centre.starts[-1]["ready_after"])
            kills.append((moment, time.time()))
            if number % 5 == 4:
                self.use(centre, draw, pairs)
            dropped = [c for c in calls if not c.up and not getattr(c, "ended_on_purpose", False)]
            self.assertEqual(dropped, [], "dropped by kill %d" % (number + 1))
        time.sleep(1.0)
        churn.stop()
        self.assertEqual([c for c in waiting if not c.up], [], "a waiting call was dropped")
        print("ready again after a kill: median %.3f s, largest %.3f s" % (sorted(ready_times)[len(ready_times) // 2], max(ready_times)))
        self.judge_audio(sound, pairs, kills)
        self.work_after(centre, agents, pairs)
        self.judge_places(centre, waiting)
        for call in calls:
            call.bye()
        self.judge_counts(centre, churn, calls, waiting)

    def pairs(self, calls, agents):
        """(customer's call, agent's call) by the caller's number that the agent's phone was shown."""
        by_caller = {a.live()[0].caller: a.live()[0] for a in agents if a.live()}
        return [(c, by_caller[c.agent.user]) for c in calls]

    def use(self, centre, draw, pairs):
        """Hold and resume from either side between kills; the last pairs stay untouched for the audio's judgement."""
        customer, agent = draw.choice(pairs[:10])
        for side in (customer, agent):
            if side.up:
                self.assertEqual(side.hold(), 200, side)
                self.assertEqual(side.resume(), 200, side)

    def judge_audio(self, sound, pairs, kills):
        """The control of a kill is the largest gap of any stream between the kill before (or the first two seconds) and this one."""
        lost, streams = [], []
        for customer, agent in pairs[10:]:  # the first ten were held and resumed on purpose
            for listener, talker in ((customer, agent), (agent, customer)):
                heard, told = sound.heard(listener.media), sound.heard(talker.media)
                missing = heard.missing_stamps()
                if missing is None or missing:
                    lost.append((listener.agent.user, missing, self.when_lost(heard, told, kills), listener.events))
                else:
                    streams.append((listener.agent.user, self.relay_gaps(heard, told)))
        self.assertEqual(lost, [], "(listener, packets lost, when: seconds since kill n, what the listener saw)")
        largest = lambda gaps, begin, end: max((g for at, g in gaps if begin <= at < end), default=0)
        worst, begin = 0.0, kills[0][0] - 2.0
        for number, (killed, ready) in enumerate(kills):
            control = max(largest(gaps, begin, killed) for _, gaps in streams)
            for user, gaps in streams:
                after = largest(gaps, killed, ready + 0.3)
                worst = max(worst, after - control)
                self.assertLessEqual(after, control + EXTRA_GAP, "gap at kill %d towards %s" % (number + 1, user))
            begin = ready + 0.3 if number % 5 else begin  # a window is never shorter than some seconds
        print("RTP: no packet lost on %d streams; largest gap at a kill %.1f ms above its control window" % (len(streams), worst * 1000))

    @staticmethod
    def when_lost(heard, told, kills):
        came = set(heard.stamps)
        first = min(came) if came else 0
        times = [told.send_times[n] for n in range(first, max(came, default=0)) if n not in came and n < len(told.send_times)]
        return ["%.3f s after kill %d" % min((t - k, n + 1) for n, (k, _) in enumerate(kills) if t >= k) if t >= kills[0][0] else "before" for t in times][:20]

    @staticmethod
    def relay_gaps(heard, told):
        """[(arrival, silence that the relay added + one packet's time)]."""
        out, previous = [], None
        for stamp, at in zip(heard.stamps, heard.stamp_times):
            sent = told.send_times[stamp] if stamp < len(told.send_times) else None
            if previous and sent is not None:
                out.append((at, (at - previous[0]) - (sent - previous[1]) + 0.02))
            if sent is not None:
                previous = (at, sent)
        return out

    def work_after(self, centre, agents, pairs):
        """BYE, hold and transfer work afterwards, from either side."""
        (c1, a1), (c2, a2), (c3, a3), (c4, a4) = pairs[-4:]
        for side in (c1, a1):
            self.assertEqual(side.hold(), 200)
            self.assertEqual(side.resume(), 200)
        c1.bye()
        a1.wait_ended(patient(5))
        a2.bye()
        c2.wait_ended(patient(5))
        free = [a for a in agents if not a.live() and a is not a1.agent and a is not a2.agent][0]
        centre.cli("agent", "transfer", a3.agent.code, "--to-agent", free.code)
        self.wait(lambda: free.live(), 10, "the colleague to get the transferred call")
        a3.wait_ended(patient(5))
        self.assertTrue(c3.up)
        free2 = [a for a in agents if not a.live() and a not in (a1.agent, a2.agent, a3.agent)][0]
        status = a4.refer(free2.number)
        self.assertEqual(status, 202)
        self.wait(lambda: free2.live(), 10, lambda: "the REFERed call at the colleague; %s" % a4)
        self.assertTrue(c4.up)

    def judge_places(self, centre, waiting):
        """The 20 who waited through all of it are taken in their order of arrival."""
        agent = self.phone(centre, 0, sip.Behaviour(hang_up_after=0.05))
        self.wait(lambda: len(agent.calls) >= WAITING and not agent.live(), 30, "the waiting callers to be served")
        self.assertEqual([c.caller for c in agent.calls], [c.agent.user for c in waiting], "in order of arrival")

    def judge_counts(self, centre, churn, calls, waiting):
        everyone = calls + waiting + churn.calls
        wait_until(lambda: all(r["outcome"] != "in_progress" for r in centre.calls()), patient(20), "every call to be over", every=0.2)
        rows = {r["caller"]: r for r in centre.calls()}
        self.assertEqual(len(rows), len(centre.calls()), "one row a caller")
        wrong = []
        for call in everyone:
            row = rows.get(call.agent.user)
            talked = churn.answered_by_agent.get(call.agent.user) if call in churn.calls else True
            want = "answered" if talked else "abandoned"
            if row is None or (row["outcome"] != want and call.agent.user not in churn.crossed):
                wrong.append((call, row))
        self.assertEqual(wrong, [], "outcomes that differ from the peers'")
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)


class Churn:
    """Calls that come, ring, are answered and end all the time, so that kills fall into every state of a call."""

    def __init__(self, test, centre, draw):
        centre.cli("queue", "add", "churn", "wrap_up=0s", "notice=off", "music=none", "announce_place=off")
        centre.cli("number", "add", "8009", "queue=churn")
        self.test, self.centre, self.draw = test, centre, random.Random(draw.random())
        self.calls, self.answered_by_agent, self.running = [], {}, True
        self.crossed = set()   # callers whose BYE and the phone's answer met: acknowledged and ended (RFC 3261 §13.2.2.4), talked or not
        self.devices = centre.add_agents(3, "churn", first=700, prefix="h")
        self.agents = [test.phone(centre, d, sip.Behaviour(answer_after=0.15, hang_up_after=0.4)) for d in self.devices]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        number = 0
        while self.running:
            customer = self.test.customer(self.centre, "0990%07d" % number)
            call = customer.call("8009")
            self.calls.append(call)
            if self.draw.random() < 0.2:
                self.test.stack.after(self.draw.uniform(0.05, 0.6), call.bye)
            number += 1
            time.sleep(self.draw.uniform(0.1, 0.5))

    def _who_hangs(self):
        """For the message when one never ends: what each side thinks."""
        hanging = [c for c in self.calls if not c.ended_at]
        states = [a for a in self.centre.json("agent", "list") if a["agent"].startswith("h")]
        explained = [self.centre.cli("report", "call", c["call"], check=False).stdout for c in self.centre.json("call", "list") if c.get("caller") in [h.agent.user for h in hanging]]
        return "churn calls to end: %s\nagents: %s\nphones: %s\n%s" % (hanging[:3], states, [a.calls[-2:] for a in self.agents], "\n".join(explained))

    def stop(self):
        self.running = False
        self.thread.join()
        self.test.wait(lambda: all(c.ended_at for c in self.calls), 60, self._who_hangs)
        customers = {c.agent.user: c for c in self.calls}
        for agent in self.agents:
            for call in agent.calls:
                if call.confirmed_at:
                    self.answered_by_agent[call.caller] = True
                    hung_up = getattr(customers.get(call.caller), "bye_at", None)
                    if hung_up and hung_up <= call.confirmed_at + CROSSING:
                        self.crossed.add(call.caller)


class KillControlTcp(InteropTest):
    def test_over_tcp_no_call_ends_and_requests_wait_for_the_phones_new_connection(self):
        centre = self.centre()
        self.quiet_queue(centre)
        sound = self.rtp()
        agent = self.phone(centre, 0, transport="tcp", rtp=sound, source="stamped")
        customer = self.customer(centre, "09120000001", rtp=sound, source="stamped")
        call = customer.call(centre.number_of("support")).wait_answered(patient(10))
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        other = agent.live()[0]
        centre.kill()
        self.wait(lambda: agent.connection_losses, 5, "the phone to notice")
        centre.start()
        call.bye()                       # before the phone is back: the BYE must wait for it
        time.sleep(0.5)
        self.assertFalse(other.ended_at)
        wait_until(agent.reconnect, patient(5), "the phone's new connection")
        self.assertEqual(agent.register(), 200)
        other.wait_ended(patient(32))
        self.assertEqual(other.end_cause, "peer hung up")

    def test_a_tcp_phone_talks_on_and_hangs_up_after_a_kill(self):
        centre = self.centre()
        self.quiet_queue(centre)
        sound = self.rtp()
        agent = self.phone(centre, 0, transport="tcp", rtp=sound, source="stamped")
        customer = self.customer(centre, "09120000001", rtp=sound, source="stamped")
        call = customer.call(centre.number_of("support")).wait_answered(patient(10))
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        other = agent.live()[0]
        time.sleep(0.5)
        centre.kill()
        centre.start()
        wait_until(agent.reconnect, patient(5), "the phone's new connection")
        self.assertEqual(agent.register(), 200)
        time.sleep(0.5)
        other.bye()
        call.wait_ended(patient(10))
        heard = sound.heard(call.media)
        self.assertEqual(heard.missing_stamps(), 0)


if __name__ == "__main__":
    main()
