#!/bin/sh
# Formatter, linter, types and the import rule, for Python and for the islands.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PWD/build/node/bin:$PATH"
ruff format --check .
ruff check .
mypy
lint-imports
npm run --silent check
