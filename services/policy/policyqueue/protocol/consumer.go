package protocol

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// PriorityGroup is the priority group of all consumers.
const PriorityGroup = "w"

// Consumer returns the name of the consumer of a model's jobs in one partition.
func Consumer(model string, partition int) string {
	return fmt.Sprintf("exp-%s-%d", Token(model), partition)
}

// ParseConsumer returns the model and the partition in a consumer's name.
func ParseConsumer(name string) (model string, partition int, ok bool) {
	rest, ok := strings.CutPrefix(name, "exp-")
	i := strings.LastIndexByte(rest, '-')
	if !ok || i < 0 {
		return "", 0, false
	}
	partition, err := strconv.Atoi(rest[i+1:])
	if err != nil {
		return "", 0, false
	}
	model, err = url.PathUnescape(strings.ReplaceAll(rest[:i], "=", "%")) // Token escapes with =, URLs with %
	return model, partition, err == nil
}

// NextSubject returns the subject of JetStream's API on which workers pull from a consumer.
func NextSubject(consumer string) string {
	return "$JS.API.CONSUMER.MSG.NEXT." + Stream + "." + consumer
}
