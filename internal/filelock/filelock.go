// Package filelock keeps a file to one process.
package filelock
