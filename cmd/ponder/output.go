package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// errInterrupted is what a command returns after Ctrl-C.
var errInterrupted = errors.New("interrupted")

// A usageError is a command line that means nothing.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// output is where a command puts its data.
type output struct{ json bool }

// message prints a protobuf message as one JSON line, if JSON is wanted.
func (o *output) message(m proto.Message) error {
	if !o.json {
		return nil
	}
	line, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(line))
	return err
}

// value prints any value as one JSON line, if JSON is wanted.
func (o *output) value(v any) error {
	if !o.json {
		return nil
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// say prints a line for a person, on standard error.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// terminal says whether f is one: no animation goes anywhere else.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
