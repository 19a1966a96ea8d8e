//go:build real

package main

import (
	"fmt"
	"strconv"

	"github.com/ponder-mesh/ponder/lab/table"
)

// results holds the figures that documents quote.
type results struct {
	Agree  []agreement            `json:"agree,omitempty"`
	Speed  *speed                 `json:"speed,omitempty"`
	Pocket []row                  `json:"pocket,omitempty"`
	GSM8K  []row                  `json:"gsm8k,omitempty"`
	Tables map[string]table.Table `json:"tables,omitempty"` // by the name of the part
}

// tabulateAgreements sets r.Tables to the table of r.Agree. tabulate adds the other tables to it.
func (r *results) tabulateAgreements() {
	t := table.New("policy", ">problems", ">identical texts", ">largest gap of a step's log-probability")
	for _, a := range r.Agree {
		t.Add(a.Model, strconv.Itoa(a.Problems), strconv.Itoa(a.Identical), fmt.Sprintf("%.2g", a.Drift))
	}
	r.Tables = map[string]table.Table{"agree": t}
}

// tabulate adds the table of a part's rows, if there are any.
func (r *results) tabulate(part string, rows []row) {
	if len(rows) == 0 {
		return
	}
	t := table.New("strategy", ">N", "choice", "accuracy [95 %]", "points over majority [95 %]",
		">generated tokens a problem")
	for _, x := range rows {
		versus := ""
		if x.Versus != nil {
			versus = fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*x.Versus.Mean, 100*x.Versus.Low, 100*x.Versus.High)
		}
		t.Add(x.Strategy, strconv.Itoa(x.N), x.Choice, x.Accuracy.Percent(), versus, fmt.Sprintf("%.0f", x.Tokens))
	}
	r.Tables[part] = t
}
