package bench

import (
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A Task is one search: a problem, an arm and the root of its chance.
type Task struct {
	Problem problemset.Problem
	Arm     Arm
	Seed    uint64
}

// Key returns the key of the task's result.
func (t Task) Key() Key { return Key{t.Problem.ID, t.Arm, t.Seed} }

// Tasks returns all arms with all seeds on all problems. The tasks of a problem are a group,
// so that the samples that arms share are still in memory.
func Tasks(set []problemset.Problem, arms []Arm, seeds []uint64) ([][]Task, error) {
	var groups [][]Task
	keys := map[Key]bool{}
	for _, p := range set {
		var group []Task
		for _, seed := range seeds {
			for _, a := range arms {
				t := Task{p, a, seed}
				if keys[t.Key()] {
					return nil, reasoning.Invalid("tasks", "problem %s with %s and seed %d must not occur twice", p.ID,
						a, seed)
				}
				keys[t.Key()] = true
				group = append(group, t)
			}
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// Without returns the tasks without a result, in groups as they are.
func Without(groups [][]Task, results []Result) (left [][]Task) {
	there := map[Key]bool{}
	for _, r := range results {
		there[r.Key()] = true
	}
	for _, group := range groups {
		var rest []Task
		for _, t := range group {
			if !there[t.Key()] {
				rest = append(rest, t)
			}
		}
		if len(rest) > 0 {
			left = append(left, rest)
		}
	}
	return left
}
