#!/bin/sh
# Every test: checks, then pytest with real Redis, PostgreSQL, ffmpeg and Chromium.
#   scripts/test.sh             all of it, two processes
#   scripts/test.sh tests/qc    part of it, one process
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
[ $# -eq 0 ] || exec pytest "$@"
scripts/check.sh
npm run --silent test
# Files go whole to one process, so that what a file makes once is made once.
exec pytest -n 2 --dist loadfile --durations 15
