"""Mail, by the standard library: apprise opens a connection of its own way for each mail and tells no reason."""

import smtplib
import ssl
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from cloud_sync.notify.message import Message
from cloud_sync.notify.outside import NotDelivered
from cloud_sync.notify.settings import MailServer

TIMEOUT_S = 15.0


def send_mail(message: Message, to: str, server: MailServer | None, at: datetime) -> None:
    """Hand a message to the mail server. Raises ``NotDelivered``."""
    if server is None:
        raise NotDelivered("no mail server is configured: write smtp_host and mail_from under [alerts]")
    try:
        with _connected(server) as smtp:
            # send_message() would write ">From" where a line of the text begins with "From".
            smtp.sendmail(parseaddr(server.sender)[1], [to], mail_of(message, to, server.sender, at).as_bytes())
    except smtplib.SMTPAuthenticationError as error:
        raise NotDelivered(f"{server.host} refuses the user name or password") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotDelivered(f"{server.host} refuses the recipient: {code} {_text(said)}") from error
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"{server.host} answered {error.smtp_code} {_text(error.smtp_error)}") from error
    except ssl.SSLError as error:
        raise NotDelivered(f"{server.host}: its certificate or TLS is not good ({error.reason or error})") from error
    except (smtplib.SMTPException, OSError, MessageError, ValueError) as error:
        raise NotDelivered(f"{server.host} port {server.port}: {error or type(error).__name__}"[:300]) from error


def mail_of(message: Message, to: str, sender: str, at: datetime) -> EmailMessage:
    """The mail. Its Message-ID is that of the message, so that mail programs show one that came twice once."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2].strip("> ") or "lotwarden.invalid"
    mail["From"], mail["To"], mail["Subject"] = sender, to, message.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<lotwarden-{message.id}-{message.made_at:%Y%m%d%H%M%S}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.severity.value == "action":
        mail["Importance"] = "high"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    if message.paper is not None:
        mail.add_attachment(message.paper.pdf, maintype="application", subtype="pdf", filename=message.paper.file_name)
    return mail


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    smtp: smtplib.SMTP
    if server.security == "tls":
        smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.security == "starttls":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _text(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
