package telemetry

import "sync"

// otherTenants is the label of tenants beyond the number that is counted by name.
const otherTenants = "other"

// tenants holds the tenants that are labels.
type tenants struct {
	mu    sync.Mutex
	named map[string]bool
}

// label returns the label of a tenant: its name if it is one of the first n that label has got, and otherTenants if it
// is not.
func (t *tenants) label(tenant string, n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.named[tenant] {
		return tenant
	}
	if len(t.named) >= n {
		return otherTenants
	}
	if t.named == nil {
		t.named = make(map[string]bool)
	}
	t.named[tenant] = true
	return tenant
}
