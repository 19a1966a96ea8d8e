//go:build race

package difftest

func init() { every = 10 } // the race detector needs ten times as long, and looks at concurrency
