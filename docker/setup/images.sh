#!/usr/bin/env bash
# images.sh [NAME...]: build what is not up to date of base, rabbitmq, services, algorithms and one image per software;
# postgres, which only several routers on one store need, when it is named.
#
# Each image carries a hash of all that went into it; the same hash means nothing to do. So a second run takes
# a second, and a change of our code rebuilds one layer.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LABEL="org.cytomine.software-router.content"
BASE_IMAGE="$PREFIX/base:bookworm"
CORE_OF_ROUTER=(router/__init__.py router/py.typed router/errors.py router/core)
PACKAGING=(pyproject.toml README.md LICENSE requirements/build.lock)
BUILD_ARGS=(HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy) # handed on when set; names known to docker

cd "$ROOT"

image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null; }
label_of() { docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null; }

content_hash() { # FOLDER PATH...: of names and contents, less what Python leaves behind
    cd "$1" && shift
    [ $# -eq 0 ] || find "$@" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

build() { # NAME BASE DOCKERFILE CONTEXT-FOLDER PATH...
    local name="$1" base="$2" dockerfile="$3" folder="$4" tag hash old started=$SECONDS
    shift 4
    tag="$PREFIX/$name:$VERSION"
    hash="$(printf '%s %s' "$(image_id "$base")" "$(cat "$dockerfile"; content_hash "$folder" "$@")" | sha256sum | cut -d' ' -f1)"
    [ "$(label_of "$tag")" != "$hash" ] || return 0
    disk_or_die /var/lib/docker
    say "building $tag"
    old="$(image_id "$tag" || true)"
    local args=(--build-arg "BASE=$base") variable
    for variable in "${BUILD_ARGS[@]}"; do
        [ -z "${!variable:-}" ] || args+=(--build-arg "$variable")
    done
    # the context is a stream of exactly these files: no .dockerignore to keep right
    if ! {
        tar -C "$folder" --exclude='*.py[co]' --exclude=__pycache__ -cf - "$@" \
            --transform='s,^\./,,' -C "$ROOT/$(dirname "$dockerfile")" "$(basename "$dockerfile")" |
            docker build -t "$tag" -f "$(basename "$dockerfile")" --label "$LABEL=$hash" "${args[@]}" -
    } >"$CACHE/build-$name.log" 2>&1; then
        tail -n 15 "$CACHE/build-$name.log" >&2
        die "could not build $tag: check the network for packages (everything it said: $CACHE/build-$name.log)"
    fi
    # the one it replaces goes, unless a container runs it
    if [ -n "$old" ] && [ "$old" != "$(image_id "$tag")" ]; then docker image rm "$old" >/dev/null 2>&1 || true; fi
    say "built $tag in $((SECONDS - started)) s"
}

build_one() {
    case "$1" in
        rabbitmq) build rabbitmq "$BASE_IMAGE" docker/rabbitmq/Dockerfile docker/rabbitmq rabbitmq.conf enabled_plugins start.py ;;
        postgres) build postgres "$BASE_IMAGE" docker/postgres/Dockerfile docker/postgres start.py ;;
        services)
            build services "$BASE_IMAGE" docker/services/Dockerfile . \
                requirements/services.lock "${PACKAGING[@]}" router algorithms descriptors
            ;;
        algorithms)
            build algorithms "$BASE_IMAGE" docker/algorithms/Dockerfile . \
                requirements/algorithms.lock "${PACKAGING[@]}" "${CORE_OF_ROUTER[@]}" algorithms descriptors \
                docker/algorithms/warm.py docker/software
            ;;
        *)
            [ -f "docker/software/$1.Dockerfile" ] || die "no image is called '$1': see docker/software"
            build "$1" "$PREFIX/algorithms:$VERSION" "docker/software/$1.Dockerfile" docker/software
            ;;
    esac
}

"$ROOT/docker/setup/base.sh"
softwares=()
for file in docker/software/*.Dockerfile; do softwares+=("$(basename "$file" .Dockerfile)"); done
[ $# -gt 0 ] || set -- rabbitmq services algorithms "${softwares[@]}"

# the first three do not depend on each other and wait for the network most of the time
waiting=()
for name in "$@"; do
    case "$name" in rabbitmq | postgres | services | algorithms) build_one "$name" & waiting+=($!) ;; esac
done
failed=0
for pid in "${waiting[@]}"; do wait "$pid" || failed=1; done
[ "$failed" = 0 ] || exit 1
for name in "$@"; do
    case "$name" in rabbitmq | postgres | services | algorithms) ;; *) build_one "$name" ;; esac
done
