package tracefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// exported is a request as the file exporter of the collector writes it.
const exported = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"policy"}},` +
	`{"key":"service.instance.id","value":{"stringValue":"0c5e7a1b-1"}}]},"scopeSpans":[{"scope":{"name":"a {[\"scope"},"spans":[` +
	`{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","flags":257,` +
	`"name":"text_completion m","kind":3,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000",` +
	`"attributes":[{"key":"ponder.operation","value":{"stringValue":"generate"}},{"key":"ponder.depth","value":{"intValue":"2"}},` +
	`{"key":"ponder.queue.wait","value":{"doubleValue":0.5}},{"key":"list","value":{"arrayValue":{"values":[{"boolValue":true}]}}},` +
	`{"key":"map","value":{"kvlistValue":{"values":[{"key":"a","value":{"doubleValue":"NaN"}}]}}},{"key":"none","value":{}}],` +
	`"events":[{"timeUnixNano":"1544712660500000000","name":"child","attributes":[{"key":"ponder.child.ordinal","value":{"intValue":"7"}}]}],` +
	`"links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175"}],"status":{"code":2,"message":"unavailable"}}` +
	`]}],"schemaUrl":"https://opentelemetry.io/schemas/1.43.0"}]}`

func TestReadOTLP(t *testing.T) {
	want := &Span{
		Trace: "5b8efff798038103d269b633813fc60c", ID: "eee19b7ec3c1b174", Parent: "eee19b7ec3c1b173", Name: "text_completion m",
		Kind: "client", Service: "policy", Instance: "0c5e7a1b-1", Start: 1544712660000000000, End: 1544712661000000000,
		Status: "error", Message: "unavailable",
		Attributes: attributes{
			"ponder.operation": "generate", "ponder.depth": 2.0, "ponder.queue.wait": .5, "list": []any{true},
			"map": attributes{"a": "NaN"}, "none": nil,
		},
		Events: []Event{{Name: "child", Time: 1544712660500000000, Attributes: attributes{"ponder.child.ordinal": 7.0}}},
		Links:  []Link{{Trace: "5b8efff798038103d269b633813fc60c", Span: "eee19b7ec3c1b175"}},
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(exported), "", "  "); err != nil {
		t.Fatal(err)
	}
	own, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	// As tools write it that do not know OTLP's own rules: base64, names of enumerations, numbers.
	other := strings.NewReplacer(`"5B8EFFF798038103D269B633813FC60C"`, `"W47/95gDgQPSabYzgT/GDA=="`, `"kind":3`, `"kind":"SPAN_KIND_CLIENT"`,
		`"code":2`, `"code":"STATUS_CODE_ERROR"`, `"1544712661000000000"`, `1544712661000000000`, `"intValue":"2"`, `"intValue":2`).Replace(exported)
	broken := exported[:len(exported)-20]
	for name, c := range map[string]struct {
		text  string
		tally Tally
	}{
		"a line":            {exported, Tally{Spans: 1}},
		"lines":             {exported + "\n" + exported + "\n\n" + exported + "\n", Tally{Spans: 3}},
		"a document":        {pretty.String(), Tally{Spans: 1}},
		"documents":         {pretty.String() + pretty.String(), Tally{Spans: 2}},
		"as others write":   {other, Tally{Spans: 1}},
		"mixed":             {exported + "\na log line\n" + string(own) + "\n{\"resourceMetrics\":[]}\n" + exported, Tally{Spans: 3, Foreign: 2}},
		"cut off":           {exported + "\n" + broken, Tally{Spans: 2, Cut: true}},
		"cut off in a span": {exported + "\n" + exported[:500], Tally{Spans: 1, Cut: true}},
		"cut off in a line": {broken + "\n" + exported, Tally{Spans: 2, Foreign: 1}},
		"cut off in a text": {exported[:strings.Index(exported, "completion")] + "\n" + exported, Tally{Spans: 1, Foreign: 1}},
		"no JSON":           {`{"resourceSpans":[}]` + "\n" + exported, Tally{Spans: 1, Foreign: 1}},
		"not a list":        {`{"resourceSpans":7}` + "\n" + exported, Tally{Spans: 1, Foreign: 1}},
		"no id":             {strings.Replace(exported, "eee19b7ec3c1b174", "zzz", 1), Tally{Foreign: 1}},
		"no end":            {strings.Replace(exported, `"endTimeUnixNano":"1544712661000000000",`, "", 1), Tally{Foreign: 1}},
		"nothing":           {`{"resourceSpans":[]}` + "\n", Tally{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.tally.Files = 1
			got, err := Read(strings.NewReader(c.text), func(s *Span) {
				if diff := cmp.Diff(s, want); diff != "" {
					t.Errorf("got -, want +:\n%s", diff)
				}
			})
			if got != c.tally || err != nil {
				t.Errorf("tally %+v, %v, want %+v", got, err, c.tally)
			}
		})
	}
	for _, head := range []string{"\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd\x00"} {
		if _, err := Read(strings.NewReader(head), func(*Span) {}); !errors.Is(err, ErrCompressed) {
			t.Errorf("%x: error %v, want %v", head, err, ErrCompressed)
		}
	}
}

// Read holds one span at a time, also of a request of a gigabyte on one line.
func TestReadIsBounded(t *testing.T) {
	head, rest, _ := strings.Cut(exported, `{"traceId"`)
	span, tail, _ := strings.Cut(`{"traceId"`+rest, `]}],"schemaUrl"`)
	const spans = 1000
	huge := strings.Repeat("x", MaxLine)
	parts := []io.Reader{strings.NewReader(head), strings.NewReader(span)}
	for range spans - 1 {
		parts = append(parts, strings.NewReader(","), strings.NewReader(span))
	}
	for range 5 { // spans that are too long are skipped
		parts = append(parts, strings.NewReader(`,{"traceId":"`), strings.NewReader(huge), strings.NewReader(`"}`))
	}
	parts = append(parts, strings.NewReader(`]}],"schemaUrl"`+tail))
	s := newScanner(io.MultiReader(parts...))
	tally := Tally{}
	if err := s.request(&tally, func(*Span) {}); err != nil || tally.Spans != spans || tally.Foreign != 5 {
		t.Errorf("tally %+v, %v", tally, err)
	}
	if len(s.text) > MaxLine || cap(s.text) > 2*MaxLine {
		t.Errorf("holds %d bytes in %d, want at most %d", len(s.text), cap(s.text), MaxLine)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(exported))
	f.Add([]byte(`{ "resourceSpans": [ {"scopeSpans": [{"spans": [{"name": "\"\\"}, 1, null, -1e9]}]} ] }`))
	f.Add([]byte("{\"resourceSpans\":[[{\n{\"resourceSpans\":"))
	f.Fuzz(func(t *testing.T, text []byte) {
		spans := 0
		tally, err := Read(bytes.NewReader(text), func(s *Span) {
			spans++
			if !s.valid() {
				t.Errorf("span %+v", s)
			}
		})
		if err != nil && !errors.Is(err, ErrCompressed) || tally.Spans != spans || tally.Foreign > len(text) {
			t.Errorf("tally %+v of %d spans: %v", tally, spans, err)
		}
		// What is read one byte at a time is the same.
		slowly, _ := Read(iotest.OneByteReader(bytes.NewReader(text)), func(*Span) {})
		if slowly != tally {
			t.Errorf("tally %+v at once, %+v byte by byte", tally, slowly)
		}
		for _, view := range []View{{}, {JSON: true}} {
			if err := Show(io.Discard, file(string(text)), view); err != nil && !errors.Is(err, ErrNoSearch) && !errors.Is(err, ErrCompressed) {
				t.Fatal(err)
			}
		}
	})
}
