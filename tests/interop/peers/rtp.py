"""RTP senders and receivers (RFC 3550, 3551, 4733) in a process of their own, so that no SIP work delays a packet.

Arrival times are the kernel's (SO_TIMESTAMPNS), so a late wake-up of this process is not taken for a gap of the relay.
A stream sends one of
  b"…"          G.711 bytes in the codec of the call, repeated for ever
  ("signal", name)   one of `signals` given at the start, encoded once per codec
  "stamped"     silence whose first 8 bytes are a mark and a counter: the other end can tell exactly which packets came
and answers questions about what it heard.
"""
import array
import heapq
import multiprocessing
import os
import random
import select
import signal
import socket
import struct
import threading
import time

from . import g711
from .sip import PORTS

SO_TIMESTAMPNS = 35
STAMP = b"Ps"


class Stream:
    def __init__(self, ident, sock, keep):
        self.ident, self.sock, self.keep = ident, sock, keep
        self.port = sock.getsockname()[1]
        self.remote = None
        self.codec, self.event_payload, self.source, self.ptime = 8, None, None, 20
        self.seq, self.ts, self.ssrc = random.getrandbits(15), random.getrandbits(31), random.getrandbits(32)
        self.place = self.sent = self.count = 0
        self.sending = False
        self.generation = 0
        self.digits = []
        self.arrivals, self.sequences, self.timestamps = array.array("d"), array.array("L"), array.array("L")
        self.stamps, self.stamp_times = array.array("L"), array.array("d")
        self.stamp_source = None
        self.send_times = array.array("d")
        self.payloads = []
        self.payload_types = {}
        self.ssrcs, self.sources = [], []
        self.events = {}
        self.first_sent = None


def _child(pipe, signals, seed, parent):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    random.seed(seed)
    streams, by_fd, due, encoded = {}, {}, [], {}
    epoll = select.epoll()
    epoll.register(pipe.fileno(), select.EPOLLIN)
    order = 0
    now = time.monotonic

    def source_bytes(stream):
        source = stream.source
        if isinstance(source, tuple):
            key = (source[1], stream.codec)
            if key not in encoded:
                encoded[key] = g711.encode(signals[source[1]], stream.codec)
            return encoded[key]
        return source

    def send(stream):
        size = stream.ptime * 8
        kind, marker = stream.codec, 0
        if stream.digits:
            return send_event(stream)
        if stream.source == "stamped":
            payload = STAMP + struct.pack("!HI", stream.ident & 0xFFFF, stream.count) + bytes([g711.SILENCE[stream.codec]]) * (size - 8)
        else:
            data = source_bytes(stream)
            payload = data[stream.place:stream.place + size]
            stream.place += size
            if len(payload) < size:
                stream.place = size - len(payload)
                payload += data[:stream.place]
        if stream.sent == 0:
            marker = 0x80
        packet = struct.pack("!BBHII", 0x80, kind | marker, stream.seq, stream.ts, stream.ssrc) + payload
        emit(stream, packet)
        stream.ts = (stream.ts + size) & 0xFFFFFFFF

    def send_event(stream):  # RFC 4733 §2.5: same timestamp, growing duration, the end three times
        event = stream.digits[0]
        size = stream.ptime * 8
        event["duration"] += size
        end = event["duration"] >= event["length"]
        code = "0123456789*#ABCD".index(event["digit"])
        packet = struct.pack("!BBHIIBBH", 0x80, stream.event_payload | (0x80 if event["duration"] == size else 0), stream.seq,
                             stream.ts, stream.ssrc, code, (0x80 if end else 0) | 10, event["duration"])
        for copy in range(3 if end else 1):
            if copy:
                packet = packet[:2] + struct.pack("!H", stream.seq) + packet[4:]
            emit(stream, packet)
        if end:
            stream.ts = (stream.ts + event["duration"]) & 0xFFFFFFFF
            stream.digits.pop(0)

    def emit(stream, packet):
        if stream.first_sent is None:
            stream.first_sent = time.time()
        stream.send_times.append(time.time())
        try:
            stream.sock.sendto(packet, stream.remote)
        except OSError:
            pass
        stream.seq = (stream.seq + 1) & 0xFFFF
        stream.sent += 1
        stream.count += 1

    def receive(stream):
        for _ in range(32):
            try:
                packet, ancillary, _, source = stream.sock.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if len(packet) < 12 or packet[0] >> 6 != 2:
                continue
            at = time.time()
            for level, kind, data in ancillary:
                if kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", data[:16])
                    at = seconds + nanoseconds * 1e-9
            _, kind, seq, ts, ssrc = struct.unpack("!BBHII", packet[:12])
            kind &= 0x7F
            payload = packet[12 + 4 * (packet[0] & 15):]
            if not stream.ssrcs or stream.ssrcs[-1] != ssrc:
                stream.ssrcs.append(ssrc)
            if not stream.sources or stream.sources[-1] != source:
                stream.sources.append(source)
            stream.payload_types[kind] = stream.payload_types.get(kind, 0) + 1
            if kind == stream.event_payload and len(payload) >= 4:
                code, flags, duration = struct.unpack("!BBH", payload[:4])
                event = stream.events.setdefault(ts, {"digit": "0123456789*#ABCD"[code & 15], "duration": 0, "end": 0, "at": at})
                event["duration"] = max(event["duration"], duration)
                event["end"] += 1 if flags & 0x80 else 0
            stream.arrivals.append(at)
            stream.sequences.append(seq)
            stream.timestamps.append(ts)
            if payload[:2] == STAMP and len(payload) >= 8:
                stream.stamp_source, stamp = struct.unpack("!HI", payload[2:8])
                stream.stamps.append(stamp)
                stream.stamp_times.append(at)
            if stream.keep:
                stream.payloads.append((kind, seq, ts, payload))

    def tick(stream, generation):
        nonlocal order
        if generation != stream.generation or not stream.sending:
            return
        send(stream)
        stream.due += stream.ptime / 1000
        if stream.due < now() - 0.5:   # a machine that stood still: do not send half a minute at once
            stream.due = now()
        order += 1
        heapq.heappush(due, (stream.due, order, stream, generation))

    def command(name, *arguments):
        nonlocal order
        if name == "open":
            ip, keep = arguments
            sock = _bind_even(ip)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            ident = len(streams) + 1
            stream = streams[ident] = Stream(ident, sock, keep)
            by_fd[sock.fileno()] = stream
            epoll.register(sock.fileno(), select.EPOLLIN)
            return ident, stream.port
        if name == "connect":
            ident, remote, codec, event_payload, source, ptime = arguments
            stream = streams[ident]
            stream.remote, stream.codec, stream.source, stream.ptime = remote, codec, source, ptime
            if event_payload is not None:
                stream.event_payload = event_payload
            if source is None:
                stream.sending = False
                stream.generation += 1
            elif not stream.sending:
                stream.sending = True
                stream.generation += 1
                stream.due = now() + random.random() * ptime / 1000
                order += 1
                heapq.heappush(due, (stream.due, order, stream, stream.generation))
            return None
        if name == "stop":
            stream = streams[arguments[0]]
            stream.sending = False
            stream.generation += 1
            return None
        if name == "digits":
            ident, digits, milliseconds = arguments
            streams[ident].digits += [{"digit": d, "duration": 0, "length": milliseconds * 8} for d in digits]
            return None
        if name == "raw":
            ident, packet, remote = arguments
            streams[ident].sock.sendto(packet, remote)
            return None
        if name == "heard":
            stream = streams[arguments[0]]
            fields = {k: getattr(stream, k) for k in ("arrivals", "sequences", "timestamps", "stamps", "stamp_times", "stamp_source", "send_times",
                                                      "payload_types", "ssrcs", "sources", "events", "sent", "count", "port", "codec",
                                                      "first_sent", "event_payload")}
            fields["payloads"] = stream.payloads if stream.keep else []
            return fields
        if name == "counts":
            return {i: (s.sent, len(s.arrivals), s.arrivals[-1] if s.arrivals else 0.0) for i, s in streams.items()}
        if name == "close":
            for stream in streams.values():
                stream.sock.close()
            os._exit(0)

    while True:
        timeout = max(0.0, due[0][0] - now()) if due else 0.5
        for fd, _ in epoll.poll(min(timeout, 0.5)):
            if fd == pipe.fileno():
                try:
                    request = pipe.recv()
                except (EOFError, OSError):
                    os._exit(0)
                try:
                    pipe.send((True, command(*request)))
                except Exception as trouble:
                    pipe.send((False, repr(trouble)))
            else:
                receive(by_fd[fd])
        moment = now()
        while due and due[0][0] <= moment:
            _, _, stream, generation = heapq.heappop(due)
            tick(stream, generation)
        if os.getppid() != parent:
            os._exit(0)


def _bind_even(ip):
    for _ in range(4000):
        port = random.choice(PORTS) & ~1
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind((ip, port))
            return sock
        except OSError:
            sock.close()
    raise OSError("no free RTP port")


class RtpProcess:
    """The parent's handle. Thread-safe."""

    def __init__(self, signals=None, seed=1):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.lock = threading.Lock()
        self.closed = False
        self.process = context.Process(target=_child, args=(theirs, signals or {}, seed, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()

    def _ask(self, *request):
        with self.lock:
            if self.closed:
                return None  # the test is over; its phones may still be hanging up
            self.pipe.send(request)
            good, answer = self.pipe.recv()
        if not good:
            raise RuntimeError("%s: %s" % (request[0], answer))
        return answer

    def open(self, ip="127.0.0.1", keep=False):
        return self._ask("open", ip, keep)

    def connect(self, ident, remote, codec, event_payload, source, ptime=20):
        return self._ask("connect", ident, remote, codec, event_payload, source, ptime)

    def stop(self, ident):
        return self._ask("stop", ident)

    def digits(self, ident, digits, milliseconds=120):
        return self._ask("digits", ident, digits, milliseconds)

    def raw(self, ident, packet, remote):
        return self._ask("raw", ident, packet, remote)

    def heard(self, ident):
        return Heard(self._ask("heard", ident))

    def counts(self):
        return self._ask("counts")

    def close(self):
        try:
            with self.lock:
                self.closed = True
                self.pipe.send(("close",))
        except OSError:
            pass
        self.process.join(3)
        if self.process.is_alive():
            self.process.kill()


class Heard:
    """What one stream received, with the questions that tests ask."""

    def __init__(self, fields):
        self.__dict__.update(fields)

    def digits(self):
        return "".join(self.events[ts]["digit"] for ts in sorted(self.events, key=lambda t: self.events[t]["at"]) if self.events[ts]["end"])

    def missing_sequences(self):
        """Sequence numbers that never came between the first and the last (RFC 3550 A.3, reordering allowed)."""
        missing, seen = 0, None
        for seq in self.sequences:
            if seen is None:
                seen = seq
                continue
            step = (seq - seen) & 0xFFFF
            if 0 < step < 0x8000:
                missing += step - 1
                seen = seq
            elif step:
                missing -= 1  # a late one that was counted missing
        return max(0, missing)

    def missing_stamps(self, after=None, before=None):
        """Counters that never came, of those sent between the first and the last that did."""
        stamps = [s for s, at in zip(self.stamps, self.stamp_times) if (after is None or at >= after) and (before is None or at <= before)]
        if not stamps:
            return None
        return (max(stamps) - min(stamps) + 1) - len(set(stamps))

    def largest_gap(self, begin, end):
        """Seconds of the longest silence between two packets, looking at [begin, end]; None without two packets there."""
        times = [t for t in self.arrivals if begin <= t <= end]
        return max((b - a for a, b in zip(times, times[1:])), default=None)

    def count_between(self, begin, end):
        return sum(1 for t in self.arrivals if begin <= t <= end)

    def pcm(self):
        """Linear samples on the stream's own line of time (RTP timestamps), zeros where nothing came."""
        audio = [(ts, kind, data) for kind, _, ts, data in self.payloads if kind in (0, 8)]
        if not audio:
            return []
        base = audio[0][0]
        out = []
        for ts, kind, data in audio:
            at = (ts - base) & 0xFFFFFFFF
            if at > 8000 * 3600:
                continue
            if len(out) < at:
                out.extend([0] * (at - len(out)))
            out[at:at + len(data)] = g711.decode(data, kind)
        return out
