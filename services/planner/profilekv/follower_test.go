package profilekv

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file returns a profile whose only budget is spent by a strategy.
func file(name, strategy string) []byte {
	return fmt.Appendf(nil, `{
		"ponder_profile": 1, "name": %q, "policy": {"name": "p"}, "verifier": {"name": "v"},
		"estimator": {"method": "probe", "samples": 4},
		"scheme": {"name": "absolute", "edges": [0.5]},
		"budgets": [{"n": 4, "tokens": 100,
			"uniform": {"strategy": %q, "n": 4, "expected": 0.5, "generated_tokens": 100}}],
		"bins": [
			{"label": "a", "arms": [{"strategy": "beam", "n": 4}]},
			{"label": "b", "arms": [{"strategy": "beam", "n": 4}]}],
		"all": [{"strategy": "beam", "n": 4}]}`, name, strategy)
}

func connect(t *testing.T) jetstream.JetStream {
	t.Helper()
	server, err := natsd.Start(natsd.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	nc, err := server.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// A follower puts a profile into the store, and one that replaces it. It reports a value
// that is not a profile, which changes nothing. It removes a deleted profile.
func TestStoreFollowsTheBucket(t *testing.T) {
	js := connect(t)
	changed, reported := make(chan struct{}, 8), make(chan error, 8)
	store := &profile.Store{Changed: func(string, *profile.Profile) { changed <- struct{}{} }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		NewFollower(js, Bucket, store, func(err error) { reported <- err }).Run(ctx)
		close(ended)
	}()
	defer func() { stop(); <-ended }()

	policy, rm := reasoning.Model{Name: "p"}, &verifier.RewardModel{Model: reasoning.Model{Name: "v"}}
	until := func(done func(*profile.Profile) bool) {
		for !done(store.For(policy, rm)) {
			<-changed
		}
	}
	for _, strategy := range []string{"best-of-n", "rebase"} {
		key, err := Put(t.Context(), js, Bucket, file("p with v", strategy))
		if err != nil || key != "p_with_v" {
			t.Fatalf("key %q, error %v", key, err)
		}
		until(func(p *profile.Profile) bool { return p != nil && p.Budgets[0].Uniform.Strategy == strategy })
	}
	kv, err := js.KeyValue(t.Context(), Bucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "p_with_v", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	err = <-reported
	if !strings.Contains(err.Error(), "key p_with_v") || !strings.Contains(err.Error(), "ponder_profile") {
		t.Errorf("reported %v", err)
	}
	if p := store.For(policy, rm); p == nil || p.Budgets[0].Uniform.Strategy != "rebase" {
		t.Errorf("a value that is not a profile replaced one: %+v", p)
	}
	if _, err := Put(t.Context(), js, Bucket, []byte("{}")); err == nil {
		t.Error("put a file that is not a profile")
	}
	if all, err := All(t.Context(), js, Bucket); err != nil || len(all) != 1 {
		t.Errorf("%d profiles, error %v", len(all), err)
	}
	if err := Delete(t.Context(), js, Bucket, "p_with_v"); err != nil {
		t.Fatal(err)
	}
	if err := Delete(t.Context(), js, Bucket, "other"); !errors.Is(err, jetstream.ErrKeyNotFound) {
		t.Errorf("delete of a key that does not exist: got %v, want ErrKeyNotFound", err)
	}
	if _, err := Put(t.Context(), js, Bucket, file("other", "beam")); err != nil { // reaches the store after the deletion
		t.Fatal(err)
	}
	until(func(p *profile.Profile) bool { return p != nil && p.Name == "other" })
}

// A follower is ready when the store has all profiles that were in the bucket before.
func TestReadyFollowerHasAllProfiles(t *testing.T) {
	const profiles = 100
	js := connect(t)
	for i := range profiles {
		if _, err := Put(t.Context(), js, Bucket, file(fmt.Sprint("profile", i), "beam")); err != nil {
			t.Fatal(err)
		}
	}
	var followed atomic.Int64
	store := &profile.Store{Changed: func(string, *profile.Profile) { followed.Add(1) }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	follower := NewFollower(js, Bucket, store, func(err error) { t.Error(err) })
	if err := follower.Ready(ctx); err == nil {
		t.Error("ready before Run, want an error")
	}
	go func() { follower.Run(ctx); close(ended) }()
	for follower.Ready(ctx) != nil {
		runtime.Gosched()
	}
	if got := followed.Load(); got != profiles {
		t.Errorf("ready with %d profiles, want %d", got, profiles)
	}
	stop()
	<-ended
}
