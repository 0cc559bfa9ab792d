"""Calls through a network that loses, doubles, delays and overtakes (relay.py). The peers are RFC 3261 user agents with timers of their
own; they and the report judge. The seed is printed."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

from harness import InteropTest, main, patient, sip, wait_until  # noqa: E402
from relay import Relay, Weather  # noqa: E402

SEED = int(os.environ.get("PASOKH_SEED", "20261124"))
CALLS, AGENTS = int(os.environ.get("PASOKH_CALLS", "60")), 20


class RelayedAgent(sip.UserAgent):
    """A user agent whose every message, both ways, goes through the relay."""

    def __init__(self, stack, user, relay, **options):
        self.relay = relay
        super().__init__(stack, user, relay.address, **options)

    def contact(self):
        return "<sip:%s@%s:%d>" % ((self.user,) + self.relay.mirror((self.ip, self.port))) if self.transport == "udp" else super().contact()


class BadNetwork(InteropTest):
    def relay(self, centre, **weather):
        print("seed", SEED)
        relay = Relay(centre.server, Weather(seed=SEED, **weather), bind=lambda kind, port=0: sip.bind_free(kind, port=port))
        self.addCleanup(relay.close)
        return relay

    def relayed_phone(self, centre, relay, device, behaviour=None, **options):
        phone = RelayedAgent(self.stack, device["user"], relay, password=device["password"], behaviour=behaviour, **options)
        for _ in range(8):  # a phone asks again by itself; here that is ours
            status = phone.register(timeout=patient(33))
            if status == 200:
                break
        self.assertEqual(status, 200)
        centre.cli("agent", "ready", device["agent"])
        return phone

    def test_all_calls_complete_through_loss_duplication_and_reordering(self):
        centre = self.centre()
        self.quiet_queue(centre, record="off")
        relay = self.relay(centre, loss=0.10, duplicate=0.05, jitter=0.03, reorder=0.10)
        devices = centre.add_agents(AGENTS, "support")
        agents = [self.relayed_phone(centre, relay, d, sip.Behaviour(answer_after=0.1, hang_up_after=4.0)) for d in devices]  # a lost 200 has come again by then
        calls = []
        for n in range(CALLS):
            customer = RelayedAgent(self.stack, "0912%07d" % n, relay)
            calls.append(customer.call(centre.number_of("support")))
            time.sleep(0.15)
        self.wait(lambda: all(c.ended_at for c in calls), 120, lambda: "all calls to end; still open: %s" % [c for c in calls if not c.ended_at][:5])
        wait_until(lambda: all(r["outcome"] != "in_progress" for r in centre.calls()), patient(60), "the report's rows to be over", every=0.5)
        print("weather:", relay.weather.counts)
        self.assertGreater(relay.weather.counts["lost"], CALLS // 2)
        rows = centre.calls()
        self.assertEqual(sorted(r["caller"] for r in rows), sorted(c.agent.user for c in calls), "each call once")
        self.assertEqual([r for r in rows if r["outcome"] != "answered"], [])
        heard = [c.caller for a in agents for c in a.calls if c.answered_at]  # an ACK may have been lost when the talk was over
        wanted = {c.agent.user for c in calls}
        self.assertEqual((sorted(wanted - set(heard)), sorted(n for n in heard if heard.count(n) > 1)), ([], []), "each caller talked to one agent, once")
        self.assertEqual([c for a in agents for c in a.live()], [], "no phone is left in a call")
        self.assertEqual([c for c in calls if not c.answered_at], [])
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)

    def test_a_link_that_is_cut_for_ten_seconds_costs_no_call(self):
        centre = self.centre()
        self.quiet_queue(centre, record="off")
        relay = self.relay(centre)
        agent = self.relayed_phone(centre, relay, centre.device(0))
        talking = RelayedAgent(self.stack, "09120000001", relay).call(centre.number_of("support"))
        self.wait(lambda: agent.live() and talking.up, 10, "the call to talk")
        waiting = RelayedAgent(self.stack, "09120000002", relay).call(centre.number_of("support"))
        self.wait(lambda: waiting.up, 10, "the second to wait")
        relay.cut()
        time.sleep(2)
        talking.bye()                      # into the void: asked again until the link is back
        time.sleep(8)
        self.assertTrue(waiting.up)
        relay.mend()
        self.wait(lambda: any(c.caller == "09120000002" for c in agent.live()), 40, "the second to be served once the BYE came through")
        agent.live()[0].bye()
        self.wait(lambda: waiting.ended_at, 10, "the second to end")
        for caller in ("09120000001", "09120000002"):
            self.assertEqual(self.row(centre, caller)["outcome"], "answered")

    def test_tcp_in_odd_pieces_and_with_dying_connections_works(self):
        centre = self.centre()
        self.quiet_queue(centre, record="off")
        relay = self.relay(centre, jitter=0.01)
        agent = self.relayed_phone(centre, relay, centre.device(0), transport="tcp")
        for n in range(5):
            call = self.customer(centre, "0912000010%d" % n).call(centre.number_of("support"))
            self.wait(lambda: agent.live() and agent.live()[0].confirmed_at and call.up, 15, "call %d to talk" % n)
            if n % 2 == 1:                 # the connection dies in the talk; the phone comes back, the call is the same
                relay.cut()
                self.wait(lambda: agent.connection_losses > n // 2, 5, "the phone to notice")
                relay.mend()
                wait_until(agent.reconnect, patient(5), "the phone's new connection")
                self.assertEqual(agent.register(timeout=patient(10)), 200)
                self.assertTrue(call.up)
            agent.live()[0].bye()
            self.wait(lambda: call.ended_at and not agent.live(), 15, lambda: "call %d to end: %s; the phone: %s, %s" % (n, call, agent.calls[-2:], agent.unexpected[-3:]))
            self.assertEqual(self.row(centre, call.agent.user)["outcome"], "answered")


if __name__ == "__main__":
    main()
