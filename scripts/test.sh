#!/bin/sh
# Every test: checks, then pytest with real Redis, PostgreSQL, ffmpeg and Chromium.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PWD/build/node/bin:$PATH"

if ! command -v chromium >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Chromium for the browser tests…"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium; } >/dev/null
    else
        echo "terjime: CHROMIUM_MISSING: the browser tests need Chromium: sudo apt-get install chromium" >&2
        exit 5
    fi
fi
scripts/check.sh
npm run --silent test
exec pytest "$@"
