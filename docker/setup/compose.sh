# Sourced: `compose ARGUMENTS...` is docker compose v2 or docker-compose 1.29, whichever is here; installed when neither is.
# shellcheck shell=bash
if docker compose version >/dev/null 2>&1; then
    compose() { docker compose "$@"; }
else
    command -v docker-compose >/dev/null || "$ROOT/docker/setup/packages.sh" docker-compose
    compose() { docker-compose "$@"; }
fi
