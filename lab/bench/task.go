package bench

import (
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A Task is a problem, an arm and a seed.
type Task struct {
	Problem problemset.Problem
	Arm     Arm
	Seed    uint64
}

// Key returns the key of the task.
func (t Task) Key() Key { return Key{t.Problem.ID, t.Arm, t.Seed} }

// Tasks returns a task for each problem, seed and arm, in one group per problem, so that arms share cached
// samples.
func Tasks(set []problemset.Problem, arms []Arm, seeds []uint64) ([][]Task, error) {
	var groups [][]Task
	keys := map[Key]bool{}
	for _, p := range set {
		var group []Task
		for _, seed := range seeds {
			for _, a := range arms {
				t := Task{p, a, seed}
				if keys[t.Key()] {
					return nil, reasoning.Invalid("tasks", "problem %s with %s and seed %d must not occur twice: remove the "+
						"duplicate from the problem set, --arms or --seeds", p.ID, a, seed)
				}
				keys[t.Key()] = true
				group = append(group, t)
			}
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// Remaining returns the groups without the tasks that have a result.
func Remaining(groups [][]Task, results []Result) (left [][]Task) {
	done := map[Key]bool{}
	for _, r := range results {
		done[r.Key()] = true
	}
	for _, group := range groups {
		var rest []Task
		for _, t := range group {
			if !done[t.Key()] {
				rest = append(rest, t)
			}
		}
		if len(rest) > 0 {
			left = append(left, rest)
		}
	}
	return left
}
