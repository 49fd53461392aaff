#!/usr/bin/env bash
# engine.sh up|down: a Docker engine that answers. `down` stops it only if `up` of this checkout started it.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

OURS="$CACHE/dockerd.pid"   # there when this checkout started the engine
LOG="$CACHE/dockerd.log"
PIDFILE=/var/run/docker.pid
CONTAINERD_PIDFILE=/var/run/docker/containerd/containerd.pid

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# A process that is there and not a zombie: a killed daemon may stay one where PID 1 reaps slowly.
alive() { [ -n "$1" ] && [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }

up() {
    if command -v docker >/dev/null && answers; then return 0; fi
    [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST=$DOCKER_HOST does not answer: start that engine or unset DOCKER_HOST"
    if [ "$(id -u)" != 0 ] && [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
        die "you may not use /var/run/docker.sock: run 'sudo usermod -aG docker $(id -un)', log in again, and run this again"
    fi
    disk_or_die /var/lib/docker
    "$ROOT/docker/setup/packages.sh" docker.io iptables ca-certificates
    if answers; then return 0; fi # the package started it
    if [ -d /run/systemd/system ]; then
        say "starting the Docker engine (systemd)"
        as_root systemctl start docker && { echo systemd >"$OURS"; }
    else
        start
    fi
    wait_for_it
}

start() {
    local file
    for file in "$PIDFILE" "$CONTAINERD_PIDFILE"; do
        if [ -f "$file" ] && ! alive "$(cat "$file")"; then as_root rm -f "$file"; fi
    done
    say "starting the Docker engine (log: $LOG)"
    # 1400: the smallest MTU of usual virtual networks; a larger one loses packets silently there.
    as_root setsid dockerd --mtu 1400 --live-restore --pidfile "$PIDFILE" --group "$(id -gn)" \
        >"$LOG" 2>&1 </dev/null &
    echo pending >"$OURS"
}

wait_for_it() {
    local i
    for i in $(seq 300); do
        if answers; then
            if grep -qx pending "$OURS" 2>/dev/null; then cat "$PIDFILE" >"$OURS"; fi
            return 0
        fi
        # a daemon that ended says why at once
        if [ "$i" -gt 20 ] && [ -f "$LOG" ] && ! alive "$(cat "$PIDFILE" 2>/dev/null)"; then break; fi
        sleep 0.2
    done
    rm -f "$OURS"
    tail -n 5 "$LOG" >&2 || true
    die "the Docker engine does not start here (log: $LOG): start one yourself, or set DOCKER_HOST"
}

down() {
    [ -f "$OURS" ] || return 0
    if [ -n "$(docker ps -q 2>/dev/null)" ]; then
        say "the Docker engine goes on: containers are running"
        return 0
    fi
    say "stopping the Docker engine that was started for this"
    local pid
    pid="$(cat "$OURS")"
    rm -f "$OURS"
    if [ "$pid" = systemd ]; then
        as_root systemctl stop docker.socket docker
        return 0
    fi
    [ "$(cat "$PIDFILE" 2>/dev/null)" = "$pid" ] || return 0
    # the shell's own: where there is no procps, sudo finds no program of that name
    as_root sh -c 'kill "$1"' sh "$pid"
    for _ in $(seq 100); do
        alive "$pid" || return 0
        sleep 0.2
    done
    say "the Docker engine (pid $pid) takes long to stop; it was told to"
}

case "${1:-up}" in
    up) up ;;
    down) down ;;
    *) die "use: engine.sh up|down" ;;
esac
