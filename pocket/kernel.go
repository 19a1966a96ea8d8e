package pocket

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// matrix is a k×n matrix, row-major with the given stride. Weights are stored as
// inputs by outputs, so that no product transposes an operand.
type matrix struct {
	k, n, stride int
	data         []float32
}

func newMatrix(k, n int) matrix { return matrix{k, n, n, make([]float32, k*n)} }

func (m matrix) row(i int) []float32 { return m.data[i*m.stride : i*m.stride+m.n] }

// panel is the number of columns per call of Gemm: with at most 64 rows, three blocks of
// 64×64. gonum computes products of fewer than four blocks on the caller's goroutine, larger
// ones on goroutines of its own. In either case every element is the same sum in the same
// order: a row of the result does not depend on the other rows.
const panel = 192

// mul computes c = a·w, or c += a·w if add, where a and c have a number of rows, of stride lda and ldc.
func mul(c []float32, ldc int, a []float32, lda, rows int, w matrix, add bool) {
	beta := float32(0)
	if add {
		beta = 1
	}
	for r := 0; r < rows; r += 64 {
		m := min(64, rows-r)
		for j := 0; j < w.n; j += panel {
			n := min(panel, w.n-j)
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1,
				blas32.General{Rows: m, Cols: w.k, Stride: lda, Data: a[r*lda:]},
				blas32.General{Rows: w.k, Cols: n, Stride: w.stride, Data: w.data[j:]},
				beta, blas32.General{Rows: m, Cols: n, Stride: ldc, Data: c[r*ldc+j:]})
		}
	}
}

// rmsNorm writes x / rms(x) · weight (Zhang and Sennrich 2019).
func rmsNorm(out, x, weight []float32, eps float32) {
	sum := float32(0)
	for _, v := range x {
		sum += v * v
	}
	scale := 1 / float32(math.Sqrt(float64(sum/float32(len(x))+eps)))
	for i, v := range x {
		out[i] = v * scale * weight[i]
	}
}

// silu writes gate · σ(gate) · up into gate (SwiGLU, Shazeer 2020).
func silu(gate, up []float32) {
	for i, g := range gate {
		gate[i] = g / (1 + exp(-g)) * up[i]
	}
}

// softmax replaces scores by their softmax.
func softmax(x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := float32(0)
	for i, v := range x {
		e := exp(v - top)
		x[i] = e
		sum += e
	}
	scale := 1 / sum
	for i := range x {
		x[i] *= scale
	}
}

// logSoftmaxAt returns the log-probability of element i under the softmax of x.
func logSoftmaxAt(x []float32, i int) float64 {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += float64(exp(v - top))
	}
	return float64(x[i]-top) - math.Log(sum)
}

// exp returns eˣ for x in [-87, 88] with a relative error of about 2·10⁻⁷, 0 below and +Inf
// above. It is several times faster than math.Exp: 2ⁿ through the exponent's bits times a
// polynomial on [-½ln2, ½ln2].
func exp(x float32) float32 {
	if x < -87 {
		return 0
	}
	if x > 88 {
		return float32(math.Inf(1))
	}
	const round = 1.5 * (1 << 23) // adding it leaves the nearest integer in the low bits
	t := x*math.Log2E + round
	n := t - round
	r := x - n*0.693359375 + n*2.12194440e-4 // ln 2 in two parts
	p := float32(1.0 / 720)
	p = p*r + 1.0/120
	p = p*r + 1.0/24
	p = p*r + 1.0/6
	p = p*r + 0.5
	p = p*r + 1
	p = p*r + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}
