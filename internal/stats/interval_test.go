package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func close4(a, b float64) bool { return math.Abs(a-b) < 5e-5 }

func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		k, n            int
		mean, low, high float64
	}{
		{8, 10, 0.8, 0.4902, 0.9433},
		{5, 10, 0.5, 0.2366, 0.7634},
		{50, 100, 0.5, 0.4038, 0.5962},
		{0, 10, 0, 0, 0.2775},
		{10, 10, 1, 0.7225, 1},
		{1, 1, 1, 0.2065, 1},
	} {
		got := Wilson(tt.k, tt.n)
		if !close4(got.Mean, tt.mean) || !close4(got.Low, tt.low) || !close4(got.High, tt.high) || got.N != tt.n {
			t.Errorf("Wilson(%d, %d) = %+v, want %+v", tt.k, tt.n, got, tt)
		}
	}
	if got := Wilson(0, 0); !math.IsNaN(got.Mean) || got.Low != 0 || got.High != 1 {
		t.Errorf("Wilson(0, 0) = %+v, want no mean in [0, 1]", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		e, mirror, more := Wilson(k, n), Wilson(n-k, n), Wilson(4*k, 4*n)
		if !(0 <= e.Low && e.Low <= e.Mean && e.Mean <= e.High && e.High <= 1) {
			t.Fatalf("Wilson(%d, %d) = %+v", k, n, e)
		}
		if math.Abs(e.Low-(1-mirror.High)) > 1e-12 {
			t.Fatalf("not symmetric: %+v, %+v", e, mirror)
		}
		if more.High-more.Low >= e.High-e.Low {
			t.Fatalf("more trials, no narrower: %+v, %+v", e, more)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("3 of 2 did not panic")
		}
	}()
	Wilson(3, 2)
}

func TestPercent(t *testing.T) {
	if got, want := (Interval{Mean: 0.615, Low: 0.55, High: 0.6764}).Percent(), "61.5 % [55.0, 67.6]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBootstrap(t *testing.T) {
	var xs []float64
	for i := range 400 {
		xs = append(xs, float64(i%2))
	}
	got := Bootstrap(xs, 1)
	// The mean's standard error is 0.025, so the interval is about 0.451 to 0.549.
	if got.Mean != 0.5 || math.Abs(got.Low-0.451) > 0.006 || math.Abs(got.High-0.549) > 0.006 || got.N != 400 {
		t.Errorf("got %+v, want 0.5 [0.451, 0.549] of 400", got)
	}
	if again := Bootstrap(xs, 1); again != got {
		t.Errorf("the same seed gave %+v and %+v", got, again)
	}
	if got := Bootstrap([]float64{3, 3}, 1); got.Mean != 3 || got.Low != 3 || got.High != 3 {
		t.Errorf("constant values gave %+v", got)
	}
	if got := Bootstrap(nil, 1); !math.IsNaN(got.Mean) || got.N != 0 {
		t.Errorf("no values gave %+v", got)
	}
}

func TestPairedBootstrap(t *testing.T) {
	// b is right on half of the problems; a on these and on every tenth more.
	// Unpaired, a gain of 0.05 would drown in the noise of hardness.
	var a, b []float64
	for i := range 200 {
		b = append(b, float64(i%2))
		a = append(a, max(b[i], float64((i+9)%20/19)))
	}
	got, err := PairedBootstrap(a, b, 7)
	if err != nil || math.Abs(got.Mean-0.05) > 1e-12 || got.Low <= 0 || got.High >= 0.1 {
		t.Errorf("got %+v, %v, want 0.05 within (0, 0.1)", got, err)
	}
	reverse, _ := PairedBootstrap(b, a, 7)
	if reverse.Mean != -got.Mean || reverse.Low != -got.High || reverse.High != -got.Low {
		t.Errorf("got %+v and reversed %+v", got, reverse)
	}
	if null, _ := PairedBootstrap(a, a, 7); null.Low != 0 || null.High != 0 {
		t.Errorf("a method beats itself: %+v", null)
	}
	for _, bad := range [][2][]float64{{{1}, {1, 0}}, {nil, nil}} {
		if _, err := PairedBootstrap(bad[0], bad[1], 7); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

// The interval holds the truth about as often as it says.
func TestBootstrapCovers(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 3))
	const trials = 40
	held := 0
	for seed := range uint64(trials) {
		xs := make([]float64, 60)
		for i := range xs {
			if chance.Float64() < 0.3 {
				xs[i] = 1
			}
		}
		if e := Bootstrap(xs, seed); e.Low <= 0.3 && 0.3 <= e.High {
			held++
		}
	}
	if held < 34 {
		t.Errorf("%d of %d intervals hold the truth, want about 95", held, trials)
	}
}

func TestPassAtK(t *testing.T) {
	for _, tt := range []struct {
		n, c, k int
		want    float64
	}{
		{10, 3, 1, 0.3},
		{5, 2, 3, 0.9},       // 1 − C(3,3)/C(5,3)
		{4, 2, 2, 5.0 / 6.0}, // 1 − 1/6
		{4, 0, 4, 0},
		{4, 1, 4, 1},
		{4, 4, 1, 1},
		{200, 1, 100, 0.5},
	} {
		if got, err := PassAtK(tt.n, tt.c, tt.k); err != nil || math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("PassAtK(%d, %d, %d) = %v, %v, want %v", tt.n, tt.c, tt.k, got, err, tt.want)
		}
	}
	for _, bad := range [][3]int{{0, 0, 1}, {4, 5, 1}, {4, -1, 1}, {4, 2, 0}, {4, 0, 5}} {
		if got, err := PassAtK(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("PassAtK%v = %v, want an error", bad, got)
		}
	}
}

// Against the definition: count the subsets of k that hold a right sample.
func TestPassAtKCountsSubsets(t *testing.T) {
	for n := 1; n <= 8; n++ {
		for c := 0; c <= n; c++ {
			for k := 1; k <= n; k++ {
				right, all := 0, 0
				for set := range uint(1) << n {
					if bits.OnesCount(set) != k {
						continue
					}
					all++
					if set&(1<<c-1) != 0 {
						right++
					}
				}
				got, err := PassAtK(n, c, k)
				if want := float64(right) / float64(all); err != nil || math.Abs(got-want) > 1e-12 {
					t.Errorf("PassAtK(%d, %d, %d) = %v, %v, want %v", n, c, k, got, err, want)
				}
			}
		}
	}
}
