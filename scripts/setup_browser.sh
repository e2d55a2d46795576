#!/bin/sh
# Install Chromium from the system's packages, unless one is there.
set -eu
for name in "${INVESTIQ_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        echo "Chromium found: $(command -v "$name")"
        exit 0
    fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "make setup-browser knows Debian and Ubuntu only; install Chromium or Chrome with your system's packages," >&2
    echo "or name one: INVESTIQ_CHROMIUM=/path/to/chrome" >&2
    exit 2
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "make setup-browser needs root: run 'apt-get install chromium fonts-liberation' as root" >&2; exit 2; }
    as_root=sudo
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null
echo "Chromium installed: $(command -v chromium)"
