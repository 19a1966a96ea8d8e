package reasoning

// A Seed is the random seed of one node. A child's seed depends on its
// parent's and on its ordinal and on nothing else: not on the search's id, nor on
// its strategy, nor on how many siblings it has. So the samples of best-of-64 are
// the first of best-of-256, and every strategy draws the same ones.
type Seed uint64

// Child returns the seed of the child with this ordinal.
func (s Seed) Child(ordinal int) Seed {
	x := uint64(s) ^ (uint64(ordinal)+1)*0x9e3779b97f4a7c15
	// The finaliser of splitmix64 (Steele, Lea & Flood 2014), for avalanche: a flipped bit of
	// the input flips each bit of the output with probability about ½.
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return Seed(x ^ x>>31)
}
