package answer

import (
	"math"
	"math/cmplx"
)

var functions = map[string]func(complex128) complex128{
	"sin": cmplx.Sin, "cos": cmplx.Cos, "tan": cmplx.Tan, "cot": cmplx.Cot,
	"sec":    func(x complex128) complex128 { return 1 / cmplx.Cos(x) },
	"csc":    func(x complex128) complex128 { return 1 / cmplx.Sin(x) },
	"arcsin": cmplx.Asin, "arccos": cmplx.Acos, "arctan": cmplx.Atan,
	"ln": cmplx.Log, "exp": cmplx.Exp,
}

var greek = map[string]bool{
	"alpha": true, "beta": true, "gamma": true, "delta": true, "epsilon": true, "theta": true, "lambda": true,
	"mu": true, "rho": true, "sigma": true, "tau": true, "phi": true, "varphi": true, "psi": true, "omega": true,
}

// principalRoot returns the principal root of x, or the real root if x is negative and
// index odd.
func principalRoot(x, index complex128) complex128 {
	n := real(index)
	if imag(x) == 0 && real(x) < 0 && imag(index) == 0 && math.Mod(n, 2) == 1 {
		return complex(-math.Pow(-real(x), 1/n), 0)
	}
	if index == 2 {
		return cmplx.Sqrt(x)
	}
	return cmplx.Pow(x, 1/index)
}

func binomial(n, k complex128) complex128 { return factorial(n) / (factorial(k) * factorial(n-k)) }

func factorial(x complex128) complex128 {
	n := real(x)
	if imag(x) != 0 || n != math.Trunc(n) || n < 0 || n > 170 {
		return cmplx.NaN()
	}
	return complex(math.Round(math.Gamma(n+1)), 0)
}
