// Package serve has the version where the product has it.
package serve

var version string

// Version returns the version that the linker set.
func Version() string { return version }
