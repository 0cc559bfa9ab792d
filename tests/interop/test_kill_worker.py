"""A4: kill -9 of a media worker: its calls get audio again through another worker by re-INVITE, the others notice nothing, and
the recording has the gap marked."""
import os
import signal
import time

from harness import InteropTest, main, patient, wait_until

CALLS = 8


class KillWorker(InteropTest):
    def test_calls_of_a_killed_worker_get_audio_again_and_the_recording_says_so(self):
        centre = self.centre()
        self.quiet_queue(centre)
        sound = self.rtp()
        agents = [self.phone(centre, i, rtp=sound, source="stamped") for i in range(CALLS)]
        calls = [self.customer(centre, "0912%07d" % i, rtp=sound, source="stamped").call(centre.number_of("support")) for i in range(CALLS)]
        self.wait(lambda: sum(len(a.live()) for a in agents) == CALLS, 15, "all calls to be up")
        pair = {c.agent.user: next(a.live()[0] for a in agents if a.live() and a.live()[0].caller == c.agent.user) for c in calls}
        time.sleep(1.5)
        workers = centre.workers()
        self.assertGreaterEqual(len(workers), 2, "two media workers at least")
        os.kill(workers[0], signal.SIGKILL)
        killed = time.time()

        def audio_back():
            counts = sound.counts()
            return all(counts[leg.media][2] > killed + 1.0 for c in calls for leg in (c, pair[c.agent.user]))
        wait_until(audio_back, patient(8), "audio on every leg")
        time.sleep(1.0)
        self.assertTrue(all(c.up for c in calls), "no call ends")
        moved = [c for c in calls if c.reinvites or pair[c.agent.user].reinvites]
        stayed = [c for c in calls if c not in moved]
        self.assertTrue(moved, "some calls were on the killed worker")
        for call in moved:
            for leg in (call, pair[call.agent.user]):
                first_after = min((t for t in sound.heard(leg.media).arrivals if t > killed + 0.05), default=None)
                self.assertIsNotNone(first_after)
                self.assertLess(first_after - killed, patient(1.0), "audio is back within a second; %s" % leg)
        for call in stayed:
            for leg in (call, pair[call.agent.user]):
                self.assertEqual(sound.heard(leg.media).missing_stamps(), 0, "a call of the other worker lost audio")
        for call in calls:
            call.bye()
        wait_until(lambda: len([r for r in centre.json("archive", "list") if r["state"] == "finished"]) == CALLS, patient(30),
                   lambda: "recordings to be finished: %s" % centre.json("archive", "list"), every=0.2)
        for call in moved:
            entry = next(r for r in centre.json("archive", "list") if r["caller"] == call.agent.user)
            self.assertTrue(any("gap" in mark for mark in entry["marks"]), "the gap is marked: %s" % entry)
            self.assertAlmostEqual(entry["duration_ms"], self.row(centre, call.agent.user)["talk_ms"], delta=500)


if __name__ == "__main__":
    main()
