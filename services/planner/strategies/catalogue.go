package strategies

// An Info documents a strategy.
type Info struct {
	Name       string // such as "best-of-n"
	Summary    string
	Source     string // the paper
	Parameters []Parameter
}

// A Parameter documents a parameter of a strategy.
type Parameter struct {
	Name    string // name of the contract's field
	Summary string
	Default string // for n = 16
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
