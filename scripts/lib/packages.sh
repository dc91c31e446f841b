# Debian's packages that the project needs, and how they get there. To be sourced.

# To build the library and the command.
packages_build=(
    ca-certificates cmake g++ ninja-build
    libcurl4-openssl-dev libcxxopts-dev libopenblas-dev libprotozero-dev libssl-dev libstb-dev libxsimd-dev libxtensor-blas-dev libxtensor-dev
    libzip-dev nlohmann-json3-dev
)
# To build tests, benchmarks and all examples.
packages_test=("${packages_build[@]}" catch2 curl libbenchmark-dev libcpp-httplib-dev)
# To test the report in a browser; without them that test is left out.
packages_browser=(chromium fonts-dejavu-core python3)
# oneDNN, for the backend of that name.
packages_onednn=(libdnnl-dev)
# Thrust for its host systems.
packages_thrust=(libtbb-dev libthrust-dev)
# The second compiler, and the format check.
packages_clang=(clang libomp-dev)
packages_format=(clang-format-14)
# The pages of the library's names.
packages_docs=(doxygen)
# Conan, and the runtimes that exported models are compared in, each in a virtual environment of Python's.
packages_python=(python3 python3-venv)
# PyTorch, in which checkpoints are opened.
packages_torch=(python3-numpy python3-pil python3-torch)

# install_packages NAME...: installs those that are missing, and touches no network where none is.
install_packages() {
    local name missing=() as_root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian: the packages ${*} are taken to be there." >&2
        return 0
    fi
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "Missing packages, and neither root nor sudo here. As root: apt-get install --no-install-recommends ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || return
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build_jobs: how many compilers fit this machine at once, at 2.5 GB each.
build_jobs() {
    local processors memory
    processors=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 2500000) }' /proc/meminfo)
    ((memory < 1)) && memory=1
    echo $((processors < memory ? processors : memory))
}
