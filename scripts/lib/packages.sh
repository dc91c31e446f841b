# The project's Debian packages and their installation. Source this file.

# The library and the command.
packages_build=(
    ca-certificates cmake g++ libcpp-httplib-dev ninja-build pkgconf
    libcurl4-openssl-dev libcxxopts-dev libjpeg62-turbo-dev libopenblas-dev libprotozero-dev libssl-dev libstb-dev libtiff-dev
    libwebp-dev libxsimd-dev libxtensor-blas-dev libxtensor-dev libxxhash-dev libzip-dev nlohmann-json3-dev
)
# Tests, benchmarks and all examples.
packages_test=("${packages_build[@]}" catch2 curl libbenchmark-dev libopencv-core-dev libopencv-dnn-dev
    libopencv-videoio-dev)
# The report's test in a browser, which is not run without them.
packages_browser=(chromium fonts-dejavu-core python3)
# The oneDNN backend.
packages_onednn=(libdnnl-dev)
# The Thrust backend on OMP, TBB and CPP.
packages_thrust=(libtbb-dev libthrust-dev)
# Several processes of mpirun.
packages_mpi=(libopenmpi-dev openmpi-bin)
# The second compiler; the format check.
packages_clang=(clang libomp-dev)
packages_format=(clang-format-14)
# Coverage; valgrind and clang-tidy of scripts/sanitise.
packages_llvm=(llvm)
packages_sanitise=(clang-tidy valgrind)
# The tests of the instruction sets: a quick disassembler, and an emulated processor.
packages_instruction_sets=(llvm qemu-user)
# The example in C#.
packages_csharp=(mono-mcs mono-runtime)
# The API reference.
packages_docs=(doxygen)
# Python, for the virtual environments of Conan and of the runtimes of exported models.
packages_python=(python3 python3-venv)
# PyTorch, which a test opens checkpoints with.
packages_torch=(python3-numpy python3-pil python3-torch)

# install_packages NAME...: installs the missing packages; without a missing package it uses no network.
install_packages() {
    local name missing=() as_root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "dpkg-query not found: this script installs no packages here. It needs the equivalents of ${*}." >&2
        return 0
    fi
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "Packages are missing, and installing them needs root or sudo. As root: apt-get install --no-install-recommends ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || return
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build_jobs: the number of parallel compilers: RD4AD_JOBS, else one per processor, and 2.5 GB of free memory for each.
build_jobs() {
    local processors memory
    processors=${RD4AD_JOBS:-$(nproc)}
    memory=$(awk '/^MemAvailable/ { print int($2 / 2500000) }' /proc/meminfo)
    ((memory < 1)) && memory=1
    echo $((processors < memory ? processors : memory))
}
