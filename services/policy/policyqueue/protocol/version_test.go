package protocol

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/policy"
)

// Workers of version 1 would ignore attempts and stop texts.
func TestVersionIsTheLowestThatHasAllFields(t *testing.T) {
	plain := request()
	if got := version(plain); got != versionFirst {
		t.Errorf("without attempts and stop text version %d, want %d, which every worker supports", got, versionFirst)
	}
	revised, stopped := plain, plain
	revised.Attempts, stopped.Stop = []string{"A:5\n"}, "#\n"
	for _, r := range []policy.Request{revised, stopped} {
		if got := version(r); got <= versionFirst {
			t.Errorf("attempts %q and stop %q: version %d, want more than %d", r.Attempts, r.Stop, got, versionFirst)
		}
	}
}
