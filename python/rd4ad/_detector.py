"""Detector, its results, and a stop button."""
from __future__ import annotations

import ctypes as c
import os
from dataclasses import dataclass, field
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._errors import Error, OptionError, ShapeError, error_of
from ._library import (
    CalibrationFacts,
    ComputeOptions,
    Description,
    DetectorOptions,
    ProgressCallback,
    RegionFacts,
    ResultCallback,
    ResultFacts,
    Run,
    View,
    bytes_of,
    check,
    library,
    text_of,
)

Image = Union["npt.NDArray[np.uint8]", "npt.NDArray[np.uint16]"]
"""H x W (grey), H x W x 3 or H x W x 4 values of uint8, or H x W or H x W x 3 of uint16."""

_formats = ("grey8", "rgb8", "bgr8", "rgba8", "bgra8", "rgbx8", "bgrx8", "grey16", "rgb16", "bgr16", "rggb8", "bggr8", "grbg8",
            "gbrg8", "rggb16", "bggr16", "grbg16", "gbrg16")
_reversed = {"rgb8": "bgr8", "bgr8": "rgb8", "rgb16": "bgr16", "bgr16": "rgb16"}


@dataclass(frozen=True)
class Region:
    """An area of the map over the threshold, in pixels of the image."""

    x: float
    y: float
    width: float
    height: float
    area: float
    raw_score: float
    score: float
    outline: "npt.NDArray[np.float64]"  # N x 2: x, y


@dataclass(frozen=True)
class Result:
    """The result of one image. `map` has the raw scores, float32, and is read-only; it keeps the library's memory."""

    raw_score: float
    score: Optional[float]  # 0..1; None without a calibration
    is_anomalous: Optional[bool]  # score >= 0.5
    map: "npt.NDArray[np.float32]" = field(repr=False)
    regions: List[Region] = field(repr=False)


@dataclass(frozen=True)
class Model:
    """The model of a detector."""

    arch: str
    teacher: str
    backend: str
    width: int
    height: int
    threads: int
    products: List[str]


@dataclass(frozen=True)
class Calibration:
    """The threshold and its evidence."""

    threshold: float  # raw score at which an alarm begins
    typical: float  # median raw score of the good images
    rule: str
    source: str
    asked_rate: float
    expected_rate: float
    rate_interval: Tuple[float, float]
    f1: Optional[float]
    good_scores: "npt.NDArray[np.float32]"
    set_aside: int


class Stop:
    """A stop button: request() ends the runs that have it within one batch, from any thread."""

    def __init__(self) -> None:
        self._handle = c.c_void_p()
        check(library.rd4ad_stop_new(c.byref(self._handle)))

    def request(self) -> None:
        """Ends the runs."""
        check(library.rd4ad_stop_request(self._handle))

    def __del__(self) -> None:
        library.rd4ad_stop_free(self._handle)


class _ResultHandle:
    """A result of the library, freed with the last array that refers to it."""

    def __init__(self, handle: int) -> None:
        self.value = handle

    def __del__(self) -> None:
        library.rd4ad_result_free(self.value)


def _result_of(handle: int) -> Result:
    owner = _ResultHandle(handle)
    facts = ResultFacts()
    check(library.rd4ad_result_describe(handle, c.byref(facts)))
    memory = (c.c_float * (facts.map_width * facts.map_height)).from_address(facts.map)
    memory.owner = owner  # the array below refers to `memory`
    scores = np.frombuffer(memory, dtype=np.float32).reshape(facts.map_height, facts.map_width)
    scores.flags.writeable = False
    regions = []
    for index in range(facts.region_count):
        one = RegionFacts()
        check(library.rd4ad_result_region(handle, index, c.byref(one)))
        outline = np.array(one.outline[: 2 * one.outline_count], dtype=np.float64).reshape(-1, 2)
        regions.append(Region(one.x, one.y, one.width, one.height, one.area, one.raw_score, one.score, outline))
    has_score = facts.has_score == 1
    return Result(facts.raw_score, facts.score if has_score else None, facts.is_anomalous == 1 if has_score else None, scores,
                  regions)


def _format_of(image: Image) -> str:
    channels = 1 if image.ndim == 2 else image.shape[2]
    by_shape = {(1, 1): "grey8", (1, 3): "rgb8", (1, 4): "rgba8", (2, 1): "grey16", (2, 3): "rgb16"}
    return by_shape[image.itemsize, channels]


def view_of(image: Image, format: Optional[str] = None, white: int = 0) -> Tuple[View, Image]:
    """The view of an array, and the array that has its memory: the given one, or a copy where the strides do not allow a view."""
    if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.uint16):
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise OptionError(f"the image is {kind}; expected a NumPy array of uint8 or uint16")
    if image.ndim not in (2, 3) or (image.ndim == 3 and (image.shape[2] not in (1, 3, 4) or image.shape[2] * image.itemsize > 6)):
        raise ShapeError(f"the image has the shape {image.shape} of {image.dtype}; expected height x width, x 3, or x 4 of uint8")
    if image.dtype.byteorder == ">":
        image = image.astype(image.dtype.newbyteorder("="))
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    name = _format_of(image) if format is None else format
    if name not in _formats:
        raise OptionError(f"format {name!r} is unknown; expected one of {', '.join(_formats)}")
    expected = 1 if name[:4] in ("grey", "rggb", "bggr", "grbg", "gbrg") else 4 if name[3] in "ax" else 3
    if (1 if image.ndim == 2 else image.shape[2]) != expected or image.itemsize != (2 if name.endswith("16") else 1):
        raise ShapeError(f"the image has the shape {image.shape} of {image.dtype}, which is not {name}")
    first = 0
    pixel = expected * image.itemsize
    if image.ndim == 3 and image.strides[2] == -image.itemsize and image.strides[1] == pixel and name in _reversed:
        name, first = _reversed[name], -2 * image.itemsize  # image[..., ::-1]
    elif image.strides[1] != pixel or (image.ndim == 3 and image.strides[2] != image.itemsize) or abs(
            image.strides[0]) < pixel * image.shape[1]:
        image = np.ascontiguousarray(image)
    view = View(format=_formats.index(name), data=image.ctypes.data + first, width=image.shape[1], height=image.shape[0],
                stride=image.strides[0], white=white)
    return view, image


def compute_options(backend: Optional[str], device: Union[str, int, None], threads: int, instruction_set: Optional[str],
                    verify: bool) -> ComputeOptions:
    """The struct of these options."""
    return ComputeOptions(skip_verify=0 if verify else 1, backend=bytes_of(backend),
                          device=None if device is None else bytes_of(str(device)), instruction_set=bytes_of(instruction_set),
                          threads=threads)


class Detector:
    """Scores images with a trained model. Several threads may use it at once; close it after them."""

    def __init__(self, checkpoint: Union[str, "os.PathLike[str]", bytes], *, backend: Optional[str] = None,
                 device: Union[str, int, None] = None, threads: int = 0, instruction_set: Optional[str] = None,
                 verify: bool = True, batch: int = 8, sigma: float = 4.0, map_size: str = "image",
                 region_threshold: float = 0.5, min_area: float = 0.0, product: Optional[str] = None,
                 name: str = "the checkpoint") -> None:
        """Loads a checkpoint: a path, or its bytes, which `name` calls in messages. threads: of each call; 0: all. map_size:
        "image" or "network"."""
        self._handle = c.c_void_p()
        if map_size not in ("image", "network"):
            raise OptionError(f"map_size is {map_size!r}; expected 'image' or 'network'")
        where = compute_options(backend, device, threads, instruction_set, verify)
        options = DetectorOptions(map_size=1 if map_size == "network" else 0, batch=batch, sigma=sigma if sigma != 0 else -1.0,
                                  region_threshold=region_threshold, min_area=min_area, product=bytes_of(product))
        out = c.byref(self._handle)
        if isinstance(checkpoint, bytes):
            check(library.rd4ad_detector_open_memory(checkpoint, len(checkpoint), bytes_of(name), c.byref(where),
                                                     c.byref(options), out))
        else:
            check(library.rd4ad_detector_open(os.fsencode(checkpoint), c.byref(where), c.byref(options), out))

    def close(self) -> None:
        """Frees the model. Results stay valid."""
        handle, self._handle = self._handle, c.c_void_p()
        library.rd4ad_detector_free(handle)

    def __enter__(self) -> "Detector":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    @property
    def model(self) -> Model:
        """The detector's model."""
        of = Description()
        check(library.rd4ad_detector_describe(self._handle, c.byref(of)))
        return Model(text_of(of.arch), text_of(of.teacher), text_of(of.backend), of.width, of.height, of.threads,
                     [text_of(of.products[i]) for i in range(of.product_count)])

    @property
    def calibration(self) -> Optional[Calibration]:
        """The threshold and its evidence, or None."""
        model = Description()
        check(library.rd4ad_detector_describe(self._handle, c.byref(model)))
        if model.has_calibration == 0:
            return None
        of = CalibrationFacts()
        check(library.rd4ad_detector_calibration(self._handle, c.byref(of)))
        rules = ("order statistic", "location-scale law", "best F1")
        sources = ("hold-out", "out-of-fold", "given")
        return Calibration(of.threshold, of.typical, rules[of.rule], sources[of.source], of.asked_rate, of.expected_rate,
                           (of.rate_low, of.rate_high), of.f1 if of.has_f1 else None,
                           np.array(of.good_scores[: of.good_count], dtype=np.float32), of.set_aside)

    def warm_up(self, width: int, height: int, *, frames: int = 1, callers: int = 1) -> None:
        """Does the work that the first images of a size would wait for. frames: of one call; callers: threads at once."""
        check(library.rd4ad_detector_warm_up(self._handle, width, height, frames, callers))

    def score(self, image: Image, *, format: Optional[str] = None, white: int = 0,
              roi: Optional["npt.NDArray[np.uint8]"] = None) -> Result:
        """Scores an array, without a copy of it. Three channels are RGB; format="bgr8" for OpenCV's. white: of 16-bit values,
        4095 for 12 bits. roi: H x W, 0 outside the region of interest."""
        view, _keep = view_of(image, format, white)
        mask = None if roi is None else view_of(roi, "grey8")
        out = c.c_void_p()
        check(library.rd4ad_detector_score(self._handle, c.byref(view), None if mask is None else c.byref(mask[0]), c.byref(out)))
        assert out.value is not None
        return _result_of(out.value)

    def score_batch(self, images: Sequence[Image], *, format: Optional[str] = None, white: int = 0) -> List[Result]:
        """Scores arrays of any sizes."""
        views = [view_of(one, format, white) for one in images]
        pointers = (c.POINTER(View) * len(views))(*(c.pointer(one[0]) for one in views))
        out = (c.c_void_p * len(views))()
        check(library.rd4ad_detector_score_batch(self._handle, pointers, len(views), out))
        return [_result_of(handle) for handle in out]

    def score_file(self, path: Union[str, "os.PathLike[str]"]) -> Result:
        """Scores an image file."""
        out = c.c_void_p()
        check(library.rd4ad_detector_score_file(self._handle, os.fsencode(path), c.byref(out)))
        assert out.value is not None
        return _result_of(out.value)

    def score_files(self, paths: "Sequence[Union[str, os.PathLike[str]]]", *, skip_failures: bool = False,
                    progress: Optional[Callable[[int, int], None]] = None,
                    stop: Optional[Stop] = None) -> List[Union[Result, Error]]:
        """Scores files; reading overlaps with computing. skip_failures: a file that can't be read gets its Error in the list.
        progress(done, count) is called on a thread of the library; an exception of it ends the run."""
        button = Stop() if stop is None else stop
        results: List[Union[Result, Error]] = []
        raised: List[BaseException] = []

        def keep(_user: object, _index: int, status: int, message: bytes, handle: Optional[int]) -> None:
            results.append(_result_of(handle) if handle is not None else error_of(status, text_of(message)))

        def report(_user: object, done: int, count: int) -> None:
            try:
                if progress is not None and not raised:
                    progress(done, count)
            except BaseException as problem:  # ctypes would drop it
                raised.append(problem)
                button.request()

        run = Run(skip_failures=1 if skip_failures else 0, progress=ProgressCallback(report), stop=button._handle)
        files = (c.c_char_p * len(paths))(*(os.fsencode(one) for one in paths))
        status = library.rd4ad_detector_score_files(self._handle, files, len(paths), ResultCallback(keep), c.byref(run))
        if raised:
            raise raised[0]
        check(status)
        return results
