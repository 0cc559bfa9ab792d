"""A WebSocket (RFC 6455) of text frames that is read by a thread all the time: the test takes messages out of order, when it likes."""
import base64
import hashlib
import json
import os
import socket
import struct
import threading
import time
import urllib.parse


class TextSocket:
    def __init__(self, url, headers=(), timeout=10):
        parts = urllib.parse.urlsplit(url)
        self.messages, self.changed, self.closed = [], threading.Condition(), False
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)
        self.writing = threading.Lock()
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET %s HTTP/1.1" % (parts.path + ("?" + parts.query if parts.query else "")), "Host: %s:%d" % (parts.hostname, parts.port),
                 "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13"]
        lines += ["%s: %s" % h for h in dict(headers).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline().decode()
        answer = {}
        while True:
            line = self.stream.readline().decode().strip()
            if not line:
                break
            name, _, value = line.partition(":")
            answer[name.lower()] = value.strip()
        expected = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        assert " 101 " in status and answer.get("sec-websocket-accept") == expected, "no WebSocket: %s %s" % (status, answer)
        self.socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _frame(self):
        first, second = self.stream.read(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.stream.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.stream.read(8))[0]
        mask = self.stream.read(4) if second & 0x80 else None
        data = self.stream.read(size)
        if mask:
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        return first & 0x80, first & 0x0F, data

    def _read(self):
        text = b""
        try:
            while True:
                last, kind, data = self._frame()
                if kind == 8:
                    break
                if kind == 9:
                    self._write(10, data)
                elif kind in (0, 1):
                    text += data
                    if last:
                        with self.changed:
                            self.messages.append(json.loads(text))
                            self.changed.notify_all()
                        text = b""
        except (OSError, ValueError, struct.error):
            pass
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _write(self, kind, data):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([0x80 | kind]) + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size))
        with self.writing:
            self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def send(self, message):
        self._write(1, json.dumps(message).encode())

    def wait(self, fits, timeout=10, what="a message"):
        """The first message that fits; it is taken out, others stay."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for i, message in enumerate(self.messages):
                    if fits(message):
                        return self.messages.pop(i)
                left = end - time.monotonic()
                if left <= 0 or (self.closed and left > 0.2 and not self.changed.wait(0.2)):
                    raise AssertionError("waited for %s; closed: %s; there are %s" % (what, self.closed, json.dumps(self.messages)[:2000]))
                self.changed.wait(left)

    def close(self):
        try:
            self._write(8, b"")
        except OSError:
            pass
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def cut(self):
        """As a network that goes away: nothing is said any more."""
        self.socket.close()
