"""The peers themselves, against each other: a tool that judges must be right before it judges."""
import time

from harness import InteropTest, Kamailio, Sipp, g711, main, sip, sipp_scenario


class Peers(InteropTest):
    def two(self, **options):
        sound = self.rtp({"a": g711.noise(1, 1), "b": g711.tone(440, 1)})
        b = sip.UserAgent(self.stack, "b", ("127.0.0.1", 9), rtp=sound, source=("signal", "b"), keep=True)
        a = sip.UserAgent(self.stack, "a", ("127.0.0.1", b.port), rtp=sound, source=("signal", "a"), keep=True)
        b.server = ("127.0.0.1", a.port)
        return sound, a, b

    def test_our_user_agents_talk_hold_and_hear_each_other(self):
        sound, a, b = self.two()
        call = a.call("b").wait_answered(3)
        time.sleep(0.5)
        sound.digits(call.media, "12#")
        self.assertEqual((call.hold(), call.resume()), (200, 200))
        time.sleep(1)
        call.bye()
        b.last().wait_ended(3)
        heard = sound.heard(b.last().media)
        self.assertEqual((heard.missing_sequences(), heard.digits()), (0, "12#"))
        self.assertGreater(g711.best_lag(g711.noise(1, 1), heard.pcm(), range(0, 8000, 160))[1], 0.99)
        self.assertGreater(g711.power(sound.heard(call.media).pcm()[:4000], 440), 0.99)

    def test_a_lost_packet_and_a_silence_are_seen(self):
        """The judge of gaps must be able to say no."""
        from peers.rtp import Heard
        heard = Heard({"sequences": [65533, 65534, 1, 2, 4, 3], "stamps": [5, 6, 8], "stamp_times": [1.0, 1.02, 1.06], "arrivals": [1.0, 1.02, 1.12]})
        self.assertEqual(heard.missing_sequences(), 2)
        self.assertEqual(heard.missing_stamps(), 1)
        self.assertAlmostEqual(heard.largest_gap(0, 9), 0.1)

    def test_g711_round_trips_within_its_steps(self):
        for payload in (0, 8):
            for value in range(-32000, 32001, 37):
                again = g711.DECODE[payload][g711.ENCODE[payload](value)]
                self.assertLessEqual(abs(again - value), max(16, abs(value) / 16), (payload, value))

    def test_sipp_talks_to_sipp_and_its_log_is_read(self):
        agent = Sipp(sipp_scenario("agent"), None, extra=["-d", "300"])
        self.addCleanup(agent.end)
        customer = Sipp(sipp_scenario("customer"), ("127.0.0.1", agent.port), rows=[("0912%07d" % i, i * 20) for i in range(5)], calls=5, rate=100, extra=["-s", "8000"])
        self.addCleanup(customer.end)
        self.assertEqual(customer.finish(15), 0, customer.trouble())
        invites = [m for _, way, m in agent.messages() if way == "received" and m.method == "INVITE"]
        self.assertEqual([sip.user_of(m.get("from")) for m in invites], ["0912%07d" % i for i in range(5)])

    def test_kamailio_relays_both_ways(self):
        far, centre = (sip.UserAgent(self.stack, name, ("127.0.0.1", 9)) for name in ("far", "8000"))
        proxy = Kamailio(("127.0.0.1", centre.port), ("127.0.0.1", far.port))
        self.addCleanup(proxy.end)
        far.server = centre.server = (proxy.IP, proxy.port)
        for caller, called in ((far, centre), (centre, far)):
            call = caller.call("8000").wait_answered(3)
            call.bye()
            called.last().wait_ended(3)


if __name__ == "__main__":
    main()
