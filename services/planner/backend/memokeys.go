package backend

import (
	"crypto/sha256"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// prefixKey returns the key of a request's prefix and of how it is continued. %q separates the
// fields, and distinguishes bytes that are not UTF-8.
func (m *Memoed) prefixKey(r policy.Request) string {
	key := hash("prefix %q %q %q %q %v %v", m.identity.Tenant, names(m.identity.Policy),
		r.Problem, r.Steps, r.Sampling.Temperature, r.Sampling.TopP)
	if len(r.Attempts) > 0 { // without attempts a key is that of stores that are older than attempts
		key = hash("attempts %s %q", key, r.Attempts)
	}
	if r.Stop != "" { // it ends a step that is longer without it
		key = hash("stop %s %q", key, r.Stop)
	}
	return key
}

// childKey returns the key of a child of any length.
func childKey(prefix string, r policy.Request, ordinal int) string {
	return hash("child %s %d", prefix, r.Seed.Child(ordinal))
}

// readKey returns the key of the tokens of a prefix.
func readKey(prefix string) string { return hash("read %s", prefix) }

// cutKey returns the key of a child that r's token limit cuts.
func cutKey(child string, r policy.Request) string {
	return hash("cut %s %d %d", child, r.Span, r.Sampling.MaxTokens)
}

// pathKey returns the key of a path's scores, which do not depend on the aggregator.
func (m *Memoed) pathKey(problem string, steps []string) string {
	return hash("path %q %q %q %q", m.identity.Tenant, names(m.identity.RewardModel.Model), problem, steps)
}

// names returns what identifies a model.
func names(m reasoning.Model) []string { return []string{m.Name, m.Version, m.Tokenizer, m.Template} }

// hash returns the SHA-256 of a formatted text, in hexadecimal.
func hash(format string, parts ...any) string {
	h := sha256.New()
	fmt.Fprintf(h, format, parts...)
	return fmt.Sprintf("%x", h.Sum(nil))
}
