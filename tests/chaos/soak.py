#!/usr/bin/python3
"""make soak MINUTES=…: calls come and go, control is killed every few minutes, one call talks all the time. At the end: every call in the
report as the peers saw it, no recording without a call and none missing, memory that does not grow, and the long recording aligned
between its channels and to real time within 20 ms from beginning to end (an hour, when asked for an hour).
Beside it, for as long: up to 1,000 kills of a second server under the peers' judgement (test_kills.py), simulated centre-hours with all
faults, the table of (state x stimulus) pairs, and the simulator against Erlang C and A within 1 %."""
import argparse
import collections
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

from harness import ROOT, Pasokh, g711, read_wav, resident_bytes, rtp, sip, wait_until  # noqa: E402

PERIOD, ON = 2.0, 0.5  # of the tone bursts in the long call
ALIGNED = 0.020
UNTOUCHED = 0.4        # of the time, at its end: no kills, so that memory is watched in one process
GROWTH = 0.10          # of a process' memory between the first and the last quarter of that time, once its caches are full


class Soak:
    def __init__(self, minutes, kill_every, seed):
        self.minutes, self.kill_every, self.draw = minutes, kill_every, random.Random(seed)
        self.problems = []
        self.centre = Pasokh(rtp_ports=600)
        self.stack = sip.Stack()
        self.sound = rtp.RtpProcess({"c": g711.bursts(440, PERIOD, ON, PERIOD - ON), "a": g711.bursts(1000, PERIOD, ON, PERIOD - ON)})
        for queue in ("support", "sales"):
            self.centre.set("queue", queue, wrap_up="1s", notice="off", music="none", announce_place="off")

    def phone(self, device, behaviour=None, **options):
        phone = sip.UserAgent(self.stack, device["user"], self.centre.server, password=device["password"], behaviour=behaviour, **options)
        assert phone.register() == 200
        self.centre.cli("agent", "ready", device["agent"])
        return phone

    def run(self):
        devices = self.centre.demo["devices"]
        self.centre.set("agent", devices[0]["agent"], queues="sales")
        for device in devices[1:]:
            self.centre.set("agent", device["agent"], queues="support")
        long_agent = self.phone(devices[0], rtp=self.sound, source=("signal", "a"))
        long_customer = sip.UserAgent(self.stack, "09350000000", self.centre.server, rtp=self.sound, source=("signal", "c"))
        long_call = long_customer.call(self.centre.number_of("sales")).wait_answered(10)
        self.stack.wait(lambda: long_agent.live(), 10, "the long call")
        agents = [self.phone(d, sip.Behaviour(answer_after=0.3, hang_up_after=3.0)) for d in devices[1:]]
        calls, in_use, memory, kills = [], collections.deque(), [], 0
        end = time.monotonic() + self.minutes * 60
        next_kill = time.monotonic() + self.kill_every
        last_kill = end - self.minutes * 60 * UNTOUCHED
        next_look = 0
        while time.monotonic() < end:
            customer = sip.UserAgent(self.stack, "0912%07d" % len(calls), self.centre.server)
            calls.append(customer.call(self.centre.number_of("support")))
            while in_use and in_use[0].ended_at and in_use[0].ended_at < time.time() - 40:  # past all retransmissions (32 s)
                in_use.popleft().agent.put_away()
            in_use.append(calls[-1])
            time.sleep(self.draw.expovariate(1.5))
            if time.monotonic() >= next_kill and time.monotonic() < last_kill:
                self.centre.kill()
                self.centre.start()
                kills, next_kill = kills + 1, time.monotonic() + self.kill_every
                memory = []  # a new process
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + 10
                memory.append((resident_bytes(self.centre.pid), sum(resident_bytes(p) for p in self.centre.workers())))
            if not long_call.up or not self.centre.alive():
                self.problems.append("the long call or the server ended: %s" % long_call)
                break
        try:
            self.stack.wait(lambda: all(c.ended_at for c in calls), 120, "the last calls to end")
        except AssertionError:
            left = [c for c in calls if not c.ended_at]
            rows = {r["caller"]: r for r in self.centre.calls()}
            self.problems += ["a call does not end: %s, begun at %.3f; the report says %s" % (c, c.started_at, rows.get(c.agent.user)) for c in left[:10]]
        long_call.bye()
        print("%d calls, %d kills" % (len(calls), kills))
        self.judge_memory(memory)
        self.judge_calls(calls, agents)
        self.judge_alignment(long_call, long_agent.last())

    def judge_memory(self, memory):
        memory = memory[len(memory) // 3:]  # a new process fills its caches first
        if len(memory) < 8:
            return
        quarter = len(memory) // 4
        for index, name in enumerate(("control", "workers")):
            first = sum(m[index] for m in memory[:quarter]) / quarter
            last = sum(m[index] for m in memory[-quarter:]) / quarter
            print("%s: %.1f MB -> %.1f MB" % (name, first / 1e6, last / 1e6))
            if last > first * (1 + GROWTH):
                self.problems.append("%s grew by %.0f %%" % (name, (last / first - 1) * 100))

    def judge_calls(self, calls, agents):
        answered = {c.caller for a in agents for c in a.calls if c.confirmed_at}
        wait_until(lambda: all(r["outcome"] != "in_progress" for r in self.centre.calls()), 30, "every call to be over", every=0.5)
        rows = {r["caller"]: r for r in self.centre.calls()}
        for call in calls:
            row, want = rows.get(call.agent.user), "answered" if call.agent.user in answered else "abandoned"
            if not row or row["outcome"] != want:
                self.problems.append("%s should be %s: %s" % (call.agent.user, want, row))
        wait_until(lambda: all(r["state"] not in ("capturing", "stopped") for r in self.centre.json("archive", "list")), 120, "recordings to be finished", every=1)
        recorded = {r["call"] for r in self.centre.json("archive", "list")}
        talked = {r["call"] for r in rows.values() if r["outcome"] == "answered"}
        if recorded != talked:
            self.problems.append("recordings and talks differ: %s" % sorted(recorded ^ talked)[:10])

    def judge_alignment(self, customer_leg, agent_leg):
        row = next(r for r in self.centre.calls() if r["caller"] == "09350000000")
        path = os.path.join(self.centre.base, "long.wav")
        self.centre.cli("archive", "export", row["call"], "--to", path, timeout=300)
        rate, channels = read_wav(path)
        onsets = [self.onsets(channel, rate) for channel in channels]
        times = [self.sound.heard(leg.media).send_times for leg in (customer_leg, agent_leg)]
        sent = [self.beat(t) for t in times]
        for name, found, sends in zip(("customer", "agent"), onsets, times):
            if len(found) < 3:
                self.problems.append("no bursts found on the side of the " + name)
                return
            span = found[-1] - found[0]
            slept = self.beat(sends, last=True) - self.beat(sends)   # of our own sender, on a busy machine: real time went on
            drift = (span - slept + PERIOD / 2) % PERIOD - PERIOD / 2
            if slept > 0.05:
                print("%s: the sender itself stood still for %.0f ms" % (name, slept * 1000))
            print("%s: %d bursts over %.0f s, %.1f ms off real time" % (name, len(found), span, drift * 1000))
            if abs(drift) > ALIGNED:
                self.problems.append("%s: %.1f ms off real time" % (name, drift * 1000))
        wanted = (sent[1] - sent[0]) % PERIOD
        for where in (1, -1):
            apart = (onsets[1][where] - onsets[0][where] - wanted + PERIOD / 2) % PERIOD - PERIOD / 2
            print("channels %.1f ms apart at %.0f s" % (apart * 1000, onsets[0][where]))
            if abs(apart) > ALIGNED:
                self.problems.append("channels are %.1f ms apart" % (apart * 1000))

    @staticmethod
    def beat(send_times, last=False):
        """When the first packet was due, by the first (last) ten seconds: a sender on a busy machine is sometimes late, never early."""
        first = max(0, len(send_times) - 500) if last else 0
        return min(at - n * 0.02 for n, at in enumerate(send_times[first:first + 500], first))

    @staticmethod
    def onsets(samples, rate):
        """Seconds at which a burst begins: the first loud 1 ms after 0.3 s of quiet."""
        found, quiet, step = [], 0, rate // 1000
        for at in range(0, len(samples) - step, step):
            loud = max(abs(s) for s in samples[at:at + step]) > 1500
            if loud and quiet > 300:
                found.append(at / rate)
            quiet = 0 if loud else quiet + 1
        return found

    def close(self):
        self.stack.close()
        self.sound.close()
        self.centre.close()


class Beside:
    """A program that runs along; its output is shown at the end."""

    def __init__(self, name, words, environment=None, nice=True):
        self.name = name
        self.output = open(os.path.join(ROOT, "build", "soak-%s.log" % name), "w+")
        self.process = subprocess.Popen((["nice", "-n", "19"] if nice else []) + words, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                        env=dict(os.environ, **(environment or {})))

    def finish(self, patience, shown=20):
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "no end in time"
        self.output.seek(0)
        lines = self.output.read().splitlines()
        print("--- %s (%s)\n%s" % (self.name, self.output.name, "\n".join(lines[-shown:])))
        return [] if status == 0 else ["%s: status %s" % (self.name, status)]


def beside(minutes, seed):
    seconds = minutes * 60
    started = [Beside("kills", [sys.executable, os.path.join(HERE, "test_kills.py")], {"PASOKH_KILLS": "1000", "PASOKH_SECONDS": str(seconds), "PASOKH_SEED": str(seed)}, nice=False)]
    for name, words in (("hours", ["simulation", str(seconds * 0.4), str(seed % 1_000_000_000)]), ("pairs", ["simulation_pairs", str(int(40 + 10 * minutes)), str(seed % 1_000_000_000)]),
                        ("erlang", ["simulation_erlang", "--within", "1", str(seconds * 0.8)])):
        program = os.path.join(ROOT, "build", words[0])
        if os.path.exists(program):
            started.append(Beside(name, [program] + words[1:]))
        else:
            print("%s is not built" % words[0])
    return started


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--kill-every", type=float, default=180, help="seconds between kills of control")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    given = arguments.parse_args()
    print("seed %d" % given.seed)
    soak = Soak(given.minutes, given.kill_every, given.seed)
    others = beside(given.minutes, given.seed)
    try:
        soak.run()
        for other in others:
            soak.problems += other.finish(300, shown=400 if other.name == "pairs" else 20)
    finally:
        for other in others:
            if other.process.poll() is None:
                other.process.kill()
        if soak.problems:
            print("--- the server's last words\n" + soak.centre.tail())
        soak.close()
    for problem in soak.problems:
        print("PROBLEM: " + problem)
    print("soak: %s" % ("%d problems" % len(soak.problems) if soak.problems else "nothing found"))
    sys.exit(1 if soak.problems else 0)


if __name__ == "__main__":
    main()
