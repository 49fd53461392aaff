# Sourced by every script of this folder: how we speak, how we fail, how we become root.
# shellcheck shell=bash
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
CACHE="${CACHE:-$ROOT/.cache/setup}"
PREFIX="cytomine-software-router"
VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' "$ROOT/pyproject.toml")"
MIN_DISK_GB="${MIN_DISK_GB:-5}"
# tools of the administrator are not on every user's path
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
mkdir -p "$CACHE"

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# One message of one line for the user; the rest is in the log it names.
quietly() { # LOG MESSAGE COMMAND...
    local log="$1" message="$2"
    shift 2
    "$@" >"$log" 2>&1 </dev/null && return 0
    tail -n 15 "$log" >&2
    die "$message (everything it said: $log)"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        die "'$1' needs root and there is no sudo: run this as root, or start Docker and install '$*' yourself"
    fi
}

disk_or_die() { # FOLDER: docker's data or ours, whichever part of it exists
    local folder="$1" free
    while [ ! -d "$folder" ]; do folder="$(dirname "$folder")"; done
    free="$(df -Pk "$folder" | awk 'NR==2 {print int($4 / 1048576)}')"
    [ "$free" -ge "$MIN_DISK_GB" ] ||
        die "only $free GB free under $folder, $MIN_DISK_GB GB are needed: free some space ('docker system df' shows what images hold)"
}
