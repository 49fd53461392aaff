#!/usr/bin/env bash
# clean_machine.sh [COMMAND...]: run the README's two commands in a bare Debian root: Python 3.11 and make, nothing else.
#
# The root is a container made from Debian's packages with a Docker engine of its own, which the commands install. It sees
# what is committed of this checkout (and ../shared, where there is one), and no registry of images.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

IMAGE="$PREFIX/clean-machine:bookworm"
NAME="clean-machine-$$"
COMMANDS=("$@")
[ ${#COMMANDS[@]} -gt 0 ] || COMMANDS=("make demo" "make test")

finish() {
    docker rm --force --volumes "$NAME" >/dev/null 2>&1 || true
    docker/setup/engine.sh down || true
}
trap finish EXIT

docker/setup/engine.sh up
docker/setup/base.sh
quietly "$CACHE/clean_machine.log" "could not make the bare root: check the network" \
    docker build -t "$IMAGE" --build-arg BASE="$PREFIX/base:bookworm" docker/base/clean_machine

shared=()
[ ! -d "$ROOT/../shared" ] || shared=(--volume "$(cd "$ROOT/../shared" && pwd):/machine/shared:ro")
say "a bare Debian root: Python and make"
# Privileged, for an engine inside; /var/lib/docker is a volume since overlay does not lie on overlay.
docker run --detach --init --privileged --name "$NAME" --hostname clean --volume /var/lib/docker \
    "${shared[@]}" --shm-size 1g "$IMAGE" sleep infinity >/dev/null
git archive HEAD | docker exec --interactive "$NAME" sh -c 'mkdir -p /machine/project && tar -x -C /machine/project'
for command in "${COMMANDS[@]}"; do
    say "in the bare root: $command"
    started=$SECONDS
    docker exec --workdir /machine/project --env CI=true "$NAME" sh -c "$command" ||
        die "'$command' failed in a bare Debian root"
    say "'$command' took $((SECONDS - started)) s in the bare root"
done
