"""One way in for every file of a logger: its kind is found by what it holds."""

from cloud_sync.interop.loggers.berlinger import is_berlinger, read_berlinger
from cloud_sync.interop.loggers.model import ZONE, LoggerFile
from cloud_sync.interop.loggers.tabular import elitech_or_plain, is_logtag, read_logtag, text_if_any
from cloud_sync.interop.questions import Answers, Asks, answered


def read_logger(content: bytes, answers: Answers) -> LoggerFile:
    """What a file says. Raises ``NotUnderstood``, and ``Asks`` for what it does not say: its zone above all.

    ``zone`` of the answer is in the file's ``zone`` then.
    """
    text = text_if_any(content, answers)
    if is_berlinger(text):
        file = read_berlinger(text, answers)
    elif is_logtag(text):
        file = read_logtag(text, answers)
    else:
        file = elitech_or_plain(content, text, answers)
    if file.zone is None and answered(ZONE, answers) is None:
        raise Asks([ZONE])
    return file
