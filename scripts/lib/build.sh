# Builds with a sign of progress. Source this file after packages.sh.

# build FOLDER [ARGUMENT...]: cmake --build with build_jobs compilers. On a terminal the build tool draws its status line. In a log, one
# line per 15 seconds states the finished steps; warnings and errors appear whole.
build() {
    local folder=$1 status=0
    shift
    if [[ -t 1 ]]; then
        cmake --build "$folder" --parallel "$(build_jobs)" "$@"
    else
        (set -o pipefail && cmake --build "$folder" --parallel "$(build_jobs)" "$@" 2>&1 | progress) || status=$?
        return "$status"
    fi
}

# progress: copies standard input without the steps of Ninja ("[3/40] ...") and Make ("[ 12%] ..."), and counts these instead.
progress() {
    local line start=$SECONDS last=$SECONDS part="" state="built nothing yet" step='^\[ *([0-9]+)(/[0-9]+|%)\]' status
    while true; do
        status=0
        IFS= read -r -t 5 line || status=$?
        if ((status > 128)); then  # no whole line within 5 seconds
            part+=$line
        elif ((status > 0)) && [[ -z $part$line ]]; then
            break
        else
            line=$part$line part=""
            if [[ $line =~ $step ]]; then
                state="built ${BASH_REMATCH[1]}${BASH_REMATCH[2]/\// of }"
            else
                printf '%s\n' "$line"
            fi
            ((status == 0)) || break
        fi
        if ((SECONDS - last >= 15)); then
            echo "$state, $((SECONDS - start)) s"
            last=$SECONDS
        fi
    done
    echo "$state, $((SECONDS - start)) s"
}
