"""What users of other centres complain about (docs/complaints.md lists them with their sources), tried on the real program with
real phones. Each test's first comment is the number there. The rules themselves are also held by the floor's scenarios."""
import collections
import time

from harness import InteropTest, g711, main, patient, sip, wait_until

Behaviour = sip.Behaviour


class Complaints(InteropTest):
    def setUp(self):
        super().setUp()
        self.server = self.centre()
        for queue in ("support", "sales"):
            self.quiet_queue(self.server, queue)
        self.support, self.sales = (self.server.number_of(q) for q in ("support", "sales"))
        self.callers = 0

    def call(self, number=None, wait=True):
        self.callers += 1
        call = self.customer(self.server, "0912%07d" % self.callers).call(number or self.support)
        return call.wait_answered(patient(10)) if wait else call

    def state(self, code):
        return next(a for a in self.server.json("agent", "list") if a["agent"] == code)

    def wait_state(self, code, state, timeout=10):
        wait_until(lambda: self.state(code)["state"] == state, patient(timeout), lambda: "%s to be %s: %s" % (code, state, self.state(code)), every=0.05)

    def test_the_oldest_caller_of_all_an_agents_queues_goes_first(self):
        # 1, 6, 10
        calls = [self.call(self.support if i % 3 else self.sales) for i in range(8)]
        agent = self.phone(self.server, 0, Behaviour(hang_up_after=0.1))
        self.wait(lambda: len(agent.calls) == 8 and not agent.live(), 20, "all to be served")
        self.assertEqual([c.caller for c in agent.calls], [c.agent.user for c in calls])

    def test_an_agent_who_does_not_answer_is_not_rung_again_and_again(self):
        # 2, 3, 9
        self.server.set("queue", "support", ring="1s", strategy="longest-idle")
        lazy = [self.phone(self.server, i, Behaviour(answer_after=None)) for i in range(2)]
        call = self.call()
        self.wait(lambda: all(len(a.calls) == 1 for a in lazy), 10, "each to be tried once")
        time.sleep(1.5)
        self.assertEqual([len(a.calls) for a in lazy], [1, 1], "no agent twice before all once, and a silent one is sidelined")
        willing = self.phone(self.server, 2)
        self.wait(lambda: willing.live(), 10, "the caller is still there and goes to who comes")
        call.bye()

    def test_of_two_phones_that_answer_a_ring_all_call_one_talks_and_the_other_is_freed(self):
        # 7, 8
        self.server.set("queue", "support", strategy="ring-all")
        agents = [self.phone(self.server, i, Behaviour(answer_after=0.3)) for i in range(4)]
        call = self.call()
        self.wait(lambda: len([a for a in agents if a.live()]) == 1 and all(a.calls for a in agents), 10, "one to talk")
        time.sleep(0.7)
        self.assertEqual(len([a for a in agents if a.live()]), 1)
        self.assertTrue(call.up)
        talking = next(a for a in agents if a.live())
        for agent in agents:
            if agent is not talking:
                self.assertTrue(agent.last().ended_at)
                self.wait_state(agent.code, "ready")   # freed, not blamed
        talking.live()[0].bye()
        call.wait_ended(patient(5))
        second = self.call()
        self.wait(lambda: [a for a in agents if a.live()], 10, "the next call")
        second.bye()

    def test_a_caller_who_leaves_while_it_rings_leaves_nothing_behind(self):
        # 11, 12, 13
        agent = self.phone(self.server, 0, Behaviour(answer_after=None))
        for _ in range(5):
            call = self.call(wait=False)
            self.wait(lambda: agent.calls and not agent.last().ended_at, 10, "the offer")
            call.bye()
            agent.last().wait_ended(patient(5))
            self.wait_state(agent.code, "ready")
        self.assertEqual(self.server.json("call", "list"), [])
        self.assertEqual(collections.Counter(r["outcome"] for r in self.server.calls()), {"abandoned": 5})

    def test_the_first_agent_of_the_list_is_not_always_picked(self):
        # 15
        agents = [self.phone(self.server, i, Behaviour(hang_up_after=0.05)) for i in range(4)]
        for _ in range(12):
            self.call().wait_ended(patient(10))
        self.assertEqual(sorted(len(a.calls) for a in agents), [3, 3, 3, 3])

    def test_signing_out_and_in_or_a_break_does_not_win_or_cost_a_turn(self):
        # 4, 16
        agents = [self.phone(self.server, i, Behaviour(hang_up_after=0.05)) for i in range(3)]
        for turn in range(18):
            first = agents[0].code
            if turn % 3 == 1:
                self.server.cli("agent", "out", first)
                self.server.cli("agent", "ready", first)
            elif turn % 3 == 2:
                self.server.cli("agent", "pause", first, "--reason", "tea")
                self.server.cli("agent", "ready", first)
            self.call().wait_ended(patient(10))
            for agent in agents:
                self.wait_state(agent.code, "ready")
        counts = [len(a.calls) for a in agents]
        self.assertLessEqual(max(counts) - min(counts), 1, counts)

    def test_talk_after_a_transfer_belongs_to_who_talked(self):
        # 23, 25
        first, second = self.phone(self.server, 0), self.phone(self.server, 1, ready=False)
        call = self.call()
        self.wait(lambda: first.live(), 10, "the first agent")
        self.server.cli("agent", "ready", second.code)
        time.sleep(1.0)
        self.server.cli("agent", "transfer", first.code, "--to-agent", second.code)
        self.wait(lambda: second.live() and not first.live(), 10, "the second agent")
        time.sleep(2.0)
        call.bye()
        second.last().wait_ended(patient(5))
        self.row(self.server, call.agent.user)
        by = {r["agent"]: r for r in self.server.report("agents")}
        for agent in (first, second):
            leg = agent.calls[0]
            self.assertAlmostEqual(by[agent.code]["talk_ms"], (leg.ended_at - leg.answered_at) * 1000, delta=patient(60), msg=agent.code)
            self.assertEqual(by[agent.code]["handled"], 1)

    def test_every_call_has_one_outcome_and_queue_agent_and_call_reports_agree(self):
        # 24, 25
        self.server.set("queue", "support", short_abandon="0s")  # every abandoned call counts
        agent = self.phone(self.server, 0, Behaviour(hang_up_after=0.1))
        for _ in range(3):
            self.call().wait_ended(patient(10))
        self.server.cli("agent", "pause", agent.code, "--reason", "lunch")
        for _ in range(2):
            self.call().bye()
        wait_until(lambda: len([r for r in self.server.calls() if r["outcome"] != "in_progress"]) == 5, patient(10), "five outcomes", every=0.1)
        outcomes = collections.Counter(r["outcome"] for r in self.server.calls())
        self.assertEqual(outcomes, {"answered": 3, "abandoned": 2})
        queue = next(r for r in self.server.report("queues") if r["queue"] == "support")
        self.assertEqual((queue["offered"], queue["answered"], queue["abandoned"]), (5, 3, 2))
        self.assertEqual(next(r for r in self.server.report("agents") if r["agent"] == agent.code)["answered"], 3)

    def test_every_answered_call_has_its_recording_and_no_recording_is_an_orphan(self):
        # 26, 27
        sound = self.rtp({"a": g711.tone(500, 1)})
        agents = [self.phone(self.server, i, rtp=sound, source=("signal", "a")) for i in range(2)]
        for turn in range(4):
            customer = self.customer(self.server, "0913000000%d" % turn, rtp=sound, source=("signal", "a"))
            call = customer.call(self.support)
            self.wait(lambda: any(a.live() for a in agents), 10, "the talk")
            talking = next(a for a in agents if a.live())
            time.sleep(0.6)
            if turn == 2:
                other = next(a for a in agents if a is not talking)
                self.server.cli("agent", "transfer", talking.code, "--to-agent", other.code)
                self.wait(lambda: other.live(), 10, "the transfer")
                time.sleep(0.6)
            call.bye()
            self.wait(lambda: not any(a.live() for a in agents), 10, "the end")
        wait_until(lambda: all(r["state"] == "finished" for r in self.server.json("archive", "list")) and self.server.json("archive", "list"), patient(30),
                   lambda: "recordings to be finished: %s" % self.server.json("archive", "list"), every=0.2)
        archive = self.server.json("archive", "list")
        answered = {r["call"] for r in self.server.calls() if r["outcome"] == "answered"}
        self.assertEqual({r["call"] for r in archive}, answered)
        for entry in archive:
            self.assertGreater(entry["duration_ms"], 400, entry)

    def test_ringing_held_and_waiting_calls_come_back_after_a_kill(self):
        # 14, 30
        holder, ringer = self.phone(self.server, 0), self.phone(self.server, 1, Behaviour(answer_after=None), ready=False)
        held = self.call()
        self.wait(lambda: holder.live(), 10, "the talk")
        self.assertEqual(holder.live()[0].hold(), 200)
        self.server.cli("agent", "ready", ringer.code)
        ringing = self.call(wait=False)
        self.wait(lambda: ringer.calls, 10, "the ringing")
        waiting = self.call()
        self.server.kill()
        self.server.start()
        leg = ringer.last()
        self.assertFalse(leg.ended_at, "the phone rings on")
        leg.answer()
        self.wait(lambda: ringing.up and leg.confirmed_at, 10, lambda: "the ringing call to be answered: %s" % leg)
        self.assertEqual(holder.live()[0].resume(), 200)
        self.assertTrue(held.up and waiting.up)
        holder.live()[0].bye()
        held.wait_ended(patient(5))
        self.wait(lambda: holder.live(), 10, "the waiting caller goes to the freed agent")
        self.assertEqual(holder.last().caller, waiting.agent.user)
        for call in (ringing, waiting):
            call.bye()

    def test_pause_reason_wrap_up_and_balance_survive_a_restart_and_a_kill(self):
        # 31
        self.server.set("queue", "support", wrap_up="30s")
        paused, wrapping = self.phone(self.server, 0), self.phone(self.server, 1)
        self.server.cli("agent", "pause", paused.code, "--reason", "prayer")
        call = self.call()
        self.wait(lambda: wrapping.live(), 10, "the talk")
        call.bye()
        self.wait_state(wrapping.code, "wrap_up")
        before = {a["agent"]: {k: v for k, v in a.items() if k in ("state", "reason", "balance_millicalls", "device")} for a in self.server.json("agent", "list")}
        for end in (self.server.kill, self.server.stop):
            end()
            self.server.start()
            after = {a["agent"]: {k: v for k, v in a.items() if k in ("state", "reason", "balance_millicalls", "device")} for a in self.server.json("agent", "list")}
            self.assertEqual(after, before)
        self.assertEqual(self.state(paused.code).get("reason"), "prayer")

    def test_a_signed_out_or_paused_agent_gets_no_call_from_that_moment_on(self):
        # 33
        first, second = self.phone(self.server, 0, Behaviour(hang_up_after=0.05)), self.phone(self.server, 1, Behaviour(hang_up_after=0.05))
        for turn in range(6):
            self.server.cli("agent", "out" if turn % 2 else "pause", first.code)
            count = len(first.calls)
            self.call().wait_ended(patient(10))
            self.wait_state(second.code, "ready")
            self.assertEqual(len(first.calls), count)
            self.server.cli("agent", "ready", first.code)
        self.assertGreaterEqual(len(second.calls), 6)

    def test_each_agents_wrap_up_ends_by_its_own_clock(self):
        # 34
        self.server.set("queue", "support", wrap_up="2s")
        agents = [self.phone(self.server, i, Behaviour(hang_up_after=0.2 + 1.5 * i)) for i in range(2)]
        calls = [self.call() for _ in range(2)]
        freed = {}

        def watch():
            for row in self.server.json("agent", "list"):
                if row["agent"] in (agents[0].code, agents[1].code) and row["state"] == "ready" and row["agent"] not in freed:
                    if next(a for a in agents if a.code == row["agent"]).calls and next(a for a in agents if a.code == row["agent"]).last().ended_at:
                        freed[row["agent"]] = time.time()
            return len(freed) == 2
        wait_until(watch, patient(15), "both wrap-ups to end", every=0.05)
        for agent in agents:
            self.assertAlmostEqual(freed[agent.code] - agent.last().ended_at, 2.0, delta=patient(0.5))
        for call in calls:
            call.wait_ended(patient(5))


if __name__ == "__main__":
    main()
