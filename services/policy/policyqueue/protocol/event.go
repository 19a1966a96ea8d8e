package protocol

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An Event is what a Result reports: a Claim, a Child, a Failure or a Stopped.
type Event interface{ event() }

// A Claim reports that the attempt begins. Its reply names the children to generate.
type Claim struct{}

// A Child reports a finished child.
type Child struct{ policy.Child }

// A Failure reports that the job failed and is not attempted again.
type Failure struct{ Err error }

// A Stopped is the final report of an attempt that was stopped or failed.
type Stopped struct {
	Wasted reasoning.Waste // by unfinished children
	Err    error           // why another attempt has to follow; nil: none follows, or the worker stops
	Failed bool            // the attempt counts as one that failed: an engine had begun it, or the worker cannot run the job
}

func (Claim) event()   {}
func (Child) event()   {}
func (Failure) event() {}
func (Stopped) event() {}
