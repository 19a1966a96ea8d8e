//go:build real

// Command real measures the OpenAI engine against a real llama.cpp server:
//
//   - agree: the shipped pocket policies, served by llama.cpp, write byte for byte
//     what the engine in this process writes, at temperature 0;
//   - speed: tokens per CPU-second of both;
//   - pocket: a real language model of half a billion parameters, shown the pocket
//     format by examples, searched with the shipped pocket PRM as its judge;
//   - gsm8k: the same model on grade-school problems, greedy and by majority.
//
// It needs what fetch.sh brings. Whatever a model said is kept in the cache, so an
// interrupted run goes on where it was, and a finished one is free to repeat.
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
	"github.com/ponder-mesh/ponder/lab/table"
)

const evidencePath = "docs/evidence/real.json"

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
	home, _ := os.UserCacheDir() // empty is refused below
	flag.StringVar(&o.cache, "cache", cmp.Or(os.Getenv("PONDER_CACHE"), filepath.Join(home, "ponder")), "where fetch.sh put its things, and where results are kept")
	flag.StringVar(&o.data, "data", "../shared/data", "folder of gsm8k-test-a.jsonl and gsm8k-train1000.jsonl")
	flag.StringVar(&o.parts, "parts", "agree,speed,pocket,gsm8k", "what to measure")
	flag.IntVar(&o.n, "n", 60, "problems of each part")
	flag.IntVar(&o.slots, "slots", 4, "sequences at the server at once")
	flag.StringVar(&o.split, "split", "test", "test, or train: to choose prompts by; then nothing is written to docs")
	ns := flag.String("ns", "4,8", "widths of the searches on pocket problems")
	flag.BoolVar(&o.show, "show", false, "print what was written")
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

// results are what docs quote.
type results struct {
	Agree  []agreement            `json:"agree,omitempty"`
	Speed  *speed                 `json:"speed,omitempty"`
	Pocket []row                  `json:"pocket,omitempty"`
	GSM8K  []row                  `json:"gsm8k,omitempty"`
	Tables map[string]table.Table `json:"tables,omitempty"` // the rows of a part, by its name
}

// tabulateAgreements makes the table of what two engines write.
func (r *results) tabulateAgreements() {
	t := table.Table{
		Header: []string{"policy", "problems", "identical texts", "largest gap of a step's log-probability"},
		Align:  []table.Align{table.Left, table.Right, table.Right, table.Right},
	}
	for _, a := range r.Agree {
		t.Add(a.Model, strconv.Itoa(a.Problems), strconv.Itoa(a.Identical), fmt.Sprintf("%.2g", a.Drift))
	}
	r.Tables = map[string]table.Table{"agree": t}
}

// tabulate makes the table of a part's rows, if it was measured.
func (r *results) tabulate(part string, rows []row) {
	if len(rows) == 0 {
		return
	}
	t := table.Table{
		Header: []string{"strategy", "N", "choice", "accuracy [95 %]", "points over majority [95 %]", "generated tokens a problem"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Left, table.Left, table.Right},
	}
	for _, x := range rows {
		versus := ""
		if x.Versus != nil {
			versus = fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*x.Versus.Mean, 100*x.Versus.Low, 100*x.Versus.High)
		}
		t.Add(x.Strategy, strconv.Itoa(x.N), x.Choice, x.Accuracy.Percent(), versus, fmt.Sprintf("%.0f", x.Tokens))
	}
	r.Tables[part] = t
}

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
		Name:    "real",
		What:    "The OpenAI engine against llama.cpp b11434: agreement with the in-process engine at temperature 0, and searches by Qwen2.5-Coder-0.5B-Instruct (Q4_K_M)",
		Command: strings.Join(append([]string{"test/real/run.sh"}, os.Args[1:]...), " "),
		Seeds:   []uint64{seed},
		Models:  lab.models,
		Samples: map[string]int{"problems of each part": o.n},
		Results: r,
	}.Write(evidencePath)
}
