# Debian 12's packages are the dependencies, for machines that reach no Conan remote:
#   conan create conan --profile:all conan/debian.profile
{% set compiler, version, _ = detect_api.detect_default_compiler() %}
[settings]
os=Linux
arch={{ detect_api.detect_arch() }}
compiler={{ compiler }}
compiler.version={{ detect_api.default_compiler_version(compiler, version) }}
compiler.libcxx=libstdc++11
compiler.cppstd=20
build_type=Release

[conf]
tools.cmake.cmaketoolchain:generator=Ninja
tools.cmake.cmaketoolchain:user_presets=

[platform_requires]
xtensor-blas/0.20.0
xsimd/8.1.0
nlohmann_json/3.11.2
cpp-httplib/0.11.4
libcurl/7.88.1
libjpeg-turbo/2.1.5
libzip/1.7.3
openssl/3.0.19
protozero/1.7.1
stb/cci.20240213
xxhash/0.8.1
cxxopts/3.1.1
catch2/2.13.10
onednn/2.6.3
onetbb/2021.8.0
openmpi/4.1.4
