"""A1, item 1 and 3: what phones do: TCP, hold, REFER, Replaces, session timers, 100rel, glare, CANCEL, star codes, a device that
vanishes, hot desking; and baresip as an agent's real phone."""
import os
import time

from harness import Baresip, InteropTest, g711, main, patient, sip, wait_until, write_wav


class Phones(InteropTest):
    def setUp(self):
        super().setUp()
        self.server = self.centre()
        for queue in ("support", "sales"):
            self.quiet_queue(self.server, queue)
        self.support = self.server.number_of("support")

    def talk(self, device=0, number=None, caller="09120000001", behaviour=None, call_options={}, customer_options={}, **options):
        """One call in talk: (customer's call, agent's phone)."""
        agent = self.phone(self.server, device, behaviour, **options)
        call = self.customer(self.server, caller, **customer_options).call(number or self.support, **call_options)
        self.wait(lambda: agent.live() and call.up, 10, lambda: "the agent's leg; %s" % call)
        return call, agent

    def state(self, code):
        return next(a for a in self.server.json("agent", "list") if a["agent"] == code)["state"]

    def wait_state(self, code, state, timeout=10):
        wait_until(lambda: self.state(code) == state, patient(timeout), lambda: "%s to be %s, is %s" % (code, state, self.state(code)), every=0.05)

    # --- transports and dialogs

    def test_a_phone_and_a_customer_over_tcp_talk(self):
        call, agent = self.talk(transport="tcp")
        other = agent.live()[0]
        self.assertEqual(other.hold(), 200)
        self.assertEqual(other.resume(), 200)
        other.bye()
        call.wait_ended(patient(5))
        tcp_customer = self.customer(self.server, "09120000002", transport="tcp")
        call = tcp_customer.call(self.support)
        self.wait(lambda: agent.live() and call.up, 10, "the second call")
        call.bye()
        agent.last().wait_ended(patient(5))

    def test_hold_by_re_invite_from_either_side_is_answered_and_counted(self):
        call, agent = self.talk()
        other = agent.live()[0]
        self.assertEqual(other.hold(), 200)
        self.assertIn(other.sdp.direction, ("recvonly", "inactive"), "RFC 3264 §8.4: sendonly is answered recvonly or inactive")
        time.sleep(0.6)
        self.assertEqual(other.resume(), 200)
        self.assertEqual(other.sdp.direction, "sendrecv")
        self.assertEqual(call.hold(), 200)
        self.assertEqual(call.resume(), 200)
        call.bye()
        other.wait_ended(patient(5))
        row = self.row(self.server, "09120000001")
        self.assertGreaterEqual(row["hold_ms"], 500)
        self.assertGreaterEqual(row["talk_ms"], row["hold_ms"])

    def test_update_and_options_inside_a_dialog_are_answered(self):
        call, agent = self.talk()
        self.assertEqual(call.request("OPTIONS").status, 200)
        self.assertEqual(call.request("UPDATE").status, 200)
        self.assertEqual(call.request("INFO", b"x", content_type="text/plain").status // 100 in (2, 4), True)
        call.bye()

    def test_a_caller_that_requires_100rel_gets_reliable_ringing_or_an_answer(self):
        agent = self.phone(self.server, 0, sip.Behaviour(answer_after=0.5))
        call = self.customer(self.server, "09120000001").call(self.support, reliable="require")
        self.wait(lambda: agent.live() and call.up, 10, lambda: "the agent's leg; %s" % call)
        self.assertEqual(call.status, 200)
        for status in call.early_status:
            self.assertIn(status, (180, 183))
        if call.early_status:
            self.assertTrue(any(what == "prack" for _, what, _ in call.events), "RFC 3262 §3: a caller that requires 100rel gets RSeq; %s" % call)
        call.bye()

    def test_session_timer_is_agreed_and_too_small_a_one_is_refused_with_422(self):
        self.phone(self.server, 0)
        call = self.customer(self.server, "09120000001").call(self.support, headers=[("Session-Expires", "10"), ("Min-SE", "10")])
        self.wait(lambda: call.status, 10, "an answer")
        self.assertEqual(call.status, 422, "RFC 4028 §6: less than 90 s")
        call = self.customer(self.server, "09120000002").call(self.support, headers=[("Session-Expires", "90"), ("Min-SE", "90")]).wait_answered(10)
        self.assertTrue(getattr(call, "session_expires", "").startswith("90"), "RFC 4028 §9: Session-Expires in the 2xx")
        call.bye()

    def test_a_cancelled_call_stops_the_ringing_and_is_abandoned(self):
        agent = self.phone(self.server, 0, sip.Behaviour(answer_after=None))
        call = self.customer(self.server, "09120000001").call(self.support)
        self.wait(lambda: agent.calls, 10, "the offer")
        call.bye() if call.answered_at else call.cancel()
        agent.last().wait_ended(patient(5))
        self.assertEqual(agent.last().end_cause, "cancelled by peer")
        self.assertEqual(self.row(self.server, "09120000001")["outcome"], "abandoned")

    def test_an_unregistered_phone_is_told_so_and_an_unknown_device_is_refused(self):
        stranger = sip.UserAgent(self.stack, "nobody", self.server.server, password="x")
        self.assertIn(stranger.register(), (401, 403))
        agent = self.phone(self.server, 0)
        self.assertEqual(agent.register(expires=0), 200)
        self.assertFalse(agent.registered)

    # --- transfers

    def test_blind_refer_to_a_colleague(self):
        call, agent = self.talk()
        colleague = self.phone(self.server, 1)
        other = agent.live()[0]
        self.assertEqual(other.refer(colleague.number), 202)
        self.wait(lambda: colleague.live(), 10, "the colleague's leg")
        self.wait(lambda: other.transfer_result() == 200, 10, lambda: "NOTIFY sipfrag 200 (RFC 3515 §2.4.5): %s" % other)
        other.wait_ended(patient(10))
        self.assertTrue(call.up)
        call.bye()
        colleague.last().wait_ended(patient(5))
        row = self.row(self.server, "09120000001")
        self.assertEqual(row["agent"], colleague.code)
        self.assertEqual(row["agents"], [agent.code, colleague.code])

    def test_blind_refer_to_a_queue(self):
        call, agent = self.talk()
        colleague = self.phone(self.server, 1)
        self.server.set("agent", colleague.code, queues="sales")
        other = agent.live()[0]
        self.assertEqual(other.refer(self.server.number_of("sales")), 202)
        self.wait(lambda: colleague.live(), 10, "the other queue's agent")
        other.wait_ended(patient(10))
        call.bye()
        self.assertEqual(self.row(self.server, "09120000001")["queue"], "sales")

    def test_attended_refer_with_replaces_joins_the_customer_with_the_colleague(self):
        """RFC 5589 §7. The joined legs began in two calls, perhaps in two media workers: each hears the other afterwards."""
        sound = self.rtp({"customer": g711.tone(440, 2), "colleague": g711.tone(1000, 2)})
        call, agent = self.talk(customer_options={"rtp": sound, "source": ("signal", "customer"), "keep": True})
        colleague = self.phone(self.server, 1, rtp=sound, source=("signal", "colleague"), keep=True)
        first = agent.live()[0]
        self.assertEqual(first.hold(), 200)
        consult = agent.call(colleague.number).wait_answered(patient(10))
        self.wait(lambda: colleague.live(), 10, "the colleague")
        status = first.refer(None, replaces=consult)
        self.assertEqual(status, 202)
        first.wait_ended(patient(10))
        consult.wait_ended(patient(10))
        self.assertTrue(call.up)
        self.assertTrue(colleague.live())
        joined = time.monotonic()
        time.sleep(1.5)
        for one, tone in ((call, 1000), (colleague.live()[0], 440)):
            heard = sound.heard(one.media)
            first = next((i for i, at in enumerate(heard.arrivals) if at >= joined + 0.5), len(heard.arrivals))
            heard.arrivals, heard.sequences, heard.payloads = heard.arrivals[first:], heard.sequences[first:], heard.payloads[first:]
            self.assertGreater(len(heard.arrivals), 30, "packets after the join")
            self.assertGreater(g711.power(heard.pcm()[:4000], tone), 0.9, "who was joined hears the other")
        call.bye()
        colleague.last().wait_ended(patient(5))
        self.assertEqual(self.row(self.server, "09120000001")["agent"], colleague.code)

    def test_an_invite_with_replaces_takes_the_place_of_a_leg(self):
        """RFC 3891: another phone of the same agent picks the dialog up."""
        call, agent = self.talk()
        leg = agent.live()[0]
        second = sip.UserAgent(self.stack, agent.user, self.server.server, password=agent.password)
        value = "%s;to-tag=%s;from-tag=%s" % (leg.call_id, leg.remote_tag, leg.local_tag)
        taken = second.call(self.support, headers=[("Replaces", value), ("Require", "replaces")]).wait_answered(patient(10))
        leg.wait_ended(patient(5))
        self.assertTrue(call.up)
        call.bye()
        taken.wait_ended(patient(5))

    def test_consult_transfer_by_command(self):
        call, agent = self.talk()
        colleague = self.phone(self.server, 1)
        self.server.cli("agent", "transfer", agent.code, "--to-agent", colleague.code, "--consult")
        self.wait(lambda: colleague.live(), 10, "the colleague's leg")
        self.assertTrue(agent.live())
        self.server.cli("agent", "complete", agent.code)
        agent.last().wait_ended(patient(10))
        self.assertTrue(call.up and colleague.live())
        colleague.last().bye()
        call.wait_ended(patient(5))
        row = self.row(self.server, "09120000001")
        self.assertEqual((row["agent"], row["agents"]), (colleague.code, [agent.code, colleague.code]))

    def test_a_cancelled_consult_returns_to_the_customer(self):
        call, agent = self.talk()
        colleague = self.phone(self.server, 1)
        self.server.cli("agent", "transfer", agent.code, "--to-agent", colleague.code, "--consult")
        self.wait(lambda: colleague.live(), 10, "the colleague's leg")
        self.server.cli("agent", "cancel", agent.code)
        colleague.last().wait_ended(patient(5))
        self.assertTrue(call.up and agent.live())
        call.bye()
        self.assertEqual(self.row(self.server, "09120000001")["agent"], agent.code)

    def test_hold_and_resume_by_command(self):
        call, agent = self.talk()
        self.server.cli("agent", "hold", agent.code)
        time.sleep(0.5)
        self.server.cli("agent", "resume", agent.code)
        call.bye()
        agent.last().wait_ended(patient(5))
        self.assertGreaterEqual(self.row(self.server, "09120000001")["hold_ms"], 400)

    # --- the agent's states

    def test_a_phone_that_vanishes_costs_one_offer_and_no_caller_his_place(self):
        """field.md §2 no. 32: a dead device is noticed; its agent is paused with the reason, the caller stays first."""
        dead = self.phone(self.server, 0)
        dead.muted = True
        first = self.customer(self.server, "09120000001").call(self.support)
        time.sleep(0.3)
        second = self.customer(self.server, "09120000002").call(self.support)
        self.server.set("queue", "support", ring="2s")
        wait_until(lambda: self.state(dead.code) == "paused", patient(45), lambda: "the agent of the dead phone to be paused, is " + self.state(dead.code), every=0.2)
        alive = self.phone(self.server, 1, sip.Behaviour(hang_up_after=0.2))
        self.wait(lambda: len(alive.calls) == 2, 15, "both callers to be served")
        self.assertEqual([c.caller for c in alive.calls], ["09120000001", "09120000002"])

    def test_where_nobody_listens_any_more_the_next_agent_is_rung_at_once(self):
        """RFC 3261 §18.4, §8.1.3.1: ICMP says that the port is closed; the ring time of ten minutes is not waited for."""
        self.server.set("queue", "support", ring="10m")
        gone = self.phone(self.server, 0)
        gone.put_away()
        call = self.customer(self.server, "09120000001").call(self.support)
        self.wait_state(gone.code, "paused", 15)
        willing = self.phone(self.server, 1)
        self.wait(lambda: willing.live(), 10, "the next agent")
        row = next(r for r in self.server.json("agent", "list") if r["agent"] == gone.code)
        self.assertEqual(row["reason"], "unreachable")
        call.bye()

    def test_an_agent_who_lets_it_ring_is_paused_and_the_caller_goes_on_first(self):
        self.server.set("queue", "support", ring="1s")
        lazy = self.phone(self.server, 0, sip.Behaviour(answer_after=None))
        call = self.customer(self.server, "09120000001").call(self.support)
        self.wait(lambda: lazy.calls, 10, "the offer")
        self.wait_state(lazy.code, "paused", 15)
        willing = self.phone(self.server, 1)
        self.wait(lambda: willing.live(), 10, "the next agent")
        call.bye()

    def test_a_busy_phone_is_not_taken_for_an_answer(self):
        busy = self.phone(self.server, 0, sip.Behaviour(refuse=486))
        call = self.customer(self.server, "09120000001").call(self.support)
        self.wait(lambda: busy.calls, 10, "the offer")
        willing = self.phone(self.server, 1)
        self.wait(lambda: willing.live(), 10, "the next agent")
        self.assertEqual(len(busy.calls), 1, "one refusal sidelines")
        call.bye()

    def test_star_codes_sign_in_pause_and_out(self):
        device = self.server.device(0)
        phone = self.phone(self.server, 0, ready=False)
        for code, state in STAR_CODES:
            call = phone.call(code)
            self.wait(lambda: call.ended_at or call.answered_at, 10, "the star code to be taken")
            if call.up:
                call.bye()
            self.wait_state(device["agent"], state, 5)

    def test_an_agent_signs_in_by_number_at_another_desk(self):
        phone = self.phone(self.server, 4, ready=False)
        agent = self.server.json("agent", "list")[0]
        call = phone.call("*11" + agent["number"])
        self.wait_state(agent["agent"], "ready", 5)
        call.bye()

    def test_an_agent_may_sit_at_any_device(self):
        """Hot desking: agent 1 at the phone of agent 5."""
        phone = self.phone(self.server, 4, ready=False)
        code = self.server.device(0)["agent"]
        self.server.cli("agent", "ready", code, "--device", phone.user)
        call = self.customer(self.server, "09120000001").call(self.support)
        self.wait(lambda: phone.live(), 10, "the call at the other desk")
        call.bye()
        self.assertEqual(self.row(self.server, "09120000001")["agent"], code)

    def test_a_supervisor_gives_a_waiting_caller_to_a_chosen_agent(self):
        """The chosen one is not even in that queue; the caller who is given goes past the one before, and the reason says who gave."""
        chosen = self.phone(self.server, 1, ready=False)
        self.server.set("agent", chosen.code, queues="sales")
        self.server.cli("agent", "ready", chosen.code)
        first = self.customer(self.server, "09120000001").call(self.support).wait_answered(patient(10))
        second = self.customer(self.server, "09120000002").call(self.support).wait_answered(patient(10))
        ident = next(c for c in self.server.json("call", "list") if c["caller"] == "09120000002")["call"]
        refused = self.server.cli("call", "give", ident, "--agent", self.server.device(5)["agent"], check=False)
        self.assertEqual(refused.returncode, 1, "who is signed out cannot be given a caller: " + refused.stdout)
        self.server.cli("call", "give", ident, "--agent", chosen.code)
        self.wait(lambda: chosen.live(), 10, "the given caller")
        self.assertEqual(chosen.last().caller, "09120000002")
        refused = self.server.cli("call", "give", ident, "--agent", chosen.code, check=False)
        self.assertEqual(refused.returncode, 1, "who talks already cannot be given")
        for call in (first, second):
            call.bye()


# (code typed at the phone, the agent's state afterwards)
STAR_CODES = (("*11", "ready"), ("*147", "paused"), ("*13", "ready"), ("*12", "signed_out"))


class BaresipAsAgent(InteropTest):
    def test_baresip_answers_with_real_audio_holds_and_resumes(self):
        server = self.centre()
        self.quiet_queue(server)
        device = server.device(0)
        play = os.path.join(server.base, "agent.wav")
        write_wav(play, g711.tone(1000, 20))
        phone = Baresip(device["user"], device["password"], server.server, play)
        self.addCleanup(phone.end)
        phone.wait_for(r"200 OK", patient(10))
        server.cli("agent", "ready", device["agent"])
        sound = self.rtp({"customer": g711.tone(440, 2)})
        customer = self.customer(server, "09120000001", rtp=sound, source=("signal", "customer"), keep=True)
        call = customer.call(server.number_of("support"))
        phone.wait_for("Call established", patient(10))
        wait_until(lambda: len(sound.heard(call.media).arrivals) > 100, patient(10), "audio from baresip")
        phone.command("hold")
        phone.wait_for("got SDP answer", patient(5))
        time.sleep(0.5)
        phone.command("resume")
        time.sleep(1.0)
        call.bye()
        phone.wait_for("terminated", patient(10))
        heard = sound.heard(call.media).pcm()
        self.assertGreater(g711.power(heard[4000:12000], 1000), 0.9, "the customer hears the agent")
        self.assertGreater(g711.power(list(phone.heard()[4000:12000]), 440), 0.9, "the agent hears the customer")
        row = self.row(server, "09120000001")
        self.assertEqual((row["outcome"], row["agent"]), ("answered", device["agent"]))
        self.assertGreater(row["hold_ms"], 300)


if __name__ == "__main__":
    main()
