"""Visual anomaly detection by reverse distillation: the Python interface of rd4ad, on its C library.

Every function that computes releases the interpreter's lock. A Detector may be used by several threads at once.
"""
from ._detector import Calibration, Detector, Image, Model, Region, Result, Stop
from ._errors import (
    DataError,
    DeviceError,
    Error,
    FormatError,
    IoError,
    NumericError,
    OptionError,
    OutOfMemoryError,
    ShapeError,
    StoppedError,
)
from ._library import backends, library_version, set_log
from ._training import Training, TrainingProgress, train

__version__ = "1.0.0"

__all__ = [
    "Calibration", "DataError", "Detector", "DeviceError", "Error", "FormatError", "Image", "IoError", "Model", "NumericError",
    "OptionError", "OutOfMemoryError", "Region", "Result", "ShapeError", "Stop", "StoppedError", "Training", "TrainingProgress",
    "backends", "library_version", "set_log", "train",
]
