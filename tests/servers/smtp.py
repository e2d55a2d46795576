"""A mail server on 127.0.0.1 that speaks enough SMTP for the standard client: TLS, log-in, refusals, and the mails it took."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import threading


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mails in `received`; `password` asks for a log-in, `refusal` answers each recipient instead of 250.

    With `certificate`, a file of key and certificate, the connection can be made private.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, password=None, refusal=None, certificate=None):
        self.password, self.refusal, self.certificate = password, refusal, certificate
        self.received, self.commands = [], []
        super().__init__(("127.0.0.1", 0), _Session)

    @property
    def port(self):
        return self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 test ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            self.server.commands.append(verb)
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "STARTTLS" and self.server.certificate:
                self._say("220 go on in private")
                if not self._hide():
                    return
            else:
                self._answer(verb, line)

    def _hide(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):  # the client refused the certificate
            return False
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        return True

    def finish(self):
        super().finish()
        self.connection.close()

    def _answer(self, verb, line):
        if verb == "EHLO":
            self._say("250-test")
            if self.server.certificate:
                self._say("250-STARTTLS")
            self._say("250 AUTH PLAIN" if self.server.password else "250 8BITMIME")
        elif verb == "AUTH":
            _, _, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self._say("235 welcome" if password == self.server.password else f"535 wrong password {password}")
        elif verb == "RCPT":
            self._say(self.server.refusal or "250 ok")
        elif verb == "DATA":
            self._say("354 go on")
            lines = []
            while (each := self.rfile.readline()) != b".\r\n":
                lines.append(each[1:] if each.startswith(b"..") else each)
            self.server.received.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
            self._say("250 taken")
        else:
            self._say("250 ok")

    def _say(self, line):
        self.wfile.write(f"{line}\r\n".encode())
