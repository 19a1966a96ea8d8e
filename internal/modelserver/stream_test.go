package modelserver

import (
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
)

// What is not a response of the API is an ErrResponse, however it is read.
func TestUnusableResponses(t *testing.T) {
	long := "data: " + strings.Repeat("x", MaxFrame) + "\n\n"
	for _, test := range []struct{ name, contentType, body, message string }{
		{"page", "text/html; charset=utf-8", "hello", "got an HTML page"},
		{"page without a type", "", "\n  <!DOCTYPE html><p>", "check --policy-url"},
		{"huge line", "text/event-stream", long, "an event has more than 4194304 bytes"},
		{"huge document", "application/json", "{" + strings.Repeat(" ", MaxResponse) + "}",
			"the response has more than 6000000 bytes"},
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", test.contentType)
			io.WriteString(w, test.body)
		})
		for framing, frames := range map[string]func(*Stream, int64) iter.Seq2[[]byte, error]{
			"events": (*Stream).Events, "lines": (*Stream).Lines,
		} {
			s, err := c.Stream(t.Context(), "completions", map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			var last error
			for _, err := range frames(s, 6_000_000) {
				last = err
			}
			s.Close()
			message := test.message
			if framing == "lines" && test.name == "huge document" {
				message = "an event has more than" // it is one line
			}
			if !errors.Is(last, ErrResponse) || !strings.Contains(last.Error(), message) {
				t.Errorf("%s, %s: got %v, want an ErrResponse with %q", test.name, framing, last, message)
			}
		}
		if err := c.Get(t.Context(), "models", new(any)); test.name != "huge line" && !errors.Is(err, ErrResponse) {
			t.Errorf("%s, read at once: got %v, want an ErrResponse", test.name, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	for data, word := range map[string]string{
		`{"logprob":NaN}`: "NaN", `{"a":[-Infinity]}`: "Infinity", `{"a":"NaN","b":}`: "", `{"a\"":NaN`: "NaN",
		`{"a":"\\","b":NaN}`: "NaN", `{"a":"b\"NaN",}`: "", "": "",
	} {
		err := Malformed([]byte(data), errors.New("syntax"))
		if got := notJSON([]byte(data)); got != word || !errors.Is(err, ErrResponse) ||
			strings.Contains(err.Error(), "weights") != (word != "") {
			t.Errorf("%s: got %q and %v, want %q", data, got, err, word)
		}
	}
}
