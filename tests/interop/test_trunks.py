"""Item 1 and 3: trunks through Kamailio, by address and by registration; numbers rewritten in and out; the outbound plan; digests
that only the trunk gets (threats.md S3)."""
import time

from harness import InteropTest, Kamailio, main, patient, sip, wait_until


class Trunks(InteropTest):
    def setUp(self):
        super().setUp()
        self.server = self.centre()
        self.quiet_queue(self.server)
        # the far side of the carrier: whoever is called outside answers here
        self.far = sip.UserAgent(self.stack, "far", ("127.0.0.1", 9))
        self.far.domain = "carrier.test"

    def carrier(self, register=False):
        proxy = Kamailio(self.server.server, ("127.0.0.1", self.far.port), register)
        self.addCleanup(proxy.end)
        self.far.server = (proxy.IP, proxy.port)
        self.far.domain = "%s:%d" % (proxy.IP, proxy.port)
        settings = dict(host=proxy.IP, port=proxy.port)
        if register:
            settings.update(register="on", user="trunk", password="secret")
        self.server.set("trunk", "carrier", verb="add", **settings)
        return proxy

    def test_a_call_from_the_carrier_reaches_an_agent_and_a_bye_from_either_side_ends_it(self):
        self.carrier()
        agent = self.phone(self.server, 0)
        call = self.far.call(self.server.number_of("support"), from_user="989121234567")
        self.wait(lambda: agent.live() and call.up, 10, lambda: "the agent's leg; %s" % call)
        self.assertEqual(agent.last().caller, "09121234567", "98… becomes the national form")
        self.assertEqual(call.hold(), 200)
        self.assertEqual(call.resume(), 200)
        agent.last().bye()
        call.wait_ended(patient(5))
        call = self.far.call(self.server.number_of("support"), from_user="00989121234568")
        self.wait(lambda: agent.live() and call.up, 10, "the second call")
        self.assertEqual(agent.last().caller, "09121234568")
        call.bye()
        agent.last().wait_ended(patient(5))
        self.assertEqual(self.row(self.server, "09121234567")["outcome"], "answered")

    def test_a_registering_trunk_registers_with_digest_and_takes_calls(self):
        self.carrier(register=True)
        wait_until(lambda: self.far.options() == 200, 5, "the proxy")
        agent = self.phone(self.server, 0)

        def reached():
            call = self.far.call(self.server.number_of("support"), from_user="02188776655")
            self.stack.wait(lambda: (call.status or 0) >= 300 or call.ended_at or agent.live(), 5, "an answer")  # a provisional one says nothing yet
            return agent.live() and call
        call = wait_until(reached, patient(15), "a call through the registered contact", every=0.5)
        call.bye()
        agent.last().wait_ended(patient(5))

    def test_the_outbound_plan_is_empty_at_first_and_permits_only_what_it_says(self):
        self.carrier()
        agent = self.phone(self.server, 0)
        refused = self.server.cli("agent", "dial", agent.code, "02188776655", check=False)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        direct = agent.call("02188776655")
        direct.wait_ended(patient(10))
        self.assertEqual(direct.status // 100, 4, "the phone's own call outside is refused too: %s" % direct)
        self.assertEqual(self.far.calls, [])

        self.server.cli("centre", "set", "outbound=021:carrier")
        call = agent.call("02188776655").wait_answered(patient(10))
        self.wait(lambda: self.far.live(), 10, "the far side")
        self.assertEqual(self.far.last().number, "02188776655")
        call.bye()
        self.far.last().wait_ended(patient(5))
        expensive = agent.call("00188776655")
        expensive.wait_ended(patient(10))
        self.assertEqual(expensive.status // 100, 4)
        self.assertEqual(len(self.far.calls), 1)

    def test_transfer_and_refer_to_an_outside_number_obey_the_plan(self):
        self.carrier()
        self.server.cli("centre", "set", "outbound=021:carrier")
        agent = self.phone(self.server, 0)
        call = self.customer(self.server, "09120000001").call(self.server.number_of("support"))
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        leg = agent.live()[0]
        leg.refer("00188776655")
        self.wait(lambda: leg.refer_status != 202 or (leg.transfer_result() or 0) >= 400, 10, lambda: "a refusal: %s" % leg)
        self.assertTrue(leg.up and call.up, "a refused transfer leaves the call")
        self.assertEqual(self.far.calls, [])
        self.assertEqual(leg.refer("02188776655"), 202)
        self.wait(lambda: self.far.live(), 10, lambda: "the far side; %s" % leg)
        leg.wait_ended(patient(10))
        self.assertTrue(call.up)
        self.far.last().bye()
        call.wait_ended(patient(5))

    def test_an_agent_dials_out_by_command(self):
        self.carrier()
        self.server.cli("centre", "set", "outbound=021:carrier")
        agent = self.phone(self.server, 0)
        self.server.cli("agent", "dial", agent.code, "02188776655")
        self.wait(lambda: self.far.live() and agent.live(), 10, "both legs")
        self.far.last().bye()
        agent.last().wait_ended(patient(5))

    def test_a_stranger_who_challenges_us_gets_no_digest(self):
        """threats.md S3: a caller from elsewhere answers our BYE with the trunk's realm."""
        self.carrier(register=True)
        agent = self.phone(self.server, 0)
        thief = self.customer(self.server, "09120000009")
        call = thief.call(self.server.number_of("support"))
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        asked = []

        def challenge(ua, message):
            asked.append(message)
            ua.respond(message, 407, "Proxy Authentication Required", headers=[("Proxy-Authenticate", 'Digest realm="carrier.test", nonce="abc", algorithm=MD5, qop="auth"')])
            return True
        thief.on_request = challenge
        agent.last().bye()
        self.wait(lambda: asked, 10, "our BYE")
        time.sleep(1.5)
        self.assertFalse([m for m in asked if m.get("proxy-authorization") or m.get("authorization")])


if __name__ == "__main__":
    main()
