# The test programs and their folders, as tests/CMakeLists.txt states them. Source this file in the project's folder.

declare -A test_program_of=()  # the program of each folder of tests/
test_folders=()                # in the order of their floors
while read -r program folders; do
    for folder in $folders; do test_program_of[$folder]=test_$program && test_folders+=("$folder"); done
done < <(sed -nE 's/^set\(folders_([a-z]+) ([a-z ]+)\)$/\1 \2/p' tests/CMakeLists.txt)
((${#test_folders[@]})) || { echo "tests/CMakeLists.txt: found no line 'set(folders_PROGRAM FOLDER...)'" >&2 && exit 1; }

# test_programs FOLDER...: the programs that have the tests of these folders.
test_programs() {
    local folder
    for folder in "$@"; do echo "${test_program_of[$folder]}"; done | sort -u
}

# run_tests BUILD FOLDER [COMMAND...]: runs the tests of a folder, by COMMAND if there is one. Every test has its folder's tag.
run_tests() {
    local build=$1 folder=$2
    shift 2
    "$@" "$build/bin/${test_program_of[$folder]}" "[$folder]" --reporter compact
}
