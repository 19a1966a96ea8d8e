package answer

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`so \boxed{84}.`, `84`},
		{`\boxed{\frac{1}{2}} and A: 3`, `\frac{1}{2}`},
		{`first \boxed{1}, no: \boxed{2}`, `2`},
		{`\boxed{1} then cut off: \boxed{\frac{2}`, `1`},
		{`\fbox{ 7 }`, `7`},
		{`\boxed{\{1, 2\}}`, `\{1, 2\}`},
		{`\boxed{\boxed{5}}`, `5`},
		{`} { \boxed{6}`, `6`},
		{`$\boxed 5$ apples`, `5`},
		{`\boxed{}` + "\nA:3", `3`},
		{"48+36=84\n84/2=42\nA:42", `42`},
		{"48+36=84\nA: 42 \n\n", `42`},
		{"A:1\nno\nA:2", `2`},
		{`A: 3` + "\nThe answer is 5.", `3`},
		{"A: There are 3 left. The answer is 3.", `3`},
		{"The answer is 18.", `18`},
		{"The final answer is $\\frac{1}{2}$. I hope it is correct.", `\frac{1}{2}`},
		{"The answer is 3.14. Then 7", `3.14`},
		{"the answer is: **18 eggs**.\n", `18 eggs`},
		{"Answer: (C)\n", `(C)`},
		{"The answer is 4. Wait, the answer is 5", `5`},
		{"The answer is 4. So the answer is", `4`},
		{"He has <<5+3=8>>8 eggs\n#### 70,000", `70,000`},
		{"#### -3.5\n", `-3.5`},
		{"#### $12", `12`},
		{"#### Step 2\nwe get 9", `9`},
		{"2+3=5", `5`},
		{"7-5", `5`},
		{"it is -5 degrees", `-5`},
		{"he pays 1,234.50, then", `1,234.50`},
		{"2,3", `3`},
		{"a ratio of 3/4 here", `3/4`},
		{"about .5", `.5`},
		{"10.", `10`},
	} {
		got, ok := Extract(tt.text)
		if got != tt.want || !ok {
			t.Errorf("Extract(%q) = %q, %v, want %q", tt.text, got, ok, tt.want)
		}
	}
	for _, text := range []string{"", "no idea", `\boxed{`, "A:", "The answer is ", "####", "-"} {
		if got, ok := Extract(text); ok {
			t.Errorf("Extract(%q) = %q, want none", text, got)
		}
	}
}

func TestPublishedSolutions(t *testing.T) {
	f, err := os.Open("testdata/solutions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for ; lines.Scan(); n++ {
		var p struct{ ID, Solution, Answer string }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		got, ok := Extract(p.Solution)
		if !ok || !same(got, p.Answer) || !Correct(got, p.Answer) {
			t.Errorf("%s: extracted %q, %v, want %q", p.ID, got, ok, p.Answer)
		}
	}
	if err := lines.Err(); err != nil || n < 20 {
		t.Fatalf("read %d solutions: %v", n, err)
	}
}

func FuzzExtract(f *testing.F) {
	for _, s := range []string{
		`\boxed{\frac{1}{2}}`, "A:84", "The answer is $5$.", "#### 1,000", "7-5", `\boxed {{}`, "####", "-.5/",
		"answer: answer is *",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind := range rules {
			q := Of(kind, "")
			got, ok := q.Extract(text)
			if ok != (got != "") {
				t.Errorf("Extract(%q) = %q, %v", text, got, ok)
			}
			if ok && q.Key(got) == "" {
				t.Errorf("Extract(%q) = %q, whose key is empty", text, got)
			}
		}
	})
}

// BenchmarkExtract measures typical solutions.
func BenchmarkExtract(b *testing.B) {
	var texts []string
	size := 0
	for _, r := range table(b, "extracted.tsv", 2) {
		texts = append(texts, newlines(r.cells[0]))
		size += len(r.cells[0])
	}
	b.Run("short", func(b *testing.B) {
		for b.Loop() {
			for _, s := range texts {
				Extract(s)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(texts)), "ns/text")
	})
	long := strings.Repeat("We add 3 and $x^2 = 4$ to get the next line, which gives 7.\n", 30)
	b.Run("2 KB", func(b *testing.B) {
		for b.Loop() {
			Extract(long + "Therefore the value is $\\frac{3}{4}$.")
		}
	})
}
