package modelservertest

// A Mode is a way in which a Server behaves, or fails.
type Mode int

// Modes. What a mode does not say is as in ModeOK.
const (
	ModeOK                Mode = iota
	ModeSlow                   // pauses for Options.Pause before each token
	ModeKeepAlive              // sends comments, Options.Pause apart, and then the tokens
	ModeSilent                 // sends comments for ever and no token
	ModeRestarting             // responds to the first two requests that it loads the model
	ModeAbort                  // aborts the first request in the middle
	ModeAbortAlways            // aborts each request after two tokens
	ModeAbortEmpty             // aborts each request before its first token
	ModeDies                   // aborts the first request in the middle, and then is ModeRestarting
	ModeCut                    // closes the connection of the first request in the middle
	ModeErrorEvent             // sends an error in the middle of the first stream
	ModeReasoning              // sends thinking in the field reasoning, then the text
	ModeReasoningContent       // sends thinking in the field reasoning_content, then the text
	ModeReasoningOnly          // sends all that it generates in the field reasoning
	ModeThinksForEver          // never ends its thinking, and ignores the limit of tokens
	ModeIgnoresLimit           // ignores the limit of tokens
	ModeToolCalls              // calls a tool instead of sending a text
	ModeUnauthorized           // refuses the key
	ModeOtherModel             // has another model
	ModeThrottled              // responds to the first two requests with status 429
	ModeThrottledSeconds       // the same, with a Retry-After of 7 seconds
	ModeThrottledDate          // the same, with a Retry-After of a date 90 seconds later
	ModeRefused                // accepts no connection
	ModePlainJSON              // sends one JSON document instead of a stream
	ModePage                   // sends an HTML page with status 200
	ModeNoLogprobs             // sends no log-probabilities
	ModeUncounted              // sends no log-probabilities, and usage only at the end
	ModeNaN                    // sends NaN as log-probability
	ModeHugeLine               // sends a line of 8 MiB
	ModeOverstates             // states a thousand times more tokens than it generates
	ModeOverstatesALittle      // states three tokens more than it was allowed
	modes
)

var modeNames = [...]string{
	"ok", "slow", "keep-alive comments", "silent", "restarting", "abort", "always abort", "abort before the first token",
	"restarts in the middle", "connection cut", "error in the stream", "reasoning", "reasoning_content", "reasoning only",
	"never ends thinking", "ignores max_tokens", "tool_calls", "401", "unknown model", "429", "429, Retry-After: 7",
	"429, Retry-After: a date", "connection refused", "plain JSON", "HTML page", "no logprobs", "no counts before the end", "NaN",
	"huge line", "overstates its tokens", "states a few tokens too many",
}

func (m Mode) String() string { return modeNames[m] }

// Modes returns all modes.
func Modes() []Mode {
	all := make([]Mode, modes)
	for i := range all {
		all[i] = Mode(i)
	}
	return all
}

// at returns how a server with mode m serves its request number n, from 1.
func (m Mode) at(n int) Mode {
	switch m {
	case ModeAbort, ModeCut, ModeErrorEvent:
		if n > 1 {
			return ModeOK
		}
	case ModeRestarting, ModeThrottled, ModeThrottledSeconds, ModeThrottledDate:
		if n > 2 {
			return ModeOK
		}
	case ModeDies:
		if n == 1 {
			return ModeAbort
		}
		return ModeRestarting.at(n - 1)
	}
	return m
}

// breaks returns after how many of n tokens a stream breaks off, -1 if it does not.
func (m Mode) breaks(n int) int {
	switch m {
	case ModeAbort, ModeCut, ModeErrorEvent:
		return n / 2
	case ModeAbortAlways:
		return min(2, n)
	case ModeAbortEmpty:
		return 0
	}
	return -1
}
