"""The Python package on the built C library. RD4AD_LIBRARY names it. RD4AD_TEST_FORMS is the folder that the C++ test writes: one
photograph, its model, and its raw score by the C++ interface."""
import os
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np

import rd4ad

HEIGHT, WIDTH = 50, 70


def part(seed):
    """A brightness gradient with noise."""
    noise = np.random.default_rng(seed).integers(0, 64, (HEIGHT, WIDTH, 3))
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (noise + (columns * 120 // WIDTH + rows * 60 // HEIGHT)[..., None]).astype(np.uint8)


def write_ppm(path, image):
    path.write_bytes(b"P6\n%d %d\n255\n" % (image.shape[1], image.shape[0]) + image.tobytes())


class Tests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        cls.good = cls.folder / "good"
        cls.good.mkdir()
        for seed in range(10):
            write_ppm(cls.good / f"{seed}.ppm", part(seed))
        cls.file = cls.folder / "part.ppm"
        write_ppm(cls.file, part(99))
        cls.steps, cls.events = [], []
        rd4ad.set_log(lambda level, text, values: cls.events.append((level, text, values)))
        cls.options = dict(teacher="none", steps=2, batch=2, size=32, calibration="hold-out", validation=0.8, threads=1)
        cls.checkpoint = cls.folder / "parts.safetensors"
        cls.training = rd4ad.train(cls.good, cls.checkpoint, progress=cls.steps.append, **cls.options)
        rd4ad.set_log(None)
        cls.detector = rd4ad.Detector(cls.checkpoint, threads=1, region_threshold=0.001)

    @classmethod
    def tearDownClass(cls):
        cls.detector.close()
        cls.scratch.cleanup()

    def test_a_training_has_a_record(self):
        self.assertEqual((self.training.steps, self.training.training_images, self.training.validation_images), (2, 2, 8))
        self.assertFalse(self.training.stopped)
        self.assertEqual(len(self.training.losses), 2)
        self.assertEqual([one.step for one in self.steps if one.epoch > 0], [1, 1])
        self.assertIn("a training starts", [text for _, text, _ in self.events])

    def test_arrays_train_the_model_of_their_files(self):
        with rd4ad.Detector(self.checkpoint, threads=1) as detector:
            expected = detector.score_file(self.file)
        arrays = [np.frombuffer((self.good / f"{seed}.ppm").read_bytes()[-3 * WIDTH * HEIGHT:], np.uint8).reshape(
            HEIGHT, WIDTH, 3) for seed in range(10)]
        other = self.folder / "arrays.safetensors"
        for images, format in ((arrays, None), ((one[..., ::-1].copy() for one in arrays), "bgr8"),
                               (((f"frame {i}", one) for i, one in enumerate(arrays)), None)):
            record = rd4ad.train(images, other, format=format, overwrite=True, **self.options)
            self.assertEqual((record.losses, record.validation_images), (self.training.losses, 8))
            with rd4ad.Detector(other, threads=1) as detector:
                found = detector.score_file(self.file)
            self.assertEqual((found.raw_score, found.score), (expected.raw_score, expected.score))

    def test_arrays_that_do_not_train(self):
        never = self.folder / "never"

        def fail():
            yield part(1)
            raise KeyError("the camera's own")

        for error, images in ((KeyError, fail()), (rd4ad.OptionError, ["a path", "another"]), (rd4ad.DataError, []),
                              (rd4ad.OptionError, [("a", part(1)), ("a", part(2))]), (rd4ad.ShapeError, [part(1)[..., :2]])):
            with self.subTest(error), self.assertRaises(error):
                rd4ad.train(images, never, **self.options)
        for level in (70000, 4095):
            deep = [np.full((HEIGHT, WIDTH), 100 * seed, np.uint16) for seed in range(10)]
            options = dict(self.options, white_level=level, overwrite=True)
            if level > 65535:
                with self.assertRaises(rd4ad.OptionError):
                    rd4ad.train(deep, never, white=4095, **options)
            else:
                self.assertEqual(rd4ad.train(deep, self.folder / "deep", white=4095, **options).training_images, 2)

    def test_a_result_has_map_and_regions(self):
        result = self.detector.score(part(99))
        self.assertEqual(result.map.shape, (HEIGHT, WIDTH))
        self.assertEqual(result.map.dtype, np.float32)
        self.assertFalse(result.map.flags.writeable)
        self.assertFalse(result.map.flags.owndata)
        self.assertAlmostEqual(float(result.map.max()), result.raw_score, delta=0.2 * result.raw_score)
        self.assertEqual(result.is_anomalous, result.score >= 0.5)
        self.assertTrue(result.regions)
        region = result.regions[0]
        self.assertTrue(0 <= region.x and region.x + region.width <= WIDTH and region.outline.shape[1] == 2)
        kept = result.map.copy()
        scores = result.map
        del result
        np.testing.assert_array_equal(scores, kept)  # the array keeps the library's memory

    def test_model_and_calibration(self):
        model = self.detector.model
        self.assertEqual((model.arch, model.backend, model.width, model.threads), ("resnet18", rd4ad.backends()[0], 32, 1))
        calibration = self.detector.calibration
        self.assertEqual(len(calibration.good_scores), 8)
        self.assertEqual(calibration.source, "hold-out")
        self.assertGreater(calibration.threshold, calibration.typical)
        self.detector.warm_up(WIDTH, HEIGHT)

    def test_one_photograph_scores_alike_in_every_form(self):
        rgb = part(99)
        expected = self.detector.score_file(self.file).raw_score
        wide = np.zeros((HEIGHT, WIDTH + 5, 3), np.uint8)
        wide[:, :WIDTH] = rgb
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        upside_down = np.ascontiguousarray(rgb[::-1])
        alpha = np.dstack([rgb, np.full((HEIGHT, WIDTH), 255, np.uint8)])
        forms = {"rgb": (rgb, None), "padded": (wide[:, :WIDTH], None), "bgr": (bgr, "bgr8"), "reversed": (bgr[..., ::-1], None),
                 "bottom-up": (upside_down[::-1], None), "rgba": (alpha, None), "rgbx": (alpha, "rgbx8"),
                 "fortran": (np.asfortranarray(rgb), None)}
        for name, (image, form) in forms.items():
            with self.subTest(name):
                self.assertEqual(self.detector.score(image, format=form).raw_score, expected)
        for name in ("padded", "bgr", "reversed", "bottom-up"):
            from rd4ad._detector import view_of
            image = forms[name][0]
            self.assertIs(view_of(image, forms[name][1])[1], image, "no copy")
        in_memory = rd4ad.Detector(self.checkpoint.read_bytes(), threads=1, name="parts")
        self.assertEqual(in_memory.score(rgb).raw_score, expected)
        grey = rgb[:, :, 0].copy()
        deep = grey.astype(np.uint16) * 16
        # 16-bit values are resized with 16 bits
        self.assertAlmostEqual(self.detector.score(deep, white=255 * 16).raw_score, self.detector.score(grey).raw_score,
                               delta=0.02)
        batch = self.detector.score_batch([rgb, part(3)])
        self.assertAlmostEqual(batch[0].raw_score, expected, delta=1e-4)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[:10] = 1
        self.assertEqual(float(self.detector.score(rgb, roi=mask).map[20:].max()), 0.0)

    @unittest.skipUnless(os.environ.get("RD4AD_TEST_FORMS"), "RD4AD_TEST_FORMS is not set")
    def test_the_score_of_cpp(self):
        folder = Path(os.environ["RD4AD_TEST_FORMS"])
        expected = float.fromhex((folder / "raw_score.txt").read_text())
        with rd4ad.Detector(folder / "parts.safetensors", threads=1) as detector:
            self.assertEqual(detector.score_file(folder / "part.png").raw_score, expected)

    def test_each_status_has_its_exception(self):
        for raised, call in (
            (rd4ad.IoError, lambda: rd4ad.Detector(self.folder / "absent.safetensors")),
            (rd4ad.FormatError, lambda: rd4ad.Detector(b"nothing", name="parts, revision 7")),
            (rd4ad.OptionError, lambda: rd4ad.Detector(self.checkpoint, backend="tensorrt")),
            (rd4ad.OptionError, lambda: rd4ad.Detector(self.checkpoint, map_size="screen")),
            (rd4ad.DataError, lambda: rd4ad.train(self.folder / "empty", self.folder / "never", **self.options)),
            (rd4ad.OptionError, lambda: self.detector.score(part(1), format="yuv")),
            (rd4ad.OptionError, lambda: self.detector.score(part(1).astype(np.float32))),
            (rd4ad.OptionError, lambda: self.detector.score([[1, 2], [3, 4]])),
            (rd4ad.ShapeError, lambda: self.detector.score(part(1), format="grey8")),
            (rd4ad.ShapeError, lambda: self.detector.score(np.zeros((4, 4, 2), np.uint8))),
            (rd4ad.ShapeError, lambda: self.detector.score(np.zeros((0, 4), np.uint8))),
            (rd4ad.ShapeError, lambda: self.detector.score(np.zeros((4, 4, 4), np.uint16))),
        ):
            (self.folder / "empty").mkdir(exist_ok=True)
            with self.assertRaises(raised):
                call()
        try:
            rd4ad.Detector(b"nothing", name="parts, revision 7")
        except rd4ad.Error as problem:
            self.assertIn("parts, revision 7", str(problem))
            self.assertEqual(problem.status, 2)

    def test_files_stop_and_progress(self):
        broken = self.folder / "broken.png"
        broken.write_bytes(b"no image")
        done = []
        found = self.detector.score_files([self.file, broken, self.file], skip_failures=True,
                                          progress=lambda at, count: done.append((at, count)))
        self.assertEqual([isinstance(one, rd4ad.Result) for one in found], [True, False, True])
        self.assertEqual(done[-1], (3, 3))
        with self.assertRaises(rd4ad.Error):
            self.detector.score_files([broken])
        button = rd4ad.Stop()
        button.request()
        with self.assertRaises(rd4ad.StoppedError):
            self.detector.score_files([self.file], stop=button)
        with self.assertRaises(rd4ad.StoppedError):
            rd4ad.train(self.good, self.folder / "never", stop=button, **self.options)

        def fail(*_):
            raise KeyError("the caller's own")

        with self.assertRaises(KeyError):
            self.detector.score_files([self.file] * 3, progress=fail)
        with self.assertRaises(KeyError):
            rd4ad.train(self.good, self.folder / "never", progress=fail, **self.options)

    def test_threads_share_a_detector(self):
        expected, found = self.detector.score(part(5)).raw_score, []
        threads = [threading.Thread(target=lambda: found.append(self.detector.score(part(5)).raw_score)) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(found, [expected] * 4)


if __name__ == "__main__":
    unittest.main()
