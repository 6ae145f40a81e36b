# The face of the project: make demo | test | check | bench | guard | long | soak | coverage | docs | dist | abi | install | hook | clean. The build itself is CMake's: see CMakePresets.json.
PREFIX ?= /usr/local
JOBS := $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 600
HOURS ?= 1
CTEST = ctest --output-on-failure -j$(JOBS)
MAKEFLAGS += --no-print-directory

.PHONY: help demo test check bench guard long soak coverage docs dist abi install hook clean deps-build deps-tests deps-bench deps-dist release dev
help:
	@echo "make demo      build, fit a real data set, draw build/demo.svg"
	@echo "make check     quick tests and the rules of a commit (about a minute)"
	@echo "make test      the whole suite: every configuration, sanitizers, installation"
	@echo "make bench     measure; raw samples go to build/bench/bench/samples"
	@echo "make guard     a few benchmarks: their ratios to peers are within bench/guard.txt"
	@echo "make long      long tests, then every fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)), formulas for ten million runs"
	@echo "make soak      everything of the memory floor at once for HOURS ($(HOURS)); refuses what grows or gets lost"
	@echo "make coverage  what the tests reach, a folder a line; refuses what is below the floors"
	@echo "make docs      the C interface as pages: build/docs/api/index.html"
	@echo "make dist      source archive and Debian package: build/dist"
	@echo "make abi       may programs compiled against the last tag use this library?"
	@echo "make hook      let every git commit pass scripts/check first"
	@echo "make install   install below PREFIX ($(PREFIX))"
	@echo "make clean     remove build/"

deps-build:
	@scripts/deps build
deps-tests:
	@scripts/deps build tests dist
deps-bench:
	@scripts/deps build bench
deps-dist:
	@scripts/deps build dist

release: deps-build
	@cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@echo "building (build/release)" && cmake --build build/release -- --quiet

demo: release
	build/release/quern fit 'transmittance = area/width * exp(-0.5*((wavelength - centre)/width)^2)' examples/transmittance.csv \
	  --start area=1,width=5,centre=450 --plot build/demo.svg
	build/release/quern scan --chains examples/scan/chains --earnings examples/scan/reports.csv --prices examples/scan/daily.csv \
	  --report build/scan.html
	build/release/quern replay examples/ticks.csv --formula 'z = (price - ema(price, 20)) / sd(price, 20)'
	@echo "The picture: build/demo.svg; the report: build/scan.html"

dev: deps-tests
	cmake --preset dev
	cmake --build build/dev

check: dev
	$(CTEST) --test-dir build/dev -L quick
	scripts/check --build build/dev

test: deps-tests
	cmake --fresh -S tests/outer -B build/suite -G Ninja
	$(CTEST) --test-dir build/suite --output-junit $(CURDIR)/build/suite/junit.xml --test-output-size-passed 100000000; \
	  status=$$?; scripts/count build/suite/junit.xml && exit $$status

bench: deps-bench
	cmake --preset release -B build/bench -DBUILD_TESTING=OFF
	QUERN_DUCKDB_LIB=$$(scripts/duckdb) scripts/postgres cmake --build build/bench --target bench

guard: deps-bench
	cmake --preset release -B build/bench -DBUILD_TESTING=OFF
	scripts/guard build/bench

long: deps-tests
	cmake --preset full
	cmake --build build/full
	QUERN_TEST_EFFORT=long $(CTEST) --test-dir build/full -LE house
	scripts/analyze --only tidy --deep
	cmake --preset fuzz
	cmake --build build/fuzz
	scripts/fuzz build/fuzz $(FUZZ_SECONDS)

soak: deps-tests
	cmake --preset full
	cmake --build build/full --target soak
	build/full/tests/soak/soak --seconds $$(echo "$(HOURS)" | awk '{ print $$1 * 3600 }')

coverage: deps-tests
	cmake --preset coverage
	cmake --build build/coverage
	find build/coverage -name '*.gcda' -delete
	$(CTEST) --test-dir build/coverage -L quick
	scripts/coverage build/coverage

docs:
	@scripts/docs

dist: deps-dist
	@scripts/dist

abi: deps-dist
	@scripts/abi

hook:
	git config core.hooksPath scripts/hooks

install: release
	cmake --install build/release

clean:
	rm -rf build
