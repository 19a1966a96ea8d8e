package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
)

// requestFlags holds the flags of a planner's request.
type requestFlags struct {
	Problem        string        `arg:"" optional:"" help:"The problem, or - for standard input."`
	Effort         string        `help:"How much to spend: none, minimal, low, medium, high, xhigh, max." placeholder:"EFFORT"`
	Strategy       string        `help:"The strategy; default: the planner chooses. 'help' explains all strategies." placeholder:"NAME"`
	N              *int          `help:"N of the strategy: samples, steps per level, or simulations; default: 8." placeholder:"N" short:"n"`
	M              int           `help:"Children of each kept step; short for --set m=M." default:"0" short:"m"`
	Set            []string      `help:"Another parameter of the strategy, such as balance=0.1." placeholder:"NAME=VALUE"`
	Choice         string        `help:"How the answer is chosen: majority, or {min,last,avg,prod,orm,certainty}-{max,vote}." placeholder:"NAME"`
	AnswerKind     string        `help:"Kind of the answer: auto, number, expression, choice, text, code." placeholder:"KIND"`
	Samples        int32         `help:"Budget in whole solutions, if the planner chooses the strategy; 0: by --effort."`
	PolicyTokens   int64         `help:"Maximum tokens that the policy may generate; 0: no bound."`
	VerifierTokens int64         `help:"Maximum tokens that the verifier may read; 0: no bound."`
	FLOPs          float64       `name:"flops" help:"Maximum floating-point operations of policy and verifier; 0: no bound."`
	Estimate       bool          `help:"Estimate difficulty even with --strategy."`
	Temperature    float64       `help:"Sampling temperature in [0,2]; negative: the planner's default." default:"-1"`
	MaxTokens      int           `help:"Maximum tokens of a child (a step or a whole sample); 0: the planner's default."`
	Think          thinking      `embed:"" prefix:"think-"`
	Seed           uint64        `help:"Seed of all samples." default:"1"`
	Policy         string        `help:"Name of the policy; default: the planner's." placeholder:"MODEL"`
	Verifier       string        `help:"Name of the reward model; default: the planner's." placeholder:"MODEL"`
	NoStore        bool          `help:"Neither record results of the search nor use recorded ones."`
	Timeout        time.Duration `help:"Time until the search's deadline." default:"2m"`
	Tenant         string        `help:"Tenant that the search belongs to." env:"PONDER_TENANT"`
	plannerTarget  `embed:""`
}

// request returns the request that the flags describe. If the problem is "-", it reads the problem from
// standard input.
func (f requestFlags) request() (planner.Request, error) {
	r := planner.Request{
		Tenant: f.Tenant, Problem: f.Problem,
		Policy: f.Policy, Verifier: f.Verifier, NoStore: f.NoStore,
		Seed: new(reasoning.Seed(f.Seed)), Estimate: f.Estimate,
		Samples: int(f.Samples), Deadline: time.Now().Add(f.Timeout),
		Budget: backend.Budget{PolicyTokens: f.PolicyTokens, VerifierTokens: f.VerifierTokens, FLOPs: f.FLOPs},
	}
	if f.Problem == "-" {
		var err error
		if r.Problem, err = readProblem(os.Stdin); err != nil {
			return r, err
		}
	}
	if r.Problem == "" {
		return r, reasoning.Invalid("problem", "must not be empty: give it as an argument, or - for standard input")
	}
	if !utf8.ValidString(r.Problem) {
		return r, reasoning.Invalid("problem", "must be UTF-8")
	}
	if f.Temperature >= 0 {
		r.Temperature = &f.Temperature
	}
	if f.MaxTokens != 0 {
		r.MaxTokens = &f.MaxTokens
	}
	var err error
	if r.AnswerKind, err = answer.ParseKind(f.AnswerKind); err != nil {
		return r, fmt.Errorf("--answer-kind: %w", err)
	}
	if r.Thinking, err = f.Think.parse(); err != nil {
		return r, err
	}
	if f.Effort != "" {
		if r.Effort, err = planner.ParseEffort(f.Effort); err != nil {
			return r, err
		}
	}
	if f.Choice != "" {
		choice, err := search.ParseChoice(f.Choice)
		if err != nil {
			return r, err
		}
		r.Choice = &choice
	}
	r.Strategy, err = f.strategy()
	return r, err
}

// readProblem returns the problem from standard input.
func readProblem(stdin *os.File) (string, error) {
	if terminal(stdin) {
		say("reading the problem from standard input; end it with a line of Ctrl-D")
	}
	text, err := io.ReadAll(io.LimitReader(stdin, policy.MaxProblem+2)) // with a newline, and one byte too many
	if err != nil {
		return "", fmt.Errorf("read the problem from standard input: %w", err)
	}
	problem := strings.TrimRight(string(text), "\n")
	if len(problem) > policy.MaxProblem {
		return "", reasoning.Invalid("problem", "must have at most %d bytes, standard input has more", policy.MaxProblem)
	}
	return problem, nil
}

// strategy returns the strategy that the flags name, or nil if the planner chooses.
func (f requestFlags) strategy() (search.Strategy, error) {
	if f.Strategy == "" {
		switch {
		case f.N != nil:
			return nil, errors.New("--n: is a parameter of a strategy: add --strategy NAME, or use --samples for the budget of a plan")
		case f.M != 0 || len(f.Set) > 0:
			return nil, errors.New("--m and --set are parameters of a strategy: add --strategy NAME")
		case f.Effort != "" && f.Samples != 0:
			return nil, errors.New("--effort: has no effect with --samples: remove one of them")
		}
		return nil, nil
	}
	switch {
	case f.Effort != "":
		return nil, errors.New("--effort: has no effect with --strategy, whose --n says how much to spend: remove one of them")
	case f.Samples != 0:
		return nil, errors.New("--samples: has no effect with --strategy, whose --n says how much to spend: remove one of them")
	}
	set := slices.Clone(f.Set)
	if f.M != 0 {
		set = append(set, fmt.Sprintf("m=%d", f.M))
	}
	switch {
	case f.N != nil:
		set = append([]string{fmt.Sprintf("n=%d", *f.N)}, set...)
	case f.Strategy != "greedy":
		set = append([]string{"n=8"}, set...)
	}
	return strategies.New(f.Strategy, set...)
}
