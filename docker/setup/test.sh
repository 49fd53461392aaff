#!/usr/bin/env bash
# test.sh PYTEST-ARGUMENTS...: run tests with a Docker engine, which is left as it was found.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

finish() { "$ROOT/docker/setup/engine.sh" down || true; }
trap finish EXIT

no_docker=""
if ! "$ROOT/docker/setup/engine.sh" up; then
    [ -z "${REQUIRE_DOCKER:-}" ] || die "REQUIRE_DOCKER is set and there is no Docker engine"
    no_docker="NO DOCKER ENGINE: what needs one was NOT RUN (the reason is at the top)"
    say "$no_docker"
else
    "$ROOT/docker/setup/images.sh"
fi
# what drives the browser is linked with the one, tests with networks of their own need the other
"$ROOT/docker/setup/packages.sh" libatomic1 iproute2 ||
    say "NO libatomic1 OR iproute2: tests that need them are skipped or fail (the reason is above)"
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    "$ROOT/docker/setup/packages.sh" chromium fonts-dejavu-core ||
        say "NO CHROMIUM: browser tests are skipped (the reason is above)"
fi
status=0
"$ROOT/.venv/bin/python" -m pytest "$@" || status=$?
[ -z "$no_docker" ] || say "$no_docker"
exit "$status"
