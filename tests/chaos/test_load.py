"""`pasokh load`: real SIP and RTP against a running server; a sizing table with the admission limit; and nothing of it is left behind."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

from harness import InteropTest, main, patient  # noqa: E402


class Load(InteropTest):
    def test_steps_a_table_and_a_limit_and_the_centre_is_as_before(self):
        centre = self.centre(rtp_ports=400)
        nouns = ("queue", "agent", "device", "number", "trunk")
        before = {noun: centre.json(noun, "list") for noun in nouns}
        done = centre.cli("load", "--agents", "20", "--step", "1", "--most", "10", "--set", "--format", "json", timeout=patient(90))
        report = json.loads(done.stdout)
        self.assertEqual({noun: centre.json(noun, "list") for noun in nouns}, before, "everything named load… is gone again")
        with open(os.path.join(centre.folder, "pasokh.toml")) as f:
            self.assertIn("\nnew_calls_per_second = %d " % report["admission_limit"], f.read(), "--set writes what was measured")
        if report["others_busy_permille"] > 300 and any(t["trouble"] for t in report["steps"]):
            self.skipTest("other programs keep this machine busy: %s" % [t["trouble"] for t in report["steps"]])
        self.assertEqual(report["peak_calls_per_second_milli"], 10_000, done.stderr)
        self.assertEqual(report["admission_limit"], 6)          # 60 % of the peak
        self.assertGreaterEqual(report["peak_live_calls"], 17)  # of 19, which begin within two seconds
        self.assertIn("phones", report["live_stopped_by"])      # what stopped it is named
        self.assertGreater(report["call_cpu_us"], 0)
        for tried in report["steps"]:
            step = tried["step"]
            self.assertEqual(step["connected"], step["offered"])
        audio = next(t["step"] for t in report["steps"] if t["what"] == "audio")
        self.assertGreater(audio["packets"], audio["connected"] * 120)  # three seconds of talk each, 50 packets a second
        for size in report["sizes"]:
            self.assertLessEqual(size["agents_talking"], report["peak_live_calls"] * 0.6)
            self.assertEqual(size["calls_per_hour"], size["agents_talking"] * 3600 // size["talk_s"])

    def test_it_disturbs_nobody_who_works(self):
        centre = self.centre()
        self.quiet_queue(centre)
        self.phone(centre, 0)
        refused = centre.cli("load", "--agents", "10", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("signed in", refused.stderr)
        self.assertIn("--yes", refused.stderr)

    def test_without_a_server_it_says_how_to_start_one(self):
        centre = self.centre(start=False)
        refused = centre.cli("load", "--agents", "10", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("pasokh serve", refused.stderr)


if __name__ == "__main__":
    main()
