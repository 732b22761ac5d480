# The face of the build: short names for what CMake does. `make help` lists them.
#
#   make demo                       a photo classified, from nothing: installs what is missing (apt), builds, runs
#   make check                      every test, on an optimised build and on one with sanitizers

PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS_EACH ?= 60

release = build/release
effnet  = $(release)/bin/effnet
folders = src include tools tests fuzz bench

.PHONY: all demo search-demo check bench fuzz format parity coverage install clean deps help

all: ## the command and the libraries, optimised, in build/release
	@scripts/install_deps.sh --check build
	cmake --preset release -DEFFNET_TESTS=OFF
	cmake --build --preset release

deps: ## install what the build needs
	scripts/install_deps.sh build

demo: deps all ## classify two photos with the model that comes with effnet
	$(effnet) classify examples/photos/coffee.png examples/photos/chelsea.png

search-demo: ## search alpha, beta and gamma for a tiny network on Fashion-MNIST, in minutes
	scripts/install_deps.sh build demo
	@$(MAKE) --no-print-directory all
	scripts/search_demo.sh $(effnet) build/search-demo

check: ## build and run every test
	scripts/install_deps.sh build test
	cmake --preset dev
	cmake --build --preset dev
	cmake --preset release -DEFFNET_TESTS=ON
	cmake --build --preset release
	scripts/run_tests.sh build/dev build/release

bench: all ## time and memory of one photo with the default model
	scripts/bench.sh $(release)

fuzz: ## run every fuzz target for SECONDS_EACH seconds
	scripts/install_deps.sh build ci
	cmake --preset fuzz
	cmake --build --preset fuzz
	scripts/fuzz.sh build/fuzz $(SECONDS_EACH)

parity: ## every network against PyTorch's outputs, the largest at their own sizes too
	scripts/install_deps.sh build test
	cmake --preset release -DEFFNET_TESTS=ON
	cmake --build --preset release
	$(release)/tests/parity --tier full tests/data/goldens/networks.jsonl

coverage: ## share of the lines of src/ that the tests reach
	scripts/install_deps.sh build test coverage
	scripts/coverage.sh

format: ## lay out every source file by .clang-format
	find $(folders) -name '*.[ch]' | xargs clang-format -i

install: all ## into PREFIX (/usr/local), under DESTDIR
	DESTDIR=$(DESTDIR) cmake --install $(release) --prefix $(PREFIX)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

clean: ## remove everything built
	rm -rf build

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
