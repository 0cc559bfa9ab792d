"""A disk that hangs, or has less room than is to stay free: recordings suffer, calls never do."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import InteropTest, Pasokh, main, patient, wait_until


class SlowDisk(InteropTest):
    def made(self, captures=None, stop_mib=1, environment=None):
        centre = Pasokh(start=False, environment=environment)
        self.centres.append(centre)
        self.addCleanup(centre.close)
        path = os.path.join(centre.folder, "pasokh.toml")
        with open(path) as f:
            lines = f.read().split("\n")
        with open(path, "w") as f:
            for line in lines:
                if line.startswith("recording_stop_mib"):
                    line = "recording_stop_mib = %d" % stop_mib
                if captures and line.startswith("captures"):
                    line = 'captures = "%s"' % captures
                f.write(line + "\n")
        centre.start()
        self.quiet_queue(centre)
        self.sound = self.rtp()
        self.agents = [self.phone(centre, i, rtp=self.sound, source="stamped") for i in range(3)]
        return centre

    def call(self, centre, number):
        call = self.customer(centre, number, rtp=self.sound, source="stamped").call(centre.number_of("support"))
        self.wait(lambda: call.up and any(a.live() and a.live()[0].caller == number for a in self.agents), 10, "the call to be up")
        return call, next(a.live()[0] for a in self.agents if a.live() and a.live()[0].caller == number)

    def archive_row(self, centre, number):
        return next((r for r in centre.json("archive", "list") if r["caller"] == number), None)

    def finished(self, centre, number):
        return wait_until(lambda: (lambda r: r and r["state"] == "finished" and r)(self.archive_row(centre, number)), patient(30),
                          lambda: "the recording of %s: %s" % (number, centre.json("archive", "list")), every=0.2)

    def small_disk(self, kind, size):
        """A folder on a disk of its own."""
        base = tempfile.mkdtemp(prefix="pasokh-disk-")
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        place = os.path.join(base, "disk")
        os.mkdir(place)
        if kind == "ext4":
            image = os.path.join(base, "image")
            with open(image, "wb") as f:
                f.truncate(size)
            words = [["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, place]]
        else:
            words = [["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", place]]
        for command in words:
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode:
                self.skipTest("a disk of its own cannot be had here: " + made.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", place])
        return place

    def steady(self, legs, since):
        """Both ways, nothing lost and no gap to be heard."""
        for leg in legs:
            heard = self.sound.heard(leg.media)
            self.assertEqual(heard.missing_stamps(), 0, "%s lost audio" % leg)
            times = [t for t in heard.arrivals if t >= since]
            self.assertGreater(len(times), 50)
            self.assertLess(max(b - a for a, b in zip(times, times[1:])), patient(0.5), "a gap on the way to %s" % leg)

    def hang_and_return(self, centre, hang, come_back):
        first, first_agent = self.call(centre, "09120000001")
        time.sleep(1.0)
        hang()
        try:
            began = time.time()
            second, second_agent = self.call(centre, "09120000002")  # its capture file cannot even be made
            time.sleep(3.0)
            self.steady((first, first_agent), began)
            self.steady((second, second_agent), began + 0.5)
            second.bye()
            time.sleep(0.5)
        finally:
            come_back()
        time.sleep(1.0)
        first.bye()
        for number in ("09120000001", "09120000002"):
            row = self.finished(centre, number)
            self.assertAlmostEqual(row["duration_ms"], self.row(centre, number)["talk_ms"], delta=500)
            self.assertFalse([m for m in row["marks"] if "gap" in m or "damaged" in m], row)

    def test_while_the_folder_of_captures_hangs_audio_goes_on_and_recordings_are_whole_afterwards(self):
        base = tempfile.mkdtemp(prefix="pasokh-hang-")
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        hangs = os.path.join(base, "hangs")
        centre = self.made(environment={"PASOKH_MEDIA_HANG_FILE": hangs})
        self.hang_and_return(centre, lambda: open(hangs, "w").close(), lambda: os.unlink(hangs))

    def test_the_same_with_a_frozen_filesystem_where_the_kernel_holds_each_write(self):
        place = self.small_disk("ext4", 64 << 20)
        centre = self.made(captures=place)
        frozen = []

        def freeze():
            subprocess.run(["fsfreeze", "-f", place], check=True)
            frozen.append(1)

        def thaw():
            if frozen:
                frozen.pop()
                subprocess.run(["fsfreeze", "-u", place], check=True)
        self.addCleanup(thaw)
        self.hang_and_return(centre, freeze, thaw)

    def test_a_worker_that_is_killed_while_its_disk_hangs_loses_no_more_than_ever(self):
        place = self.small_disk("ext4", 64 << 20)
        centre = self.made(captures=place)
        call, agent = self.call(centre, "09120000001")
        other, _ = self.call(centre, "09120000002")
        time.sleep(1.5)
        subprocess.run(["fsfreeze", "-f", place], check=True)
        try:
            time.sleep(2.0)
            for pid in centre.workers()[:1]:
                os.kill(pid, signal.SIGKILL)  # it may be in the middle of a write, and then it ends only when the disk lets it
            killed = time.time()
            wait_until(lambda: all(self.sound.counts()[leg.media][2] > killed + 1.0 for leg in (call, agent)), patient(8), "audio again")
            time.sleep(1.0)
        finally:
            subprocess.run(["fsfreeze", "-u", place], check=True)
        time.sleep(1.0)
        call.bye()
        other.bye()
        marked = 0
        for number in ("09120000001", "09120000002"):
            row = self.finished(centre, number)
            self.assertAlmostEqual(row["duration_ms"], self.row(centre, number)["talk_ms"], delta=500)
            self.assertFalse([m for m in row["marks"] if "damaged" in m], row)
            marked += any("gap" in m for m in row["marks"])
        self.assertIn(marked, (1, 2), "one of them moved, or both")

    def test_with_less_room_than_is_to_stay_free_recordings_stop_with_an_alarm_and_begin_again_when_there_is_room(self):
        place = self.small_disk("tmpfs", 48 << 20)
        centre = self.made(captures=place, stop_mib=24)
        first, first_agent = self.call(centre, "09120000001")
        time.sleep(2.5)
        filler = os.path.join(place, "filler")
        began = time.time()
        with open(filler, "wb") as f:
            f.write(b"x" * (30 << 20))
        wait_until(lambda: centre.log_has("recording-stopped.*MiB are free"), patient(10), lambda: "an alarm:\n" + centre.tail(), every=0.1)
        second, second_agent = self.call(centre, "09120000002")
        time.sleep(2.0)
        self.steady((first, first_agent), began)
        self.steady((second, second_agent), began + 1.0)
        os.unlink(filler)
        third, _ = self.call(centre, "09120000003")
        time.sleep(2.0)
        for call in (first, second, third):
            call.bye()
        row = self.finished(centre, "09120000003")
        self.assertAlmostEqual(row["duration_ms"], self.row(centre, "09120000003")["talk_ms"], delta=500)
        first_row = self.archive_row(centre, "09120000001")
        self.assertTrue(first_row is None or first_row["state"] != "recording", first_row)


if __name__ == "__main__":
    main()
