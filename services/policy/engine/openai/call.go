package openai

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A call is one request for n continuations, independent of the server.
type call struct {
	model    string
	template template.Template
	text     template.Text
	sampling reasoning.Sampling
	seed     reasoning.Seed
	n        int
	stop     string // stop string for the server, if not empty; set only if protocol.stops
	until    string // ends a choice, if not empty; not sent to the server

	// progress, if not nil, is called after each event, with the number of a choice, its tokens
	// so far, and the usage of the prompt that the server has stated.
	progress func(choice, generated int, u usage)
	before   usage // of the requests that the call continues
}

// portableSeed returns the seed in the range that every server accepts: positive and of
// 31 bits. llama.cpp takes a seed with all 32 bits set as a request for a random one.
func portableSeed(s reasoning.Seed) int64 { return max(1, int64(s>>33)) }
