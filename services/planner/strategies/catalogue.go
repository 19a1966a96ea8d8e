package strategies

// An Info explains a strategy to a person.
type Info struct {
	Name       string // such as "best-of-n"
	Summary    string
	Source     string // the paper
	Parameters []Parameter
}

// A Parameter explains a parameter of a strategy.
type Parameter struct {
	Name    string // the name of the contract's field
	Summary string
	Default string // where n is 16
}

// Catalogue explains all strategies.
func Catalogue() []Info {
	var all []Info
	for _, k := range kinds {
		info := Info{Name: k.name, Summary: k.summary, Source: k.source}
		usual := k.usual(16)
		for _, p := range k.parameters {
			info.Parameters = append(info.Parameters, Parameter{p.name, p.summary, p.format(usual)})
		}
		all = append(all, info)
	}
	return all
}
