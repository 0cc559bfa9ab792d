"""A small SIP user agent of our own, for what SIPp cannot say: it shares no code with the program under test.

One thread (`Stack`) reads all sockets and runs the timers; tests call from their own thread and wait on conditions.
All times are wall-clock seconds (time.time()), taken next to the system call, so that they can be laid against reports.
RFC 3261 (UDP and TCP), 2617/8760 digest, 3262 (100rel), 3311 (UPDATE), 3515 (REFER), 3891 (Replaces), 4028 (timers).
"""
import hashlib
import heapq
import itertools
import os
import random
import re
import selectors
import socket
import threading
import time

T1, T2, TRANSACTION_LIFE = 0.5, 4.0, 32.0
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
           "k": "supported", "x": "session-expires", "r": "refer-to", "b": "referred-by", "e": "content-encoding", "s": "subject"}
_unique = itertools.count(1)


def unique(prefix=""):
    return "%s%x.%x.%x" % (prefix, os.getpid(), next(_unique), random.getrandbits(32))


class Message:
    """A SIP message; header names are kept as written, found without regard to case."""

    def __init__(self, start, headers=(), body=b""):
        self.start, self.headers, self.body = start, list(headers), body if isinstance(body, bytes) else body.encode()

    @classmethod
    def parse(cls, data):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers.append((name.strip(), value.strip()))
        return cls(lines[0], headers, body)

    def all(self, name):
        name = name.lower()
        return [v for n, v in self.headers if COMPACT.get(n.lower(), n.lower()) == name]

    def get(self, name, default=""):
        values = self.all(name)
        return values[0] if values else default

    def add(self, name, value):
        self.headers.append((name, str(value)))
        return self

    @property
    def is_response(self):
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        return int(self.start.split(" ", 2)[1]) if self.is_response else 0

    @property
    def method(self):
        return self.get("cseq").split()[-1] if self.is_response else self.start.split(" ", 1)[0]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def cseq(self):
        return int(self.get("cseq").split()[0])

    @property
    def branch(self):
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found.group(1) if found else ""

    def bytes(self):
        lines = [self.start] + ["%s: %s" % h for h in self.headers if h[0].lower() != "content-length"]
        lines.append("Content-Length: %d" % len(self.body))
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def tag_of(value):
    found = re.search(r";\s*tag=([^;>\s]+)", value.rpartition(">")[2] or value)
    return found.group(1) if found else ""


def uri_of(value):
    found = re.search(r"<([^>]*)>", value)
    return found.group(1) if found else value.split(";")[0].strip()


def user_of(value):
    found = re.match(r"(?:sips?|tel):([^@;>]*)", uri_of(value))
    return found.group(1) if found else ""


def host_port(uri):
    found = re.match(r"sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;>?]+)(?::(\d+))?", uri)
    return found.group(1), int(found.group(2) or 5060)


def digest(challenge, method, uri, user, password, count=1):
    """RFC 2617 / 7616 / 8760 answer to one challenge."""
    fields = dict((k.lower(), a or b) for k, a, b in re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^,\s]+))', challenge))
    algorithm = fields.get("algorithm", "MD5")
    name = {"MD5": "md5", "SHA-256": "sha256"}[algorithm.upper()]
    h = lambda text: hashlib.new(name, text.encode()).hexdigest()
    ha1, ha2 = h("%s:%s:%s" % (user, fields["realm"], password)), h("%s:%s" % (method, uri))
    parts = ['username="%s"' % user, 'realm="%s"' % fields["realm"], 'nonce="%s"' % fields["nonce"], 'uri="%s"' % uri,
             "algorithm=%s" % algorithm]
    if "qop" in fields:
        cnonce, nc = "%08x" % random.getrandbits(32), "%08x" % count
        parts += ['response="%s"' % h(":".join([ha1, fields["nonce"], nc, cnonce, "auth", ha2])), "qop=auth", "nc=%s" % nc,
                  'cnonce="%s"' % cnonce]
    else:
        parts.append('response="%s"' % h(":".join([ha1, fields["nonce"], ha2])))
    if "opaque" in fields:
        parts.append('opaque="%s"' % fields["opaque"])
    return "Digest " + ", ".join(parts)


class Sdp:
    """What we need of a session description: one audio line."""
    NAMES = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 18: "G729/8000", 101: "telephone-event/8000", 3: "GSM/8000"}

    @staticmethod
    def build(ip, port, payloads=(8, 0, 101), direction="sendrecv", version=1, ptime=20, extra=""):
        lines = ["v=0", "o=peer 1 %d IN IP4 %s" % (version, ip), "s=-", "c=IN IP4 %s" % ip, "t=0 0",
                 "m=audio %d RTP/AVP %s" % (port, " ".join(map(str, payloads)))]
        lines += ["a=rtpmap:%d %s" % (p, Sdp.NAMES[p]) for p in payloads if p in Sdp.NAMES]
        if 101 in payloads:
            lines.append("a=fmtp:101 0-15")
        if ptime:
            lines.append("a=ptime:%d" % ptime)
        lines.append("a=" + direction)
        return ("\r\n".join(lines) + "\r\n" + extra).encode()

    def __init__(self, body):
        text = body.decode("utf-8", "replace")
        self.text = text
        media = re.search(r"^m=audio (\d+) (\S+) ([\d ]+)", text, re.M)
        self.port = int(media.group(1)) if media else 0
        self.payloads = [int(p) for p in media.group(3).split()] if media else []
        address = re.findall(r"^c=IN IP4 (\S+)", text, re.M)
        self.ip = address[-1] if address else ""
        direction = re.findall(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.M)
        self.direction = direction[-1] if direction else "sendrecv"
        event = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", text, re.M)
        self.event_payload = int(event.group(1)) if event else None
        self.media_lines = re.findall(r"^m=(\w+) (\d+)", text, re.M)

    @property
    def codec(self):
        return next((p for p in self.payloads if p in (0, 8)), None)


class Stack:
    """The reactor: sockets, timers, transactions. Every callback runs under `lock`; tests wait with `wait`."""

    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.selector = selectors.DefaultSelector()
        self.timers, self.timer_ids, self.dead_timers = [], itertools.count(), set()
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_read.setblocking(False)
        self.selector.register(self.wake_read, selectors.EVENT_READ, lambda: self.wake_read.recv(4096))
        self.agents = []
        self.errors = []
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True, name="sip peers")
        self.thread.start()

    def close(self):
        self.running = False
        self.wake()
        self.thread.join(5)
        with self.lock:
            for agent in self.agents:
                agent._close()
        self.selector.close()
        self.wake_read.close()
        self.wake_write.close()

    def wake(self):
        try:
            self.wake_write.send(b".")
        except OSError:
            pass  # closed: the test is over

    def after(self, seconds, act):
        with self.lock:
            ident = next(self.timer_ids)
            heapq.heappush(self.timers, (time.monotonic() + seconds, ident, act))
        if threading.current_thread() is not self.thread:
            self.wake()
        return ident

    def cancel(self, ident):
        self.dead_timers.add(ident)

    def wait(self, condition, timeout, what=""):
        """Until condition() is true (its value is returned); AssertionError with `what` after `timeout` seconds."""
        end = time.monotonic() + timeout
        with self.lock:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("waited %g s for %s" % (timeout, what() if callable(what) else what or condition))
                self.changed.wait(min(left, 0.25))

    def _run(self):
        while self.running:
            timeout = 0.5
            with self.lock:
                if self.timers:
                    timeout = max(0.0, min(timeout, self.timers[0][0] - time.monotonic()))
            for key, _ in self.selector.select(timeout):
                with self.lock:
                    self._guard(key.data)
            with self.lock:
                now = time.monotonic()
                while self.timers and self.timers[0][0] <= now:
                    _, ident, act = heapq.heappop(self.timers)
                    if ident in self.dead_timers:
                        self.dead_timers.discard(ident)
                    else:
                        self._guard(act)
                self.changed.notify_all()

    def _guard(self, act):
        try:
            act()
        except Exception as trouble:  # a peer's bug must fail its test, not stop every other peer
            import traceback
            self.errors.append("%r\n%s" % (trouble, traceback.format_exc()))


class ClientTransaction:
    def __init__(self, agent, request, on_response):
        self.agent, self.request, self.on_response = agent, request, on_response
        self.data = request.bytes()
        self.interval, self.started = T1, time.monotonic()
        self.provisional = self.finished = False
        self.retransmissions = 0
        agent.client[(request.branch, request.method)] = self
        agent._send(self.data)
        agent.stack.after(T1, self._again)

    def _again(self):
        if self.finished:
            return
        if time.monotonic() - self.started >= TRANSACTION_LIFE and not (self.provisional and self.request.method == "INVITE"):
            self.finished = True
            self.agent.client.pop((self.request.branch, self.request.method), None)
            self.on_response(None)
            return
        invite = self.request.method == "INVITE"
        if not (invite and self.provisional):
            if self.agent.transport == "udp":
                self.retransmissions += 1
                self.agent.retransmissions_out += 1
                self.agent._send(self.data)
            self.interval = self.interval * 2 if invite else min(self.interval * 2, T2)
            self.agent.stack.after(self.interval, self._again)
        else:
            self.agent.stack.after(T2, self._again)

    def response(self, message):
        if message.status < 200:
            self.provisional = True
        elif self.request.method == "INVITE" and message.status >= 300:
            self._acknowledge_failure(message)
            if self.finished:
                return
            self.finished = True
        else:
            if self.finished and self.request.method != "INVITE":
                return
            self.finished = True
        self.on_response(message)

    def _acknowledge_failure(self, message):  # RFC 3261 §17.1.1.3: same branch
        ack = Message("ACK %s SIP/2.0" % self.request.uri)
        ack.add("Via", self.request.get("via")).add("From", self.request.get("from")).add("To", message.get("to"))
        ack.add("Call-ID", self.request.get("call-id")).add("CSeq", "%d ACK" % self.request.cseq).add("Max-Forwards", 70)
        for route in self.request.all("route"):
            ack.add("Route", route)
        self.agent._send(ack.bytes())


class Behaviour:
    """What a phone does with a call that comes in. Times in seconds; None: never."""

    def __init__(self, answer_after=0.0, ring=True, hang_up_after=None, refuse=None, silent=False, payloads=(8, 0, 101),
                 reliable=False, ptime=20):
        self.answer_after, self.ring, self.hang_up_after = answer_after, ring, hang_up_after
        self.refuse, self.silent, self.payloads, self.reliable, self.ptime = refuse, silent, payloads, reliable, ptime


class UserAgent:
    """A phone (or a carrier): one socket, one user part. `rtp` is a peers.rtp.RtpProcess or None (no audio)."""

    def __init__(self, stack, user, server, password=None, transport="udp", ip="127.0.0.1", port=0, behaviour=None, rtp=None,
                 source=None, domain=None, name=None, keep=False):
        self.stack, self.user, self.server, self.password = stack, user, server, password
        self.transport, self.ip, self.rtp, self.source, self.keep = transport, ip, rtp, source, keep
        self.name = name
        self.domain = domain or "%s:%d" % server
        self.behaviour = behaviour or Behaviour()
        self.client, self.served, self.dialogs, self.calls = {}, {}, {}, []
        self.retransmissions_out = self.retransmissions_in = 0
        self.requests, self.unexpected = [], []
        self.muted = False              # a dead phone: hears nothing, says nothing
        self.registered, self.register_status, self.register_id, self.register_seq = False, None, unique("reg"), 0
        self.nonce_count = 0
        self.connection_losses = 0
        self.input = b""
        self.on_request = None          # test's own handling: returns True when it took the request
        self.stack.agents.append(self)
        with stack.lock:
            if transport == "udp":
                self.socket = bind_free(socket.SOCK_DGRAM, ip, port)
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                self.port = self.socket.getsockname()[1]
                self._watch()
            else:
                self.socket = None
                self.port = 0
                self._connect()
        self.stack.wake()

    # --- socket

    def _watch(self):
        self.socket.setblocking(False)
        self.stack.selector.register(self.socket, selectors.EVENT_READ, self._readable)

    def _connect(self):
        self.socket = socket.create_connection(self.server, timeout=2)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ip, self.port = self.socket.getsockname()[:2]
        self.input = b""
        self._watch()

    def reconnect(self):
        """TCP: what a phone does when its connection died. False when the server is not back yet."""
        with self.stack.lock:
            try:
                self._connect()
            except OSError:
                return False
        self.stack.wake()
        return True

    def _close(self):
        if self.socket:
            try:
                self.stack.selector.unregister(self.socket)
            except (KeyError, ValueError):
                pass
            self.socket.close()
            self.socket = None

    def put_away(self):
        """Closes the socket, for a test with more phones than ports; what the phone lived through stays to be read."""
        with self.stack.lock:
            self._close()
            self.stack.agents.remove(self)

    def _send(self, data, to=None):
        if self.muted or self.socket is None:
            return
        try:
            if self.transport == "udp":
                self.socket.sendto(data, to or self.server)
            elif self.socket:
                self.socket.setblocking(True)
                self.socket.sendall(data)
                self.socket.setblocking(False)
        except OSError:
            pass  # UDP: the server is between two lives; TCP: noticed on reading

    def _readable(self):
        if self.transport == "udp":
            for _ in range(64):
                try:
                    data, source = self.socket.recvfrom(65536)
                except (BlockingIOError, ConnectionRefusedError):
                    return
                self._datagram(data, source)
            return
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.connection_losses += 1
            self._close()
            return
        self.input += data
        while True:
            self.input = self.input.lstrip(b"\r\n")
            head, found, rest = self.input.partition(b"\r\n\r\n")
            if not found:
                return
            length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
            size = int(length.group(1)) if length else 0
            if len(rest) < size:
                return
            self.input = rest[size:]
            self._datagram(head + b"\r\n\r\n" + rest[:size], self.server)

    def _datagram(self, data, source):
        if self.muted or not data.strip():
            return
        message = Message.parse(data)
        if message.is_response:
            transaction = self.client.get((message.branch, message.method))
            if transaction:
                transaction.response(message)
            else:
                self.unexpected.append(message)
        else:
            self._request(message, source)

    # --- server side

    def _request(self, message, source):
        key = (message.branch, message.method)
        if message.method == "ACK":
            dialog = self.dialogs.get((message.get("call-id"), tag_of(message.get("to"))))
            if dialog:
                dialog._acknowledged(message)
            return
        if key in self.served:
            self.retransmissions_in += 1
            if self.served[key]:
                self._send(self.served[key], source)
            return
        self.served[key] = None
        self.requests.append((time.time(), message))
        message.source = source
        if self.on_request and self.on_request(self, message):
            return
        to_tag = tag_of(message.get("to"))
        if to_tag:
            dialog = self.dialogs.get((message.get("call-id"), to_tag))
            if not dialog:
                self.respond(message, 481, "Call/Transaction Does Not Exist")
            else:
                dialog._in_dialog(message)
        elif message.method == "INVITE":
            self._invited(message)
        elif message.method == "CANCEL":
            self._cancelled(message)
        elif message.method in ("OPTIONS", "NOTIFY", "MESSAGE"):
            self.respond(message, 200, "OK")
        else:
            self.respond(message, 501, "Not Implemented")

    def respond(self, request, status, reason, tag=None, body=b"", headers=()):
        response = Message("SIP/2.0 %d %s" % (status, reason), body=body)
        for via in request.all("via"):
            response.add("Via", via)
        for record in request.all("record-route"):
            response.add("Record-Route", record)
        to = request.get("to")
        if tag and not tag_of(to):
            to += ";tag=" + tag
        elif not tag_of(to) and status > 100:
            to += ";tag=" + unique("x")
        response.add("From", request.get("from")).add("To", to).add("Call-ID", request.get("call-id"))
        response.add("CSeq", request.get("cseq"))
        for name, value in headers:
            response.add(name, value)
        if body:
            response.add("Content-Type", "application/sdp")
        data = response.bytes()
        self.served[(request.branch, request.method)] = data
        self._send(data, getattr(request, "source", None))
        return data

    def _invited(self, request):
        behaviour = self.behaviour
        call = Call(self, incoming=True)
        call._from_invite(request, behaviour)
        replaces = request.get("replaces")
        if replaces:
            call.replaces = replaces
        self.calls.append(call)
        if behaviour.silent:
            return
        if behaviour.refuse:
            call.refuse(behaviour.refuse)
            return
        if behaviour.ring:
            call.ring()
        if behaviour.answer_after is not None:
            self.stack.after(behaviour.answer_after, call.answer)

    def _cancelled(self, request):
        self.respond(request, 200, "OK")
        for call in self.calls:
            if call.incoming and call.invite.branch == request.branch and not call.answered_at and not call.ended_at:
                self.respond(call.invite, 487, "Request Terminated", tag=call.local_tag)
                call._ended("cancelled by peer")

    # --- client side

    def contact(self):
        extra = ";transport=tcp" if self.transport == "tcp" else ""
        return "<sip:%s@%s:%d%s>" % (self.user, self.ip, self.port, extra)

    def via(self, branch=None):
        return "SIP/2.0/%s %s:%d;branch=%s;rport" % (self.transport.upper(), self.ip, self.port, branch or unique("z9hG4bK"))

    def request(self, method, uri, to=None, from_=None, call_id=None, cseq=1, body=b"", headers=(), content_type="application/sdp"):
        message = Message("%s %s SIP/2.0" % (method, uri), body=body)
        message.add("Via", self.via()).add("Max-Forwards", 70)
        name = '"%s" ' % self.name if self.name else ""
        message.add("From", from_ or "%s<sip:%s@%s>;tag=%s" % (name, self.user, self.domain, unique("t")))
        message.add("To", to or "<%s>" % uri).add("Call-ID", call_id or unique("c")).add("CSeq", "%d %s" % (cseq, method))
        message.add("Contact", self.contact())
        for header, value in headers:
            message.add(header, value)
        if body:
            message.add("Content-Type", content_type)
        return message

    def transact(self, message, on_final, password=None, on_provisional=None):
        """Sends, answers one challenge, hands the final response over (None: no answer in 32 s)."""
        password = self.password if password is None else password
        state = {"asked": 0}

        def on_response(response):
            if response is not None and response.status < 200:
                if on_provisional:
                    on_provisional(response)
                return
            if response is not None and response.status in (401, 407) and password and state["asked"] < 2:
                challenge = response.all("www-authenticate" if response.status == 401 else "proxy-authenticate")
                header = "Authorization" if response.status == 401 else "Proxy-Authorization"
                stale = "stale=true" in challenge[0].lower()
                if state["asked"] == 0 or stale:
                    state["asked"] += 1
                    again = Message(message.start, body=message.body)
                    for name, value in message.headers:
                        if name == "Via":
                            value = self.via()
                        elif name == "CSeq":
                            value = "%d %s" % (message.cseq + state["asked"], message.method)
                        elif name == header:
                            continue
                        again.add(name, value)
                    again.add(header, digest(challenge[0], message.method, message.uri, self.user, password))
                    on_authenticated(again)
                    ClientTransaction(self, again, on_response)
                    return
            on_final(response)

        on_authenticated = getattr(message, "on_authenticated", None) or (lambda again: None)
        return ClientTransaction(self, message, on_response)

    def ask(self, message, timeout=10, password=None):
        """Blocking: the final response, None when there was none."""
        box = []
        with self.stack.lock:
            self.transact(message, box.append, password)
        self.stack.wake()
        self.stack.wait(lambda: box, timeout, "an answer to " + message.start)
        return box[0]

    def register(self, expires=3600, password=None, timeout=10, wait=True, contact=None):
        with self.stack.lock:
            self.register_seq += 10
            message = self.request("REGISTER", "sip:" + self.domain, to="<sip:%s@%s>" % (self.user, self.domain),
                                   call_id=self.register_id, cseq=self.register_seq, headers=[("Expires", expires)])
            if contact:
                message.headers = [(n, contact if n == "Contact" else v) for n, v in message.headers]
            self.register_status = None

            def done(response):
                self.register_status = response.status if response else 0
                self.registered = self.register_status == 200 and expires > 0
            self.transact(message, done, password)
        self.stack.wake()
        if wait:
            self.stack.wait(lambda: self.register_status is not None, timeout, "REGISTER of " + self.user)
        return self.register_status

    def options(self, timeout=5):
        response = self.ask(self.request("OPTIONS", "sip:" + self.domain), timeout)
        return response.status if response else 0

    def call(self, number, payloads=(8, 0, 101), offer=True, headers=(), ptime=20, reliable=False, from_user=None, sdp=None):
        call = Call(self, incoming=False)
        with self.stack.lock:
            self.calls.append(call)
            call._invite(number, payloads, offer, list(headers), ptime, reliable, from_user, sdp)
        self.stack.wake()
        return call

    def live(self):
        return [c for c in self.calls if c.answered_at and not c.ended_at]

    def last(self):
        return self.calls[-1] if self.calls else None


class Call:
    """One INVITE dialog. `events` is the diary: (time, what, detail)."""

    def __init__(self, agent, incoming):
        self.agent, self.stack, self.incoming = agent, agent.stack, incoming
        self.events = []
        self.started_at = self.ringing_at = self.answered_at = self.confirmed_at = self.ended_at = None
        self.end_cause, self.status = None, None
        self.early_status = []
        self.local_tag, self.remote_tag = unique("t"), ""
        self.call_id, self.local_seq, self.remote_seq = unique("c"), 0, 0
        self.route, self.remote_target = [], None
        self.local_uri = self.remote_uri = ""
        self.number = self.caller = ""
        self.sdp = None                    # the peer's latest
        self.direction = "sendrecv"        # ours
        self.sdp_version = 1
        self.payloads, self.ptime = (8, 0, 101), 20
        self.media = None                  # id in the RTP process
        self.port = 0
        self.reinvites, self.notifies, self.infos, self.updates = [], [], [], []
        self.refer_status = None
        self.replaces = None
        self.transfer_asked = None
        self._ok, self._ok_interval = None, T1
        self._ack, self._acks = None, {}
        self._cancel_wanted = self._given_up = False

    # --- media

    def _open_media(self):
        if self.agent.rtp and self.media is None:
            self.media, self.port = self.agent.rtp.open(self.agent.ip, keep=self.agent.keep)
        elif not self.port:
            self.port = sink_port()

    def _local_sdp(self):
        self._open_media()
        body = Sdp.build(self.agent.ip, self.port, self.payloads, self.direction, self.sdp_version, self.ptime)
        self.sdp_version += 1
        return body

    def _remote_sdp(self, body):
        if not body:
            return
        self.sdp = Sdp(body)
        if self.agent.rtp and self.media is not None:
            sends = self.sdp.port and self.sdp.direction in ("sendrecv", "recvonly") and self.direction in ("sendrecv", "sendonly")
            codec = next((p for p in self.sdp.payloads if p in (0, 8) and p in self.payloads), 8)
            self.agent.rtp.connect(self.media, (self.sdp.ip, self.sdp.port), codec, self.sdp.event_payload,
                                   self.agent.source if sends else None, self.ptime)

    # --- incoming

    def _from_invite(self, request, behaviour):
        self.invite = request
        self.started_at = time.time()
        self.call_id, self.remote_tag = request.get("call-id"), tag_of(request.get("from"))
        self.local_uri, self.remote_uri = request.get("to"), request.get("from")
        self.remote_target = uri_of(request.get("contact")) if request.get("contact") else None
        self.route = request.all("record-route")
        self.remote_seq = request.cseq
        self.caller, self.number = user_of(request.get("from")), user_of(request.uri)
        self.payloads, self.ptime = behaviour.payloads, behaviour.ptime
        self.behaviour = behaviour
        self.agent.dialogs[(self.call_id, self.local_tag)] = self
        self._note("invited", self.caller)
        if request.body:
            self._open_media()
            self._remote_offer = request.body
        else:
            self._remote_offer = None

    def ring(self, status=180, reason="Ringing"):
        with self.stack.lock:
            if self.ended_at or self.answered_at:
                return
            self.ringing_at = self.ringing_at or time.time()
            self.agent.respond(self.invite, status, reason, tag=self.local_tag, headers=[("Contact", self.agent.contact())])

    def answer(self):
        with self.stack.lock:
            if self.ended_at or self.answered_at:
                return
            self.answered_at = time.time()
            if self._remote_offer:
                offered = Sdp(self._remote_offer)
                common = [p for p in self.payloads if p in offered.payloads or p == offered.event_payload]
                self.payloads = tuple(common) or self.payloads
            body = self._local_sdp()
            if self._remote_offer:
                self._remote_sdp(self._remote_offer)
            self._ok = self.agent.respond(self.invite, 200, "OK", tag=self.local_tag, body=body,
                                          headers=[("Contact", self.agent.contact()), ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, INFO, REFER, NOTIFY, OPTIONS"), ("Supported", "replaces")])
            self._ok_interval = T1
            self.stack.after(T1, self._ok_again)
            self._note("answered")
            if self.behaviour.hang_up_after is not None:
                self.stack.after(self.behaviour.hang_up_after, self._bye_when_confirmed)

    def _bye_when_confirmed(self):  # RFC 3261 §15: the callee sends no BYE before the ACK came, or the 2xx has been given up
        if self.confirmed_at or self._ok_interval >= 64 * T1 or time.time() - self.answered_at > 64 * T1:
            return self.bye()
        if not self.ended_at:
            self.stack.after(0.05, self._bye_when_confirmed)

    def _ok_again(self):  # RFC 3261 §13.3.1.4
        if self._ok and not self.ended_at and self._ok_interval < 64 * T1:
            self.agent.retransmissions_out += 1
            self.agent._send(self._ok, getattr(self.invite, "source", None))
            self._ok_interval = min(self._ok_interval * 2, T2) if self._ok_interval < T2 else T2
            self.stack.after(self._ok_interval, self._ok_again)

    def refuse(self, status=486, reason="Busy Here"):
        with self.stack.lock:
            if not self.ended_at and not self.answered_at:
                self.agent.respond(self.invite, status, reason, tag=self.local_tag)
                self.status = status
                self._ended("refused %d" % status)

    def _acknowledged(self, ack):
        if self._ok:
            self._ok = None
            if not self.confirmed_at:
                self.confirmed_at = time.time()
                self._note("confirmed")
            if ack.body:
                self._remote_sdp(ack.body)

    # --- outgoing

    def _invite(self, number, payloads, offer, headers, ptime, reliable, from_user, sdp):
        self.number, self.payloads, self.ptime = number, payloads, ptime
        user = from_user or self.agent.user
        self.caller = user
        uri = number if number.startswith("sip:") else "sip:%s@%s" % (number, self.agent.domain)
        name = '"%s" ' % self.agent.name if self.agent.name else ""
        self.local_uri, self.remote_uri = "%s<sip:%s@%s>;tag=%s" % (name, user, self.agent.domain, self.local_tag), "<%s>" % uri
        self.remote_target = uri
        self.local_seq = 1
        self.reliable = reliable
        headers += [("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, INFO, REFER, NOTIFY, OPTIONS, PRACK"),
                    ("Supported", "replaces, timer" + (", 100rel" if reliable else ""))]
        if reliable == "require":
            headers.append(("Require", "100rel"))
        body = (sdp if sdp is not None else self._local_sdp()) if offer else b""
        self._open_media()
        request = self.agent.request("INVITE", uri, to=self.remote_uri, from_=self.local_uri, call_id=self.call_id, cseq=1,
                                     body=body, headers=headers)
        request.on_authenticated = self._authenticated
        self.invite = request
        self.agent.dialogs[(self.call_id, self.local_tag)] = self
        self.started_at = time.time()
        self._note("invite sent", number)
        self.transaction = self.agent.transact(request, self._final, on_provisional=self._provisional)

    def _authenticated(self, again):
        self.invite = again
        self.local_seq = again.cseq
        self.started_at = time.time()

    def _provisional(self, response):
        if response.status > 100:
            self.early_status.append(response.status)
            self.remote_tag = self.remote_tag or tag_of(response.get("to"))
            if response.get("rseq"):
                self._prack(response)
            if response.status in (180, 183) and not self.ringing_at:
                self.ringing_at = time.time()
                self._note("ringing", response.status)
            if response.body:
                self._remote_sdp(response.body)
        if self._cancel_wanted:
            self._cancel_wanted = False
            self._send_cancel()

    def _prack(self, response):  # RFC 3262
        self.remote_target = uri_of(response.get("contact")) or self.remote_target
        self.remote_tag = tag_of(response.get("to"))
        self._note("prack", response.get("rseq"))
        self._send_in_dialog("PRACK", headers=[("RAck", "%s %s" % (response.get("rseq"), response.get("cseq")))])

    def _final(self, response):
        if response is None:
            self.status = 408
            return self._ended("no answer at all")
        self.status = response.status
        if response.status >= 300:
            return self._ended("refused %d" % response.status)
        tag = tag_of(response.get("to"))
        if self.answered_at:  # a retransmitted 2xx (or a second fork)
            if self._ack:
                self.agent._send(self._ack)
            return
        self.remote_tag = tag
        self.remote_uri = response.get("to")
        self.remote_target = uri_of(response.get("contact")) if response.get("contact") else self.remote_target
        self.route = list(reversed(response.all("record-route")))
        self.answered_at = time.time()
        if response.get("session-expires"):
            self.session_expires = response.get("session-expires")
        offered_in_answer = not self.invite.body
        body = b""
        if response.body:
            if offered_in_answer:
                offered = Sdp(response.body)
                self.payloads = tuple(p for p in self.payloads if p in offered.payloads) or self.payloads
                body = self._local_sdp()
            self._remote_sdp(response.body)
        self._ack = self._ack_for(self.invite.cseq, body)
        self.agent._send(self._ack)
        self._note("answered")
        if self._given_up:  # the 200 crossed our CANCEL (RFC 3261 §15): it is a call now, and must be ended as one
            self.bye()

    def _ack_for(self, cseq, body=b""):
        ack = self._in_dialog_request("ACK", cseq=cseq, body=body)
        return ack.bytes()

    def cancel(self):
        """CANCEL as RFC 3261 §9.1 wants it: not before a provisional answer."""
        with self.stack.lock:
            self._given_up = True
            if self.transaction.provisional:
                self._send_cancel()
            else:
                self._cancel_wanted = True
        self.stack.wake()

    def _send_cancel(self):
        cancel = Message("CANCEL %s SIP/2.0" % self.invite.uri)
        cancel.add("Via", self.invite.get("via")).add("Max-Forwards", 70)
        cancel.add("From", self.invite.get("from")).add("To", self.invite.get("to")).add("Call-ID", self.call_id)
        cancel.add("CSeq", "%d CANCEL" % self.invite.cseq)
        self._note("cancel sent")
        ClientTransaction(self.agent, cancel, lambda response: None)

    # --- in the dialog

    def _in_dialog_request(self, method, cseq=None, body=b"", headers=(), content_type="application/sdp"):
        if cseq is None:
            self.local_seq += 1
            cseq = self.local_seq
        request = self.agent.request(method, self.remote_target or uri_of(self.remote_uri), call_id=self.call_id, cseq=cseq,
                                     from_=self._with_tag(self.local_uri, self.local_tag),
                                     to=self._with_tag(self.remote_uri, self.remote_tag), body=body,
                                     headers=[("Route", r) for r in self.route] + list(headers), content_type=content_type)
        return request

    @staticmethod
    def _with_tag(value, tag):
        return value if tag_of(value) or not tag else "%s;tag=%s" % (value, tag)

    def _send_in_dialog(self, method, body=b"", headers=(), done=None, content_type="application/sdp"):
        request = self._in_dialog_request(method, body=body, headers=headers, content_type=content_type)
        self.agent.transact(request, done or (lambda response: None))
        return request

    def request(self, method, body=b"", headers=(), content_type="application/sdp", timeout=10):
        """Blocking in-dialog request: the final response."""
        box = []
        with self.stack.lock:
            self._send_in_dialog(method, body, headers, box.append, content_type)
        self.stack.wake()
        self.stack.wait(lambda: box, timeout, "an answer to " + method)
        return box[0]

    def bye(self):
        with self.stack.lock:
            if self.ended_at:
                return
            if not self.answered_at:
                return self.cancel() if not self.incoming else self.refuse(480)
            self.bye_at = time.time()
            self._send_in_dialog("BYE", done=self._bye_answered)
            self._ended("we hung up")

    def _bye_answered(self, response):
        self.bye_status = response.status if response else 0

    def reinvite(self, direction="sendrecv", timeout=10, offer=True):
        """Blocking; the final status. 491 is tried again (RFC 3261 §14.1), and so is 500 with Retry-After: the ACK of the INVITE
        before may be overtaken on its way through a proxy with several processes (§14.2)."""
        assert self.answered_at, "a re-INVITE before the answer would be a new call: %s" % self
        for _ in range(3):
            box = []
            with self.stack.lock:
                self.direction = direction
                body = self._local_sdp() if offer else b""
                request = self._in_dialog_request("INVITE", body=body)

                def done(response, request=request):
                    if response is not None and response.status < 300:
                        self._remote_sdp(response.body)
                        self.agent._send(self._ack_for(request.cseq))
                    if not box:
                        box.append(response)
                self.agent.transact(request, done)
            self.stack.wake()
            self.stack.wait(lambda: box, timeout, "an answer to re-INVITE")
            if box[0] is None or not (box[0].status == 491 or (box[0].status == 500 and box[0].get("Retry-After"))):
                break
            time.sleep(2.1 + random.random())  # the RFC's own waiting time for glare
        self.events.append((time.time(), "re-invite answered", box[0].status if box[0] else 0))
        return box[0].status if box[0] else 0

    def hold(self):
        return self.reinvite("sendonly")

    def resume(self):
        return self.reinvite("sendrecv")

    def refer(self, target, replaces=None, timeout=10):
        """REFER to a number, or attended: to the peer of another call of this phone (Replaces in Refer-To)."""
        if replaces is not None:
            uri = replaces.remote_target or uri_of(replaces.remote_uri)
            value = "%s;to-tag=%s;from-tag=%s" % (replaces.call_id, replaces.remote_tag, replaces.local_tag)
            escaped = value.replace("@", "%40").replace(";", "%3B").replace("=", "%3D")
            target_value = "<%s?Replaces=%s>" % (uri, escaped)
        else:
            target_value = "<sip:%s@%s>" % (target, self.agent.domain)
        response = self.request("REFER", headers=[("Refer-To", target_value), ("Referred-By", "<sip:%s@%s>" % (self.agent.user, self.agent.domain))], timeout=timeout)
        self.refer_status = response.status if response else 0
        return self.refer_status

    def transfer_result(self):
        """The last sipfrag's status that a NOTIFY brought (RFC 3515), None when there was none."""
        found = [int(m.group(1)) for m in (re.match(rb"SIP/2.0 (\d+)", n.body) for n in self.notifies) if m]
        return found[-1] if found else None

    def info_digit(self, digit, duration=160):
        body = "Signal=%s\r\nDuration=%d\r\n" % (digit, duration)
        return self.request("INFO", body=body.encode(), content_type="application/dtmf-relay").status

    def _in_dialog(self, message):
        method = message.method
        if message.cseq <= self.remote_seq and method != "CANCEL" and self.remote_seq:
            self._note("CSeq went back", "%d after %d" % (message.cseq, self.remote_seq))
            self.agent.respond(message, 500, "Server Internal Error")  # RFC 3261 §12.2.2
            return
        self.remote_seq = message.cseq
        ok = lambda body=b"", headers=(): self.agent.respond(message, 200, "OK", body=body, headers=list(headers) + [("Contact", self.agent.contact())])
        if method == "BYE":
            ok()
            self._ended("peer hung up")
        elif method in ("INVITE", "UPDATE"):
            (self.reinvites if method == "INVITE" else self.updates).append(message)
            self._note("re-INVITE" if method == "INVITE" else "UPDATE", Sdp(message.body).direction if message.body else "no offer")
            if message.get("contact"):
                self.remote_target = uri_of(message.get("contact"))
            headers = []
            if message.get("session-expires"):
                headers = [("Session-Expires", re.sub(r";.*", "", message.get("session-expires")) + ";refresher=uac"), ("Require", "timer")]
            if message.body:
                answer_direction = {"sendonly": "recvonly", "inactive": "inactive", "recvonly": "sendonly"}.get(Sdp(message.body).direction, self.direction)
                kept, self.direction = self.direction, answer_direction if self.direction == "sendrecv" else self.direction
                body = self._local_sdp()
                self._remote_sdp(message.body)
                self.direction = kept
            else:
                body = self._local_sdp() if method == "INVITE" else b""
            data = ok(body, headers)
            if method == "INVITE":
                self._ok, self._ok_interval = data, T1
                self.invite_source = message.source
                self.stack.after(T1, self._ok_again)
        elif method == "NOTIFY":
            self.notifies.append(message)
            self._note("NOTIFY", message.body.decode("utf-8", "replace").strip())
            ok()
        elif method == "INFO":
            self.infos.append(message)
            ok()
        elif method == "REFER":
            self.transfer_asked = message
            self.agent.respond(message, 202, "Accepted")
        elif method in ("OPTIONS", "PRACK"):
            ok()
        else:
            self.agent.respond(message, 501, "Not Implemented")

    def _ended(self, cause):
        if not self.ended_at:
            self.ended_at, self.end_cause = time.time(), cause
            self._ok = None
            self._note("ended", cause)
            if self.media is not None:
                self.agent.rtp.stop(self.media)

    def _note(self, what, detail=""):
        self.events.append((time.time(), what, detail))
        self.stack.changed.notify_all()

    # --- for tests

    def wait_answered(self, timeout=10):
        self.stack.wait(lambda: self.answered_at or self.ended_at, timeout, lambda: "an answer; %s" % self)
        assert not self.end_cause or self.answered_at, "not answered: %s" % self
        return self

    def wait_ended(self, timeout=10):
        self.stack.wait(lambda: self.ended_at, timeout, lambda: "the end; %s" % self)
        return self

    @property
    def up(self):
        return bool(self.answered_at and not self.ended_at)

    def __repr__(self):
        first = self.started_at or 0
        return "%s %s->%s [%s]" % (self.agent.user, self.caller, self.number, "; ".join("%.3f %s %s" % (t - first, w, d) for t, w, d in self.events))


_sink = []


def sink_port():
    """For calls without audio: a port that swallows what comes."""
    if not _sink:
        _sink.append(bind_free(socket.SOCK_DGRAM, "127.0.0.1"))
    return _sink[0].getsockname()[1]


# Peers and servers of the tests; the server's RTP has a range of its own (harness.RTP_PORTS), so that they never meet.
PORTS = range(45000, 50000)
_next_port = [random.randrange(0, len(PORTS))]


def bind_free(kind, ip="127.0.0.1", port=0, step=1):
    """A bound socket on a free port of the tests' own range."""
    for _ in range(len(PORTS)):
        if port:
            candidate = port
        else:
            _next_port[0] = (_next_port[0] + step) % len(PORTS)
            candidate = PORTS[_next_port[0]] & ~1 if step == 2 else PORTS[_next_port[0]]
        s = socket.socket(socket.AF_INET, kind)
        try:
            s.bind((ip, candidate))
            return s
        except OSError:
            s.close()
            if port:
                raise
    raise OSError("no free port in %s" % PORTS)
