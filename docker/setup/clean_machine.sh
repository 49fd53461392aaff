#!/usr/bin/env bash
# clean_machine.sh [COMMAND...]: run the README's two commands in a bare Debian root: Python 3.11 and make, nothing else.
#
# The root is made from Debian's packages and has its own processes, mounts and network, so that its Docker engine is its
# own too. It sees what is committed of this checkout and, where there is one, ../shared. CLEAN_ROOT= says where it lies.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"
[ "$(id -u)" = 0 ] || die "a machine within the machine needs root: run 'sudo make clean-machine'"

IMAGE="$PREFIX/clean-machine:bookworm"
NAME="clean-$$"
MACHINE="${CLEAN_ROOT:-/var/tmp}/$PREFIX-$NAME"
NET="10.214.$((RANDOM % 250))"
COMMANDS=("$@")
[ ${#COMMANDS[@]} -gt 0 ] || COMMANDS=("make demo" "make test")

forward() { # -I or -D: what the engine of the machine around it forbids by default
    iptables "$1" FORWARD -s "$NET.2" -j ACCEPT
    iptables "$1" FORWARD -d "$NET.2" -j ACCEPT
    iptables -t nat "${1/I/A}" POSTROUTING -s "$NET.2" -j MASQUERADE
}

finish() {
    forward -D 2>/dev/null || true
    ip netns delete "$NAME" 2>/dev/null || true
    rm -rf --one-file-system "$MACHINE"
    docker/setup/engine.sh down || true
}

make_root() {
    say "making a bare Debian root with Python and make"
    docker/setup/engine.sh up
    docker/setup/base.sh
    docker/setup/packages.sh iproute2 iptables util-linux
    quietly "$CACHE/clean_machine.log" "could not make the bare root: check the network" \
        docker build -t "$IMAGE" --build-arg BASE="$PREFIX/base:bookworm" docker/base/clean_machine
    local container
    container="$(docker create "$IMAGE")"
    mkdir -p "$MACHINE"
    docker export "$container" | tar -x -C "$MACHINE"
    docker rm "$container" >/dev/null
    cat /etc/resolv.conf >"$MACHINE/etc/resolv.conf"
    echo "127.0.0.1 localhost clean" >"$MACHINE/etc/hosts"
    mkdir -p "$MACHINE/srv/project" "$MACHINE/srv/shared" "$MACHINE/.around"
    git archive HEAD | tar -x -C "$MACHINE/srv/project"
}

make_network() {
    ip netns add "$NAME"
    ip link add "csr$$" type veth peer name eth0 netns "$NAME"
    ip address add "$NET.1/30" dev "csr$$"
    ip link set "csr$$" up
    local inside=(ip -netns "$NAME")
    "${inside[@]}" link set lo up
    "${inside[@]}" address add "$NET.2/30" dev eth0
    "${inside[@]}" link set eth0 up
    "${inside[@]}" route add default via "$NET.1"
    forward -I
}

# Runs in the new namespaces: what is mounted here ends with the last process in there.
ENTER='
set -eu
hostname clean
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/tmp"
[ ! -d "$2" ] || mount --bind -o ro "$2" "$1/srv/shared"
cd "$1"
pivot_root . .around
umount -l /.around
cd /srv/project
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CI=true sh -c "$3"
'

trap finish EXIT
make_root
make_network
for command in "${COMMANDS[@]}"; do
    say "in the bare root: $command"
    started=$SECONDS
    nsenter --net="/run/netns/$NAME" unshare --mount --uts --ipc --pid --fork --kill-child --propagation private \
        bash -c "$ENTER" enter "$MACHINE" "$ROOT/../shared" "$command" </dev/null ||
        die "'$command' failed in a bare Debian root"
    say "'$command' took $((SECONDS - started)) s in the bare root"
done
