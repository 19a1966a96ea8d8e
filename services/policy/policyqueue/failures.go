package policyqueue

// failures counts the attempts at a job that failed: those that an engine began and that ended
// with an error or not at all. Attempts that an engine refused, and those that a worker gave back
// because it stops, do not count.
type failures struct {
	total int
	row   int // since the last child
}

func (f *failures) add() {
	f.total++
	f.row++
}
