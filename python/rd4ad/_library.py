"""librd4ad.so by ctypes: its structs and functions, as rd4ad.h declares them."""
from __future__ import annotations

import ctypes as c
import os
from pathlib import Path
from typing import Callable, Mapping, Optional

from ._errors import error_of

ABI = 1


class Struct(c.Structure):
    """A struct of rd4ad.h: the constructor sets struct_size."""

    def __init__(self, **members: object) -> None:
        super().__init__(**members)
        self.struct_size = c.sizeof(self)


class View(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("format", c.c_int32), ("data", c.c_void_p), ("width", c.c_size_t),
                ("height", c.c_size_t), ("stride", c.c_ssize_t), ("white", c.c_uint32), ("reserved", c.c_uint32)]


class ComputeOptions(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("skip_verify", c.c_int32), ("backend", c.c_char_p), ("device", c.c_char_p),
                ("instruction_set", c.c_char_p), ("threads", c.c_size_t)]


class DetectorOptions(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("map_size", c.c_int32), ("batch", c.c_size_t), ("sigma", c.c_double),
                ("region_threshold", c.c_double), ("min_area", c.c_double), ("product", c.c_char_p)]


class Description(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("has_calibration", c.c_int32), ("arch", c.c_char_p), ("teacher", c.c_char_p),
                ("backend", c.c_char_p), ("width", c.c_size_t), ("height", c.c_size_t), ("threads", c.c_size_t),
                ("product_count", c.c_size_t), ("products", c.POINTER(c.c_char_p))]


class CalibrationFacts(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("rule", c.c_int32), ("source", c.c_int32), ("has_f1", c.c_int32),
                ("typical", c.c_double), ("threshold", c.c_double), ("asked_rate", c.c_double), ("expected_rate", c.c_double),
                ("rate_low", c.c_double), ("rate_high", c.c_double), ("f1", c.c_double), ("good_count", c.c_size_t),
                ("good_scores", c.POINTER(c.c_float)), ("set_aside", c.c_size_t)]


class ResultFacts(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("raw_score", c.c_float), ("has_score", c.c_int32), ("is_anomalous", c.c_int32),
                ("score", c.c_double), ("map_width", c.c_size_t), ("map_height", c.c_size_t), ("map", c.c_void_p),
                ("region_count", c.c_size_t), ("transform", c.c_size_t * 12)]


class RegionFacts(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("raw_score", c.c_float), ("score", c.c_double), ("x", c.c_double),
                ("y", c.c_double), ("width", c.c_double), ("height", c.c_double), ("area", c.c_double),
                ("relative", c.c_double * 4), ("outline_count", c.c_size_t), ("outline", c.POINTER(c.c_double))]


ResultCallback = c.CFUNCTYPE(None, c.c_void_p, c.c_size_t, c.c_int32, c.c_char_p, c.c_void_p)
ProgressCallback = c.CFUNCTYPE(None, c.c_void_p, c.c_size_t, c.c_size_t)


class Run(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("skip_failures", c.c_int32), ("user", c.c_void_p), ("progress", ProgressCallback),
                ("stop", c.c_void_p)]


class TrainingProgressFacts(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("epoch", c.c_size_t), ("epochs", c.c_size_t),
                ("step", c.c_size_t), ("steps", c.c_size_t), ("fold", c.c_size_t), ("folds", c.c_size_t), ("loss", c.c_double),
                ("images_per_second", c.c_double), ("seconds_left", c.c_double)]


TrainingCallback = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(TrainingProgressFacts))


class TrainOptions(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("skip_bad_images", c.c_int32), ("without_suspects", c.c_int32),
                ("resume", c.c_int32), ("overwrite", c.c_int32), ("reserved", c.c_uint32), ("arch", c.c_char_p),
                ("teacher", c.c_char_p), ("teacher_bytes", c.c_char_p), ("teacher_size", c.c_size_t), ("steps", c.c_size_t),
                ("epochs", c.c_size_t), ("batch", c.c_size_t), ("size", c.c_size_t), ("height", c.c_size_t),
                ("crop", c.c_size_t), ("fit", c.c_char_p), ("patches_per_row", c.c_size_t), ("patches_per_column", c.c_size_t),
                ("patch_size", c.c_size_t), ("patch_overlap", c.c_size_t), ("seed", c.c_uint64), ("calibration", c.c_char_p),
                ("validation", c.c_double), ("false_alarm_rate", c.c_double), ("folds", c.c_size_t), ("save_every", c.c_size_t),
                ("cache_bytes", c.c_size_t), ("user", c.c_void_p), ("progress", TrainingCallback), ("stop", c.c_void_p),
                ("white_level", c.c_uint32), ("reserved_end", c.c_uint32)]


class TrainingImageFacts(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("view", c.POINTER(View)), ("name", c.c_char_p),
                ("product", c.c_char_p)]


NextImageCallback = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(TrainingImageFacts))


class TrainingFacts(Struct):
    _fields_ = [("struct_size", c.c_uint32), ("stopped", c.c_int32), ("steps", c.c_size_t), ("training_images", c.c_size_t),
                ("validation_images", c.c_size_t), ("folds", c.c_size_t), ("seconds", c.c_double), ("loss_count", c.c_size_t),
                ("losses", c.POINTER(c.c_double)), ("suspect_count", c.c_size_t), ("skipped_count", c.c_size_t)]


class LogField(c.Structure):
    _fields_ = [("key", c.c_char_p), ("value", c.c_char_p)]


LogCallback = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, c.c_char_p, c.POINTER(LogField), c.c_size_t)

_functions = {
    "rd4ad_version": (c.c_char_p, []),
    "rd4ad_abi": (c.c_int32, []),
    "rd4ad_last_error": (c.c_char_p, []),
    "rd4ad_backends": (c.c_char_p, []),
    "rd4ad_set_log": (None, [LogCallback, c.c_void_p]),
    "rd4ad_detector_open": (c.c_int32, [c.c_char_p, c.POINTER(ComputeOptions), c.POINTER(DetectorOptions),
                                        c.POINTER(c.c_void_p)]),
    "rd4ad_detector_open_memory": (c.c_int32, [c.c_char_p, c.c_size_t, c.c_char_p, c.POINTER(ComputeOptions),
                                               c.POINTER(DetectorOptions), c.POINTER(c.c_void_p)]),
    "rd4ad_detector_free": (None, [c.c_void_p]),
    "rd4ad_detector_describe": (c.c_int32, [c.c_void_p, c.POINTER(Description)]),
    "rd4ad_detector_calibration": (c.c_int32, [c.c_void_p, c.POINTER(CalibrationFacts)]),
    "rd4ad_detector_warm_up": (c.c_int32, [c.c_void_p, c.c_size_t, c.c_size_t, c.c_size_t, c.c_size_t]),
    "rd4ad_detector_score": (c.c_int32, [c.c_void_p, c.POINTER(View), c.POINTER(View), c.POINTER(c.c_void_p)]),
    "rd4ad_detector_score_batch": (c.c_int32, [c.c_void_p, c.POINTER(c.POINTER(View)), c.c_size_t, c.POINTER(c.c_void_p)]),
    "rd4ad_detector_score_file": (c.c_int32, [c.c_void_p, c.c_char_p, c.POINTER(c.c_void_p)]),
    "rd4ad_detector_score_files": (c.c_int32, [c.c_void_p, c.POINTER(c.c_char_p), c.c_size_t, ResultCallback, c.POINTER(Run)]),
    "rd4ad_result_describe": (c.c_int32, [c.c_void_p, c.POINTER(ResultFacts)]),
    "rd4ad_result_region": (c.c_int32, [c.c_void_p, c.c_size_t, c.POINTER(RegionFacts)]),
    "rd4ad_result_free": (None, [c.c_void_p]),
    "rd4ad_stop_new": (c.c_int32, [c.POINTER(c.c_void_p)]),
    "rd4ad_stop_request": (c.c_int32, [c.c_void_p]),
    "rd4ad_stop_free": (None, [c.c_void_p]),
    "rd4ad_train": (c.c_int32, [c.c_char_p, c.c_char_p, c.POINTER(ComputeOptions), c.POINTER(TrainOptions),
                                c.POINTER(c.c_void_p)]),
    "rd4ad_train_images": (c.c_int32, [NextImageCallback, c.c_void_p, c.c_char_p, c.POINTER(ComputeOptions),
                                       c.POINTER(TrainOptions), c.POINTER(c.c_void_p)]),
    "rd4ad_training_describe": (c.c_int32, [c.c_void_p, c.POINTER(TrainingFacts)]),
    "rd4ad_training_suspect": (c.c_int32, [c.c_void_p, c.c_size_t, c.POINTER(c.c_char_p), c.POINTER(c.c_float)]),
    "rd4ad_training_skipped": (c.c_int32, [c.c_void_p, c.c_size_t, c.POINTER(c.c_char_p), c.POINTER(c.c_char_p)]),
    "rd4ad_training_free": (None, [c.c_void_p]),
}


def _load() -> c.CDLL:
    """The library that RD4AD_LIBRARY names, else the wheel's, else the system's."""
    folder = Path(__file__).parent
    found = os.environ.get("RD4AD_LIBRARY")
    if found is None:
        bundled = sorted(folder.glob("librd4ad.so*"))
        found = str(bundled[0]) if bundled else f"librd4ad.so.{ABI}"
    loaded = c.CDLL(found)
    loaded.rd4ad_abi.restype = c.c_int32
    if loaded.rd4ad_abi() != ABI:
        raise ImportError(f"{found}: its ABI is {loaded.rd4ad_abi()}, this package needs {ABI}; install both of one version")
    for name, (result, arguments) in _functions.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


library = _load()


def text_of(found: Optional[bytes]) -> str:
    """UTF-8 text; other bytes are kept by surrogates, as in os.fsdecode."""
    return (found or b"").decode("utf-8", "surrogateescape")


def bytes_of(given: Optional[str]) -> Optional[bytes]:
    """The bytes of an option, or None."""
    return None if given is None else given.encode("utf-8", "surrogateescape")


def check(status: int) -> None:
    """Raises the exception of a status that is not RD4AD_OK. Call it on the thread of the failed call."""
    if status != 0:
        raise error_of(status, text_of(library.rd4ad_last_error()))


def backends() -> "list[str]":
    """The backends that the library has; the first one is the default."""
    return text_of(library.rd4ad_backends()).split()


def library_version() -> str:
    """The version of the C library: "1.0.0"."""
    return text_of(library.rd4ad_version())


_levels = ("debug", "info", "warning")
_log = LogCallback()  # ctypes needs the callback for as long as the library has it


def set_log(receive: Optional[Callable[[str, str, Mapping[str, str]], None]]) -> None:
    """Sends the library's events (level, text, values) to a function; None silences them. Several threads may call it at once."""
    global _log

    def forward(_user: object, level: int, text: bytes, fields: "c._Pointer[LogField]", count: int) -> None:
        assert receive is not None
        receive(_levels[level], text_of(text), {text_of(fields[i].key): text_of(fields[i].value) for i in range(count)})

    callback = LogCallback() if receive is None else LogCallback(forward)
    library.rd4ad_set_log(callback, None)  # the library no longer calls the old one when this returns
    _log = callback
