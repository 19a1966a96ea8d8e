package profile

// Problems identifies a set of problems.
type Problems struct {
	Set    string `json:"set"` // name of the problem set
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"` // of ids, texts and answers
}
