"""kill -9 at every named crash point (src/switchboard/crash_points.h): between commit and effects, between the effects, during recovery,
twice in a row. One call is under way while the program dies; the peers judge: it goes on, ends once, and is counted once."""
import os

from harness import InteropTest, main, patient, wait_until

POINTS = ("submit", "committed", "orders", "datagrams")
IN_RECOVERY = ("restored", "resumed")
PASSES = tuple(int(n) for n in os.environ.get("PASOKH_CRASH_PASSES", "1 2 3 4").split())


class CrashPoints(InteropTest):
    def setUp(self):
        super().setUp()
        self.server = self.centre()
        self.quiet_queue(self.server)
        self.agent = self.phone(self.server, 0)
        self.callers = 0

    def die_and_come_back(self, during_recovery=None):
        """The armed server ends by itself; it is started again, first once more into a crash if asked."""
        wait_until(lambda: not self.server.alive(), patient(10), "the server to die at its crash point")
        if during_recovery:
            self.server.environment["PASOKH_CRASH_POINT"] = during_recovery + ":1"
            self.server.start(wait=False)
            wait_until(lambda: not self.server.alive(), patient(10), "the server to die in its recovery")
        self.server.environment.pop("PASOKH_CRASH_POINT", None)
        self.server.start()

    def armed(self, point, number):
        self.server.stop()
        self.server.environment["PASOKH_CRASH_POINT"] = "%s:%d" % (point, number)
        self.server.start()

    def one_call(self, point, number, during_recovery=None):
        """A whole call with a crash somewhere in it; where depends on how often the point is passed."""
        self.callers += 1
        caller = "0912%07d" % self.callers
        died = [False]

        def nurse():  # brings the server back as soon as it is gone
            if not self.server.alive() and not died[0]:
                died[0] = True
                self.die_and_come_back(during_recovery)
            return True

        # passes before the call count too: start-up has a turn of its own
        self.armed(point, number + 1)
        nurse()
        call = self.customer(self.server, caller).call(self.server.number_of("support"))
        wait_until(lambda: nurse() and (call.up or call.ended_at), patient(40), "%s:%d: the call to be answered" % (point, number))
        wait_until(lambda: nurse() and (self.agent.live() or call.ended_at), patient(40), "%s:%d: the agent to talk" % (point, number))
        self.assertTrue(call.up, "%s:%d: the call was dropped" % (point, number))
        self.assertEqual(self.agent.live()[0].caller, caller)
        call.bye()
        wait_until(lambda: nurse() and not self.agent.live(), patient(60), "%s:%d: the agent's phone to be freed" % (point, number))
        row = self.row(self.server, caller, 40)
        self.assertEqual((row["outcome"], row["agent"]), ("answered", self.server.device(0)["agent"]), "%s:%d" % (point, number))
        return died[0]

    def test_a_crash_at_any_point_of_a_turn_neither_drops_nor_doubles_the_call(self):
        # how often a call passes a point depends on what gathers in a turn, so the later passes may not come; each point must
        for point in POINTS:
            self.assertTrue(any([self.one_call(point, number) for number in PASSES]), "the crash point %s was never reached" % point)

    def test_a_crash_during_recovery_and_so_twice_in_a_row_changes_nothing(self):
        for point in IN_RECOVERY:
            for number in PASSES[:2]:
                self.assertTrue(self.one_call("committed", number, during_recovery=point))


if __name__ == "__main__":
    main()
