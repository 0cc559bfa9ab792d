"""A1: what is said arrives: known signals both ways, nothing lost, digits, A-law and µ-law, ptimes."""
import time

from harness import InteropTest, g711, main, patient, wait_until

SIGNALS = {"customer": g711.noise(11, 2), "agent": g711.noise(12, 2)}


class Audio(InteropTest):
    def setUp(self):
        super().setUp()
        self.server = self.centre()
        self.quiet_queue(self.server)
        self.sound = self.rtp(SIGNALS)

    def talk(self, seconds=2.0, customer_payloads=(8, 0, 101), agent_payloads=(8, 0, 101), ptime=20, agent_ptime=20):
        """A call from the test customer to the first agent that lasts `seconds`; (customer's call, agent's call)."""
        from peers.sip import Behaviour
        self.agent = self.phone(self.server, 0, Behaviour(payloads=agent_payloads, ptime=agent_ptime), rtp=self.sound, source=("signal", "agent"), keep=True)
        self.caller = self.customer(self.server, "09120000001", rtp=self.sound, source=("signal", "customer"), keep=True)
        call = self.caller.call(self.server.number_of("support"), payloads=customer_payloads, ptime=ptime)
        self.wait(lambda: self.agent.live() and call.up, 10, lambda: "the agent's leg; %s" % call)
        time.sleep(seconds)  # the length of the conversation itself
        return call, self.agent.live()[0]

    def heard_since_bridge(self, call, other):
        """What `call` heard from the moment the other side talked (before it the queue may have sounded)."""
        heard = self.sound.heard(call.media)
        begin = other.answered_at + 0.2
        first = next(i for i, at in enumerate(heard.arrivals) if at >= begin)
        heard.arrivals, heard.sequences, heard.payloads = heard.arrivals[first:], heard.sequences[first:], heard.payloads[first:]
        return heard

    def check(self, call, other, name, seconds, codec=None, ptime=20):
        heard = self.heard_since_bridge(call, other)
        self.assertEqual(heard.missing_sequences(), 0, "lost on the way to " + name)
        self.assertGreater(len(heard.arrivals), (seconds - 0.5) * 1000 / ptime * 0.9)
        if codec is not None:
            self.assertEqual({kind for kind, _, _, _ in heard.payloads}, {codec}, "codec towards " + name)
        pcm = heard.pcm()
        source = SIGNALS["agent" if name == "customer" else "customer"]
        # our piece begins somewhere in the repeated signal, on a packet's edge or (other ptime) between
        lag, value = g711.best_lag(pcm, source + source, range(0, len(source), 80 if ptime != 20 else 80), size=2400)
        self.assertGreater(value, 0.98, "correlation of what the %s heard with what was sent" % name)

    def finish(self, call):
        call.bye()
        self.agent.last().wait_ended(5)

    def test_a_signal_sent_each_way_arrives_whole(self):
        call, other = self.talk()
        self.finish(call)
        self.check(call, other, "customer", 2)
        self.check(other, call, "agent", 2)

    def test_a_law_and_mu_law_are_translated_when_the_legs_share_none(self):
        call, other = self.talk(customer_payloads=(8, 101), agent_payloads=(0, 101))
        self.finish(call)
        self.check(call, other, "customer", 2, codec=8)
        self.check(other, call, "agent", 2, codec=0)

    def test_long_and_short_packets_pass(self):
        call, other = self.talk(ptime=30, agent_ptime=30)
        self.finish(call)
        self.check(call, other, "customer", 2, ptime=30)
        self.check(other, call, "agent", 2, ptime=30)

    def test_digits_arrive_both_ways_as_rfc_4733(self):
        call, other = self.talk(seconds=0.5)
        self.sound.digits(call.media, "159#")
        self.sound.digits(other.media, "*70")
        wait_until(lambda: len(self.sound.heard(other.media).digits()) >= 4 and len(self.sound.heard(call.media).digits()) >= 3, patient(5), "digits")
        self.finish(call)
        self.assertEqual(self.sound.heard(other.media).digits(), "159#")
        self.assertEqual(self.sound.heard(call.media).digits(), "*70")

    def test_a_call_without_any_codec_of_ours_is_refused_with_488_and_a_log_line(self):
        self.phone(self.server, 0)
        call = self.customer(self.server, "09120000002").call(self.server.number_of("support"), payloads=(9, 18))
        call.wait_ended(10)
        self.assertEqual(call.status, 488)
        wait_until(lambda: self.server.log_has("G722.*G729"), patient(5), lambda: "the log to name what was offered:\n" + self.server.tail())

    def test_a_video_line_is_answered_with_port_0(self):
        self.phone(self.server, 0)
        from peers.sip import Sdp, sink_port
        caller = self.customer(self.server, "09120000003")
        sdp = Sdp.build("127.0.0.1", sink_port(), extra="m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n")
        call = caller.call(self.server.number_of("support"), sdp=sdp).wait_answered(10)
        self.assertEqual([kind for kind, _ in call.sdp.media_lines], ["audio", "video"])
        self.assertEqual(call.sdp.media_lines[1][1], "0")
        call.bye()

    def test_a_late_offer_is_answered_in_the_ack(self):
        agent = self.phone(self.server, 0, rtp=self.sound, source=("signal", "agent"), keep=True)
        caller = self.customer(self.server, "09120000004", rtp=self.sound, source=("signal", "customer"), keep=True)
        call = caller.call(self.server.number_of("support"), offer=False).wait_answered(10)
        self.wait(lambda: agent.live() and call.up, 10, "the agent's leg")
        wait_until(lambda: len(self.sound.heard(agent.last().media).arrivals) > 50 and len(self.sound.heard(call.media).arrivals) > 50,
                   patient(5), "audio both ways after a late offer")
        call.bye()

    def test_a_stranger_cannot_take_or_hear_a_locked_stream(self):
        """threats.md S9: once the genuine stream runs, packets from elsewhere are neither relayed nor does audio turn to them."""
        import socket
        import struct
        call, other = self.talk(seconds=1.0)
        target = (call.sdp.ip, call.sdp.port)
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.bind(("127.0.0.1", 0))
        stranger.settimeout(0.3)
        for seq in range(200):
            stranger.sendto(struct.pack("!BBHII", 0x80, 8, seq, seq * 160, 0xBADC0DE) + b"ATTACKER" * 20, target)
        with self.assertRaises(socket.timeout, msg="the victim's audio must not come to the stranger"):
            stranger.recv(2048)
        self.finish(call)
        relayed = [1 for _, _, _, payload in self.sound.heard(other.media).payloads if payload.startswith(b"ATTACKER")]
        self.assertEqual(relayed, [])


class Notice(InteropTest):
    """A caller is told that the call is recorded, to the end, whoever answers meanwhile: nobody speaks into nothing."""
    TONES = {"customer": 1000, "agent": 1700}

    def first_tone(self, call, hertz):
        """The moment from which that tone is what `call` hears: 40 ms at a time."""
        heard = self.sound.heard(call.media)
        for at, (kind, _, _, data) in zip(heard.arrivals, heard.payloads):
            samples = g711.decode(data, kind) if kind in (0, 8) else []
            if samples and g711.power(samples, hertz) > 0.8:
                return at
        return None

    def test_an_agent_who_answers_during_the_notice_hears_it_too_and_both_are_joined_when_it_ends(self):
        self.server = self.centre()
        self.quiet_queue(self.server, notice="on", record="yes")
        self.sound = self.rtp({who: g711.tone(hertz, 2) for who, hertz in self.TONES.items()})
        agent = self.phone(self.server, 0, rtp=self.sound, source=("signal", "agent"), keep=True)  # answers at once
        call = self.customer(self.server, "09120000009", rtp=self.sound, source=("signal", "customer"), keep=True).call(self.server.number_of("support"))
        self.wait(lambda: agent.live() and call.up, 10, lambda: "the agent's leg; %s" % call)
        other = agent.live()[0]
        wait_until(lambda: self.first_tone(call, self.TONES["agent"]) and self.first_tone(other, self.TONES["customer"]), patient(15), "both to hear each other", every=0.2)
        call.bye()
        agent.last().wait_ended(5)
        customer_hears, agent_hears = self.first_tone(call, self.TONES["agent"]), self.first_tone(other, self.TONES["customer"])
        self.assertLess(abs(customer_hears - agent_hears), 0.1, "both are joined in the same moment")
        heard = self.sound.heard(other.media)
        before = [g711.decode(data, kind) for at, (kind, _, _, data) in zip(heard.arrivals, heard.payloads) if at < agent_hears and kind in (0, 8)]
        self.assertGreater(len(before), 15, "the agent heard the notice for a while, not silence")
        self.assertTrue(any(sum(s * s for s in samples) / len(samples) > 10_000 for samples in before), "and it was a voice or a tone")


if __name__ == "__main__":
    main()
