# Two commands matter: `make up` starts Terjime, `make test` tests it. Both set up what they need first.
.PHONY: up demo setup test check bench clean
PORT ?= 8000

up: setup
	@.venv/bin/terjime up --port $(PORT)

demo: setup
	@.venv/bin/terjime demo

setup:
	@scripts/setup.sh

test:
	@scripts/setup.sh test
	@scripts/test.sh

check:  ## formatter, linter, types, import rule: quick enough before every commit
	@scripts/setup.sh test
	@scripts/check.sh

bench:
	@scripts/setup.sh test
	@.venv/bin/python -m bench

clean:
	rm -rf .venv build node_modules web/static/built *.egg-info
