package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"syscall"

	"github.com/ponder-mesh/ponder/reasoning"
)

// remedies has what a person can do about an error, by its reason. Other errors say it in their texts: the rule of an
// invalid field, or the setting of a service.
var remedies = map[string]string{
	"OVERLOADED":                     "try again when searches have ended",
	"UNAVAILABLE":                    "ponder doctor names what is missing",
	"DEADLINE_EXCEEDED":              "allow more time by --timeout, or ask for less by --n or --effort",
	"CANCELLED":                      "run the command again",
	"BUDGET_SPENT":                   "raise the budget",
	"NO_ANSWER":                      "if solutions are cut, raise --max-tokens or the budget; otherwise try more samples, by --n or --effort",
	"JOB_GIVEN_UP":                   "ponder doctor names what the engine lacks; the log of the worker has each attempt",
	"JOB_VERSION_UNSUPPORTED":        "run planners and workers of one release",
	"SEARCH_NOT_FOUND":               "ponder searches lists those that the planner has",
	"JOURNAL_FULL":                   "raise -journal-bytes of the planner",
	"PLANNER_STOPPING":               "run the command again when the planner has restarted",
	"MALFORMED_ANSWER":               "run services and commands of one release",
	"BAD_SCORES":                     "check the reward model, --verifier-family and the log of the verifier",
	"MODEL_SERVER_RESPONSE_UNUSABLE": "check the model server at --policy-url",
	"MODEL_SERVER_KEY_REFUSED":       "set PONDER_POLICY_API_KEY for the process that calls the model server",
	"TOKENS_NOT_COUNTED":             "use a strategy of whole samples, such as majority or best-of-n",
	"IDEMPOTENCY_KEY_IN_USE":         "use another key",
}

// remedy returns what a person can do about an error, in parentheses, or "" if the text of the error ends with that.
func remedy(err error) string {
	text := ""
	sentinel := reasoning.Classify(err)
	switch {
	case strings.HasSuffix(err.Error(), ")"):
	case sentinel != nil:
		text = remedies[sentinel.Reason()]
	case errors.Is(err, fs.ErrNotExist):
		text = "check the path"
	case errors.Is(err, fs.ErrPermission):
		text = "check who may read and write it"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		text = "use an address of this machine, such as 127.0.0.1"
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		text = "it is not the JSON that this command reads: check that it is the right file"
	}
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// A searchError is the error of a search that ended without an answer.
type searchError struct {
	error      // of the outcome
	failed int // children for the same cause; 0: none, or unknown
}

// Unwrap returns the error of the outcome.
func (e searchError) Unwrap() error { return e.error }

// Error implements error.
func (e searchError) Error() string {
	text := "no answer: " + cause(e.error.Error())
	if e.failed > 0 {
		return children(e.failed) + " failed, " + text
	}
	return text
}

// dialing matches what gRPC writes around the error of a connection.
var dialing = regexp.MustCompile(`connection error: desc = "(?:transport: )?(?:[Ee]rror while dialing: )?(.*?)"`)

// plain returns the text of an error of gRPC without what gRPC writes around the cause.
func plain(text string) string { return dialing.ReplaceAllString(text, "$1") }

// exitCode returns the exit code of a command that ended with err.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInterrupted):
		return 130
	case errors.As(err, new(searchError)):
		return 1
	case errors.As(err, new(usageError)), errors.Is(err, reasoning.ErrInvalid):
		return 2
	}
	return 1
}

// errorRow is an error in JSON.
type errorRow struct {
	Error struct {
		Message string `json:"message"`
		Reason  string `json:"reason,omitempty"` // as in google.rpc.ErrorInfo
		Field   string `json:"field,omitempty"`  // that breaks a rule
		Exit    int    `json:"exit_code"`
	} `json:"error"`
}

// rowOf returns the row of an error.
func rowOf(err error) (row errorRow) {
	row.Error.Message, row.Error.Exit = plain(err.Error()), exitCode(err)
	if sentinel := reasoning.Classify(err); sentinel != nil {
		row.Error.Reason = sentinel.Reason()
	}
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		row.Error.Field = invalid.Field
	}
	return row
}
