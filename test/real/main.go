//go:build real

// Command real measures the OpenAI engine against a real llama.cpp server:
//
//   - agree: whether the shipped pocket policies, served by llama.cpp, generate the same
//     bytes as the engine in this process, at temperature 0;
//   - speed: tokens per CPU-second of both;
//   - pocket: searches with a real language model of 0.5B parameters on pocket problems,
//     with few-shot examples and the shipped pocket PRM;
//   - gsm8k: the same model on grade-school problems, greedy and by majority.
//
// It needs the files that fetch.sh fetches. Results of models are recorded in the cache,
// so an interrupted run resumes, and a finished one is free to repeat.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/lab/evidence"
)

const evidencePath = "docs/evidence/real.json"

// options holds the command-line flags.
type options struct {
	cache, data string
	parts       string
	n           int
	slots       int
	split       string
	ns          []int
	show        bool
}

func main() {
	var o options
	home, _ := os.UserCacheDir() // openLab fails if it is empty
	cache := cmp.Or(os.Getenv("PONDER_CACHE"), filepath.Join(home, "ponder"))
	flag.StringVar(&o.cache, "cache", cache, "folder of fetch.sh's files and of recorded results")
	flag.StringVar(&o.data, "data", "../shared/data", "folder of gsm8k-test-a.jsonl and gsm8k-train1000.jsonl")
	flag.StringVar(&o.parts, "parts", "agree,speed,pocket,gsm8k", "parts to measure")
	flag.IntVar(&o.n, "n", 60, "problems per part")
	flag.IntVar(&o.slots, "slots", 4, "concurrent sequences of the server")
	flag.StringVar(&o.split, "split", "test", "test, or train to choose prompts: without a record in docs")
	ns := flag.String("ns", "4,8", "widths of the searches on pocket problems")
	flag.BoolVar(&o.show, "show", false, "print the solutions")
	flag.Parse()
	for field := range strings.SplitSeq(*ns, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 2 || n%2 != 0 {
			fmt.Fprintf(os.Stderr, "real: ns: %q must be an even number from 2\n", field)
			os.Exit(2)
		}
		o.ns = append(o.ns, n)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "real:", err)
		os.Exit(1)
	}
}

// run measures the parts and writes the evidence.
func run(ctx context.Context, o options) error {
	lab, err := openLab(o)
	if err != nil {
		return err
	}
	defer lab.close()
	var r results
	for part := range strings.SplitSeq(o.parts, ",") {
		switch part {
		case "agree":
			r.Agree, err = agree(ctx, lab)
		case "speed":
			r.Speed, err = speeds(ctx, lab)
		case "pocket":
			r.Pocket, err = pocketProblems(ctx, lab)
		case "gsm8k":
			r.GSM8K, err = gsm8kProblems(ctx, lab)
		default:
			err = fmt.Errorf("part %q: must be agree, speed, pocket or gsm8k", part)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	if o.split != "test" {
		return nil
	}
	r.tabulateAgreements()
	r.tabulate("pocket", r.Pocket)
	r.tabulate("gsm8k", r.GSM8K)
	return evidence.Record{
		Name: "real",
		What: "The OpenAI engine against llama.cpp b11434: agreement with the in-process engine at temperature 0, " +
			"and searches by Qwen2.5-Coder-0.5B-Instruct (Q4_K_M)",
		Command: strings.Join(append([]string{"test/real/run.sh"}, os.Args[1:]...), " "),
		Seeds:   []uint64{seed},
		Models:  lab.models,
		Samples: map[string]int{"problems of each part": o.n},
		Results: r,
	}.Write(evidencePath)
}
