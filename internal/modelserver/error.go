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

// A StatusError is a server that answered, and said no.
type StatusError struct {
	Doing   string // such as "POST http://localhost:8000/v1/completions"
	Status  int    // of HTTP
	Message string // the server's own words
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.Doing, e.Status, http.StatusText(e.Status))
	switch {
	case e.Status >= 300 && e.Status < 400:
		return text + ": redirects are not followed, give the final URL"
	case e.Message == "":
		return text
	}
	return text + ": " + e.Message
}

// Unwrap sorts it into package reasoning's errors: what the server is too busy for
// is worth a retry later, what it broke on is worth a retry, and what it
// found wrong with the request is not. Others, a refused key among them, are none of these.
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

const maxMessage = 1 << 10 // bytes of a server's words that are passed on

func statusError(doing string, resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what came is good enough for a message
	return &StatusError{Doing: doing, Status: resp.StatusCode, Message: Message(data)}
}

// StreamError is the error that data, an event of a stream, tells; nil if it tells
// none. Its status is the code in it, or 500.
func StreamError(doing string, data []byte) error {
	var told struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &told) != nil || len(told.Error) == 0 || string(told.Error) == "null" {
		return nil
	}
	var code struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(told.Error, &code) != nil || code.Code < 400 || code.Code > 599 {
		code.Code = http.StatusInternalServerError
	}
	return &StatusError{Doing: doing, Status: code.Code, Message: Message(data)}
}

// Message is what an error answer says, whichever of the servers' shapes it has:
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
