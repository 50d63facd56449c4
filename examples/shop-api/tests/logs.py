"""A log that holds back nothing: all of every record, from the lowest level on."""

from __future__ import annotations

import logging


class Everything(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        text = repr(record.__dict__)
        return f"{text} {self.formatException(record.exc_info)}" if record.exc_info else text
