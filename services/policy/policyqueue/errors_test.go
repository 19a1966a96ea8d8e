package policyqueue

import (
	"errors"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A request to a queue that no server serves, as while a cluster elects its leader, advises to
// wait as long as an election takes, so that a caller does not give up before.
func TestNoServerOfTheQueueAdvisesADelay(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		if err := q.js.DeleteStream(t.Context(), protocol.Stream); err != nil {
			t.Fatal(err)
		}
		_, _, err := collect(t.Context(), q, request("s", 1))
		if !errors.Is(err, reasoning.ErrUnavailable) || reasoning.Delay(err) != electionTime {
			t.Errorf("got %v with delay %v, want ErrUnavailable with %v", err, reasoning.Delay(err), electionTime)
		}
	})
}
