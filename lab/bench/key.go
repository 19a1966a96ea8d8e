package bench

// A Key identifies a task in a run, and the task's result in a file.
type Key struct {
	Problem string
	Arm     Arm
	Seed    uint64
}
