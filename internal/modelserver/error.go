package modelserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A StatusError is a response with an error status.
type StatusError struct {
	Operation string // such as "POST http://localhost:8000/v1/completions"
	Status    int    // HTTP status code
	Message   string // from the body
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	switch {
	case e.Status >= 300 && e.Status < 400:
		return text + ": redirects are not followed; configure the final URL"
	case e.Message == "":
		return text
	}
	return text + ": " + e.Message
}

// Unwrap maps the status to an error of package reasoning: ErrOverloaded if a retry may
// succeed later, ErrUnavailable if a retry may succeed, ErrInvalid if the request is
// wrong. Other statuses, such as 401, map to none.
func (e *StatusError) Unwrap() error {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return reasoning.ErrOverloaded
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return reasoning.ErrInvalid
	case http.StatusRequestTimeout:
		return reasoning.ErrUnavailable
	}
	if e.Status >= 500 {
		return reasoning.ErrUnavailable
	}
	return nil
}

const maxMessage = 1 << 10 // bytes of a server's message in an error

func statusError(operation string, resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // a part of the body suffices for a message
	return &StatusError{Operation: operation, Status: resp.StatusCode, Message: Message(data)}
}

// StreamError returns the error in data, an event of a stream, or nil if there is none.
// Its status is the code in the event, or 500.
func StreamError(operation string, data []byte) error {
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
	return &StatusError{Operation: operation, Status: code.Code, Message: Message(data)}
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
