"""rd4ad, the library: headers, its CMake package and the built-in teacher; with compiled=True also rd4ad::compiled."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Rd4ad(ConanFile):
    name = "rd4ad"
    description = "Visual anomaly detection by reverse distillation, trained and scored in C++"
    license = "MIT"
    topics = ("anomaly-detection", "inspection", "deep-learning", "header-only")
    settings = "os", "arch", "compiler", "build_type"
    options = {"compiled": [True, False], "with_export": [True, False], "with_jpeg": [True, False], "with_onednn": [True, False],
               "with_tiff": [True, False], "with_webp": [True, False], "with_thrust": ["off", "cpp", "omp", "tbb", "cuda"]}
    default_options = {
        "compiled": False,
        "with_export": True,
        "with_jpeg": True,
        "with_tiff": False,
        "with_webp": False,
        "with_onednn": False,
        "with_thrust": "off",
        "openblas/*:build_lapack": True,
        # xtensor's SIMD would depend on each consumer's compile options, and with it the alignment of its tensors. rd4ad calls
        # xsimd itself.
        "xtensor/*:xsimd": False,
    }
    no_copy_source = True

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "..", "include", "rd4ad", "core", "version.hpp"))
        parts = (re.search(rf"#define RD4AD_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))
        self.version = ".".join(parts)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "include/*", "src/*", "cmake/*", "share/*", "tests/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def configure(self):
        self.package_type = "static-library" if self.options.compiled else "header-library"

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # xtensor-blas requires the version of xtensor that it is made for.
        self.requires("xtensor-blas/[>=0.20 <1]")
        self.requires("xsimd/[>=8.1 <14]")
        self.requires("nlohmann_json/[>=3.9 <4]", force=True)  # xtensor's recipe names one exact version
        self.requires("libzip/[>=1.7 <2]")
        self.requires("stb/cci.20240213")
        self.requires("xxhash/[>=0.8.1 <1]")
        if self.options.with_jpeg:
            self.requires("libjpeg-turbo/[>=2.1 <4]")
        if self.options.with_tiff:
            self.requires("libtiff/[>=4.5 <5]")
        if self.options.with_webp:
            self.requires("libwebp/[>=1.2 <2]")
        if self.options.with_export:
            self.requires("protozero/[>=1.7 <2]")
        if self.options.with_onednn:
            self.requires("onednn/[>=2.4 <4]")
        if self.options.with_thrust == "tbb":
            self.requires("onetbb/[>=2021 <2023]")

    def build_requirements(self):
        if not self.conf.get("tools.build:skip_test", default=False, check_type=bool):
            self.test_requires("catch2/[>=2.13 <4]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        tests = not self.conf.get("tools.build:skip_test", default=False, check_type=bool)
        toolchain.cache_variables.update({
            "RD4AD_TESTS": tests, "RD4AD_CLI": False, "RD4AD_EXAMPLES": False, "RD4AD_BENCHMARKS": False,
            "RD4AD_NATIVE": False, "RD4AD_COMPILED": bool(self.options.compiled),
            "RD4AD_EXPORT": bool(self.options.with_export), "RD4AD_JPEG": "ON" if self.options.with_jpeg else "OFF",
            "RD4AD_TIFF": "ON" if self.options.with_tiff else "OFF", "RD4AD_WEBP": "ON" if self.options.with_webp else "OFF",
            "RD4AD_ONEDNN": bool(self.options.with_onednn), "RD4AD_THRUST": str(self.options.with_thrust).upper(),
        })
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        tests = not self.conf.get("tools.build:skip_test", default=False, check_type=bool)
        if tests or self.options.compiled:
            cmake.build()
        if tests:
            cmake.test()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_id(self):
        if not self.info.options.compiled:
            self.info.clear()

    def package_info(self):
        # The installed CMake package finds the dependencies, with Conan and without.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "rd4ad")]
        self.cpp_info.bindirs = []
        if self.options.compiled:
            self.cpp_info.libs = ["rd4ad_compiled"]
        else:
            self.cpp_info.libdirs = []
        self.cpp_info.resdirs = [os.path.join("share", "rd4ad")]
