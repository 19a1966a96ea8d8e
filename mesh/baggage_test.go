package mesh_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/baggage"
	"google.golang.org/grpc/metadata"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A bags records the values of a member of the baggage with which models are called.
type bags struct {
	member string

	mu   sync.Mutex
	seen map[string]int // by caller and value
}

func (b *bags) add(ctx context.Context, of string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[of+" "+baggage.FromContext(ctx).Member(b.member).Value()]++
}

// A baggedPolicy records the baggage of expansions.
type baggedPolicy struct {
	policy.Policy
	bags *bags
}

func (p baggedPolicy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	p.bags.add(ctx, "policy")
	return p.Policy.Expand(ctx, r)
}

// A baggedVerifier records the baggage of scores.
type baggedVerifier struct {
	verifier.Verifier
	bags *bags
}

func (v baggedVerifier) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	v.bags.add(ctx, "verifier")
	return v.Verifier.Score(ctx, r)
}

// The W3C baggage of a client's call reaches both models over gRPC and NATS, of each search its own, also from the difficulty
// service. Baggage beyond the W3C's limit of 8192 bytes is dropped, and the search goes on.
func TestBaggageReachesTheModels(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		b := &bags{member: "team", seen: map[string]int{}}
		m := start(t, s, mesh.Config{
			Policy:   baggedPolicy{policytest.Steps(2, time.Second), b},
			Verifier: baggedVerifier{verifiertest.Steps(time.Second), b},
		})
		for i, value := range []string{"red", "blue", strings.Repeat("x", 9000)} {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "baggage", "team="+value+",other=1")
			search, err := wire(m).CreateSearch(ctx, &plannerv1.CreateSearchRequest{Spec: &plannerv1.SearchSpec{
				Problem: fmt.Sprint("count to ", i), Effort: plannerv1.Effort_EFFORT_HIGH,
			}})
			if err != nil {
				t.Fatal(err)
			}
			watch(t, m, planner.Ref{ID: search.GetSearch().GetSearchId()}, 0)
		}
		got := slices.Sorted(maps.Keys(b.seen))
		if want := []string{"policy ", "policy blue", "policy red", "verifier ", "verifier blue", "verifier red"}; !slices.Equal(got, want) {
			t.Errorf("models are called with baggage %q, want %q", got, want)
		}
	})
}
