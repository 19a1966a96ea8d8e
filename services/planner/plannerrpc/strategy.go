package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// StrategyFromProto converts a Strategy. Absent parameters get the defaults of the constructors
// of package search. Strategy.Validate checks the values.
func StrategyFromProto(in *plannerv1.Strategy) (search.Strategy, error) {
	switch kind := in.GetKind().(type) {
	case *plannerv1.Strategy_Greedy:
		return search.Greedy{}, nil
	case *plannerv1.Strategy_Majority:
		m := kind.Majority
		if m.Wave != nil && *m.Wave == 0 {
			return nil, reasoning.Invalid("strategy.majority.wave", "must be 1 to %d, is 0: leave it out to request all samples at once", search.MaxN)
		}
		if m.Confidence != nil && *m.Confidence == 0 {
			return nil, reasoning.Invalid("strategy.majority.confidence",
				"must be more than 0, is 0: leave it out to stop only when the winner is certain")
		}
		return search.Majority{
			N: int(m.GetN()), Wave: int(m.GetWave()), Confidence: m.GetConfidence(), Exhaustive: m.GetExhaustive(),
		}, nil
	case *plannerv1.Strategy_BestOfN:
		return search.BestOfN{N: int(kind.BestOfN.GetN())}, nil
	case *plannerv1.Strategy_Beam:
		b := kind.Beam
		out := search.NewBeam(int(b.GetN()))
		set(&out.M, b.M)
		set(&out.MaxLevels, b.MaxLevels)
		out.Narrow, out.Dedupe = b.GetNarrow(), b.GetDedupe()
		return out, nil
	case *plannerv1.Strategy_Lookahead:
		l := kind.Lookahead
		out := search.NewLookahead(int(l.GetN()))
		set(&out.M, l.M)
		set(&out.K, l.K)
		set(&out.MaxLevels, l.MaxLevels)
		return out, nil
	case *plannerv1.Strategy_Dvts:
		d := kind.Dvts
		out := search.NewDVTS(int(d.GetN()))
		set(&out.M, d.M)
		set(&out.MaxLevels, d.MaxLevels)
		out.K = int(d.GetK())
		return out, nil
	case *plannerv1.Strategy_Rebase:
		r := kind.Rebase
		out := search.NewRebase(int(r.GetN()))
		set(&out.Balance, r.Balance)
		set(&out.MaxLevels, r.MaxLevels)
		out.Exact = r.GetExact()
		return out, nil
	case *plannerv1.Strategy_Mcts:
		m := kind.Mcts
		out := search.NewMCTS(int(m.GetN()))
		set(&out.Width, m.Width)
		set(&out.Parallel, m.Parallel)
		set(&out.Exploration, m.Exploration)
		set(&out.MaxLevels, m.MaxLevels)
		out.PUCT, out.Rollout = m.GetPuct(), m.GetRollout()
		if m.GetFinal() != plannerv1.MctsFinal_MCTS_FINAL_UNSPECIFIED {
			out.Final = search.Final(m.GetFinal())
		}
		return out, nil
	case *plannerv1.Strategy_Particles:
		p := kind.Particles
		out := search.NewParticles(int(p.GetN()))
		set(&out.Iterations, p.Iterations)
		set(&out.Temperature, p.Temperature)
		set(&out.MaxLevels, p.MaxLevels)
		out.Sample = p.GetSample()
		return out, nil
	case *plannerv1.Strategy_Revisions:
		r := kind.Revisions
		out := search.NewRevisions(int(r.GetN()))
		set(&out.Chains, r.Chains)
		out.Flat, out.NoVerifier, out.Feedback = r.GetFlat(), r.GetNoVerifier(), r.GetFeedback()
		return out, nil
	}
	return nil, reasoning.Invalid("strategy", "must be one of %v", strategies.Names())
}

// StrategyToProto converts a strategy with all its parameters. It returns nil for nil.
func StrategyToProto(s search.Strategy) *plannerv1.Strategy {
	switch s := s.(type) {
	case search.Greedy:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Greedy{Greedy: &plannerv1.Greedy{}}}
	case search.Majority:
		m := &plannerv1.Majority{N: int32(s.N), Exhaustive: s.Exhaustive}
		if s.Wave != 0 {
			m.Wave = new(int32(s.Wave))
		}
		if s.Confidence != 0 {
			m.Confidence = &s.Confidence
		}
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: m}}
	case search.BestOfN:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: int32(s.N)}}}
	case search.Beam:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{
			N: int32(s.N), M: new(int32(s.M)), MaxLevels: new(int32(s.MaxLevels)), Narrow: s.Narrow, Dedupe: s.Dedupe,
		}}}
	case search.Lookahead:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Lookahead{Lookahead: &plannerv1.Lookahead{
			N: int32(s.N), M: new(int32(s.M)), K: new(int32(s.K)), MaxLevels: new(int32(s.MaxLevels)),
		}}}
	case search.DVTS:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Dvts{Dvts: &plannerv1.Dvts{
			N: int32(s.N), M: new(int32(s.M)), K: int32(s.K), MaxLevels: new(int32(s.MaxLevels)),
		}}}
	case search.Rebase:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Rebase{Rebase: &plannerv1.Rebase{
			N: int32(s.N), Balance: &s.Balance, Exact: s.Exact, MaxLevels: new(int32(s.MaxLevels)),
		}}}
	case search.MCTS:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Mcts{Mcts: &plannerv1.Mcts{
			N: int32(s.N), Width: new(int32(s.Width)), Parallel: new(int32(s.Parallel)), Puct: s.PUCT,
			Exploration: &s.Exploration, Rollout: s.Rollout, Final: plannerv1.MctsFinal(s.Final),
			MaxLevels: new(int32(s.MaxLevels)),
		}}}
	case search.Particles:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Particles{Particles: &plannerv1.Particles{
			N: int32(s.N), Iterations: new(int32(s.Iterations)), Temperature: &s.Temperature, Sample: s.Sample,
			MaxLevels: new(int32(s.MaxLevels)),
		}}}
	case search.Revisions:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Revisions{Revisions: &plannerv1.Revisions{
			N: int32(s.N), Chains: new(int32(s.Chains)), Flat: s.Flat, NoVerifier: s.NoVerifier, Feedback: s.Feedback,
		}}}
	}
	return nil
}

// set replaces a default by the value of the message, if there is one.
func set[D int | float64, W int32 | float64](parameter *D, value *W) {
	if value != nil {
		*parameter = D(*value)
	}
}
