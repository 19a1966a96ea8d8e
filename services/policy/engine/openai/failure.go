package openai

import (
	"errors"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
)

// names are the settings by which an operator chooses the server, for the remedies that
// errors name.
var names = modelserver.Names{URL: "--policy-url", Model: "--policy-model", Key: KeyVariable}

// KeyVariable is the environment variable that holds the API key for the server. A flag
// would be visible in process lists.
const KeyVariable = "PONDER_POLICY_API_KEY"

// errUncounted indicates that the tokens of a text that was cut are unknown.
var errUncounted = reasoning.NewError(reasoning.KindPrecondition, "TOKENS_NOT_COUNTED",
	"cannot count the tokens of a step: the server sent neither log-probabilities nor usage before the cut "+
		"(use a server that sends them, such as vLLM, SGLang or llama.cpp, with its --policy-dialect, "+
		"or a strategy of whole samples, such as majority or best-of-n)")

// errTools indicates that the server took text for a call of a tool.
var errTools = reasoning.Mark(errors.New("the server sent tool_calls, though the request offers no tools "+
	"(start the server without its tool parser, in vLLM --tool-call-parser, or choose another --policy-template)"),
	modelserver.ErrResponse)
