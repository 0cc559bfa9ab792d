"""A bad network in user space (many kernels lack netem): a seeded relay for UDP and TCP that stands between peers and the server.

UDP: datagrams are lost, doubled, delayed and so overtake each other. Each client gets an address of its own on the server's side
(`mirror(client)`): what it names in its Contact, so that both directions come through here. TCP: the stream is cut into other pieces
and delayed in order. `cut()` breaks the link (UDP: silence; TCP: the connections die), `mend()` brings it back.
By itself:  relay.py --listen PORT --to HOST:PORT [--loss 0.1 --duplicate 0.05 --jitter 0.03 --reorder 0.1] [--seed N]
"""
import argparse
import heapq
import random
import selectors
import socket
import threading
import time


class Weather:
    """What happens to a datagram. Shares from 0 to 1, seconds. The same seed and the same traffic: the same fates."""

    def __init__(self, loss=0.0, duplicate=0.0, delay=0.0, jitter=0.0, reorder=0.0, reorder_by=0.08, seed=1):
        self.loss, self.duplicate, self.delay, self.jitter, self.reorder, self.reorder_by = loss, duplicate, delay, jitter, reorder, reorder_by
        self.draw = random.Random(seed)
        self.counts = {"passed": 0, "lost": 0, "doubled": 0, "held": 0, "cut": 0}

    def fates(self):
        """Delays of the copies that arrive; none: it is lost."""
        draw = self.draw
        if draw.random() < self.loss:
            self.counts["lost"] += 1
            return []
        copies = 2 if draw.random() < self.duplicate else 1
        self.counts["doubled"] += copies - 1
        fates = []
        for _ in range(copies):
            late = self.delay + draw.random() * self.jitter
            if draw.random() < self.reorder:
                late += self.reorder_by * (0.5 + draw.random())
                self.counts["held"] += 1
            fates.append(late)
        self.counts["passed"] += 1
        return fates


class Relay:
    def __init__(self, server, weather, ip="127.0.0.1", port=0, bind=None):
        self.server, self.weather, self.ip = server, weather, ip
        self.bind = bind or (lambda kind, p=0: self._bound(kind, p))
        self.lock, self.running, self.broken = threading.RLock(), True, False
        self.selector = selectors.DefaultSelector()
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_read.setblocking(False)
        self.selector.register(self.wake_read, selectors.EVENT_READ, lambda: self.wake_read.recv(4096))
        self.due, self.order = [], 0
        self.mirrors, self.pipes = {}, set()
        self.front = self.bind(socket.SOCK_DGRAM, port)
        self.port = self.front.getsockname()[1]
        self.front.setblocking(False)
        self.selector.register(self.front, selectors.EVENT_READ, self._from_clients)
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((ip, self.port))
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return (self.ip, self.port)

    def _bound(self, kind, port):
        s = socket.socket(socket.AF_INET, kind)
        s.bind((self.ip, port))
        return s

    def mirror(self, client):
        """The address under which the server sees this client (UDP)."""
        with self.lock:
            return self._mirror(client).getsockname()

    def cut(self):
        with self.lock:
            self.broken = True
            for pipe in list(self.pipes):
                pipe.close()
        self._wake()

    def mend(self):
        with self.lock:
            self.broken = False

    def close(self):
        self.running = False
        self._wake()
        self.thread.join(5)
        for pipe in list(self.pipes):
            pipe.close()
        for s in [self.front, self.listener, *self.mirrors.values()]:
            s.close()

    # --- the thread

    def _wake(self):
        try:
            self.wake_write.send(b".")
        except OSError:
            pass

    def _run(self):
        while self.running:
            with self.lock:
                wait = min(0.2, max(0.0, self.due[0][0] - time.monotonic())) if self.due else 0.2
            for key, _ in self.selector.select(wait):
                with self.lock:
                    try:
                        key.data()
                    except OSError:
                        pass
            with self.lock:
                while self.due and self.due[0][0] <= time.monotonic():
                    heapq.heappop(self.due)[2]()

    def at(self, when, act):
        self.order += 1
        heapq.heappush(self.due, (when, self.order, act))

    # --- UDP

    def _mirror(self, client):
        if client not in self.mirrors:
            s = self.bind(socket.SOCK_DGRAM)
            s.setblocking(False)
            self.mirrors[client] = s
            self.selector.register(s, selectors.EVENT_READ, lambda: self._drain(s, lambda data, _: self._pass(self.front, data, client)))
        return self.mirrors[client]

    def _from_clients(self):
        self._drain(self.front, lambda data, source: self._pass(self._mirror(source), data, self.server))

    @staticmethod
    def _drain(s, use):
        for _ in range(200):
            try:
                data, source = s.recvfrom(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            use(data, source)

    def _pass(self, via, data, to):
        if self.broken:
            self.weather.counts["cut"] += 1
            return
        for late in self.weather.fates():
            if late <= 0:
                self._send(via, data, to)
            else:
                self.at(time.monotonic() + late, lambda: self._send(via, data, to))

    def _send(self, via, data, to):
        if not self.broken:
            try:
                via.sendto(data, to)
            except OSError:
                pass

    # --- TCP

    def _accept(self):
        client, _ = self.listener.accept()
        if self.broken:
            client.close()
            return
        Pipe(self, client)


class Pipe:
    """One TCP connection through the relay."""

    def __init__(self, relay, client):
        self.relay, self.ends, self.last = relay, [client, None], [0.0, 0.0]
        try:
            self.ends[1] = socket.create_connection(relay.server, timeout=2)
        except OSError:
            client.close()
            return
        relay.pipes.add(self)
        for side in (0, 1):
            self.ends[side].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ends[side].setblocking(False)
            relay.selector.register(self.ends[side], selectors.EVENT_READ, lambda side=side: self._readable(side))

    def _readable(self, side):
        try:
            data = self.ends[side].recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        draw, at = self.relay.weather.draw, 0
        while at < len(data):  # other pieces than those that were sent
            size = draw.choice((1, 3, 17, 200, 1400, 65536))
            piece, at = data[at:at + size], at + size
            self.last[side] = max(self.last[side], time.monotonic() + self.relay.weather.delay + draw.random() * self.relay.weather.jitter)
            self.relay.at(self.last[side], lambda piece=piece: self._send(1 - side, piece))

    def _send(self, side, piece):
        if self not in self.relay.pipes:
            return
        try:
            self.ends[side].setblocking(True)
            self.ends[side].settimeout(1)
            self.ends[side].sendall(piece)
            self.ends[side].setblocking(False)
        except OSError:
            self.close()

    def close(self):
        if self not in self.relay.pipes:
            return
        self.relay.pipes.discard(self)
        for end in self.ends:
            try:
                self.relay.selector.unregister(end)
            except (KeyError, ValueError):
                pass
            end.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listen", type=int, required=True)
    arguments.add_argument("--to", required=True, metavar="HOST:PORT")
    for name in ("loss", "duplicate", "delay", "jitter", "reorder"):
        arguments.add_argument("--" + name, type=float, default=0.0)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    host, port = given.to.rsplit(":", 1)
    weather = Weather(given.loss, given.duplicate, given.delay, given.jitter, given.reorder, seed=given.seed)
    relay = Relay((host, int(port)), weather, port=given.listen)
    print("relay at 127.0.0.1:%d to %s, seed %d; Ctrl+C ends it" % (relay.port, given.to, given.seed), flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print(weather.counts)
    relay.close()


if __name__ == "__main__":
    main()
