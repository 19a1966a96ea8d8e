package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ponder-mesh/ponder/lab/table"
)

// errInterrupted is the error of a command after Ctrl-C.
var errInterrupted = errors.New("interrupted")

// An output prints the data of a command on standard output: as JSON lines if json is
// set, as text otherwise.
type output struct{ json bool }

// line prints a line of text. In JSON output it prints nothing.
func (o *output) line(format string, args ...any) error {
	if o.json {
		return nil
	}
	_, err := fmt.Fprintf(os.Stdout, format+"\n", args...)
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
	return t.WriteText(os.Stdout)
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
	_, err = fmt.Fprintln(os.Stdout, string(line))
	return err
}

// value prints any other value as a JSON line. In text output it prints nothing.
func (o *output) value(v any) error {
	if !o.json {
		return nil
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// say prints a line about the command's progress on standard error.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// terminal reports whether f is a terminal that can show animation.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
