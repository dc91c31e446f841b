"""train: good images, of a folder or in memory, to a checkpoint."""
from __future__ import annotations

import ctypes as c
import os
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np

from ._detector import Image, Stop, compute_options, view_of
from ._errors import OptionError
from ._library import (
    NextImageCallback,
    TrainingCallback,
    TrainingFacts,
    TrainingImageFacts,
    TrainingProgressFacts,
    TrainOptions,
    bytes_of,
    check,
    library,
    text_of,
)

NamedImage = Union[Image, "Tuple[str, Image]", "Tuple[str, Image, str]"]
"""An array; or its name and the array; or its name, the array and the product that it shows."""


@dataclass(frozen=True)
class TrainingProgress:
    """The progress of a training: epoch 0 while the teacher's features are computed, fold 0 for the shipped student."""

    epoch: int
    epochs: int
    step: int
    steps: int
    fold: int
    folds: int
    loss: float
    images_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Training:
    """The record of a training."""

    steps: int
    stopped: bool  # resume continues it
    seconds: float
    training_images: int
    validation_images: int
    folds: int
    losses: List[float]  # mean loss per epoch
    suspects: List[Tuple[str, float]]  # good images that may show a defect, with their raw scores
    skipped: List[Tuple[str, str]]  # images that were left out, with the reasons


def _record_of(handle: c.c_void_p) -> Training:
    try:
        of = TrainingFacts()
        check(library.rd4ad_training_describe(handle, c.byref(of)))
        path, reason, raw_score = c.c_char_p(), c.c_char_p(), c.c_float()
        suspects, skipped = [], []
        for index in range(of.suspect_count):
            check(library.rd4ad_training_suspect(handle, index, c.byref(path), c.byref(raw_score)))
            suspects.append((os.fsdecode(path.value or b""), raw_score.value))
        for index in range(of.skipped_count):
            check(library.rd4ad_training_skipped(handle, index, c.byref(path), c.byref(reason)))
            skipped.append((os.fsdecode(path.value or b""), text_of(reason.value)))
        return Training(of.steps, of.stopped == 1, of.seconds, of.training_images, of.validation_images, of.folds,
                        of.losses[: of.loss_count], suspects, skipped)
    finally:
        library.rd4ad_training_free(handle)


class _Images:
    """Hands the images of an iterable to the library, and keeps the first exception."""

    def __init__(self, images: "Iterable[NamedImage]", format: Optional[str], white: int) -> None:
        self.images: "Iterator[NamedImage]" = iter(images)
        self.format, self.white = format, white
        self.raised: Optional[BaseException] = None
        self.callback = NextImageCallback(self._next)
        self._keep: Any = None  # the array that the library reads

    def _next(self, _user: object, to: "c._Pointer[TrainingImageFacts]") -> int:
        try:
            for one in self.images:
                name, image, product = one if isinstance(one, tuple) and len(one) == 3 else (
                    (*one, None) if isinstance(one, tuple) and len(one) == 2 else (None, one, None))
                if not isinstance(image, np.ndarray):
                    raise OptionError(f"an image to train on is {type(one).__name__}; expected an array, (name, array) or "
                                      "(name, array, product)")
                view, self._keep = view_of(image, self.format, self.white)
                c.memmove(to.contents.view, c.byref(view), c.sizeof(view))
                to.contents.name, to.contents.product = bytes_of(name), bytes_of(product)
                return 1
            return 0
        except BaseException as problem:  # ctypes would drop it
            self.raised = problem
            return -1


def train(data: "Union[str, os.PathLike[str], Iterable[NamedImage]]", checkpoint: Union[str, "os.PathLike[str]"], *, teacher: Optional[str] = None,
          teacher_bytes: Optional[bytes] = None, arch: Optional[str] = None, steps: int = 0, epochs: int = 0, batch: int = 8,
          size: int = 256, height: int = 0, fit: str = "squash", crop: int = 0, patches_per_row: int = 1,
          patches_per_column: int = 1, patch_size: int = 0, patch_overlap: int = 0, seed: int = 111, calibration: str = "auto",
          validation: float = 0.1, false_alarm_rate: float = 0.0, folds: int = 4, skip_bad_images: bool = False,
          without_suspects: bool = False, resume: bool = False, overwrite: bool = False, save_every: int = 10,
          cache_bytes: int = 4 << 30, white_level: int = 0, format: Optional[str] = None, white: int = 0, progress: Optional[Callable[[TrainingProgress], None]] = None, stop: Optional[Stop] = None,
          backend: Optional[str] = None, device: Union[str, int, None] = None, threads: int = 0,
          instruction_set: Optional[str] = None, verify: bool = True) -> Training:
    """Trains on good images, and saves the model to `checkpoint`. data: the path of a folder or a data set, or an iterable of
    NumPy arrays, of (name, array) or of (name, array, product), which is read once. format, white: of the arrays, as in
    Detector.score. white_level: of 16-bit files, 4095 for 12 bits; 0: found among them. The other options are those of
    `rd4ad train`. progress is called on this thread after each step; an exception of it stops the training after its step."""
    button = Stop() if stop is None else stop
    raised: List[BaseException] = []

    def report(_user: object, at: "c._Pointer[TrainingProgressFacts]") -> None:
        if progress is None or raised:
            return
        of = at.contents
        try:
            progress(TrainingProgress(of.epoch, of.epochs, of.step, of.steps, of.fold, of.folds, of.loss, of.images_per_second,
                                      of.seconds_left))
        except BaseException as problem:  # ctypes would drop it
            raised.append(problem)
            button.request()

    options = TrainOptions(
        skip_bad_images=int(skip_bad_images), without_suspects=int(without_suspects), resume=int(resume),
        overwrite=int(overwrite), arch=bytes_of(arch), teacher=bytes_of(teacher), teacher_bytes=teacher_bytes,
        teacher_size=len(teacher_bytes or b""), steps=steps, epochs=epochs, batch=batch, size=size, height=height, crop=crop,
        fit=bytes_of(fit), patches_per_row=patches_per_row, patches_per_column=patches_per_column, patch_size=patch_size,
        patch_overlap=patch_overlap, seed=seed, calibration=bytes_of(calibration), validation=validation,
        false_alarm_rate=false_alarm_rate, folds=folds, save_every=save_every, cache_bytes=cache_bytes,
        progress=TrainingCallback(report), stop=button._handle, white_level=white_level)
    where = compute_options(backend, device, threads, instruction_set, verify)
    record = c.c_void_p()
    rest = (os.fsencode(checkpoint), c.byref(where), c.byref(options), c.byref(record))
    if isinstance(data, (str, os.PathLike)):
        status = library.rd4ad_train(os.fsencode(data), *rest)
    else:
        images = _Images(data, format, white)
        status = library.rd4ad_train_images(images.callback, None, *rest)
        if images.raised is not None:
            raise images.raised
    if raised:
        library.rd4ad_training_free(record)
        raise raised[0]
    check(status)
    return _record_of(record)
