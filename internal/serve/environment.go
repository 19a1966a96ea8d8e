package serve

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// prefix begins the names of Ponder's environment variables.
const prefix = "PONDER_"

// Services has the names of the services; a service's own variables begin with PONDER_ and its name.
var Services = []string{"planner", "policy", "verifier", "difficulty"}

// shared has the variables that are not of one service: those of clients, of model servers' keys, and of the
// scripts in test/.
var shared = []string{
	"PONDER_ADDR", "PONDER_TENANT", "PONDER_NATS_URL", "PONDER_POLICY_API_KEY", "PONDER_VERIFIER_API_KEY", "PONDER_CACHE",
}

// links matches the variables that Kubernetes sets in a pod for each Service, and their values: PONDER_POLICY_PORT and
// others for a Service named ponder-policy.
var links = regexp.MustCompile(`^\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=|` +
	`^\w+_PORT=(tcp|udp|sctp)://`)

// UnknownVariables returns a message for each PONDER_ variable of an environment that a program does not read, and so
// for each misspelt one, with the known one that is nearest. The program reads the known ones; other programs read those
// that begin with the names of services in others, and those that are shared.
func UnknownVariables(environ, known, others []string) (messages []string) {
	known = slices.Concat(known, shared)
	slices.Sort(known)
	for _, setting := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(setting, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || links.MatchString(setting) ||
			slices.ContainsFunc(others, func(service string) bool { return strings.HasPrefix(name, variable(service, "")) }) {
			continue
		}
		messages = append(messages,
			fmt.Sprintf("%s is not a variable of this program, and has no effect; the nearest is %s", name, nearestOf(name, known)))
	}
	return messages
}

// nearestOf returns the known name that is nearest to a name.
func nearestOf(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(name, a), levenshtein.ComputeDistance(name, b))
	})
}

// variable returns the name of the environment variable of a service's flag. A flag that begins with the service's
// name does not repeat it.
func variable(service, flag string) string {
	name := service + "_" + strings.TrimPrefix(flag, service+"-")
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
