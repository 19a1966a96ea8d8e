package plannerrpc

import (
	"math"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// Parameters of strategies whose request leaves them out, as the contract says. They
// are the papers'.
const (
	defaultWidth        = 4
	defaultLevels       = 40 // Snell et al. 2024, §5.1
	defaultRebaseLevels = 25 // the authors' code
	defaultBalance      = 0.2
	defaultLookahead    = 3
)

// fromStrategy reads a Strategy, and fills in what it leaves out. The rules about
// values are the search's.
func fromStrategy(in *plannerv1.Strategy) (search.Strategy, error) {
	switch kind := in.GetKind().(type) {
	case *plannerv1.Strategy_Greedy:
		return search.Greedy{}, nil
	case *plannerv1.Strategy_Majority:
		m := kind.Majority
		return search.Majority{N: int(m.GetN()), Wave: int(m.GetWave()), Confidence: m.GetConfidence(), Exhaustive: m.GetExhaustive()}, nil
	case *plannerv1.Strategy_BestOfN:
		return search.BestOfN{N: int(kind.BestOfN.GetN())}, nil
	case *plannerv1.Strategy_Beam:
		b := kind.Beam
		n := int(b.GetN())
		return search.Beam{N: n, M: or(b.M, divisor(n, defaultWidth)), MaxLevels: or(b.MaxLevels, defaultLevels), Narrow: b.GetNarrow(), Dedupe: b.GetDedupe()}, nil
	case *plannerv1.Strategy_Lookahead:
		l := kind.Lookahead
		n := int(l.GetN())
		return search.Lookahead{N: n, M: or(l.M, divisor(n, defaultWidth)), K: or(l.K, defaultLookahead), MaxLevels: or(l.MaxLevels, defaultLevels)}, nil
	case *plannerv1.Strategy_Dvts:
		d := kind.Dvts
		n := int(d.GetN())
		return search.DVTS{N: n, M: or(d.M, divisor(n, defaultWidth)), K: int(d.GetK()), MaxLevels: or(d.MaxLevels, defaultLevels)}, nil
	case *plannerv1.Strategy_Rebase:
		r := kind.Rebase
		return search.Rebase{N: int(r.GetN()), Balance: orFloat(r.Balance, defaultBalance), Exact: r.GetExact(), MaxLevels: or(r.MaxLevels, defaultRebaseLevels)}, nil
	case *plannerv1.Strategy_Mcts:
		m := kind.Mcts
		n := int(m.GetN())
		mcts := search.MCTS{
			N: n, Width: or(m.Width, min(n, defaultWidth)), Parallel: or(m.Parallel, min(n, defaultWidth)), PUCT: m.GetPuct(),
			Exploration: orFloat(m.Exploration, 1), Rollout: m.GetRollout(), Final: search.Final(m.GetFinal()), MaxLevels: or(m.MaxLevels, defaultLevels),
		}
		if mcts.Final == 0 {
			mcts.Final = search.FinalVote
		}
		return mcts, nil
	case *plannerv1.Strategy_Particles:
		p := kind.Particles
		return search.Particles{
			N: int(p.GetN()), Iterations: or(p.Iterations, 1), Temperature: orFloat(p.Temperature, 1), Sample: p.GetSample(), MaxLevels: or(p.MaxLevels, defaultLevels),
		}, nil
	case *plannerv1.Strategy_Revisions:
		r := kind.Revisions
		n := int(r.GetN())
		return search.Revisions{N: n, Chains: or(r.Chains, divisor(n, int(math.Sqrt(float64(n))))), Flat: r.GetFlat(), NoVerifier: r.GetUnjudged(), Feedback: r.GetFeedback()}, nil
	}
	return nil, reasoning.Invalid("strategy", "must be one of %v", StrategyNames())
}

func toStrategy(s search.Strategy) *plannerv1.Strategy {
	switch s := s.(type) {
	case search.Greedy:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Greedy{Greedy: &plannerv1.Greedy{}}}
	case search.Majority:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: &plannerv1.Majority{
			N: int32(s.N), Wave: int32(s.Wave), Confidence: s.Confidence, Exhaustive: s.Exhaustive,
		}}}
	case search.BestOfN:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: int32(s.N)}}}
	case search.Beam:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{
			N: int32(s.N), M: number(s.M), MaxLevels: number(s.MaxLevels), Narrow: s.Narrow, Dedupe: s.Dedupe,
		}}}
	case search.Lookahead:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Lookahead{Lookahead: &plannerv1.Lookahead{
			N: int32(s.N), M: number(s.M), K: number(s.K), MaxLevels: number(s.MaxLevels),
		}}}
	case search.DVTS:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Dvts{Dvts: &plannerv1.Dvts{
			N: int32(s.N), M: number(s.M), K: int32(s.K), MaxLevels: number(s.MaxLevels),
		}}}
	case search.Rebase:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Rebase{Rebase: &plannerv1.Rebase{
			N: int32(s.N), Balance: &s.Balance, Exact: s.Exact, MaxLevels: number(s.MaxLevels),
		}}}
	case search.MCTS:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Mcts{Mcts: &plannerv1.Mcts{
			N: int32(s.N), Width: number(s.Width), Parallel: number(s.Parallel), Puct: s.PUCT, Exploration: &s.Exploration, Rollout: s.Rollout,
			Final: plannerv1.MctsFinal(s.Final), MaxLevels: number(s.MaxLevels),
		}}}
	case search.Particles:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Particles{Particles: &plannerv1.Particles{
			N: int32(s.N), Iterations: number(s.Iterations), Temperature: &s.Temperature, Sample: s.Sample, MaxLevels: number(s.MaxLevels),
		}}}
	case search.Revisions:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Revisions{Revisions: &plannerv1.Revisions{
			N: int32(s.N), Chains: number(s.Chains), Flat: s.Flat, Unjudged: s.NoVerifier, Feedback: s.Feedback,
		}}}
	}
	return nil
}

// divisor is the largest divisor of n that is at most most, and at least 1.
func divisor(n, most int) int {
	for d := min(n, most); d > 1; d-- {
		if n%d == 0 {
			return d
		}
	}
	return 1
}

func or(said *int32, otherwise int) int {
	if said == nil {
		return otherwise
	}
	return int(*said)
}

func orFloat(said *float64, otherwise float64) float64 {
	if said == nil {
		return otherwise
	}
	return *said
}

func number(n int) *int32 {
	m := int32(n)
	return &m
}
