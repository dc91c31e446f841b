"""One exception per status of the C library."""
from __future__ import annotations


class Error(RuntimeError):
    """A failure of the library: the base of all others. `status` is the number of rd4ad.h."""

    status = 10


class ShapeError(Error):
    """Sizes that do not match."""

    status = 1


class FormatError(Error):
    """A file's content breaks its format."""

    status = 2


class IoError(Error):
    """A file can't be opened, read or written."""

    status = 3


class NumericError(Error):
    """NaN or infinity."""

    status = 4


class OptionError(Error):
    """An argument or a setting out of range."""

    status = 5


class DataError(Error):
    """A data set that can't be used."""

    status = 6


class OutOfMemoryError(Error):
    """The host or the device ran out of memory."""

    status = 7


class DeviceError(Error):
    """The device is missing or failed."""

    status = 8


class StoppedError(Error):
    """Stop.request() ended the run."""

    status = 9


_by_status = {
    one.status: one
    for one in (ShapeError, FormatError, IoError, NumericError, OptionError, DataError, OutOfMemoryError, DeviceError,
                StoppedError)
}


def error_of(status: int, message: str) -> Error:
    """The exception of a status."""
    return _by_status.get(status, Error)(message)
