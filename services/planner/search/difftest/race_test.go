//go:build race

package difftest

func init() { every = 10 } // with the race detector the tests take ten times as long
