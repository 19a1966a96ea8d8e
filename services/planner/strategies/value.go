package strategies

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// parse sets the value that to points to: a *int, *float64, *bool or *search.Final.
func parse(to any, text string) error {
	switch to := to.(type) {
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fmt.Errorf("must be a whole number, at most %d", math.MaxInt32)
		}
		*to = int(n)
	case *float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("must be a number")
		}
		*to = f
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		*to = b
	case *search.Final:
		i := slices.IndexFunc(search.Finals, func(f search.Final) bool { return f.String() == text })
		if i < 0 {
			return fmt.Errorf("must be one of %v", search.Finals)
		}
		*to = search.Finals[i]
	default:
		panic(fmt.Sprintf("strategies: a field of type %T", to)) // a test formats and parses all of them
	}
	return nil
}

// format is the inverse of parse.
func format(from any) string {
	switch from := from.(type) {
	case *int:
		return strconv.Itoa(*from)
	case *float64:
		return fmt.Sprint(*from)
	case *bool:
		return strconv.FormatBool(*from)
	case *search.Final:
		return from.String()
	}
	panic(fmt.Sprintf("strategies: a field of type %T", from))
}
