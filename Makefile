# annoscope: every step is a target and runs alone. `make help` lists them.
# FEATURES=bundled compiles DuckDB instead of fetching its prebuilt library.
# ARGS="..." is passed on by run, bench, soak, fuzz and test-e2e.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run example build page logger test test-web test-rust test-e2e test-clickhouse difference isolation bench screenshots soak hostile fuzz lint dist test-packages clean

FEATURES ?=
ARGS ?=
export CARGO_TERM_COLOR ?= auto
target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)

ifneq ($(filter bundled,$(FEATURES)),)
duckdb := scripts/need.sh c++
beside = @true
cargo_features := --features annoscope-server/bundled
else
# Outside the checkout, so that one copy serves them all; the build scripts put it into the rpath.
export DUCKDB_LIB_DIR := $(shell scripts/fetch-duckdb.sh --dir)
duckdb := scripts/fetch-duckdb.sh >/dev/null
# The program looks for the library beside itself first: the two files run wherever they are copied to.
beside = install -m 755 $(DUCKDB_LIB_DIR)/libduckdb.so $(target)/release/
endif

# Cargo's commands name the whole workspace: each choice of packages would get its own set of features,
# and compile hundreds of crates again.
define prepare
@scripts/need.sh cargo cc
@$(duckdb)
endef

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: build ## build and start the server on loopback, with data in ./data
	@# Our build's own variable would be an unknown setting to the server.
	exec env -u ANNOSCOPE_CACHE $(target)/release/annoscope serve --data-dir ./data $(ARGS)

example: logger build ## an annotation tool to play with, beside annoscope: http://127.0.0.1:8480/
	@scripts/need.sh curl
	scripts/example.sh $(target)/release

page: ## the page, into web/dist
	@scripts/page.sh

build: page ## the release build
	$(prepare)
	cargo build --release --workspace $(cargo_features)
	@scripts/split-symbols.sh $(target)/release/annoscope
	$(beside)

dist: build ## the packages: tarball, Debian package, Python wheel, root of the image, into dist
	@scripts/venv.sh
	scripts/dist.sh $(target)/release/annoscope dist

test: ## lint, tests of the page and the logger, Rust tests, end-to-end tests
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-web
	@$(MAKE) --no-print-directory test-rust
	@$(MAKE) --no-print-directory test-e2e

test-web: ## types, formatting and logic of the page and of the browser's logger
	@scripts/page.sh --packages
	cd web && npm run --silent check && npm run --silent lint && npm test --silent
	@scripts/packages.sh clients/browser
	cd clients/browser && npm run --silent check && npm run --silent lint && npm test --silent

test-rust: ## unit and property tests, and the examples of the documentation
	$(prepare)
	@scripts/need.sh nextest
	cargo nextest run --workspace $(cargo_features)
	cargo test --workspace --doc --quiet $(cargo_features)

logger: ## the browser's logger, into clients/browser/dist
	@scripts/logger.sh

test-e2e: page logger ## end-to-end tests with real clients, against the debug build
	$(prepare)
	cargo build --workspace --all-targets $(cargo_features)
	@scripts/venv.sh
	PYTHON=$(CURDIR)/.venv/bin/python $(target)/debug/annoscope-bench --quick --bin $(target)/debug/annoscope
	scripts/e2e.sh $(ARGS)
	$(if $(ARGS),,ANNOSCOPE_TEST_STORE=clickhouse ANNOSCOPE_ISOLATION=20 scripts/e2e.sh $(some_clickhouse_tests))

# What is about events and queries, and not about the page or the embedded database's own files; and a minute of it.
clickhouse_rooms := query clickhouse exports ingest security
some_clickhouse_tests := query/test_query.py query/test_frames.py exports/test_export_rows.py
some_clickhouse_tests += security/test_isolation.py::test_random_queries

test-clickhouse: page logger ## end-to-end tests of events and queries, with the events in a ClickHouse
	$(prepare)
	cargo build --workspace --all-targets $(cargo_features)
	@scripts/venv.sh
	ANNOSCOPE_TEST_STORE=clickhouse scripts/e2e.sh $(or $(ARGS),$(clickhouse_rooms))

test-packages: page logger ## the packages of the debug build, each installed in a bare root
	$(prepare)
	cargo build --workspace --all-targets $(cargo_features)
	scripts/e2e.sh packages $(ARGS)

difference: ## random queries here and in ClickHouse: make difference N=10000 SEED=1
	$(prepare)
	cargo build --workspace --all-targets $(cargo_features)
	@scripts/venv.sh
	cd tests && ANNOSCOPE_BIN=$(target)/debug/annoscope $(CURDIR)/.venv/bin/python -m difference.generate $(or $(N),10000) $(SEED)

isolation: ## random queries of members of an organization, who see nothing of others: make isolation N=2000
	$(prepare)
	cargo build --workspace --all-targets $(cargo_features)
	ANNOSCOPE_ISOLATION=$(or $(N),2000) scripts/e2e.sh security/test_isolation.py security/test_row_policy.py

# ARGS names the parts to measure, or none for all. `query`, `drain` and `page` are programs of their own, in Python.
bench_programs := query drain page
bench_parts := $(filter ingest sustained latency footprint load recorder $(bench_programs),$(ARGS))
bench: build ## benchmarks, each beside its peer; prints the table of docs/benchmarks.md
	@scripts/venv.sh
ifneq ($(or $(filter-out $(bench_programs),$(bench_parts)),$(if $(bench_parts),,all)),)
	ANNOSCOPE_BIN=$(target)/release/annoscope PYTHON=$(CURDIR)/.venv/bin/python \
		$(target)/release/annoscope-bench $(filter-out $(bench_programs),$(ARGS))
endif
ifneq ($(or $(filter query,$(bench_parts)),$(if $(bench_parts),,all)),)
	ANNOSCOPE_BIN=$(target)/release/annoscope $(CURDIR)/.venv/bin/python bench/query.py $(ARGS)
endif
ifneq ($(or $(filter drain,$(bench_parts)),$(if $(bench_parts),,all)),)
	ANNOSCOPE_BIN=$(target)/release/annoscope $(CURDIR)/.venv/bin/python bench/drain.py $(ARGS)
endif
ifneq ($(or $(filter page,$(bench_parts)),$(if $(bench_parts),,all)),)
	scripts/need.sh chromium
	ANNOSCOPE_BIN=$(target)/release/annoscope $(CURDIR)/.venv/bin/python bench/page.py $(ARGS)
endif

screenshots: build ## pictures of every view of the page, into target/screenshots, and the README's, into docs/screenshots
	@scripts/venv.sh
	@scripts/need.sh chromium
	ANNOSCOPE_BIN=$(target)/release/annoscope $(CURDIR)/.venv/bin/python scripts/screenshots.py $(ARGS)

soak: build ## the long loops: 50 kills under load, 100 of the database alone, full disks, ten minutes without the database, lost answers, a minute without annoscope
	ANNOSCOPE_SOAK=1 ANNOSCOPE_BIN=$(target)/release/annoscope \
		scripts/e2e.sh $(or $(ARGS),faults/test_kill.py faults/test_store_process.py faults/test_full_disk.py faults/test_database_away.py ingest/test_retries.py clients/test_recorder.py)

hostile: build ## queries that ask for more than the server has, while events come: make hostile N=300
	ANNOSCOPE_HOSTILE=$(or $(N),300) ANNOSCOPE_BIN=$(target)/release/annoscope scripts/e2e.sh -s faults/test_hostile.py

fuzz: ## fuzz each parser for FUZZ_SECONDS (60)
	$(prepare)
	scripts/fuzz.sh $(ARGS)

lint: ## formatting, clippy, rustdoc, dependencies and licences, ruff, mypy
	$(prepare)
	scripts/lint.sh $(cargo_features)

clean: ## build output, the Python environment and test leftovers; never data
	cargo clean
	rm -rf .venv .ruff_cache .mypy_cache $(shell find tests clients -name __pycache__ -not -path '*/node_modules/*') web/node_modules web/dist clients/browser/node_modules clients/browser/dist
