package profile

// A Bin is the problems of one difficulty, with the arms that were measured on them.
type Bin struct {
	Label    string `json:"label"`
	Problems int    `json:"problems"`
	Arms     []Arm  `json:"arms"`
}
