package protocol

import "fmt"

// Stream is the JetStream stream that holds jobs.
const Stream = "EXP"

// Transform returns the source and the destination of the stream's subject transform. It
// inserts the partition of the job's search, which is a hash of the search, as the second
// token of the job's subject.
func Transform(partitions int) (source, destination string) {
	return "exp.*.*.*",
		fmt.Sprintf("exp.{{partition(%d,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}", partitions)
}

// Partitions returns the number of partitions of a destination that Transform returned,
// and 0 for other destinations.
func Partitions(destination string) (partitions int) {
	fmt.Sscanf(destination, "exp.{{partition(%d,", &partitions)
	return partitions
}
