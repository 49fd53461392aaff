#!/usr/bin/env bash
# venv.sh: the virtual environment .venv with exactly what requirements/dev.lock says.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VENV="$ROOT/.venv"
STAMP="$VENV/.made-from"
cd "$ROOT"

good() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

wanted="$(sha256sum <requirements/dev.lock | cut -d" " -f1)"
[ "$(cat "$STAMP" 2>/dev/null)" != "$wanted" ] || exit 0

python=""
for candidate in ${PYTHON:-} python3.11 python3; do
    if command -v "$candidate" >/dev/null && good "$candidate"; then
        python="$candidate"
        break
    fi
done
[ -n "$python" ] || die "needs Python 3.11 or newer, found $(python3 --version 2>&1): install it, or say where it is with PYTHON=..."

disk_or_die "$ROOT"
if [ ! -x "$VENV/bin/python" ]; then
    "$python" -c 'import ensurepip' 2>/dev/null || "$ROOT/docker/setup/packages.sh" python3-venv
    say "making the virtual environment .venv with $("$python" --version)"
    quietly "$CACHE/venv.log" "could not make .venv" "$python" -m venv "$VENV"
fi
say "installing the locked Python packages (log: $CACHE/venv.log)"
quietly "$CACHE/venv.log" "could not fetch the Python packages: check the network and the pip settings" \
    "$VENV/bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements/dev.lock
quietly "$CACHE/venv.log" "could not install this project into .venv" \
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps --editable .
echo "$wanted" >"$STAMP"
