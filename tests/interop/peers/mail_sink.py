"""A mail server of a few lines (RFC 5321, 3207, 4954), for tests: it takes what comes and keeps it, with a certificate of its own."""
import base64
import email
import email.policy
import os
import socket
import ssl
import subprocess
import threading


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1; the path of certificate and key."""
    certificate, key = os.path.join(folder, "mail.crt"), os.path.join(folder, "mail.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key


class MailSink:
    """refuse: {address: "550 5.1.1 …"}; hold: a text answered to DATA's end until it is emptied. `mails`: those taken."""

    def __init__(self, certificate=None, tls="starttls", user=None, password=None, port=0):
        self.certificate, self.tls, self.user, self.password = certificate, tls, user, password
        self.refuse, self.hold, self.mails, self.failures, self.open, self.sign_ins = {}, "", [], [], [], 0
        self.before_answer = None        # called with the mail after it was taken and before it is said so
        self.lock = threading.Lock()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        if self.socket.fileno() < 0:
            return
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for peer in self.open:
            peer.close()

    def to(self, address):
        with self.lock:
            return [m for m in self.mails if m["to"] == [address]]

    def _serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk_safely, args=(peer,), daemon=True).start()

    def _talk_safely(self, peer):
        try:
            self._talk(peer)
        except (OSError, ssl.SSLError) as failure:
            self.failures.append(str(failure))
        finally:
            try:
                peer.close()
            except OSError:
                pass

    def _secure(self, peer):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return context.wrap_socket(peer, server_side=True)

    def _talk(self, peer):
        peer.settimeout(20)
        secure = self.tls == "tls"
        if secure:
            peer = self._secure(peer)
        lines, state = peer.makefile("rb"), [None, [], self.user is None]  # sender, recipients, signed in
        peer.sendall(b"220 sink ESMTP\r\n")
        while True:
            line = lines.readline()
            if not line:
                return
            say = lambda text: peer.sendall((text + "\r\n").encode())
            word, _, rest = line.decode().strip().partition(" ")
            word = word.upper()
            if word in ("EHLO", "HELO"):
                offers = ["sink"] + ["STARTTLS"] * (self.tls == "starttls" and not secure) + ["AUTH PLAIN"] * (self.user is not None and (secure or self.tls == "none")) + ["8BITMIME"]
                for i, offer in enumerate(offers):
                    say("250%s%s" % ("-" if i < len(offers) - 1 else " ", offer))
            elif word == "STARTTLS":
                say("220 go on")
                peer, secure = self._secure(peer), True
                self.open.append(peer)
                lines, state = peer.makefile("rb"), [None, [], self.user is None]
            elif not self._command(lines, say, word, rest, state, secure):
                return

    def _command(self, lines, say, word, rest, state, secure):
        if word == "AUTH":
            given = rest.split(" ")[1] if " " in rest else None
            if given is None:
                say("334 ")
                given = lines.readline().decode().strip()
            _, user, password = base64.b64decode(given).decode().split("\0")
            state[2] = (user, password) == (self.user, self.password)
            self.sign_ins += 1
            say("235 welcome" if state[2] else "535 5.7.8 wrong password")
        elif word == "MAIL":
            if not state[2]:
                say("530 5.7.0 sign in first")
            else:
                state[0], state[1] = rest.split("<")[1].split(">")[0], []
                say("250 ok")
        elif word == "RCPT":
            address = rest.split("<")[1].split(">")[0]
            if address in self.refuse:
                say(self.refuse[address])
            else:
                state[1].append(address)
                say("250 ok")
        elif word == "DATA":
            say("354 go on")
            data = b""
            for line in lines:
                if line == b".\r\n":
                    break
                data += line[1:] if line.startswith(b"..") else line
            else:
                return False
            if self.hold:
                say(self.hold)
                return True
            mail = {"from": state[0], "to": list(state[1]), "raw": data, "secure": secure, "message": email.message_from_bytes(data, policy=email.policy.default)}
            with self.lock:
                self.mails.append(mail)
            if self.before_answer:
                self.before_answer(mail)
            say("250 taken")
        elif word == "QUIT":
            say("221 bye")
            return False
        elif word in ("RSET", "NOOP"):
            say("250 ok")
        else:
            say("502 what?")
        return True
