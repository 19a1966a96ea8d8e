// Package eval holds what demo, bench and evidence share: problem sets, the
// statistics of test-time compute, tables, and evidence files with the
// documents that are filled from them.
//
// It knows numbers and text only: no model, no service, no transport. All of
// it is deterministic; what needs chance takes a seed.
package eval
