package problems

import "math/rand/v2"

// kind is a kind of sentence.
type kind struct {
	weight int // relative frequency of being drawn
	steps  int // number of calculations
	// write appends the sentence to the story. It does nothing if the pile does not allow
	// the change, for example because it is not divisible; the caller then draws again.
	write func(*story)
}

var kinds = []kind{
	{16, 1, func(s *story) {
		a := s.between(2, s.max)
		s.printf(" %s finds %d more.", s.who, a)
		s.pile = s.calc(s.pile, '+', a)
	}},
	{16, 1, func(s *story) {
		if s.pile <= 3 {
			return
		}
		a := s.between(1, s.pile-1)
		s.printf(" %s gives %d to %s.", s.who, a, s.other)
		s.pile = s.calc(s.pile, '-', a)
	}},
	{10, 1, func(s *story) {
		if s.pile > 450 {
			return
		}
		f := s.between(2, 4)
		s.printf(" %s makes the pile %d times as big.", s.other, f)
		s.pile = s.calc(s.pile, '*', f)
	}},
	{10, 1, func(s *story) {
		var divisors []int
		for d := 2; d < 10; d++ {
			if s.pile%d == 0 && s.pile > d {
				divisors = append(divisors, d)
			}
		}
		if divisors == nil {
			return
		}
		d := divisors[s.r.IntN(len(divisors))]
		s.printf(" %s keeps one of %d equal parts.", s.who, d)
		s.pile = s.calc(s.pile, '/', d)
	}},
	{10, 2, func(s *story) {
		a, b := s.between(2, 9), s.between(2, s.box)
		s.printf(" %s buys %d boxes of %d %s.", s.who, a, b, s.thing)
		s.pile = s.calc(s.pile, '+', s.calc(a, '*', b))
	}},
	{8, 2, func(s *story) {
		a, b := s.between(2, 9), s.between(2, s.box)
		s.printf(" %d friends bring %d %s each.", a, b, s.thing)
		s.pile = s.calc(s.pile, '+', s.calc(a, '*', b))
	}},
	{10, 2, func(s *story) {
		if s.pile <= 12 {
			return
		}
		a := s.between(2, 9)
		b := s.between(1, min(s.box, (s.pile-1)/a))
		s.printf(" %s sells %d packs of %d %s.", s.who, a, b, s.thing)
		s.pile = s.calc(s.pile, '-', s.calc(a, '*', b))
	}},
	{8, 2, func(s *story) {
		if s.pile <= 5 {
			return
		}
		a := s.between(1, s.pile-2)
		s.printf(" %s has %d fewer %s, and they pool them.", s.other, a, s.thing)
		s.pile = s.calc(s.pile, '+', s.calc(s.pile, '-', a))
	}},
	{6, 2, func(s *story) {
		a := s.between(4, s.max)
		b := s.between(1, a-2)
		s.printf(" %s brings %d, but %d of them are bad.", s.other, a, b)
		s.pile = s.calc(s.pile, '+', s.calc(a, '-', b))
	}},
	{6, 2, func(s *story) {
		if s.pile <= 5 {
			return
		}
		a := s.between(1, s.pile-3)
		b := s.between(1, s.pile-1-a)
		s.printf(" %s uses %d today and %d tomorrow.", s.who, a, b)
		s.pile = s.calc(s.pile, '-', s.calc(a, '+', b))
	}},
}

var totalWeight = func() (sum int) {
	for _, k := range kinds {
		sum += k.weight
	}
	return sum
}()

// pick draws a kind with probability proportional to its weight.
func pick(r *rand.Rand) kind {
	n := r.IntN(totalWeight)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	panic("problems: weights do not add up")
}
