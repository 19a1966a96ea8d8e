package evidence

// An Identity identifies a model by a digest of its file.
type Identity struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Params int64  `json:"params"`
}
