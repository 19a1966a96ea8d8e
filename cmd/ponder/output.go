package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ponder-mesh/ponder/internal/printable"
	"github.com/ponder-mesh/ponder/lab/table"
)

// errInterrupted is the error of a command that Ctrl-C ended, or whose search was cancelled.
var errInterrupted = errors.New("interrupted")

// An output prints the data of a command on standard output: as JSON lines if json is
// set, as text otherwise. An output, say and fail escape text from outside, by package
// printable. Commands print with nothing else, except for a progress, which has no such text.
type output struct{ json bool }

// writer returns standard output as a writer that escapes, for lines or for JSON.
func (o *output) writer() io.Writer {
	if o.json {
		return printable.NewJSONWriter(os.Stdout)
	}
	return printable.NewWriter(os.Stdout)
}

// line prints a line of text, with the arguments escaped. In JSON output it prints nothing.
func (o *output) line(format string, args ...any) error {
	if o.json {
		return nil
	}
	_, err := printable.Fprintf(os.Stdout, format+"\n", args...)
	return err
}

// row prints v as a JSON line in JSON output, and a line of text in text output.
func (o *output) row(v any, format string, args ...any) error {
	if o.json {
		return o.value(v)
	}
	return o.line(format, args...)
}

// table prints a table. In JSON output it prints nothing.
func (o *output) table(t table.Table) error {
	if o.json {
		return nil
	}
	return t.WriteText(o.writer())
}

// message prints a protobuf message as a JSON line. In text output it prints nothing.
func (o *output) message(m proto.Message) error {
	if !o.json {
		return nil
	}
	line, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	_, err = o.writer().Write(append(line, '\n'))
	return err
}

// value prints any other value as a JSON line. In text output it prints nothing.
func (o *output) value(v any) error {
	if !o.json {
		return nil
	}
	return json.NewEncoder(o.writer()).Encode(v)
}

// say prints a line about the command's progress on standard error, with the arguments escaped.
func say(format string, args ...any) { _, _ = printable.Fprintf(os.Stderr, format+"\n", args...) }

// fail prints an error of a command, followed by remedy, on a line of standard error. It prints
// joined errors on a line each.
func fail(err error, remedy string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && strings.Contains(err.Error(), "\n") {
		for _, e := range joined.Unwrap() {
			fail(e, remedy)
		}
		return
	}
	say("ponder: %s%s", plain(err.Error()), remedy)
}

// animation returns standard error, unescaped, for a progress, and whether it is a terminal on which lines can be
// overwritten.
func animation() (to io.Writer, animated bool) { return os.Stderr, terminal(os.Stderr) }

// terminal reports whether f is a terminal that can show animation.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
