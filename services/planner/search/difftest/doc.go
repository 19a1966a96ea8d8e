// Package difftest compares Ponder's strategies with reference implementations, tree by
// tree. It holds tests only.
//
// # What is compared
//
// Both sides have the same scripted backend: a node is its path of ordinals, and the SHA-256
// of the path decides its score, whether it ends, and its answer (script_test.go,
// reference/script.py). With it the references grow the trees in testdata, and the tests
// grow Ponder's anew. A tree is compared by its outline: each node with its steps, its value to
// six digits and how it finished.
//
//   - testdata/{rebase,dvts,beam,narrow,particles}.txt have a line for each tree: the seed
//     and the hash of the outline. More than 12,000 trees must be the same.
//   - testdata/*-trees.txt have some 200 of them whole, to read.
//   - testdata/stopping.txt has the votes of all samples, and how many samples its_hub's
//     adaptive self-consistency takes. Ponder's answer is the same and it never takes more.
//   - testdata/gibbs.txt has the cost and the best value of its_hub's particle Gibbs.
//   - testdata/summary-*.txt say how many are the same, and why others are not.
//
// The references are the REBASE authors' rebase.py (with REBASE's parameter Exact), _dvts
// and _beam_search of search-and-learn, SearchTree.beam_search of compute-optimal-tts (with
// Beam's parameter Narrow), and its_hub's particle filtering, particle Gibbs and
// self-consistency. They run as they are; in the place of engines and reward models
// stands the script. its_hub draws with the random numbers that Ponder draws with.
//
// # What differs, and why
//
// A tree whose line has a reason is compared to the level that the line gives: there two
// definitions part. The reasons are found in the reference's tree alone.
//
//   - tie: nodes with equal values. Ponder prefers the one that was asked for first; the
//     REBASE authors prefer the last, and search-and-learn's beam what an unstable sort puts
//     last. DVTS has the same rule in both.
//   - odd: fewer than N/M nodes are open and their number does not divide N. Ponder gives
//     the odd children to the best, search-and-learn to the first.
//   - late: of the nodes that a narrowing beam keeps, one that ended comes after the last
//     open one. Ponder narrows the next level by it, compute-optimal-tts the level after.
//   - reference: all free particles of an iteration of Gibbs have ended before the reference
//     is followed to its end. its_hub ends the iteration there, Ponder goes on drawing. What
//     follows is another tree from any level on.
//   - its_hub weighs the reference of Gibbs by its last score at every level, Ponder by its
//     score at that level. Trees are compared where both are the same, with scripts of kind
//     flat; elsewhere cost and best value are compared by their means over 400 seeds, of which
//     the paired difference must be within three of its standard errors.
//   - Majority with Confidence stops also where the samples that are left cannot change the
//     winner; its_hub does not.
//
// Not compared: search-and-learn returns at most N of a beam's solutions, and of those that
// ended in a subtree only the last level's; its beam computes a lookahead and does not use
// it. REBASE's rounding as in the paper, lookahead of a beam, MCTS and revisions have tests
// by their papers' sentences in package search.
//
// # How to make testdata anew
//
// In a virtual environment with its_hub 1.2.0, torch 2.2.2, numpy 1.26.4, pyyaml and tqdm,
// and with checkouts of huggingface/search-and-learn, thu-wyz/inference_scaling and
// RyanLiu112/compute-optimal-tts (each option can be left out, and its files then stay):
//
//	python reference/make.py --its-hub --search-and-learn CHECKOUT --rebase CHECKOUT --compute-optimal CHECKOUT
//	go test -update .
//
// The first line of each file has the commits and versions. To see one of the reference's
// trees:
//
//	python reference/make.py --rebase CHECKOUT --draw "rebase n=4 balance=0.1 script=plain seed=7"
package difftest
