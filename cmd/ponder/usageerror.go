package main

// A usageError reports an invalid command line.
type usageError struct{ error }

// Unwrap returns the error of the command line.
func (e usageError) Unwrap() error { return e.error }
