"""A1: 10 agents, 200 Poisson callers, one queue: offered strictly in order of arrival, spread within ±1, and reports that equal
what the peers saw. Order, spread and times are judged from SIPp's message logs, not from ours."""
import collections
import random

from harness import InteropTest, Sipp, main, patient, registration_rows, sip, sipp_scenario, wait_until

CALLERS, TALK_MS, RATE = 200, 1500, 6.0  # offered load: 9 agents' worth of 10
TOLERANCE_MS = 20


class OrderAndEvenness(InteropTest):
    def test_200_poisson_callers_are_offered_in_order_and_spread_evenly(self):
        centre = self.centre(rtp_ports=600)
        self.quiet_queue(centre)
        agents = Sipp(sipp_scenario("agent"), None, extra=["-d", str(TALK_MS)])
        self.addCleanup(agents.end)
        devices = centre.demo["devices"][:10]
        registration = Sipp(sipp_scenario("register"), centre.server, rows=registration_rows(devices), calls=len(devices),
                            keys={"contact_port": agents.port}, rate=50)
        self.assertEqual(registration.finish(patient(20)), 0, registration.trouble())
        for device in devices:
            centre.cli("agent", "ready", device["agent"])

        draw, at, rows = random.Random(20261124), 0.0, []
        for index in range(CALLERS):
            at += draw.expovariate(RATE)
            rows.append(("0912%07d" % index, int(at * 1000)))
        customers = Sipp(sipp_scenario("customer"), centre.server, rows=rows, calls=CALLERS, rate=1000, extra=["-s", centre.number_of("support"), "-l", "300"])
        self.addCleanup(customers.end)
        self.assertEqual(customers.finish(patient(150)), 0, customers.trouble())

        arrivals = {}       # caller -> time of the first INVITE, in order of sending
        for moment, way, message in customers.messages():
            if way == "sent" and not message.is_response and message.method == "INVITE":
                arrivals.setdefault(sip.user_of(message.get("from")), moment)
        offers, answers, ends, device_of = {}, {}, {}, {}
        caller_of_call = {}
        for moment, way, message in agents.messages():
            call, method = message.get("call-id"), message.method
            if way == "received" and method == "INVITE" and not message.is_response:
                caller = sip.user_of(message.get("from"))
                if call not in caller_of_call:
                    self.assertNotIn(caller, offers, "offered twice though every offer is answered")
                    caller_of_call[call], offers[caller], device_of[caller] = caller, moment, sip.user_of(message.uri)
            elif way == "sent" and method == "INVITE" and message.status == 200:
                answers.setdefault(caller_of_call[call], moment)
            elif way == "sent" and method == "BYE" and not message.is_response:
                ends.setdefault(caller_of_call[call], moment)

        self.assertEqual(len(arrivals), CALLERS)
        self.assertEqual(list(offers), list(arrivals), "offered strictly in order of arrival")
        waited = [c for c in offers if offers[c] - arrivals[c] > 0.3]
        self.assertGreater(len(waited), 10, "the load must make some wait, or this shows nothing about order")

        counts = collections.Counter(device_of.values())
        mean = CALLERS / len(devices)
        self.assertEqual(len(counts), len(devices), counts)
        self.assertTrue(all(abs(n - mean) <= 1 for n in counts.values()), "counts per agent: %s" % counts)

        self.compare_reports(centre, arrivals, answers, ends, device_of, devices, counts)

    def compare_reports(self, centre, arrivals, answers, ends, device_of, devices, counts):
        agent_of_device = {d["user"]: d["agent"] for d in devices}
        wait_until(lambda: sum(r["outcome"] == "answered" for r in centre.calls()) == CALLERS, patient(10), "all calls to be over in the report", every=0.2)
        rows = {r["caller"]: r for r in centre.calls()}
        self.assertEqual(sorted(rows), sorted(arrivals))
        off = []
        for caller, row in rows.items():
            self.assertEqual(row["outcome"], "answered")
            self.assertEqual(row["agent"], agent_of_device[device_of[caller]], "the agent of " + caller)
            for name, peers in (("wait_ms", answers[caller] - arrivals[caller]), ("talk_ms", ends[caller] - answers[caller])):
                if abs(row[name] - peers * 1000) > patient(TOLERANCE_MS):
                    off.append((caller, name, row[name], round(peers * 1000, 1)))
        self.assertEqual(off, [], "times that differ by more than %d ms" % TOLERANCE_MS)

        queue = next(r for r in centre.report("queues") if r["queue"] == "support")
        self.assertEqual((queue["offered"], queue["answered"], queue["abandoned"]), (CALLERS, CALLERS, 0))
        waits = [(answers[c] - arrivals[c]) * 1000 for c in arrivals]
        self.assertAlmostEqual(queue["asa_ms"], sum(waits) / len(waits), delta=patient(TOLERANCE_MS))
        self.assertAlmostEqual(queue["wait_longest_ms"], max(waits), delta=patient(TOLERANCE_MS))
        by_agent = {r["agent"]: r for r in centre.report("agents")}
        for device in devices:
            self.assertEqual(by_agent[device["agent"]]["answered"], counts[device["user"]], device)


if __name__ == "__main__":
    main()
