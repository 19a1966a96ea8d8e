package reasoning

// A Support says whether a model and the server that runs it can do something.
type Support int

const (
	SupportUnknown Support = iota // not asked yet, or the server does not say
	SupportYes
	SupportNo
)

var supportNames = [...]string{"unknown", "yes", "no"}

func (s Support) String() string {
	if s < 0 || int(s) >= len(supportNames) {
		return "unknown"
	}
	return supportNames[s]
}

// SupportOf returns SupportYes or SupportNo.
func SupportOf(yes bool) Support {
	if yes {
		return SupportYes
	}
	return SupportNo
}

// And returns the support of two models together: SupportNo if one of them lacks it, otherwise
// SupportUnknown if it is not known of one.
func (s Support) And(t Support) Support {
	switch {
	case s == SupportNo || t == SupportNo:
		return SupportNo
	case s == SupportYes && t == SupportYes:
		return SupportYes
	}
	return SupportUnknown
}
