package strategies

// An Info documents a strategy.
type Info struct {
	Name       string      `json:"name"` // such as "best-of-n"
	Summary    string      `json:"summary"`
	Source     string      `json:"source,omitempty"` // the paper
	Parameters []Parameter `json:"parameters,omitempty"`
}

// A Parameter documents a parameter of a strategy.
type Parameter struct {
	Name    string `json:"name"` // name of the contract's field
	Summary string `json:"summary"`
	Default string `json:"default"` // for n = 16
}

// Catalogue documents all strategies.
func Catalogue() []Info {
	var all []Info
	for _, k := range kinds {
		info := Info{Name: k.name, Summary: k.summary, Source: k.source}
		defaults := k.defaults(16)
		for _, p := range k.parameters {
			info.Parameters = append(info.Parameters, Parameter{p.name, p.summary, p.format(defaults)})
		}
		all = append(all, info)
	}
	return all
}
