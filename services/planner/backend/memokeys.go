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
	if len(r.Attempts) > 0 { // otherwise the key is that of stores from before requests had attempts
		key = hash("attempts %s %q", key, r.Attempts)
	}
	if r.Stop != "" { // the same child is longer without it
		key = hash("stop %s %q", key, r.Stop)
	}
	return key
}

// childKey returns the key of a child of a prefix, whatever its length. The prefix is given by its
// key, as in readKey.
func childKey(prefix string, r policy.Request, ordinal int) string {
	return hash("child %s %d", prefix, r.Seed.Child(ordinal))
}

// readKey returns the key of the number of a prefix's tokens.
func readKey(prefix string) string { return hash("read %s", prefix) }

// cutKey returns the key of a child that r's token limit cuts; child is its childKey.
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
