# Ponder. `make help` lists what there is. It needs Go, a C compiler (for -race), make and python3; the clients need node, npm and Maven.
GO      ?= go
VENV    := .venv
BIN     := bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
.PHONY: help test check build gen breaking lint unit race table calibration cards evidence evidence-quick evidence-check reconcile examples demo dev up promql deploy deploy-check cluster-validate images images-check images-twice images-up real real-calibrate bench-pocket clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

test: ## everything that CI runs: contracts current, lint, all tests with -race, clients, the five processes, metrics, manifests, images
	+@test/stages.sh check race evidence-quick examples up promql deploy-check images-check

demo: ## watch four services solve problems in one process
	$(GO) run ./cmd/ponder demo

dev: ## the mesh in one process, on loopback, until interrupted
	$(GO) run ./cmd/ponder dev

check: gen-check breaking lint evidence-check ## what is generated is current, and what is written is clean

gen: $(BIN)/buf ## generate Go and Python from the .proto files
	$(BIN)/buf lint
	$(BIN)/buf generate
	$(VENV)/bin/python -m grpc_tools.protoc -I proto --python_out=examples/python/gen --pyi_out=examples/python/gen \
		--grpc_python_out=examples/python/gen $$(cd proto && find ponder -name '*.proto' | sort)

gen-check: gen ## fail if generating changes anything
	@git diff --exit-code --stat -- proto internal/proto examples/python/gen || { echo "generated code is not current: commit what 'make gen' wrote"; exit 1; }
	@test -z "$$(git status --porcelain -- proto internal/proto examples/python/gen)" || { git status --short -- proto internal/proto examples/python/gen; echo "generated files are not committed"; exit 1; }

breaking: $(BIN)/buf ## fail if the contract breaks what an image in proto/images promised
	test/contract/breaking.sh

lint: $(BIN)/staticcheck ## gofmt, vet, staticcheck (staticcheck.conf has a reason for each exception)
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not gofmt-ed:"; echo "$$out"; exit 1; }
	$(GO) vet ./... ./proto/... ./examples/go/...
	$(BIN)/staticcheck ./... ./examples/go/...

unit: ## all tests, without -race
	$(GO) test ./... ./examples/go/...

race: ## all tests with the race detector, and the builds that do not use the workspace
	for m in . proto examples/go; do (cd $$m && GOWORK=off $(GO) build -o /dev/null ./...) || exit 1; done
	$(GO) test ./services/planner/search/difftest # every tree: with the race detector one of ten is compared
	GO=$(GO) test/race.sh ./... ./examples/go/...

evidence-check: ## fail if a figure in a document is not the one in docs/evidence
	$(GO) run ./lab/cmd/evidence check

table: ## the table of all strategies with its plots, into docs (resumable; about two hours on two cores)
	GO=$(GO) lab/campaigns/table.sh

calibration: ## calibrate pairs of pocket models and plan by it, into docs (resumable; about two hours on two cores)
	GO=$(GO) lab/campaigns/calibration.sh

cards: ## measure the shipped models and fill their cards
	GO=$(GO) lab/campaigns/cards.sh

evidence: table calibration cards ## re-make what documents quote, from the shipped models (docs/evidence/real.json: make real)
	$(GO) run ./lab/cmd/evidence fill

evidence-quick: ## a small part of the evidence: calibrate, plan by the profile, report; in a minute
	GO=$(GO) lab/campaigns/quick.sh

examples: $(BIN)/grpcurl $(VENV)/.stamp ## solve, follow and cancel with grpcurl, Go, Python, Node and Java clients against a real mesh
	test/examples/run.sh

reconcile: ## compare what searches are billed with what servers wrote, counted at a proxy, while workers are killed and paused; into docs (minutes)
	$(GO) test ./test/reconcile -count=1 -v -timeout 30m -rounds 4 -evidence $(CURDIR)/docs/evidence/reconcile.json
	$(GO) run ./lab/cmd/evidence fill

up: ## the five processes (nats-server and four services), one solve through them, stop
	test/up/run.sh

promql: $(BIN)/staticcheck $(VENV)/.stamp ## the queries of docs/operations.md by Prometheus' engine, on scrapes of the five processes, against their spans
	cd test/promql && GOWORK=off $(GO) vet ./... && GOWORK=off ../../$(BIN)/staticcheck ./... && GOWORK=off $(GO) test -count=1 ./...

deploy: ## write deploy/k8s, and the table of values in the chart's README, from the chart
	cd deploy/render && GOWORK=off $(GO) run . write

deploy-check: $(BIN)/staticcheck ## the chart and deploy/k8s: both forms equal and current, and each value, flag, selector and port right
	cd deploy/render && GOWORK=off $(GO) vet ./... && GOWORK=off ../../$(BIN)/staticcheck ./... && GOWORK=off $(GO) test -count=1 ./... # the tests read files of other modules

cluster-validate: ## a real kube-apiserver takes the chart and deploy/k8s, and programs run by what it has (first run builds it: ten minutes)
	test/cluster/validate.sh
	test/cluster/services.sh
	test/cluster/nats.sh

images: ## the images of the services and the command, for amd64 and arm64, as OCI layouts in out/images
	cd deploy/images && GOWORK=off $(GO) run . build

images-check: $(BIN)/staticcheck $(VENV)/.stamp ## how images are assembled, with a small program; lint of the Dockerfile and the release workflow
	cd deploy/images && GOWORK=off $(GO) vet ./... && GOWORK=off ../../$(BIN)/staticcheck ./... && GOWORK=off $(GO) test ./...
	$(VENV)/bin/hadolint deploy/images/Dockerfile
	cd deploy/images && GOWORK=off $(GO) tool actionlint ../../.github/workflows/*.yml

images-twice: ## build the images twice, in two directories and with two caches, and compare the digests (minutes)
	test/images/twice.sh

images-up: ## the five processes from their images, each in a read-only root of its own as user 65532, one solve through them (root)
	test/images/run.sh

real: ## the OpenAI engine against a real llama.cpp server and a real 0.5B model (first run builds the server: minutes)
	test/real/fetch.sh all
	test/real/run.sh

real-calibrate: ## calibrate a real 0.5B model with the pocket PRM, plan by it, and ask it GSM8K=FILE (resumable; an hour or two)
	test/real/fetch.sh all
	test/real/calibrate.sh out/real $(GSM8K)
	$(GO) run ./lab/cmd/evidence real-calibration docs/evidence/real-calibration.json out/real

bench-pocket: ## tokens per CPU-second of the pocket engine, alone and against llama.cpp on the same file (first run builds it)
	$(GO) test ./pocket -run '^$$' -bench . -benchtime 2s
	test/real/fetch.sh server
	test/real/run.sh -parts speed -split train

$(VENV)/.stamp: tools/requirements.txt
	test/examples/venv.sh
	touch $@

$(BIN)/buf: $(VENV)/.stamp tools/go.mod
	mkdir -p $(BIN)
	cd tools && GOWORK=off $(GO) build -o ../$(BIN)/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
	ln -sf ../$(VENV)/bin/buf $@

$(BIN)/staticcheck $(BIN)/grpcurl: tools/go.mod
	mkdir -p $(BIN)
	cd tools && GOWORK=off $(GO) build -o ../$(BIN)/ honnef.co/go/tools/cmd/staticcheck github.com/fullstorydev/grpcurl/cmd/grpcurl

clean: ## remove what was built
	rm -rf $(BIN) $(VENV) .cluster
