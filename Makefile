# tailscale-mcp. `make` lists the targets; none of them edits the tree but `fmt` and `golden`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell packaging/version)
LDFLAGS := -s -w $(if $(VERSION),-X tailscale-mcp/internal/version.stamped=$(VERSION))
# What Tailscale's packages hold for tailscaled alone, its debug pages and metrics:
# a megabyte of each program, and as much memory.
TAGS := ts_omit_debugeventbus,ts_omit_clientmetrics,ts_omit_usermetrics
GO_BUILD := CGO_ENABLED=0 go build -trimpath -tags '$(TAGS)' -ldflags '$(LDFLAGS)'
# What tailscale-mcp-proxy is shipped for.
SYSTEMS := darwin/amd64 darwin/arm64 linux/amd64 linux/arm64 windows/amd64 windows/arm64
# What the packages are made for: arm7 is Debian's armhf.
ARCHES ?= amd64 arm64 arm7 riscv64
DIST ?= dist
# The time of every file in what is made: that of the commit.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
PACKAGED := VERSION='$(VERSION)' SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)'
TOOL := go tool -modfile=packaging/tools/go.mod

##@ Use
.PHONY: demo
demo: ## the whole story on a real tailnet on this machine: refused, granted, answered, revoked
	@go run ./internal/testbed/story

.PHONY: build
build: ## bin/tailscale-mcp and bin/tailscale-mcp-proxy
	@$(GO_BUILD) -o bin/ ./cmd/...
	@echo 'built: bin/tailscale-mcp bin/tailscale-mcp-proxy, and what the first needs for servers behind it: -launch, -generator' >&2 # stdout is that of bench-proxy

.PHONY: dist
dist: ## tailscale-mcp-proxy for every system, as archives with checksums, in dist/ (DIST=dist)
	@for system in $(SYSTEMS); do \
		GOOS=$${system%/*} GOARCH=$${system#*/} GOAMD64=v1 GOARM64=v8.0 GOFLAGS= $(GO_BUILD) -buildvcs=false -o bin/dist/$$system/ ./cmd/tailscale-mcp-proxy; \
	done
	@mkdir -p bin/dist/completions
	@go build -o bin/dist/native ./cmd/tailscale-mcp-proxy
	@bin/dist/native completion bash >bin/dist/completions/tailscale-mcp-proxy.bash
	@bin/dist/native completion zsh >bin/dist/completions/_tailscale-mcp-proxy
	@bin/dist/native completion fish >bin/dist/completions/tailscale-mcp-proxy.fish
	@go run ./packaging/dist -version '$(VERSION)' -time $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct || echo 0)} \
		-binaries bin/dist -out $(or $(DIST),dist) $(SYSTEMS)
	@echo 'made: $(or $(DIST),dist)/tailscale-mcp-proxy_$(VERSION)_*, with their checksums in $(or $(DIST),dist)/SHA256SUMS'

.PHONY: package
package: ## deb and rpm packages of both programs, in dist/ (DIST=dist ARCHES="amd64 arm64")
	@$(GO_BUILD) -buildvcs=false -o bin/package/host/ ./cmd/...
	@for arch in $(ARCHES); do \
		GOOS=linux GOARCH=$${arch%7} GOARM=7 GOAMD64=v1 GOARM64=v8.0 GORISCV64=rva20u64 GOFLAGS= \
			$(GO_BUILD) -buildvcs=false -o bin/package/$$arch/ ./cmd/...; \
	done
	@$(PACKAGED) packaging/package $(DIST) $(ARCHES)

.PHONY: repo
repo: ## apt and yum repository of the packages in dist/, signed (REPO_SIGNING_KEY=file REPO_URL=where it will be)
	@$(PACKAGED) packaging/repo $(DIST)

.PHONY: release
release: ## all of the above with SHA256SUMS, bills of materials and signatures (SIGNING_KEY=file REPO_URL=where)
	@$(PACKAGED) packaging/release $(DIST) $(ARCHES)

##@ Check
# Tests are built without debug information, which only a debugger reads. One package more is
# tested at a time than there are processors: many wait for something most of the time.
QUICK := -ldflags=-w

.PHONY: test
test: ## every test that needs no root, with the race detector
	@go test $(QUICK) -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) -race -timeout 20m -skip '^Test(Root|Host)' ./...

.PHONY: test-loaded
test-loaded: ## make test again and again, beside other load (TIMES=10)
	@.ci/test-loaded $(or $(TIMES),10)

.PHONY: test-tools
test-tools: ## the tests for which a program has to be installed: here none is skipped
	@files=$$(git grep -lE 'TEST_REQUIRE_TOOLS|testbed/clitest|TAILSCALE_API_EXAMPLES' -- '*_test.go') && \
		TEST_REQUIRE_TOOLS=1 go test $(QUICK) -count=1 -timeout 20m -skip '^Test(Root|Host)' -run "^($$(grep -hoP '^func \KTest\w+(?=\(t )' $$files | paste -sd '|'))$$" \
			$$(dirname $$files | sort -u | sed 's|^|./|')

.PHONY: test-root
test-root: | bin ## the tests with real addresses in network namespaces (root, /dev/net/tun)
	@TEST_REQUIRE_ROOT=1 go test $(QUICK) -race -count=1 -timeout 20m -v -run '^TestRoot' \
		$$(git grep -l '^func TestRoot' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|') \
		| grep -v 'no test files\|no tests to run\|^=== \|^PASS$$' | tee bin/test-root.log
	@if grep -q -- '--- SKIP' bin/test-root.log; then echo 'a test was skipped where it must run'; exit 1; fi
	@grep -q -- '--- PASS' bin/test-root.log

# What hosts are booted by comes first and alone, since it looks at the machine. Then two packages
# at a time: they wait for their hosts most of the time.
.PHONY: test-host
test-host: | bin ## the tests on whole Debian hosts with systemd (root, systemd-nspawn, debootstrap)
	@hosts() { TEST_REQUIRE_ROOT=1 go test $(QUICK) -race -count=1 -timeout 40m -v -run '^TestHost' "$$@"; }; \
		{ hosts ./internal/testbed/host && hosts -p 2 $$(git grep -l '^func TestHost' -- '*_test.go' ':!internal/testbed/host' | xargs -n1 dirname | sort -u | sed 's|^|./|'); } \
		| grep -v '^=== \|^PASS$$' | tee bin/test-host.log
	@if grep -q -- '--- SKIP' bin/test-host.log; then echo 'a test was skipped where it must run'; exit 1; fi
	@grep -q -- '--- PASS' bin/test-host.log

.PHONY: policy-cases
policy-cases: | bin ## the evaluator against what the control plane answered (TAILSCALE_POLICY_CASES=folder)
	@go test -count=1 -v -run '^Test(PolicyCases|CasesRefused)$$' ./internal/policy ./internal/policy/grammar | grep -v '^=== \|^PASS$$' | tee bin/policy-cases.log
	@if grep -q -- '--- SKIP' bin/policy-cases.log; then echo 'nothing was compared: TAILSCALE_POLICY_CASES has to name a folder of cases'; exit 1; fi
	@grep -q ' agree$$' bin/policy-cases.log

.PHONY: conformance
conformance: | bin ## the official MCP conformance suite against the whole stack, both eras
	@go build -race -o bin/conformance-stack ./internal/testbed/conformance/stack
	@internal/testbed/conformance/run bin/conformance-stack

.PHONY: conformance-gateway
conformance-gateway: | bin ## servers behind the gate: the suite beside themselves, other people's clients (PART=scores|interop)
	@go build -race -o bin/conformance-behind ./internal/testbed/conformance/behind
	@go build -race -o bin/conformance-stack ./internal/testbed/conformance/stack
	@$(GO_BUILD) -o bin/conformance-launch ./cmd/tailscale-mcp-launch
	@cd internal/testbed/conformance/gosdk && go vet ./... && \
		go build -o ../../../../bin/everything-server github.com/modelcontextprotocol/go-sdk/conformance/everything-server && \
		go build -o ../../../../bin/conformance-client ./client
	@internal/testbed/conformance/gateway/run bin/conformance-behind bin/conformance-launch bin/everything-server bin/conformance-stack bin/conformance-client $(PART)

.PHONY: conformance-proxy
conformance-proxy: | bin ## the proxy between programs nobody here wrote: suite, clients, servers (PART=servers|clients|interop|sse)
	@go build -race -o bin/conformance-stack ./internal/testbed/conformance/stack
	@$(GO_BUILD) -o bin/conformance-proxy ./cmd/tailscale-mcp-proxy
	@cd internal/testbed/conformance/gosdk && go vet ./... && \
		go build -o ../../../../bin/everything-server github.com/modelcontextprotocol/go-sdk/conformance/everything-server && \
		go build -o ../../../../bin/conformance-modern ./modern
	@internal/testbed/conformance/proxy/run bin/conformance-proxy bin/conformance-stack bin/everything-server bin/conformance-modern $(PART)

.PHONY: servers
servers: | bin ## MCP servers and assistants that nobody here wrote, and the daemon between them (npm)
	@cd internal/testbed/conformance/gosdk && \
		go build -o ../../../../bin/everything-server github.com/modelcontextprotocol/go-sdk/conformance/everything-server
	@go build -o bin/foreign ./internal/testbed/foreign
	@internal/testbed/foreign/run bin/foreign $(CURDIR)/bin/everything-server

.PHONY: bench
bench: ## speed and memory, as ratios against a floor measured in the same run
	@go run ./internal/testbed/bench $(BENCH)

.PHONY: bench-gateway
bench-gateway: ## the gateway, others and a pipe in front of one server, and who holds up whom (BENCH_GATEWAY=flags)
	@go run ./internal/testbed/benchgateway $(BENCH_GATEWAY)

.PHONY: bench-policy
bench-policy: ## compiling, asking and comparing policy files, with 5,000 devices and 500 rules (BENCH_POLICY=flags)
	@go test -run '^$$' -bench . -benchmem $(BENCH_POLICY) ./internal/policy ./internal/policy/effect ./internal/policy/grammar

.PHONY: assistant
assistant: ## an administrator's 25 tasks on a company of 25 people and 60 devices: calls, bytes, right or wrong (ASSISTANT="-task 3")
	@go run ./internal/testbed/assistant $(ASSISTANT)

.PHONY: abuse
abuse: build ## the built daemon under every attack of the security review, by both ways to bind (root; ABUSE="-row whois")
	@go build -o bin/abuse ./internal/testbed/abuse
	@bin/abuse -daemon bin/tailscale-mcp $(ABUSE)

.PHONY: soak
soak: | bin ## tailscale-mcp-proxy under load with every fault at random (SOAK=10m)
	@go test -count=1 -timeout 0 -v -run '^TestPX6Soak$$' ./internal/proxy -soak $(or $(SOAK),10m) | tee bin/soak.log
	@grep -q -- '--- PASS: TestPX6Soak' bin/soak.log

.PHONY: soak-gateway
soak-gateway: | bin ## servers behind the gateway killed, hung, flooding, and callers leaving, at random (SOAK=10m)
	@go test -count=1 -timeout 0 -v -run '^TestSoak$$' ./internal/gateway -soak $(or $(SOAK),10m) | tee bin/soak-gateway.log
	@grep -q -- '--- PASS: TestSoak' bin/soak-gateway.log

.PHONY: cross
cross: ## go vet of tailscale-mcp-proxy and its tests, for every system it is shipped for
	@for system in $(SYSTEMS); do \
		export GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0; \
		go vet $$(go list -deps ./cmd/tailscale-mcp-proxy | grep '^tailscale-mcp/'); \
	done

.PHONY: bench-proxy
bench-proxy: build ## this proxy, others and the article's way against one fast server (BENCH_PROXY=flags)
	@go build -o bin/bench-proxy ./internal/testbed/benchproxy
	@bin/bench-proxy -proxy bin/tailscale-mcp-proxy $(BENCH_PROXY)

.PHONY: lint
lint: ## golangci-lint, pinned in packaging/tools
	@$(TOOL) golangci-lint run --allow-parallel-runners ./... # else it takes away a lock in /tmp that is another's

.PHONY: lint-package
lint-package: ## lintian and rpmlint on the packages in dist/, and shellcheck on what they run
	@shellcheck .ci/* packaging/{package,package-version,release,repo,throwaway-key,version} packaging/deb/{preinst,postinst,prerm,postrm} internal/testbed/packages/{versions,contents,scripts,install,repo,release,rpmlint}
	@shellcheck --shell=sh packaging/rpm/{pre,post,preun,postun}
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && TMPDIR=$$tmp lintian --allow-root --fail-on error,warning $(DIST)/*.deb # it leaves files there
	@internal/testbed/packages/rpmlint $(DIST)/*.rpm

.PHONY: test-package
test-package: ## the packages in dist/: versions, contents, scripts, installing and removing (root)
	@internal/testbed/packages/versions
	@cd packaging/tools/cpio && go vet . && go test .
	@internal/testbed/packages/contents $(DIST)
	@internal/testbed/packages/scripts
	@$(PACKAGED) internal/testbed/packages/install $(DIST)
	@$(PACKAGED) internal/testbed/packages/repo
	@internal/testbed/packages/release

.PHONY: ci
ci: ## everything that CI runs
	@.ci/run

bin:
	@mkdir -p bin

##@ Maintain
.PHONY: fmt
fmt: ## format the code
	@$(TOOL) golangci-lint fmt ./...

.PHONY: golden
golden: ## rewrite the golden files from what the code does now; read the diff
	@go test $$(git grep -lE 'flag.Bool\("update"|told.Golden' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: fuzz
fuzz: ## every fuzz target for a while (FUZZTIME=1m)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(or $(FUZZTIME),1m) -fuzzminimizetime 1s $$package; \
		done; \
	done

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
