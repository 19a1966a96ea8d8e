package pocket

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// TestRowsAreIndependent checks mul itself: a row of a large product is bit-identical to
// the product of that row alone, also beyond 64 rows.
func TestRowsAreIndependent(t *testing.T) {
	const rows, k, n = 150, 128, 128
	w := newMatrix(k, n)
	a := make([]float32, rows*k)
	for i := range w.data {
		w.data[i] = float32(math.Sin(float64(i)))
	}
	for i := range a {
		a[i] = float32(math.Cos(float64(i * i)))
	}
	all, one := make([]float32, rows*n), make([]float32, n)
	mul(all, n, a, k, rows, w, false)
	for i := range rows {
		mul(one, n, a[i*k:], k, 1, w, false)
		if diff := cmp.Diff(one, all[i*n:(i+1)*n]); diff != "" {
			t.Fatalf("row %d: %s", i, diff)
		}
	}
}

// TestTransposedRowsWouldDiffer is the negative control of TestRowsAreIndependent: with
// a transposed operand gonum divides the sums of a large product into blocks.
func TestTransposedRowsWouldDiffer(t *testing.T) {
	const rows, k, n = 150, 128, 128
	a := blas32.General{Rows: rows, Cols: k, Stride: k, Data: make([]float32, rows*k)}
	w := blas32.General{Rows: n, Cols: k, Stride: k, Data: make([]float32, n*k)}
	for i := range w.Data {
		w.Data[i] = float32(math.Sin(float64(i)))
	}
	for i := range a.Data {
		a.Data[i] = float32(math.Cos(float64(i * i)))
	}
	all := blas32.General{Rows: rows, Cols: n, Stride: n, Data: make([]float32, rows*n)}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1, a, w, 0, all)
	a.Rows = 1
	one := blas32.General{Rows: 1, Cols: n, Stride: n, Data: make([]float32, n)}
	for i := range rows {
		a.Data = a.Data[min(i, 1)*k:]
		blas32.Gemm(blas.NoTrans, blas.Trans, 1, a, w, 0, one)
		if !slices.Equal(one.Data, all.Data[i*n:(i+1)*n]) {
			return
		}
	}
	t.Error("gonum no longer depends on the number of rows: mul could be simpler")
}
