// Package difftest compares Ponder's strategies with reference implementations, tree by
// tree. It has only tests.
//
// # What is compared
//
// Ponder and the references use the same scripted backend: a node is its path of ordinals, and
// the SHA-256 of the path determines its score, whether it ends, and its answer (script_test.go,
// reference/script.py). testdata has the trees that the references grew with it; the tests grow
// Ponder's. Trees are compared by their outlines: each node's steps, its value to six digits and
// its finish.
//
//   - testdata/{rebase,dvts,beam,narrow,particles}.txt have a line for each tree: the seed
//     and the hash of the outline. More than 12,000 trees must be equal.
//   - testdata/*-trees.txt have the outlines of some 200 of them, for reading.
//   - testdata/stopping.txt has the votes of all samples, and how many samples its_hub's
//     adaptive self-consistency takes. Ponder finds the same answer and never takes more samples.
//   - testdata/gibbs.txt has the cost and the best value of its_hub's particle Gibbs.
//   - testdata/summary-*.txt have the numbers of equal trees, and of others by reason.
//
// The references are the REBASE authors' rebase.py (with REBASE's parameter Exact), _dvts
// and _beam_search of search-and-learn, SearchTree.beam_search of compute-optimal-tts (with
// Beam's parameter Narrow), and its_hub's particle filtering, particle Gibbs and
// self-consistency. Their code is unchanged; the script replaces their engines and reward
// models. its_hub uses the same random numbers as Ponder.
//
// # What differs, and why
//
// If a line has a reason, the definitions of Ponder and the reference differ for its tree. The
// line then has the level down to which the trees must be equal. The reasons depend only on the
// reference's tree.
//
//   - tie: nodes with equal values. Ponder prefers the one that was requested first; the
//     REBASE authors prefer the last, and search-and-learn's beam the one that an unstable sort
//     puts last. For DVTS both prefer the first.
//   - odd: fewer than N/M nodes are open and their number does not divide N. Ponder gives
//     the remaining children to the best nodes, search-and-learn to the first.
//   - late: of the nodes that a narrowing beam keeps, one that ended is after the last open one.
//     Ponder narrows the next level for it, compute-optimal-tts the level after that.
//   - reference: all free particles of an iteration of Gibbs have ended before the reference has.
//     Then its_hub ends the iteration, and Ponder continues to draw. The trees can differ on every
//     level.
//   - its_hub weights the reference of Gibbs by its last score at every level, Ponder by its
//     score at that level. Trees are compared only for scripts of kind flat, for which these
//     scores are equal. For other scripts, the means of cost and best value over 400 seeds are
//     compared: the mean paired difference must be within three standard errors.
//   - Majority with Confidence also stops if the remaining samples cannot change the winner;
//     its_hub does not.
//
// Not compared: search-and-learn returns at most N solutions of a beam, and of a subtree only
// the solutions that end on its last level; its beam computes a lookahead and does not use it.
// REBASE's rounding as in the paper, lookahead of a beam, MCTS and revisions have tests by their
// papers' sentences in package search.
//
// # How to make testdata again
//
// In a virtual environment with its_hub 1.2.0, torch 2.2.2, numpy 1.26.4, pyyaml and tqdm,
// and with checkouts of huggingface/search-and-learn, thu-wyz/inference_scaling and
// RyanLiu112/compute-optimal-tts (each option can be left out, and its files then stay):
//
//	python reference/make.py --its-hub --search-and-learn CHECKOUT --rebase CHECKOUT --compute-optimal CHECKOUT
//	go test -update .
//
// The first line of each file has the commits and versions. To print a tree of a reference:
//
//	python reference/make.py --rebase CHECKOUT --draw "rebase n=4 balance=0.1 script=plain seed=7"
package difftest
