package verifiertrace_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVerifier(t *testing.T) {
	for _, in := range []*telemetry.Instruments{nil, (*telemetry.Instruments)(nil).OrDiscard()} {
		verifiertest.Run(t, func(*testing.T) verifier.Verifier {
			return verifiertrace.New(verifiertest.Steps(time.Millisecond), in)
		}, verifiertest.Options{Bubble: true})
	}
}
