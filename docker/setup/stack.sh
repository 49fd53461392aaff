#!/usr/bin/env bash
# stack.sh up|down|logs|ps [NAME]: all parts on this machine (docker/compose.full.yaml) under a name of their own.
#
# NAME is the router's container, the compose project and the prefix of all else; default $ROUTER_NAME or software_router.
# CORE_PORT and ROUTER_PORT choose the ports on 127.0.0.1; free ones are taken and remembered when not given.
# `down` keeps the data; VOLUMES=1 removes it too.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ACTION="${1:-up}"
NAME="${2:-${ROUTER_NAME:-software_router}}"
STACK="$ROOT/.cache/stack/$NAME"
ENV_FILE="$STACK/env"
SECRETS="$STACK/secrets"
FILE="$ROOT/docker/compose.full.yaml"
# compose believes a variable of this shell before the file
export ROUTER_NAME="$NAME"
unset COMPOSE_PROJECT_NAME JOB_NETWORK

random() { python3 -c 'import secrets; print(secrets.token_hex(24))'; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
remembered() { sed -n "s/^$1=//p" "$ENV_FILE" 2>/dev/null; }
is_up() { [ -n "$(docker ps -q --filter "label=com.docker.compose.project=$NAME")" ]; }

port() { # VARIABLE: what the user wants, else what it was, else a free one
    local wanted="${!1:-}"
    wanted="${wanted:-$(remembered "$1")}"
    [ -n "$wanted" ] || wanted="$(free_port)"
    if ! is_up && taken "$wanted"; then
        die "port $wanted is taken by another program: choose a free one with $1=PORT"
    fi
    echo "$wanted"
}

write_env() {
    local core router
    core="$(port CORE_PORT)"
    router="$(port ROUTER_PORT)"
    mkdir -p "$STACK"
    cat >"$ENV_FILE" <<END
COMPOSE_PROJECT_NAME=$NAME
ROUTER_NAME=$NAME
JOB_NETWORK=${NAME}_jobs
VERSION=$VERSION
CORE_PORT=$core
ROUTER_PORT=$router
SECRETS=$SECRETS
END
    [ -s "$SECRETS" ] && return 0
    local password
    password="$(random)"
    (
        umask 077
        cat >"$SECRETS" <<END
RABBITMQ_USER=router
RABBITMQ_PASSWORD=$password
CORE_AMQP=amqp://router:$password@broker:5672/%2F
ROUTER_BROKER__URL=amqp://router:$password@broker:5672/%2F
END
    )
}

run() { compose --env-file "$ENV_FILE" -p "$NAME" -f "$FILE" "$@"; }

answers() { # PORT PATH: whether it says 200
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    read -r -t 5 line <&3
    case "$line" in *" 200 "*) return 0 ;; *) return 1 ;; esac
}

wait_for() { # WHAT SERVICE PORT PATH
    local deadline=$((SECONDS + 90))
    until (answers "$3" "$4") 2>/dev/null; do
        if [ $SECONDS -gt $deadline ]; then
            run logs --tail=30 "$2" >&2 || true
            die "$1 does not answer on port $3 after 90 s; its last lines are above"
        fi
        sleep 0.2
    done
}

case "$ACTION" in
    up)
        disk_or_die "$ROOT"
        "$ROOT/docker/setup/engine.sh" up
        source "$ROOT/docker/setup/compose.sh"
        "$ROOT/docker/setup/images.sh"
        write_env
        say "starting broker, Core and router as '$NAME'"
        quietly "$STACK/up.log" "docker compose could not start '$NAME'" run up -d --remove-orphans
        wait_for "the embedded Core" core "$(remembered CORE_PORT)" /server/ping
        wait_for "the router" software_router "$(remembered ROUTER_PORT)" /readyz
        ;;
    down)
        [ -f "$ENV_FILE" ] || { say "nothing called '$NAME' was started from here"; exit 0; }
        docker version >/dev/null 2>&1 || { say "no Docker engine answers: nothing runs"; exit 0; }
        source "$ROOT/docker/setup/compose.sh"
        say "stopping '$NAME'"
        jobs="$(docker ps -aq --filter "label=org.cytomine.software-router.router=$NAME")"
        [ -z "$jobs" ] || docker rm -f -v $jobs >/dev/null
        if [ -n "${VOLUMES:-}" ]; then
            run kill >/dev/null 2>&1 || true # nothing of it is kept, so nothing needs to be put in order
            quietly "$STACK/down.log" "docker compose could not stop '$NAME'" run down -v --remove-orphans -t 20
            rm -rf "$STACK"
        else
            quietly "$STACK/down.log" "docker compose could not stop '$NAME'" run down --remove-orphans -t 20
        fi
        ;;
    logs | ps)
        [ -f "$ENV_FILE" ] || die "nothing called '$NAME' was started from here: run 'make up' first"
        source "$ROOT/docker/setup/compose.sh"
        case "$ACTION" in logs) run logs --tail=200 ${FOLLOW:+-f} ;; ps) run ps ;; esac
        ;;
    *) die "use: stack.sh up|down|logs|ps [NAME]" ;;
esac
