"""A small WebSocket client (RFC 6455), written for the tests: it can also do what no library lets one do."""
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__("%d %s" % (status, body[:200]))
        self.status, self.body = status, body


class Closed(Exception):
    def __init__(self, code, reason=""):
        super().__init__("closed: %s %s" % (code, reason))
        self.code, self.reason = code, reason


class WebSocket:
    """Opens at once. `origin` None: no such header, as a program does it."""

    def __init__(self, port, path="/v1/live", host="127.0.0.1", cookie=None, token=None, origin=None, headers=(), tls=None, timeout=10, receive_buffer=None):
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(timeout)
        raw.connect((host, port))
        self.socket = tls.wrap_socket(raw, server_hostname=host) if tls else raw
        self.timeout, self.bytes, self.pings, self.stopped_reading = timeout, b"", 0, False
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET %s HTTP/1.1" % path, "Host: %s:%d" % (host, port), "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13"]
        lines += ["Cookie: " + cookie] if cookie else []
        lines += ["Authorization: Bearer " + token] if token else []
        lines += ["Origin: " + origin] if origin else []
        self.socket.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
        head = self._until(b"\r\n\r\n").decode()
        status = int(head.split(" ", 2)[1])
        if status != 101:
            length = [int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            raise Refused(status, self._take(length[0] if length else 0).decode())
        wanted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        assert wanted in head, "the server did not prove that it speaks WebSocket: " + head

    def __del__(self):
        if hasattr(self, "socket"):
            self.socket.close()

    # --- bytes

    def _more(self):
        got = self.socket.recv(1 << 16)
        if not got:
            raise Closed(None, "the connection ended")
        self.bytes += got

    def _until(self, mark):
        while mark not in self.bytes:
            self._more()
        head, self.bytes = self.bytes.split(mark, 1)
        return head

    def _take(self, count):
        while len(self.bytes) < count:
            self._more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    # --- frames

    def frame(self, kind, payload=b"", mask=True, final=True):
        head = bytes([(0x80 if final else 0) | kind])
        size = len(payload)
        bit = 0x80 if mask else 0
        head += bytes([bit | size]) if size < 126 else bytes([bit | 126]) + struct.pack(">H", size) if size < 65536 else bytes([bit | 127]) + struct.pack(">Q", size)
        if mask:
            key = os.urandom(4)
            payload = key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))
        self.socket.sendall(head + payload)

    def send(self, message):
        self.frame(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    def _frame(self):
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack(">H", self._take(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._take(8))
        assert not second & 0x80, "a server must not mask (RFC 6455 section 5.1)"
        return first & 0x0F, self._take(size)

    def receive(self, timeout=None):
        """The next message, parsed. Pings are answered on the way."""
        self.socket.settimeout(timeout or self.timeout)
        while True:
            kind, payload = self._frame()
            if kind == PING:
                self.pings += 1
                self.frame(PONG, payload)
            elif kind == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise Closed(code, payload[2:].decode())
            elif kind == TEXT:
                return json.loads(payload)

    def wait_for(self, wanted, timeout=10):
        """The first message for which wanted(message) holds; those before it are thrown away."""
        end = time.monotonic() + timeout
        seen = []
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("it did not come in time; came: %s" % str(seen)[-2000:])
            try:
                message = self.receive(left)
            except (socket.timeout, ssl.SSLError):
                continue
            if wanted(message):
                return message
            seen.append(message)

    def closed_with(self, timeout=10):
        """Reads until the server closes; its code (None: without a word)."""
        end = time.monotonic() + timeout
        try:
            while time.monotonic() < end:
                self.receive(max(0.01, end - time.monotonic()))
        except Closed as closed:
            return closed.code
        except (ConnectionError, BrokenPipeError):
            return None
        raise AssertionError("the server did not close")

    def close(self):
        try:
            self.frame(CLOSE, struct.pack(">H", 1000))
            self.socket.close()
        except OSError:
            pass
