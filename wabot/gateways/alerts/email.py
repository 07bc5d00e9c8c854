"""Alerts by e-mail, through the operator's SMTP server; smtplib blocks, so in a thread."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from wabot.config.alerting import MailServer
from wabot.domain.alerts.notices import Digest
from wabot.services.alerts.ports import ChannelFailed

_TIMEOUT = 15


class EmailChannel:
    """One e-mail to all addresses for each message."""

    name = "email"
    pause = timedelta(seconds=60)

    def __init__(self, server: MailServer, recipients: Sequence[str], sender: str = "") -> None:
        self._server = server
        self._recipients = tuple(recipients)
        self._sender = sender or _sender(server)

    async def tell(self, message: Digest) -> None:
        """Hand the e-mail to the server."""
        await asyncio.to_thread(self._send, self._email(message))

    def _email(self, message: Digest) -> EmailMessage:
        email = EmailMessage()
        email["Subject"] = " ".join(message.subject.split())
        email["From"] = self._sender
        email["To"] = ", ".join(self._recipients)
        email["Date"] = formatdate()
        email["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        # No out-of-office answers.
        email["Auto-Submitted"] = "auto-generated"
        email.set_content(message.text)
        return email

    def _send(self, email: EmailMessage) -> None:
        with self._errors(), self._connection() as smtp:
            refused = smtp.send_message(email)
        if refused:
            named = "; ".join(f"{who}: {_said(*answer)}" for who, answer in refused.items())
            raise self._failed(f"refuses a recipient: {named}", "Correct WABOT_ALERTS_EMAIL_TO.")

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        if server.tls == "always":
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_TIMEOUT, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)
        with smtp:
            if server.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            yield smtp

    @contextmanager
    def _errors(self) -> Iterator[None]:
        url = "WABOT_ALERTS_SMTP_URL"
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            said = _said(error.smtp_code, error.smtp_error)
            raise self._failed(
                f"refuses the login of {self._server.user}: {said}",
                f"Correct user and password in {url}; many providers want an app password.",
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            named = "; ".join(f"{who}: {_said(*said)}" for who, said in error.recipients.items())
            raise self._failed(f"refuses: {named}", "Correct WABOT_ALERTS_EMAIL_TO.") from error
        except smtplib.SMTPSenderRefused as error:
            raise self._failed(
                f"refuses the sender {self._sender}: {_said(error.smtp_code, error.smtp_error)}",
                "Set WABOT_ALERTS_EMAIL_FROM to an address that it sends for.",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._failed(
                f"cannot do that: {error}",
                f"Without encryption: add ?tls=off in {url}; without login: leave the user out.",
            ) from error
        except smtplib.SMTPResponseException as error:
            raise self._failed(
                f"answered {_said(error.smtp_code, error.smtp_error)}", f"Look at {url}."
            ) from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise self._failed(
                f"has no usable encryption: {reason}",
                f"smtps:// is for port 465, smtp:// for 587 (STARTTLS); see the host in {url}.",
            ) from error
        except (smtplib.SMTPException, TimeoutError, OSError) as error:
            reason = "it did not answer in time" if isinstance(error, TimeoutError) else str(error)
            reason = getattr(error, "strerror", "") or reason
            raise self._failed(
                f"cannot be used: {reason or type(error).__name__}",
                f"See host and port in {url}, and that this machine may reach them.",
            ) from error

    def _failed(self, what: str, hint: str) -> ChannelFailed:
        server = self._server
        return ChannelFailed(
            f"The mail server {server.host} port {server.port} {what}", hint=hint, retryable=True
        )


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())[:200]}"


def _sender(server: MailServer) -> str:
    return server.user if "@" in server.user else f"wabot@{socket.getfqdn()}"
