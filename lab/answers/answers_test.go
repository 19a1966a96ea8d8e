package answers

import (
	"os"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/answer"
)

// The tables of docs/answers.md are those of the command that it names.
func TestDocumentHasTheTables(t *testing.T) {
	document, err := os.ReadFile("../../docs/answers.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := Report(References()); !strings.Contains(string(document), want) {
		t.Errorf("docs/answers.md lacks the tables of go run ./lab/cmd/answers:\n%s", want)
	}
}

// At least 97 % of the reference answers of MATH-500 are found and graded right in each wording, and in each notation.
func TestReferencesInManyWordings(t *testing.T) {
	all := References()
	for _, r := range append(Found(all), Graded(all)...) {
		t.Logf("%s: %d of %d %q", r.Name, r.Right, r.Of, r.Wrong)
		if 100*r.Right < 97*r.Of {
			t.Errorf("%s: %d of %d, want 97 %%: %q", r.Name, r.Right, r.Of, r.Wrong)
		}
	}
}

// None of the answers that are wrong by construction is accepted or has the reference's key.
func TestNothingWrongIsAccepted(t *testing.T) {
	_, wrong := Constructed(Rounds)
	if len(wrong) < 5000 {
		t.Errorf("%d wrong answers, want 5000 or more", len(wrong))
	}
	for _, p := range wrong {
		if answer.Correct(p.Got, p.Want) {
			t.Errorf("%s: %q is right for %q", p.Kind, p.Got, p.Want)
		}
		if answer.Key(p.Got) == answer.Key(p.Want) {
			t.Errorf("%s: %q has the key of %q", p.Kind, p.Got, p.Want)
		}
	}
}

// At least 95 % of the notations of each kind are accepted.
func TestRightThingsAreAccepted(t *testing.T) {
	right, _ := Constructed(Rounds)
	rates := map[string]*Rate{}
	for _, p := range right {
		if rates[p.Kind] == nil {
			rates[p.Kind] = &Rate{Name: p.Kind}
		}
		rates[p.Kind].add(answer.Correct(p.Got, p.Want), p.Got+" for "+p.Want)
	}
	for _, r := range rates {
		if 100*r.Right < 95*r.Of {
			t.Errorf("%s: %d of %d: %q", r.Name, r.Right, r.Of, r.Wrong)
		}
	}
}

// At least 95 % of the ways to choose an option are understood, without the problem and with it; no other option is
// right.
func TestOptions(t *testing.T) {
	for _, problem := range []string{"", "How many are left?\n(A) 10\n(B) 11\n(C) 12\n(D) 13", "How many?\nA. 10\nB. 11\nC. 12\nD. 13"} {
		for _, kind := range []answer.Kind{answer.KindAuto, answer.KindChoice} {
			q := answer.Of(kind, problem)
			wordings := ChoiceWordings()
			right := 0
			for _, w := range wordings {
				ok := true
				for _, letter := range []string{"A", "B", "C", "D"} {
					got, found := q.Extract(w.in(letter))
					if !found || !q.Correct(got, letter) {
						ok = false
						t.Logf("%v, %q: Extract(%q) = %q", kind, problem, w.in(letter), got)
						break
					}
					other := string("ABCD"[(strings.Index("ABCD", letter)+1)%4])
					if q.Correct(got, other) || q.Key(got) == q.Key(other) {
						t.Errorf("%v, %q: %q is right for %s", kind, problem, w.in(letter), other)
					}
				}
				if ok {
					right++
				}
			}
			if 100*right < 95*len(wordings) {
				t.Errorf("%v, %q: %d of %d ways", kind, problem, right, len(wordings))
			}
		}
	}
}

// At least 95 % of the ways to end a solution in Korean, Chinese and Japanese are understood.
func TestKoreanChineseJapanese(t *testing.T) {
	right, of := 0, 0
	for _, w := range KoreanWordings() {
		for _, n := range []string{"42", "7", "128", "1,250", "3.5"} {
			of++
			text := strings.ReplaceAll(w.in(n), "%%", "%")
			got, _ := answer.Extract(text)
			if answer.Correct(got, n) && !answer.Correct(got, n+"1") {
				right++
			} else {
				t.Logf("Extract(%q) = %q", text, got)
			}
		}
	}
	if 100*right < 95*of {
		t.Errorf("%d of %d texts", right, of)
	}
}
