// Command answers prints how answers are found and graded: the tables of docs/answers.md. With a file of MATH-500 it
// uses all its references.
//
// go run ./lab/cmd/answers [math500.jsonl]
package main

import (
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/lab/answers"
	"github.com/ponder-mesh/ponder/lab/problemset"
)

func main() {
	references := answers.References()
	if len(os.Args) > 1 {
		set, err := problemset.Load(os.Args[1], problemset.MATH)
		if err != nil {
			fmt.Fprintln(os.Stderr, "answers:", err)
			os.Exit(1)
		}
		references = nil
		for _, p := range set {
			references = append(references, p.Answer)
		}
	}
	fmt.Print(answers.Report(references))
}
