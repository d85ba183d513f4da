# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make help` lists the targets.  Each component has a Makefile of its own; everything
# built goes to build/.

SHELL := /bin/bash
# make V=1 shows the commands.
MAKEFLAGS += --no-print-directory $(if $(V),,--silent)
COMPONENTS := imgfmt efi kernel-hook tools

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all
all: lib loader module fastbootctl ## loader, module (for each fetched kernel), tools

.PHONY: setup
setup: ## install what building and testing need (apt, sudo when not root)
	tools/build/setup

.PHONY: demo
demo: setup ## the main job: cold boot, echo golden, power off, fast boot, a table
	$(MAKE) all
	$(MAKE) -C qemu-tests demo

.PHONY: qemu-test
qemu-test: setup ## all tests in QEMU with OVMF; T=name, LAST_FAILED=1: only some
	$(MAKE) guests
	$(MAKE) -C qemu-tests test T='$(T)' LAST_FAILED='$(LAST_FAILED)'

.PHONY: package-test
package-test: setup ## from an untouched Debian to a fast boot by its packages, upgrade, new kernel, purge
	$(MAKE) all
	$(MAKE) -C qemu-tests package-test

.PHONY: qemu-test-all
qemu-test-all: setup ## the full matrix; takes longer
	$(MAKE) guests TIER=full
	$(MAKE) -C qemu-tests test-all T='$(T)'

.PHONY: soak
soak: setup ## one image, N=200 restores with work, crashes and power cuts between
	$(MAKE) all
	$(MAKE) -C qemu-tests soak N='$(N)'

.PHONY: kernels-watch
kernels-watch: setup ## what the next kernel breaks: the newest of backports, forky and sid, once each
	$(MAKE) lib loader fastbootctl
	$(MAKE) -C qemu-tests kernels-watch

.PHONY: bench
bench: setup ## cold boot, hibernation and fast boot side by side, in half an hour; ROUNDS=3, SCALE=no
	$(MAKE) all
	$(MAKE) -C qemu-tests bench ROUNDS='$(ROUNDS)' SCALE='$(SCALE)'

.PHONY: check
check: ## unit tests: no root, offline once the loader is built, a minute or two
	$(MAKE) -j$(shell nproc) -C imgfmt lib checked-lib
	$(MAKE) -j$(shell nproc) -C efi loader
	$(MAKE) -j$(shell nproc) --output-sync check-imgfmt check-efi check-units check-hook
	$(MAKE) -C tools check-verbs

# In parallel; what several of them link has been built before.
.PHONY: check-imgfmt check-efi check-units check-hook
check-imgfmt:
	$(MAKE) -C imgfmt check
check-efi:
	$(MAKE) -C efi check
check-hook:
	$(MAKE) -C kernel-hook check
check-units:
	$(MAKE) -C tools check-units

.PHONY: coverage
coverage: ## line coverage of the image format library
	$(MAKE) -C imgfmt coverage

SECONDS := 600
FUZZERS := $(words $(wildcard */tests/fuzz_*.c))

.PHONY: fuzz fuzz-imgfmt fuzz-efi fuzz-tools
fuzz: ## libFuzzer on each target in */tests/fuzz_*.c, SECONDS=600 in all
	seconds=$$(($(SECONDS) * $(shell nproc) / $(FUZZERS))); \
	$(MAKE) -k -j$(shell nproc) fuzz-imgfmt fuzz-efi fuzz-tools SECONDS=$$((seconds + !seconds))

# As many in parallel as there are processors.
fuzz-imgfmt:
	$(MAKE) -C imgfmt fuzz
fuzz-efi:
	$(MAKE) -C efi/tests fuzz
fuzz-tools:
	$(MAKE) -C tools fuzz

.PHONY: law
law: ## inclusion law, closedness of the restore code, SPDX lines, formatting
	$(MAKE) -C imgfmt law
	$(MAKE) -C efi law
	tools/build/check-tree
	tools/build/check-tables

.PHONY: lint
lint: ## static analysis: cppcheck over the loader, the format and the tools
	tools/build/lint

.PHONY: docs
docs: lib ## write into docs/ what the sources' tables give: codes, gates, options, ...
	$(MAKE) -C tools docs

.PHONY: format
format: ## rewrite C sources in the project's format
	tools/build/check-tree --fix-format

.PHONY: install
install: ## install loader, tools and the module for the running kernel; DESTDIR=
	$(MAKE) -C efi install
	$(MAKE) -C tools install
	$(MAKE) -C kernel-hook install KDIR=/lib/modules/$(shell uname -r)/build

.PHONY: deb
deb: ## Debian packages into build/deb, checked by lintian; installs what that needs
	tools/build/setup deb
	tools/build/deb

.PHONY: other-release
other-release: ## prove build, check and packages on the other Debian, 13 or 12, in a fresh chroot
	tools/build/other-release

.PHONY: lib
lib:
	$(MAKE) -j$(shell nproc) -C imgfmt lib

.PHONY: loader
loader:
	$(MAKE) -j$(shell nproc) -C efi all

.PHONY: kernels
kernels: ## fetch Debian's stock kernels and their headers into build/; TIER=full: all of them
	$(MAKE) -C qemu-tests kernels TIER='$(TIER)'

.PHONY: module
module: kernels
	tools/build/modules

.PHONY: fastbootctl
fastbootctl: lib
	$(MAKE) -j$(shell nproc) -C tools all

.PHONY: guests
guests: all ## build the guests' disks (cached under build/)
	$(MAKE) -C qemu-tests guests

.PHONY: clean
clean: ## remove what is compiled; fetched packages and guests stay
	$(foreach c,$(COMPONENTS),$(MAKE) -C $(c) clean;)
	rm -rf build/tools-*

.PHONY: distclean
distclean: ## remove everything under build/
	rm -rf build
