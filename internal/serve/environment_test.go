package serve

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each variable that no program reads is reported, with the nearest known one; those of other programs and those that
// Kubernetes sets for Services are not.
func TestUnknownVariables(t *testing.T) {
	environ := []string{
		"PATH=/bin", "PONDERED=1", // not Ponder's
		"PONDER_POLICY_URL=u", "PONDER_POLICY_API_KEY=k", "PONDER_ADDR=a", "PONDER_NATS_URL=n", "PONDER_POLICY_STOP_TIMEOUT=1s",
		"PONDER_VERIFIER_FAMLY=x", // another service's, which reports it
		// of Services named ponder, ponder-policy and ponder-vllm
		"PONDER_SERVICE_HOST=10.0.0.1", "PONDER_SERVICE_PORT=7700", "PONDER_PORT=tcp://10.0.0.1:7700",
		"PONDER_POLICY_SERVICE_HOST=10.0.0.2", "PONDER_POLICY_SERVICE_PORT=7701", "PONDER_POLICY_SERVICE_PORT_GRPC=7701",
		"PONDER_POLICY_PORT=tcp://10.0.0.2:7701", "PONDER_POLICY_PORT_7701_TCP=tcp://10.0.0.2:7701",
		"PONDER_POLICY_PORT_7701_TCP_PROTO=tcp", "PONDER_POLICY_PORT_7701_TCP_PORT=7701", "PONDER_POLICY_PORT_7701_TCP_ADDR=10.0.0.2",
		"PONDER_VLLM_PORT=udp://10.0.0.3:53", "PONDER_VLLM_PORT_53_UDP=udp://10.0.0.3:53",
	}
	nearest := map[string]string{
		"PONDER_POLICY_URLL=u":        "PONDER_POLICY_URL",
		"PONDER_POLICY_POLICY_URL=u":  "PONDER_POLICY_URL",
		"PONDER_POLICY_PORT=7701":     "PONDER_POLICY_URL",
		"PONDER_POLCY_MODEL=m":        "PONDER_POLICY_MODEL",
		"PONDER_TENNANT=t":            "PONDER_TENANT",
		"PONDER_POLICY_METRIC_ADDR=a": "PONDER_POLICY_METRICS_ADDR",
	}
	s := NewSettings("policy", 7701, 7791, 0)
	var config struct {
		URL   string `name:"policy-url"`
		Model string `name:"policy-model"`
	}
	s.Fields(&config)
	if got := s.unknown(environ); len(got) != 0 {
		t.Errorf("reported %q", got)
	}
	for setting, want := range nearest {
		name, _, _ := strings.Cut(setting, "=")
		got := s.unknown(append([]string{setting}, environ...))
		message := name + " is not a variable of this program, and has no effect; the nearest is " + want
		if diff := cmp.Diff([]string{message}, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", setting, diff)
		}
	}
}
