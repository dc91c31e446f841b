"""rd4ad, the command: an application on the library's package."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Rd4adCommand(ConanFile):
    name = "rd4ad-cli"
    description = "The command of rd4ad: train, test and score visual anomaly detection"
    license = "MIT"
    package_type = "application"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_export": [True, False], "with_http": [True, False], "with_jpeg": [True, False], "with_mpi": [True, False],
               "with_onednn": [True, False], "with_tiff": [True, False], "with_webp": [True, False],
               "with_thrust": ["off", "cpp", "omp", "tbb", "cuda"]}
    default_options = {"with_export": True, "with_http": True, "with_jpeg": True, "with_mpi": False, "with_onednn": False,
                       "with_tiff": False, "with_webp": False, "with_thrust": "off"}

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "..", "..", "include", "rd4ad", "core", "version.hpp"))
        parts = (re.search(rf"#define RD4AD_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))
        self.version = ".".join(parts)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("LICENSE", "cli/*", "cmake/compile_options.cmake", "cmake/find_httplib.cmake",
                        "cmake/instruction_sets.cmake"):
            copy(self, pattern, root, self.export_sources_folder)

    def configure(self):
        self.options["rd4ad"].with_export = self.options.with_export
        self.options["rd4ad"].with_jpeg = self.options.with_jpeg
        self.options["rd4ad"].with_tiff = self.options.with_tiff
        self.options["rd4ad"].with_webp = self.options.with_webp
        self.options["rd4ad"].with_onednn = self.options.with_onednn
        self.options["rd4ad"].with_thrust = self.options.with_thrust

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires(f"rd4ad/{self.version}")
        self.requires("cxxopts/[>=3 <4]")
        if self.options.with_http:
            self.requires("cpp-httplib/[>=0.11.4 <0.16]")  # later ones change a member that cli/http_server.cpp overrides
            self.requires("libcurl/[>=7.78 <9]")
            self.requires("openssl/[>=1.1 <4]")

        if self.options.with_mpi:
            self.requires("openmpi/[>=4.1 <6]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update({
            "CMAKE_UNITY_BUILD": True,
            "RD4AD_EXPORT": bool(self.options.with_export), "RD4AD_HTTP": bool(self.options.with_http),
            "RD4AD_JPEG": "ON" if self.options.with_jpeg else "OFF",
            "RD4AD_TIFF": "ON" if self.options.with_tiff else "OFF", "RD4AD_WEBP": "ON" if self.options.with_webp else "OFF",
            "RD4AD_MPI": bool(self.options.with_mpi), "RD4AD_ONEDNN": bool(self.options.with_onednn),
            "RD4AD_THRUST": str(self.options.with_thrust).upper(),
        })
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder="cli")
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.includedirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.resdirs = [os.path.join("share", "rd4ad")]
