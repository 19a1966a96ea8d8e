package plannertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// allNodes returns the nodes of all pages.
func allNodes(t *testing.T, s planner.Solver, r planner.NodesRequest) (all []planner.Node) {
	t.Helper()
	for {
		page, err := s.Nodes(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if r.PageToken = page.Next; r.PageToken == "" {
			return all
		}
	}
}

// listed returns the ids of the searches of all pages, and the number of pages.
func listed(t *testing.T, s planner.Solver, r planner.ListRequest) (ids []string, pages int) {
	t.Helper()
	for {
		page, err := s.List(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range page.Items {
			ids = append(ids, found.ID)
		}
		pages++
		if r.PageToken = page.Next; r.PageToken == "" {
			return ids, pages
		}
	}
}

func greedy(problem string) planner.Request {
	return planner.Request{Tenant: tenant, Problem: problem, Strategy: search.Greedy{}}
}

func list(t *testing.T, s planner.Solver) {
	var want []string
	for i := range 5 {
		ref, _ := ended(t, s, greedy(fmt.Sprint(i)))
		want = slices.Insert(want, 0, ref.ID)
	}
	other := greedy("another tenant's")
	other.Tenant = "another"
	ended(t, s, other)
	for size, wantPages := range map[int]int{0: 1, 1: 5, 2: 3, 5: 1, 5000: 1} {
		got, pages := listed(t, s, planner.ListRequest{Tenant: tenant, PageSize: size})
		if diff := cmp.Diff(got, want); diff != "" || pages != wantPages {
			t.Errorf("%d pages of %d, want %d: got -, want +\n%s", pages, size, wantPages, diff)
		}
	}
	_, err := s.List(t.Context(), planner.ListRequest{Tenant: tenant, PageSize: -1})
	refused(t, "negative page size", err, reasoning.ErrInvalid, "page_size")
	// A search that is created while a client reads pages does not change the remaining pages.
	first, err := s.List(t.Context(), planner.ListRequest{Tenant: tenant, PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, s, greedy("new"))
	rest, _ := listed(t, s, planner.ListRequest{Tenant: tenant, PageSize: 2, PageToken: first.Next})
	if diff := cmp.Diff(rest, want[2:]); diff != "" {
		t.Errorf("the rest after a new search: got -, want +\n%s", diff)
	}
}

func listFilters(t *testing.T, s planner.Solver) {
	one, _ := ended(t, s, greedy("1"))
	began := time.Now()
	two, _ := ended(t, s, greedy("2"))
	three := created(t, s, beam(8))
	time.Sleep(time.Second)
	if _, err := s.Cancel(t.Context(), three); err != nil {
		t.Fatal(err)
	}
	live := created(t, s, beam(4))
	time.Sleep(1500 * time.Millisecond)
	for name, c := range map[string]struct {
		r    planner.ListRequest
		want []string
	}{
		"all":              {planner.ListRequest{}, []string{live.ID, three.ID, two.ID, one.ID}},
		"live":             {planner.ListRequest{States: []planner.State{planner.StateQueued, planner.StateRunning}}, []string{live.ID}},
		"ended":            {planner.ListRequest{States: []planner.State{planner.StateSucceeded, planner.StateCancelled}}, []string{three.ID, two.ID, one.ID}},
		"from":             {planner.ListRequest{CreatedFrom: began}, []string{live.ID, three.ID, two.ID}},
		"before":           {planner.ListRequest{CreatedBefore: began}, []string{one.ID}},
		"succeeded, later": {planner.ListRequest{States: []planner.State{planner.StateSucceeded}, CreatedFrom: began}, []string{two.ID}},
	} {
		for _, size := range []int{0, 1} {
			c.r.Tenant, c.r.PageSize = tenant, size
			if got, _ := listed(t, s, c.r); !slices.Equal(got, c.want) {
				t.Errorf("%s, pages of %d: got %v, want %v", name, size, got, c.want)
			}
		}
	}
}

func nodes(t *testing.T, s planner.Solver) {
	ref, _ := ended(t, s, beam(12))
	all := allNodes(t, s, planner.NodesRequest{Ref: ref})
	if len(all) != 3*12 {
		t.Fatalf("%d nodes, want three levels of 12", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b planner.Node) int { return planner.CompareNodes(a.ID, b.ID) }) {
		t.Error("the nodes are not in the order of the tree")
	}
	for _, size := range []int{1, 5, 12, 35, 36} {
		if diff := cmp.Diff(allNodes(t, s, planner.NodesRequest{Ref: ref, PageSize: size}), all); diff != "" {
			t.Errorf("pages of %d: got -, want +\n%s", size, diff)
		}
	}
	count := func(r planner.NodesRequest, belongs func(planner.Node) bool) {
		t.Helper()
		r.Ref, r.PageSize = ref, 3
		var want []planner.Node
		for _, n := range all {
			if belongs(n) {
				want = append(want, n)
			}
		}
		if diff := cmp.Diff(allNodes(t, s, r), want); diff != "" || len(want) == 0 {
			t.Errorf("%+v, of which there are %d: got -, want +\n%s", r, len(want), diff)
		}
	}
	parent := all[slices.IndexFunc(all, func(n planner.Node) bool { return n.Depth == 2 })].Parent
	under := func(n planner.Node) bool { return strings.HasPrefix(n.ID, parent+".") }
	count(planner.NodesRequest{Depth: 2}, func(n planner.Node) bool { return n.Depth == 2 })
	count(planner.NodesRequest{Children: true}, func(n planner.Node) bool { return n.Depth == 1 })
	count(planner.NodesRequest{Parent: parent, Children: true}, func(n planner.Node) bool { return n.Parent == parent })
	count(planner.NodesRequest{Parent: parent}, under)
	count(planner.NodesRequest{Parent: parent, Depth: 3}, func(n planner.Node) bool { return under(n) && n.Depth == 3 })
	for _, bad := range []string{"x", "0.", ".0", "0..1", "-1", "00", "0.1 "} {
		_, err := s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, Parent: bad})
		refused(t, fmt.Sprintf("below %q", bad), err, reasoning.ErrInvalid, "ancestor_id")
		_, err = s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, Parent: bad, Children: true})
		refused(t, fmt.Sprintf("children of %q", bad), err, reasoning.ErrInvalid, "parent_id")
	}
	_, err := s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, Parent: "99"})
	refused(t, "below a node that does not exist", err, planner.ErrNoNode, "")
	_, err = s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, Depth: -1})
	refused(t, "negative depth", err, reasoning.ErrInvalid, "depth")
}

// Pages have at most MaxEventBytes, whatever their size.
func largePages(t *testing.T, s planner.Solver) {
	ref, _ := ended(t, s, Large(300))
	page, err := s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, PageSize: 1000})
	if err != nil || len(page.Items) == 0 || len(page.Items) > 131 || page.Next == "" {
		t.Errorf("a page of 1000 nodes of 8 kB has %d, next %q, error %v", len(page.Items), page.Next, err)
	}
	if got := len(allNodes(t, s, planner.NodesRequest{Ref: ref, PageSize: 1000})); got != 300 {
		t.Errorf("%d nodes on all pages, want 300", got)
	}
	for i := range 40 {
		created(t, s, greedy(strings.Repeat("9", 60<<10)+fmt.Sprint(i)))
	}
	if ids, pages := listed(t, s, planner.ListRequest{Tenant: tenant, PageSize: 1000}); len(ids) != 41 || pages < 3 {
		t.Errorf("%d searches of 60 kB on %d pages, want 41 on several", len(ids), pages)
	}
}

// A token that is not that of the previous page is refused, and never gives another page.
func tokens(t *testing.T, s planner.Solver) {
	ref, _ := ended(t, s, beam(12))
	other, _ := ended(t, s, greedy("other"))
	searches, err := s.List(t.Context(), planner.ListRequest{Tenant: tenant, PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Nodes(t.Context(), planner.NodesRequest{Ref: ref, PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	for what, r := range map[string]planner.ListRequest{
		"garbage": {Tenant: tenant, PageToken: "garbage"}, "a number": {Tenant: tenant, PageToken: "0"}, "nodes": {Tenant: tenant, PageToken: page.Next},
		"another tenant": {Tenant: "another", PageToken: searches.Next},
		"another filter": {Tenant: tenant, PageToken: searches.Next, States: []planner.State{planner.StateFailed}},
	} {
		_, err := s.List(t.Context(), r)
		refused(t, "List with a token of "+what, err, reasoning.ErrInvalid, "page_token")
	}
	for what, r := range map[string]planner.NodesRequest{
		"garbage": {Ref: ref, PageToken: "nonsense"}, "searches": {Ref: ref, PageToken: searches.Next},
		"another search": {Ref: other, PageToken: page.Next}, "another filter": {Ref: ref, PageToken: page.Next, Depth: 2},
	} {
		_, err := s.Nodes(t.Context(), r)
		refused(t, "Nodes with a token of "+what, err, reasoning.ErrInvalid, "page_token")
	}
}
