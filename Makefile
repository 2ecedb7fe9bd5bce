# What there is to do with this checkout: `make help`.
# Needs: make, a Node.js with npm (20 or later; the workspace brings the Node.js 24 that everything runs on).

.DEFAULT_GOAL := help
.PHONY: help install build demo test test-long lint format bench bench-attacks fuzz fuzz-sockets simulate simulate-defects sbom image package-linux package-windows package-npm release test-packages test-release measure-packages e2e-observability e2e-mixed e2e-kubernetes monitoring clean

SHELL := /bin/sh
# No daemon is left behind, nothing is asked, nothing is sent anywhere.
export NX_DAEMON := false
export NX_NO_CLOUD := true
export NX_TUI := false

# The workspace's own tools and Node.js first. Not for the install itself, which replaces them.
WITH_NODE = exec env PATH="$(CURDIR)/node_modules/.bin:$$PATH"

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## install: npm ci, when package-lock.json changed since the last time
install:
	@tools/install

## build: everything that bin/mm2ss needs
build: install
	@$(WITH_NODE) nx run-many --targets=build,bundle --outputStyle=static

## demo: two simulated RTUs, five masters and the multiplexer between them; DEMO_SECONDS=20 ends by itself
demo: build
	@exec bin/mm2ss demo

## test: format, lint, build and type check, then unit, integration, interop and e2e tests; ONLY="unit lint" for some
test: install
	@$(WITH_NODE) node tools/test.mjs $(ONLY)

## test-long: tests that take long and are no part of `make test`: specs called NAME.long.spec.ts; ONLY="e2e" for some
test-long: build
	@$(WITH_NODE) node tools/test.mjs --long $(ONLY)

## lint: ESLint on everything, module boundaries included; then the format
lint: install
	@$(WITH_NODE) node tools/test.mjs format lint

## format: rewrites every file the way Prettier has it
format: install
	@$(WITH_NODE) prettier --write --log-level=warn .

## bench: measures throughput, latency and idle cost beside a plain proxy; ARGS="--help" for its options
bench: build
	@$(WITH_NODE) node bench/run.ts $(ARGS)

## bench-attacks: what attacks on one group cost its healthy master, another group and the process; ARGS="--attack NAME"
bench-attacks: build
	@$(WITH_NODE) node test/attacks/measure.ts $(ARGS)

## fuzz: random octets into framer, link and decoder, then all properties with new seeds; FUZZ_SECONDS (60) each
FUZZ_SECONDS ?= 60
fuzz: build
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" node test/fuzz/fuzz.ts --seconds $(FUZZ_SECONDS)
	@$(WITH_NODE) node tools/properties.mjs

## fuzz-sockets: nonsense from masters and RTUs on real sockets beside a healthy group; FUZZ_SECONDS (60), FUZZ_SEED
fuzz-sockets: build
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(WITH_NODE) vitest run --project integration test/integration/socket-fuzz.spec.ts

## simulate: whole systems in a simulated world; SEEDS=100000 FROM=1 JOBS=2 for many, SEED=7 for one and its story
SIMULATED = $(WITH_NODE) node --enable-source-maps --single-threaded-gc --conditions=@iec104mm2ss/source --import ./test/simulation/runner/sources.mjs
simulate: install
	@$(SIMULATED) test/simulation/runner/simulate.ts

## simulate-defects: puts defects back one by one and says after how many stories each is found; DEFECT=id for one
simulate-defects: install
	@$(WITH_NODE) node test/simulation/defects/run.mjs $(DEFECT) $(SEEDS)

## sbom: what packages the bundle has code of, as CycloneDX: apps/mm2ss/bundle/sbom.cdx.json
sbom: build
	@$(WITH_NODE) node tools/bundle/sbom.mjs

## image: the container image, by the Docker engine; IMAGE=NAME:TAG, BASE_IMAGE=NAME where the pinned one cannot be had
image: build
	@BASE_IMAGE='$(BASE_IMAGE)' $(WITH_NODE) docker/build.sh $(IMAGE)

## package-linux: a .deb and a tarball, with this machine's architecture and their own Node.js, into dist/
package-linux: build
	@$(WITH_NODE) node packaging/package-linux.mjs

## package-windows: a zip with iec104mm2ss.exe, made on Linux, into dist/; NODE_WINDOWS=24.21.0 for another Node.js in it
package-windows: build
	@NODE_WINDOWS='$(NODE_WINDOWS)' $(WITH_NODE) node packaging/package-windows.mjs

## package-npm: the npm packages iec104mm2ss (the command) and @iec104mm2ss/iec104 (the library), into dist/
package-npm: build
	@$(WITH_NODE) node packaging/package-npm.mjs

## release: all packages, bill of materials, changes and SHA256SUMS in dist/, which it empties first; RELEASE_TAG=v1.2.3 checks the tag
release: build
	@NODE_WINDOWS='$(NODE_WINDOWS)' RELEASE_TAG='$(RELEASE_TAG)' $(WITH_NODE) node packaging/release.mjs

## test-packages: .deb under systemd, for arm64 by qemu, firewall rules (as root); iec104mm2ss.exe and its service under Wine
test-packages: package-windows
	@$(WITH_NODE) node packaging/package-linux.mjs dist x64 arm64
	@packaging/test-firewall.sh
	@packaging/test-linux.sh dist
	@packaging/test-arm64.sh dist
	@packaging/test-windows.sh dist

## test-release: makes a release of the last commit twice, in two folders, and compares the octets
test-release:
	@packaging/test-release.sh

## measure-packages: sizes and start times of what is in dist/
measure-packages:
	@$(WITH_NODE) node packaging/measure.mjs

## e2e-observability: a real Prometheus reads the whole system under load; every board has data, alerts fire and clear
e2e-observability: build
	@$(WITH_NODE) vitest run --project e2e-observability

## e2e-mixed: tests with some parts of another revision, as during an upgrade; OLD=v0.1.0, ONLY="basics faults-double"
e2e-mixed: build
	@$(WITH_NODE) test/e2e/mixed.sh $(OLD) $(ONLY)

## e2e-kubernetes: image, chart and system on the cluster that KUBECONFIG names; see test/e2e-kubernetes/README.md; ONLY=lifecycle
e2e-kubernetes: build
	@BASE_IMAGE='$(BASE_IMAGE)' $(WITH_NODE) test/e2e-kubernetes/run.sh $(ONLY)

## monitoring: writes deploy/grafana, deploy/prometheus and the chart's copies anew, from libs/monitoring
monitoring: install
	@$(WITH_NODE) vitest run --project unit libs/monitoring/src/files.spec.ts --update

## clean: removes what was built (not node_modules, not .tools)
clean:
	@rm -rf .nx coverage test-results libs/*/dist libs/*/.tsc services/*/dist services/*/.tsc apps/*/dist apps/*/bundle apps/*/.tsc test/.tsc bench/.tsc
