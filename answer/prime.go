package answer

import (
	"math/big"
	"slices"
	"strings"
)

// strip divides n by p as often as it can, and returns how often. It divides by p, p², p⁴ and so on, and then back.
func strip(n, p *big.Int) (k int64) {
	if n.Sign() == 0 || p.BitLen() < 2 {
		return 0
	}
	powers := []*big.Int{p}
	q, r := new(big.Int), new(big.Int)
	for i := 0; i >= 0; {
		if q.QuoRem(n, powers[i], r); r.Sign() != 0 {
			i--
			continue
		}
		n.Set(q)
		k += 1 << i
		if i == len(powers)-1 {
			powers = append(powers, new(big.Int).Mul(powers[i], powers[i]))
		}
		if i++; powers[i].BitLen() > n.BitLen() {
			i--
		}
	}
	return k
}

// power returns p to the n.
func power(p *big.Int, n int64) *big.Rat {
	out := new(big.Rat).SetInt(new(big.Int).Exp(p, big.NewInt(abs(n)), nil))
	if n < 0 {
		out.Inv(out)
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }

// factorise returns the sign of r and r's absolute value as powers of primes.
func (c *calc) factorise(r *big.Rat) (sign *big.Rat, out []factor) {
	sign = big.NewRat(int64(r.Sign()), 1)
	out = append(c.primeFactors(r.Num(), 1), c.primeFactors(r.Denom(), -1)...)
	slices.SortFunc(out, func(a, b factor) int { return strings.Compare(a.atom.key, b.atom.key) })
	return sign, out
}

// primeFactors returns n's absolute value to the given power as powers of primes. The last factor may be a product of
// primes that are not below primesBelow.
func (c *calc) primeFactors(n *big.Int, exp int64) (out []factor) {
	n = new(big.Int).Abs(n)
	rest := new(big.Int)
	for _, p := range primes {
		if n.IsInt64() && n.Int64() < p*p {
			break
		}
		if !c.spend(1 + n.BitLen()/2048) {
			return nil
		}
		prime := big.NewInt(p)
		if rest.Rem(n, prime).Sign() == 0 {
			out = append(out, factor{primeAtom(prime, atomPrime), whole(exp * strip(n, prime))})
		}
	}
	if n.Cmp(big.NewInt(1)) <= 0 {
		return out
	}
	if root := new(big.Int).Sqrt(n); new(big.Int).Mul(root, root).Cmp(n) == 0 {
		n, exp = root, 2*exp
	}
	kind := atomPart
	if n.BitLen() < 256 && c.spend(200) && n.ProbablyPrime(10) {
		kind = atomPrime
	}
	return append(out, factor{primeAtom(n, kind), whole(exp)})
}
