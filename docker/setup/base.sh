#!/usr/bin/env bash
# base.sh: make the image that all others are FROM, unless it is here.
#
# Either the official slim Python image with this machine's certificates and pip settings on top, or,
# where no registry answers, the same made from the distribution's packages.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

IMAGE="$PREFIX/base:bookworm"
OFFICIAL="python:3.11-slim-bookworm"
MIRROR="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
SECURITY="${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}"
SITE="$CACHE/site" # what of this machine goes into the image

# Certificates and pip settings without which nothing can be fetched from inside a container here.
gather_site() {
    rm -rf "$SITE"
    mkdir -p "$SITE/ca"
    cp /usr/local/share/ca-certificates/*.crt "$SITE/ca/" 2>/dev/null || true
    {
        echo "[global]"
        echo "cert = /etc/ssl/certs/ca-certificates.crt"
        echo "disable-pip-version-check = true"
        local key value
        for key in index-url extra-index-url trusted-host; do
            value="$(python3 -m pip config get "global.$key" 2>/dev/null | tr '\n' ' ' || true)"
            case "$value" in http*) echo "$key = $value" ;; esac
        done
    } >"$SITE/pip.conf"
    cp "$ROOT/docker/base/Dockerfile" "$SITE/"
}

registry_answers() { timeout 10 docker manifest inspect "$OFFICIAL" >/dev/null 2>&1; }

from_registry() {
    say "making $IMAGE from $OFFICIAL"
    docker build --pull -t "$IMAGE" --build-arg BASE="$OFFICIAL" "$SITE" >"$CACHE/base.log" 2>&1 </dev/null
}

from_packages() {
    say "no image registry answers: making $IMAGE from Debian's packages (about a minute; log: $CACHE/base.log)"
    "$ROOT/docker/setup/packages.sh" mmdebstrap debian-archive-keyring ca-certificates
    # in memory where there is room: a debootstrap writes thousands of small files
    local work=/tmp
    [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 {print int($4 / 1048576)}')" -ge 2 ] 2>/dev/null && work=/dev/shm
    quietly "$CACHE/base.log" "the base image could not be made from $MIRROR: check the network, or set DEBIAN_MIRROR" \
        as_root env TMPDIR="$work" SITE="$SITE" mmdebstrap --variant=minbase \
        --include=python3,python3-pip,python3-venv,ca-certificates \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='for crt in "$SITE"/ca/*.crt; do [ ! -e "$crt" ] || cp "$crt" "$1/usr/local/share/ca-certificates/"; done' \
        --customize-hook='chroot "$1" update-ca-certificates; cp "$SITE/pip.conf" "$1/etc/pip.conf"' \
        --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED; ln -s /usr/bin/python3 "$1/usr/local/bin/python"' \
        bookworm "$CACHE/base.tar" \
        "deb $MIRROR bookworm main" "deb $MIRROR bookworm-updates main" "deb $SECURITY bookworm-security main"
    docker import -c 'CMD ["python3"]' -c 'ENV LANG=C.UTF-8' \
        -c "LABEL org.opencontainers.image.title=$PREFIX/base" "$CACHE/base.tar" "$IMAGE" >>"$CACHE/base.log" 2>&1 ||
        die "docker refused the base image (log: $CACHE/base.log)"
    as_root rm -f "$CACHE/base.tar"
}

docker image inspect "$IMAGE" >/dev/null 2>&1 && exit 0
disk_or_die /var/lib/docker
gather_site
if ! { registry_answers && from_registry; }; then from_packages; fi
