"""A1, A2, A3: one call by programs that we did not write: taken, queued, given, talked, recorded, archived, reported."""
import os
import tempfile
import time

from harness import InteropTest, Sipp, free_range, g711, main, patient, read_wav, registration_rows, sipp_scenario, wait_until

TOLERANCE_MS = 20
CUSTOMER_HZ, AGENT_HZ = 440, 1000


class FirstCall(InteropTest):
    def sipp_with_signal(self, name, hertz, remote, **options):
        folder = tempfile.mkdtemp(prefix="pasokh-sipp-")
        with open(os.path.join(folder, "signal.alaw"), "wb") as f:
            f.write(g711.encode(g711.tone(hertz, 10), 8))
        peer = Sipp(sipp_scenario(name), remote, folder=folder, **options)
        self.addCleanup(peer.end)
        return peer

    def test_a_call_is_taken_queued_given_talked_recorded_archived_and_reported(self):
        centre = self.centre()
        self.quiet_queue(centre)
        device = centre.device(0)
        agent = self.sipp_with_signal("agent_audio", AGENT_HZ, None, media_port=free_range(4)[0], extra=["-d", "3000"])
        registration = Sipp(sipp_scenario("register"), centre.server, rows=registration_rows([device]), calls=1,
                            keys={"contact_port": agent.port})
        self.assertEqual(registration.finish(patient(10)), 0, registration.trouble())
        centre.cli("agent", "ready", device["agent"])

        customer = self.sipp_with_signal("customer_audio", CUSTOMER_HZ, centre.server, rows=[("09121234567", 0)], calls=1,
                                         media_port=free_range(4)[0], extra=["-s", centre.number_of("support")])
        self.assertEqual(customer.finish(patient(30)), 0, customer.trouble())
        wait_until(lambda: any(m.method == "BYE" and m.is_response for _, way, m in agent.messages() if way == "received"), patient(5), "the agent's BYE to be answered")

        sent = {m.method: at for at, way, m in reversed(customer.messages()) if way == "sent" and not m.is_response}
        answered = next(at for at, way, m in agent.messages() if way == "sent" and m.status == 200 and m.method == "INVITE")
        bye = next(at for at, way, m in agent.messages() if way == "sent" and not m.is_response and m.method == "BYE")
        offered = next(m for _, way, m in agent.messages() if way == "received" and m.method == "INVITE")
        self.assertIn("09121234567", offered.get("from"), "the caller's number reaches the agent's phone")

        row = self.row(centre, "09121234567")
        self.assertEqual((row["outcome"], row["queue"], row["agent"], row["number"]),
                         ("answered", "support", device["agent"], centre.number_of("support")))
        self.assertIsInstance(row["call"], str)
        self.assertAlmostEqual(row["wait_ms"], (answered - sent["INVITE"]) * 1000, delta=patient(TOLERANCE_MS))
        self.assertAlmostEqual(row["talk_ms"], (bye - answered) * 1000, delta=patient(TOLERANCE_MS))

        self.check_recording(centre, row)
        self.assertIn(device["agent"], centre.cli("explain", row["call"]).stdout)
        self.assertEqual(centre.cli("journal", "verify").returncode, 0)
        self.assertEqual(centre.stop(), 0, "SIGTERM ends cleanly")
        self.assertEqual(len([r for r in centre.calls() if r["caller"] == "09121234567"]), 1, "reports work without a server")

    def check_recording(self, centre, row):
        def finished():
            found = [r for r in centre.json("archive", "list") if r["call"] == row["call"]]
            return found and found[0]["state"] == "finished" and found[0]
        entry = wait_until(finished, patient(20), lambda: "the recording to be finished: %s" % centre.json("archive", "list"), every=0.1)
        self.assertAlmostEqual(entry["duration_ms"], row["talk_ms"], delta=patient(250))
        path = os.path.join(centre.base, "call.wav")
        centre.cli("archive", "export", row["call"], "--to", path)
        rate, channels = read_wav(path)
        self.assertEqual((rate, len(channels)), (8000, 2), "stereo, 8 kHz")
        left, right = (list(c[rate:2 * rate]) for c in channels)  # the second second: both are talking
        self.assertGreater(g711.power(left, CUSTOMER_HZ), 0.8, "customer on the left")
        self.assertGreater(g711.power(right, AGENT_HZ), 0.8, "agent on the right")
        # The sides are apart: 10 dB at least. Opus codes the two channels of a pure tone together; up to 3 % of the energy was seen to cross.
        self.assertLess(g711.power(left, AGENT_HZ), 0.1 * g711.power(left, CUSTOMER_HZ))
        self.assertLess(g711.power(right, CUSTOMER_HZ), 0.1 * g711.power(right, AGENT_HZ))
        opus = os.path.join(centre.base, "call.opus")
        centre.cli("archive", "export", row["call"], "--to", opus)
        with open(opus, "rb") as f:
            self.assertEqual(f.read(4), b"OggS")


if __name__ == "__main__":
    main()
