#!/usr/bin/env bash
# packages.sh PACKAGE...: install what is missing of these packages of the distribution.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

missing=()
for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null ||
    die "needs ${missing[*]} and this is neither Debian nor Ubuntu: install them yourself and run this again"

say "installing packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}")
as_root "${install[@]}" >"$CACHE/apt.log" 2>&1 </dev/null && exit 0
quietly "$CACHE/apt.log" "no package lists could be fetched: check the network and the proxy settings of apt" \
    as_root apt-get update -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2
quietly "$CACHE/apt.log" "could not install ${missing[*]}: check the network" as_root "${install[@]}"
