package modelserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Errors of servers, wrapped, that only a person can mend; see also ErrNoModel. The other
// failures of a server are those of package reasoning.
var (
	// ErrKey indicates that the server refuses the API key, or that it pays for nothing more.
	ErrKey = reasoning.NewError(reasoning.KindPrecondition, "MODEL_SERVER_KEY_REFUSED", "model server refuses the API key")
	// ErrResponse indicates a response that is not of the API, or cannot be used.
	ErrResponse = reasoning.NewError(
		reasoning.KindPrecondition, "MODEL_SERVER_RESPONSE_UNUSABLE", "response of the model server cannot be used")
)

// A StatusError is a response with an error status.
type StatusError struct {
	Operation string        // such as "POST http://localhost:8000/v1/completions"
	Status    int           // HTTP status code
	Message   string        // from the body
	Delay     time.Duration // from the header Retry-After; 0: there is none
	Remedy    string        // what an operator can do; "" if nothing is known
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Remedy != "" {
		text += " (" + e.Remedy + ")"
	}
	return text
}

// Unwrap returns the error that says what a caller can do: ErrOverloaded or ErrUnavailable,
// with the delay, if another attempt may succeed, ErrInvalid if the request is wrong, and
// otherwise an error that a person must mend. Of a status with which servers refuse a request
// before they begin it, the error is reasoning.Refused.
func (e *StatusError) Unwrap() error {
	switch {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.Status == http.StatusPaymentRequired,
		e.outOfQuota():
		return ErrKey
	case e.Status == http.StatusNotFound && e.namesModel():
		return ErrNoModel
	case e.Status == http.StatusTooManyRequests:
		return reasoning.WithDelay(reasoning.ErrOverloaded, e.Delay)
	case e.Status == http.StatusBadRequest, e.Status == http.StatusRequestEntityTooLarge,
		e.Status == http.StatusUnprocessableEntity:
		return reasoning.ErrInvalid
	case e.Status == http.StatusNotImplemented, e.Status == http.StatusHTTPVersionNotSupported:
		return ErrResponse
	case e.Status == http.StatusServiceUnavailable, e.Status == http.StatusBadGateway: // loading, or not behind its proxy
		return reasoning.Refuse(reasoning.WithDelay(reasoning.ErrUnavailable, e.Delay))
	case e.Status == http.StatusRequestTimeout, e.Status >= 500:
		return reasoning.WithDelay(reasoning.ErrUnavailable, e.Delay)
	}
	return ErrResponse
}

// outOfQuota reports whether the server throttles requests until somebody pays, as
// OpenAI's API does with status 429.
func (e *StatusError) outOfQuota() bool {
	return e.Status == http.StatusTooManyRequests && strings.Contains(e.Message, "exceeded your current quota")
}

// namesModel reports whether a 404 is about the model, and not about the path.
func (e *StatusError) namesModel() bool { return strings.Contains(strings.ToLower(e.Message), "model") }

// remedy returns what an operator can do about e, "" if nothing is known.
func (c *Client) remedy(e *StatusError) string {
	switch kind := e.Unwrap(); {
	case kind == error(ErrKey) && c.names.Key == "":
		return ""
	case kind == error(ErrKey) && c.key == "":
		return "set " + c.names.Key
	case kind == error(ErrKey):
		return "check " + c.names.Key
	case kind == error(ErrNoModel):
		return prefixed("check ", c.names.Model)
	case e.Status >= 300 && e.Status < 400:
		return "redirects are not followed: " + prefixed("set ", c.names.URL) + " to the final URL"
	case kind == error(ErrResponse):
		return prefixed("check ", c.names.URL)
	}
	return ""
}

// prefixed returns verb and the name of a setting, "configure" if it has no name.
func prefixed(verb, name string) string {
	if name == "" {
		return "check the configuration"
	}
	return verb + name
}

const maxMessage = 1 << 10 // bytes of a server's message in an error

func (c *Client) statusError(operation string, resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // a part of the body suffices for a message
	e := &StatusError{
		Operation: operation, Status: resp.StatusCode, Message: Message(data), Delay: retryAfter(resp.Header),
	}
	if isHTML(resp.Header.Get("Content-Type"), data) {
		e.Message = "an HTML page"
	}
	e.Remedy = c.remedy(e)
	return e
}

// maxDelay bounds the delay that a server advises.
const maxDelay = 24 * time.Hour

// retryAfter returns the delay of the header Retry-After (RFC 9110, §10.2.3), 0 if there is
// none. A date is taken relative to the server's own Date, because clocks differ.
func retryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil { // some servers send a fraction
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxDelay.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(0, at.Sub(now)), maxDelay)
}

// StreamError returns the error in data, an event of a stream, or nil if there is none.
// Its status is the code in the event, or 500.
func (c *Client) StreamError(operation string, data []byte) error {
	var event struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &event) != nil || len(event.Error) == 0 || string(event.Error) == "null" {
		return nil
	}
	var code struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(event.Error, &code) != nil || code.Code < 400 || code.Code > 599 {
		code.Code = http.StatusInternalServerError
	}
	e := &StatusError{Operation: operation, Status: code.Code, Message: Message(data)}
	e.Remedy = c.remedy(e)
	return e
}

// Message returns the message of an error response in any of the servers' formats:
// {"error":{"message":…}}, {"error":…}, {"message":…}, {"detail":…} or plain text.
func Message(data []byte) string {
	var shape struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	text := string(data)
	if json.Unmarshal(data, &shape) == nil {
		var inner struct {
			Message string `json:"message"`
		}
		var plain string
		switch {
		case json.Unmarshal(shape.Error, &inner) == nil && inner.Message != "":
			text = inner.Message
		case json.Unmarshal(shape.Error, &plain) == nil && plain != "":
			text = plain
		case shape.Message != "":
			text = shape.Message
		case len(shape.Detail) > 0:
			text = string(shape.Detail)
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		cut := maxMessage
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
