"""An SMTP server for tests, on aiosmtpd. What it does is chosen by the recipient's local part:

rcpt-NNN          RCPT TO is answered with NNN
data-NNN          the mail is answered with NNN
cut-before-data   the connection is cut at RCPT TO
cut-after-data    the mail is taken, and the connection cut instead of an answer
silent-after-data the mail is taken, and never answered
greylist          451 at the first try, then accepted

Settings come as JSON in the first argument: {cert, key, user, pass}. The first line on stdout is
{"port": N}, then comes one line of JSON for each mail accepted.
"""

import asyncio
import base64
import json
import logging
import re
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

# connections that a test cuts are no news
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

settings = json.loads(sys.argv[1])
seen = set()


def say(value):
    print(json.dumps(value), flush=True)


def local_part(address):
    return address.rsplit("@", 1)[0]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = local_part(address)
        refusal = re.fullmatch(r"rcpt-(\d{3})", name)
        if refusal:
            return f"{refusal[1]} refused as asked"
        if name == "cut-before-data":
            server.transport.abort()
            return "250 never read"
        if name.startswith("greylist") and address not in seen:
            seen.add(address)
            return "451 4.7.1 greylisted, come back"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        names = [local_part(address) for address in envelope.rcpt_tos]
        for name in names:
            refusal = re.fullmatch(r"data-(\d{3})", name)
            if refusal:
                return f"{refusal[1]} refused as asked"
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "data": base64.b64encode(envelope.content).decode(),
                "tls": session.ssl is not None,
                "user": session.auth_data,
            }
        )
        if "cut-after-data" in names:
            server.transport.abort()
        if "silent-after-data" in names:
            await asyncio.sleep(3600)
        return "250 2.0.0 taken"


def authenticator(server, session, envelope, mechanism, data):
    user, password = data.login.decode(), data.password.decode()
    if user == settings["user"] and password == settings["pass"]:
        return AuthResult(success=True, auth_data=user)
    # as bad as servers get: it repeats what it was given
    blob = base64.b64encode(b"\0" + data.login + b"\0" + data.password).decode()
    return AuthResult(
        success=False, handled=False, message=f"535 5.7.8 no login with {password} (PLAIN {blob})"
    )


async def main():
    context = None
    if "cert" in settings:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings["cert"], settings["key"])
    auth = "user" in settings

    def session():
        return SMTP(
            Handler(),
            enable_SMTPUTF8=True,
            hostname="aiosmtpd.test",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=auth,
            auth_require_tls=context is not None,
            authenticator=authenticator if auth else None,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    # ends with the process that started it: its end of this pipe is closed then
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
