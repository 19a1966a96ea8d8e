package strategies

import "github.com/ponder-mesh/ponder/services/planner/search"

// Summaries that several strategies share.
const (
	samples   = "samples"
	nSteps    = "steps sampled per level"
	width     = "children of each kept step; a divisor of n"
	maxLevels = "levels after which every solution is completed in one request"
)

// kinds is the table of all strategies. The comment of package search says how to add one.
var kinds = []kind{
	describe(func(int) search.Greedy { return search.Greedy{} },
		"one sample at temperature 0", "", nil),
	describe(func(n int) search.Majority { return search.Majority{N: n} },
		"independent samples, the most frequent answer; stops when the answer can no longer change; needs no verifier",
		"Wang et al. 2022, arXiv 2203.11171",
		[]field[search.Majority]{
			{"n", samples, func(m *search.Majority) any { return &m.N }},
			{"wave", "samples requested at a time; 0: all at once", func(m *search.Majority) any { return &m.Wave }},
			{"confidence", "stop early at this posterior probability of the leading answer, e.g. 0.95 " +
				"(arXiv 2305.11860); 0: when certain", func(m *search.Majority) any { return &m.Confidence }},
			{"exhaustive", "never stop early", func(m *search.Majority) any { return &m.Exhaustive }},
		}),
	describe(func(n int) search.BestOfN { return search.BestOfN{N: n} },
		"independent samples, scored", "Snell et al. 2024, arXiv 2408.03314, §5.2",
		[]field[search.BestOfN]{
			{"n", samples, func(b *search.BestOfN) any { return &b.N }},
		}),
	describe(search.NewBeam,
		"keep the best n/m steps of each level, continue each m ways", "Snell et al. 2024, arXiv 2408.03314, §5.2",
		[]field[search.Beam]{
			{"n", nSteps, func(b *search.Beam) any { return &b.N }},
			{"m", width, func(b *search.Beam) any { return &b.M }},
			{"max_levels", maxLevels, func(b *search.Beam) any { return &b.MaxLevels }},
			{"narrow", "shrink the beam by each solution that finishes (arXiv 2502.06703)",
				func(b *search.Beam) any { return &b.Narrow }},
			{"dedupe", "drop a step whose text equals an earlier sibling's", func(b *search.Beam) any { return &b.Dedupe }},
		}),
	describe(search.NewLookahead,
		"beam search that scores a step after k further greedy steps; costs n×(k+1) steps per level",
		"Snell et al. 2024, arXiv 2408.03314, §5.2",
		[]field[search.Lookahead]{
			{"n", nSteps, func(l *search.Lookahead) any { return &l.N }},
			{"m", width, func(l *search.Lookahead) any { return &l.M }},
			{"k", "steps to look ahead", func(l *search.Lookahead) any { return &l.K }},
			{"max_levels", maxLevels, func(l *search.Lookahead) any { return &l.MaxLevels }},
		}),
	describe(search.NewDVTS,
		"n/m independent subtrees, each following its best step", "Beeching et al. 2024, diverse verifier tree search",
		[]field[search.DVTS]{
			{"n", nSteps, func(d *search.DVTS) any { return &d.N }},
			{"m", width, func(d *search.DVTS) any { return &d.M }},
			{"k", "greedy steps before a step is scored; 0: score the step itself", func(d *search.DVTS) any { return &d.K }},
			{"max_levels", maxLevels, func(d *search.DVTS) any { return &d.MaxLevels }},
		}),
	describe(search.NewRebase,
		"share each level's children among its nodes by the softmax of their scores",
		"Wu et al. 2024, arXiv 2408.00724",
		[]field[search.Rebase]{
			{"n", "children of the first level; later levels have one less for each finished solution",
				func(r *search.Rebase) any { return &r.N }},
			{"balance", "temperature of the softmax: the smaller, the more the best gets",
				func(r *search.Rebase) any { return &r.Balance }},
			{"exact", "round as the authors' code does (exactly n) instead of as the paper does",
				func(r *search.Rebase) any { return &r.Exact }},
			{"max_levels", maxLevels, func(r *search.Rebase) any { return &r.MaxLevels }},
		}),
	describe(search.NewMCTS,
		"Monte Carlo tree search, by UCT or PUCT",
		"Hao et al. 2023, arXiv 2305.14992 (UCT); OpenR, arXiv 2410.09671 (PUCT)",
		[]field[search.MCTS]{
			{"n", "simulations", func(m *search.MCTS) any { return &m.N }},
			{"width", "children of an expanded node", func(m *search.MCTS) any { return &m.Width }},
			{"parallel", "concurrent simulations, diversified by virtual loss",
				func(m *search.MCTS) any { return &m.Parallel }},
			{"puct", "select by PUCT, with the policy's probability as prior; otherwise by UCT",
				func(m *search.MCTS) any { return &m.PUCT }},
			{"exploration", "exploration constant", func(m *search.MCTS) any { return &m.Exploration }},
			{"rollout", "value a new node by one whole sample; otherwise a simulation continues to a solution's end",
				func(m *search.MCTS) any { return &m.Rollout }},
			{"final", "how the answer is picked: vote, visits, value", func(m *search.MCTS) any { return &m.Final }},
			{"max_levels", maxLevels, func(m *search.MCTS) any { return &m.MaxLevels }},
		}),
	describe(search.NewParticles,
		"particle filtering; with iterations, particle Gibbs", "Puri et al. 2025, arXiv 2502.01618",
		[]field[search.Particles]{
			{"n", "particles of all iterations together", func(p *search.Particles) any { return &p.N }},
			{"iterations", "Gibbs iterations; a divisor of n", func(p *search.Particles) any { return &p.Iterations }},
			{"temperature", "of the softmax of the weights", func(p *search.Particles) any { return &p.Temperature }},
			{"sample", "draw the answer by weight; otherwise the choice picks it",
				func(p *search.Particles) any { return &p.Sample }},
			{"max_levels", maxLevels, func(p *search.Particles) any { return &p.MaxLevels }},
		}),
	describe(search.NewRevisions,
		"sequential revisions: each attempt is conditioned on the four before it; needs a policy that revises",
		"Snell et al. 2024, arXiv 2408.03314, §6",
		[]field[search.Revisions]{
			{"n", "total attempts", func(r *search.Revisions) any { return &r.N }},
			{"chains", "concurrent chains; a divisor of n", func(r *search.Revisions) any { return &r.Chains }},
			{"flat", "choose among all attempts at once; otherwise first within chains, then across",
				func(r *search.Revisions) any { return &r.Flat }},
			{"no_verifier", "without a verifier, by majority", func(r *search.Revisions) any { return &r.NoVerifier }},
			{"feedback", "append the verifier's scores to attempts as text; for instruction-following policies",
				func(r *search.Revisions) any { return &r.Feedback }},
		}),
}
