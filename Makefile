# The only front door. `make` alone prints what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help run demo build console test quick bench check soak clean dependencies-build dependencies-test

DATA ?= data
MINUTES ?= 60

# One compiler per core, but never more than the memory holds (the largest file takes about 1.2 GB).
JOBS ?= $(shell cores=$$(nproc); fit=$$(awk '/MemAvailable/ { print int($$2 / 1200000) }' /proc/meminfo); \
          echo $$(( fit < 1 ? 1 : fit < cores ? fit : cores )))
NINJA = ninja -j$(JOBS)

help:
	@echo "Pasokh, a contact centre. One of:"
	@echo "  make run       install what is missing, build, make ./data when there is none, start; Ctrl-C stops"
	@echo "  make demo      the same, with built-in customers who call and specialists who answer"
	@echo "  make build     build/pasokh and build/console"
	@echo "  make quick     unit and scenario tests (under 90 s once built)"
	@echo "  make test      every test: with SIPp, baresip and Kamailio as peers, and under the sanitizers"
	@echo "  make bench     figures, as a table and in build/bench.json"
	@echo "  make check     format, lint, licences"
	@echo "  make soak      load for MINUTES=$(MINUTES), kills included, memory watched"
	@echo "Settings: DATA=folder of the centre ($(DATA))  JOBS=compilers at once ($(JOBS))  MINUTES=for soak"

# --- running

run: build $(DATA)/pasokh.toml
	@packaging/start $(DATA)

demo: build $(DATA)/pasokh.toml
	@packaging/start $(DATA) --with-life

# `init` prints the administrator's first password; it is told nowhere else.
$(DATA)/pasokh.toml: | build
	@build/pasokh init $(DATA) --demo

# --- building

dependencies-build:
	@packaging/dependencies run build

dependencies-test:
	@packaging/dependencies run build test

# A build that has something to do shows how far it has come; one that has nothing to do says nothing.
build: dependencies-build build/build.ninja build/console/index.html
	@if [ -x build/pasokh ] && [ -z "$$(find src cmake CMakeLists.txt -newer build/pasokh -print -quit)" ]; then $(NINJA) -C build --quiet pasokh | { grep -v 'no work to do' || true; }; \
	 else echo "Building with $(JOBS) compilers at once (some minutes the first time, seconds after that)"; $(NINJA) -C build pasokh; fi

build/build.ninja: | dependencies-build
	@cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release >build.log 2>&1 || { cat build.log; exit 1; }
	@mv build.log build/configure.log

# The console. npm fetches what web/package-lock.json names, no install script runs; a second build asks for nothing.
web/node_modules/.package-lock.json: web/package-lock.json web/.npmrc | dependencies-build
	@echo "Fetching the console's libraries"
	@cd web && npm ci --silent || { echo "npm could not fetch the libraries of web/package-lock.json: see 'cd web && npm ci'" >&2; exit 1; }
	@touch $@
build/console/index.html: web/node_modules/.package-lock.json docs/api/openapi.json $(shell find web -path web/node_modules -prune -o -type f -not -name schema.ts -print) | build/build.ninja
	@echo "Building the console"
	@cd web && node scripts/build.mjs
	@touch $@

console: build/console/index.html

# Sanitizer builds. Timings are never taken from them.
build-asan/build.ninja: | dependencies-build
	@cmake -S . -B build-asan -G Ninja -DCMAKE_BUILD_TYPE=Release -DPASOKH_SANITIZE=address,undefined >/dev/null
build-tsan/build.ninja: | dependencies-build
	@cmake -S . -B build-tsan -G Ninja -DCMAKE_BUILD_TYPE=Release -DPASOKH_SANITIZE=thread >/dev/null

# --- testing

quick: build
	@$(NINJA) -C build --quiet
	@ctest --test-dir build -L quick -j$(JOBS) --timeout 300 --output-on-failure

test: dependencies-test build build-asan/build.ninja build-tsan/build.ninja
	@$(NINJA) -C build --quiet
	@$(NINJA) -C build-asan --quiet
	@$(NINJA) -C build-tsan --quiet pasokh test_storage test_archive test_switchboard test_api test_app test_media  # what has threads
	@ctest --test-dir build --timeout 600 --output-on-failure

bench: dependencies-test build
	@$(NINJA) -C build --quiet $$($(NINJA) -C build -t targets all | sed -n 's/^\(bench_[a-z0-9_]*\): CXX_EXECUTABLE.*$$/\1/p')
	@/usr/bin/python3 bench/run

# The second compiler: the simulator's runs must be the same to the bit (tests/simulation/golden.txt). Here and not in `make test`, since
# it compiles half of the house once more; ccache makes the next time cheap.
build-clang/build.ninja: | dependencies-build
	@cmake -S . -B build-clang -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++-14 >/dev/null

soak: dependencies-test build build-clang/build.ninja
	@$(NINJA) -C build-clang --quiet simulation_sip
	@build-clang/simulation_sip --golden tests/simulation/golden.txt
	@$(NINJA) -C build --quiet simulation simulation_erlang simulation_pairs
	@/usr/bin/python3 tests/chaos/soak.py --minutes $(MINUTES)

check: dependencies-test build/build.ninja
	@packaging/check

clean:
	@rm -rf build build-asan build-tsan build-clang
