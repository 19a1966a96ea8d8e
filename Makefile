# Ponder. `make help` lists what there is. It needs Go, a C compiler (for -race), make and python3; the clients need node, npm and Maven.
GO      ?= go
VENV    := .venv
BIN     := bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
.PHONY: help test check build gen lint unit race table calibration evidence evidence-quick evidence-check examples demo dev up real real-calibrate bench-pocket clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

test: check race evidence-quick examples up ## everything that CI runs: contracts current, lint, all tests with -race, clients, the five processes

demo: ## watch four services solve problems in one process
	$(GO) run ./cmd/ponder demo

dev: ## the mesh in one process, on loopback, until interrupted
	$(GO) run ./cmd/ponder dev

check: gen-check lint evidence-check ## what is generated is current, and what is written is clean

gen: $(BIN)/buf ## generate Go and Python from the .proto files
	$(BIN)/buf lint
	$(BIN)/buf generate
	$(VENV)/bin/python -m grpc_tools.protoc -I proto --python_out=examples/python/gen --pyi_out=examples/python/gen \
		--grpc_python_out=examples/python/gen $$(cd proto && find ponder -name '*.proto' | sort)

gen-check: gen ## fail if generating changes anything
	@git diff --exit-code --stat -- proto internal/proto examples/python/gen || { echo "generated code is not current: commit what 'make gen' wrote"; exit 1; }
	@test -z "$$(git status --porcelain -- proto internal/proto examples/python/gen)" || { git status --short -- proto internal/proto examples/python/gen; echo "generated files are not committed"; exit 1; }

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

# Every strategy with N samples on held-out problems, and as controls: the judge's trunk answering greedily, its likelihood as the judge, and
# revisions by the policy that was trained for them. What is in $(TABLE) is not done again.
TABLE ?= out/table
SET   := --split test --problems 300 --steps 2..6
GIBBS := --arms particles:iterations=4 --n 4,16,64,256 # N has to be a multiple of iterations
ARMS  := greedy,majority,majority:wave=8:confidence=0.95,best-of-n,beam,beam:narrow=true,lookahead,dvts,rebase,rebase:exact=true,mcts,mcts:puct=true,mcts:width=16,particles
NS    ?= 1,4,16,64,256
table: ## the table of all strategies with its plots, into docs (resumable; about two hours on two cores)
	mkdir -p $(TABLE) $(BIN)
	$(GO) build -o $(BIN)/ponder ./cmd/ponder
	ponder bench run --out $(TABLE)/strategies.jsonl --store $(TABLE)/strategies.store $(SET) --arms $(ARMS) --n $(NS)
	ponder bench run --out $(TABLE)/strategies.jsonl --store $(TABLE)/strategies.store $(SET) $(GIBBS)
	ponder bench run --out $(TABLE)/trunk.jsonl $(SET) --policy-pocket pocket-0.8m --verifier-pocket none --arms greedy
	ponder bench run --out $(TABLE)/likelihood.jsonl $(SET) --verifier-pocket pocket-0.8m-likelihood --arms best-of-n,beam --n 16,64
	ponder bench run --out $(TABLE)/reviser.jsonl $(SET) --policy-pocket pocket-reviser --arms greedy,majority,best-of-n,revisions --n $(NS)
	$(GO) run ./lab/cmd/evidence table docs/evidence/strategies.json docs/plots $(TABLE)/strategies.jsonl $(TABLE)/trunk.jsonl $(TABLE)/likelihood.jsonl $(TABLE)/reviser.jsonl

# Which strategy pays at which difficulty and budget: for the shipped pair; on halves, with searches planned by the profile of the other half;
# with a judge that misleads, calibrated and not; with a judge no larger than the policy; and for the smallest policy, beside the greedy answers
# of larger ones. All of a policy's calibrations share its samples.
CAL    ?= out/calibration
GRID   := --arms majority,best-of-n,beam,dvts,rebase,particles
SMALL  := --store $(CAL)/pocket-0.3m.store
TINY   := --policy-pocket pocket-0.1m --store $(CAL)/pocket-0.1m.store
BUDGET := --arms planned --n $(NS)
calibration: ## calibrate pairs of pocket models and plan by it, into docs (resumable; about two hours on two cores)
	mkdir -p $(CAL) $(BIN)
	$(GO) build -o $(BIN)/ponder ./cmd/ponder
	ponder calibrate --out $(CAL)/prm $(SMALL) $(GRID)
	for h in 1 2; do ponder calibrate --out $(CAL)/half$$h --half $$h $(SMALL) $(GRID) || exit 1; done
	for h in 1 2; do ponder bench run --out $(CAL)/planned-$$h.jsonl --half $$h $(SMALL) $(BUDGET) --profile $(CAL)/half$$((3-h))/profile.json || exit 1; done
	ponder calibrate --out $(CAL)/biased --verifier-pocket pocket-prm-biased $(SMALL) $(GRID) --budgets 1,4,16,64
	ponder bench run --out $(CAL)/biased-thumb.jsonl --verifier-pocket pocket-prm-biased $(SMALL) --arms planned --n 4,16,64
	ponder calibrate --out $(CAL)/own --verifier-pocket pocket-prm-0.3m $(SMALL) $(GRID) --budgets 1,4,16,64
	ponder calibrate --out $(CAL)/tiny $(TINY) --problems 150 --arms majority,best-of-n,beam,rebase
	for m in 0.8m 2m; do ponder bench run --out $(CAL)/greedy-$$m.jsonl --policy-pocket pocket-$$m --verifier-pocket none --arms greedy || exit 1; done
	$(GO) run ./lab/cmd/evidence calibration docs/evidence/calibration.json $(CAL)
	cp $(CAL)/prm/profile.json profiles/pocket-0.3m.json

evidence-quick: ## a small part of the evidence: calibrate, plan by the profile, report; in a minute
	rm -rf out/quick && mkdir -p out/quick $(BIN)
	$(GO) build -o $(BIN)/ponder ./cmd/ponder
	ponder calibrate --out out/quick --split validation --problems 30 --steps 2..4 --arms majority,best-of-n,beam --budgets 1,4,16 --oracle 16 --latency 2
	ponder bench run --out out/quick/planned.jsonl --store out/quick/samples.store --split validation --problems 30 --steps 2..4 --arms planned --n 4,16 --profile out/quick/profile.json
	ponder bench report out/quick/results.jsonl out/quick/planned.jsonl --out out/quick/report

evidence: table calibration ## re-make what documents quote, from the shipped models (docs/evidence/real.json: make real)
	$(GO) run ./lab/cmd/cards policies --out docs/evidence/pocket-models.json
	$(GO) run ./lab/cmd/cards policies --reward-model pocket-prm-biased --policies pocket-0.3m --out docs/evidence/pocket-prm-biased.json
	$(GO) run ./lab/cmd/cards policies --reward-model pocket-prm-0.3m --policies pocket-0.3m --out docs/evidence/pocket-prm-0-3m.json
	$(GO) run ./lab/cmd/cards reviser --out docs/evidence/pocket-reviser.json
	$(GO) run ./lab/cmd/cards thinker --out docs/evidence/pocket-thinker.json
	$(GO) run ./lab/cmd/cards fill
	$(GO) run ./lab/cmd/evidence fill

examples: $(BIN)/grpcurl $(VENV)/.stamp ## solve, follow and cancel with grpcurl, Go, Python, Node and Java clients against a real mesh
	test/examples/run.sh

up: ## the five processes (nats-server and four services), one solve through them, stop
	test/up/run.sh

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
	rm -rf $(BIN) $(VENV)
