#!/usr/bin/env bash
# lock.sh: pin requirements/*.lock from pyproject.toml, with hashes. What is pinned stays, unless UPGRADE=1.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

UV="$CACHE/uv/bin/uv"
if [ ! -x "$UV" ]; then
    say "installing uv, which pins the packages"
    quietly "$CACHE/uv.log" "could not install uv" python3 -m venv "$CACHE/uv"
    quietly "$CACHE/uv.log" "could not install uv: check the network" "$CACHE/uv/bin/python" -m pip install uv==0.13.9
fi
pin() { # NAME ARGUMENTS...
    local name="$1"
    shift
    say "pinning requirements/$name.lock"
    quietly "$CACHE/lock.log" "the packages of $name do not fit together or can not be fetched" \
        "$UV" pip compile ${UPGRADE:+--upgrade} --quiet --no-annotate --generate-hashes --python-version 3.11 \
        --custom-compile-command "make lock" --output-file "requirements/$name.lock" "$@"
}
pin services pyproject.toml --extra daemon --extra postgres --extra slurm --extra core
pin algorithms pyproject.toml --extra retrieval
pin dev pyproject.toml --extra daemon --extra postgres --extra slurm --extra core --extra retrieval --extra pyramids --group dev
python3 - <<'END' >"$CACHE/build.in"
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")
END
pin build "$CACHE/build.in"
