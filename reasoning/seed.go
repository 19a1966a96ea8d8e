package reasoning

// A Seed is the random seed of one node. A child's seed depends only on its parent's seed
// and on the child's ordinal: not on the search's id, the strategy or the number of
// siblings. So the samples of best-of-64 are the first of best-of-256, and strategies that
// expand the same node draw the same children.
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
